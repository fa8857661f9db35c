"""A name for what a folder holds: static files carry it in their address, so that a browser keeps them and an upgrade is
seen at once."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path


def fingerprint(folder: Path) -> str:
    """Ten hexadecimal digits that change with any byte of any file in `folder`."""
    digest = blake2b(digest_size=5)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
