"""Sources: what is followed, how far, how it feels, and the ways posts come in (collect, import, webhook)."""
