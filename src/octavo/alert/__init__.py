"""Alerts: what is watched, by which rules, what rang and why, who was told, and what people did about it."""
