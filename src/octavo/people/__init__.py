"""Users, their preferences, how they sign in, and the audit trail."""
