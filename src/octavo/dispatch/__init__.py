"""Bringing each conversation to the person who can act: the inbox, its filters and views, the eight doors of the home page."""
