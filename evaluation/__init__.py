"""Measures the alerts: never imported by octavo."""
