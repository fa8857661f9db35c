"""Tools that know nothing of brands or messages."""
