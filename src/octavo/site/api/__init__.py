"""The HTTP API: messages in and out, readings, conversations, sources. Begin with `door`, which puts it together."""
