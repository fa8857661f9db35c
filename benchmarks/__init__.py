"""Prints the tables that the documents quote. Conditions and tables: docs/reference/benchmarks.md."""
