"""Octavo: listening and answering for people who speak for a brand. Start reading at `octavo.flow`."""
