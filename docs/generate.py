"""Writes the reference pages that come from the code: settings, channels, commands, keys. `make docs`.

With `--check`, writes nothing and ends with 1 where a page is out of date; a test calls that.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent / "reference"
MADE = "<!-- Made by docs/generate.py; change the code, then run `make docs`. -->\n\n"


def settings() -> str:
    """What `octavo settings` prints."""
    from octavo.site import options

    return options.page()


def channels() -> str:
    """The README of each registered channel, one after another."""
    from octavo.channels import registry

    parts = ["# Channels\n", "What each registered channel follows, needs and refuses; from its own folder.\n"]
    for name in registry.CHANNELS:
        readme = Path(registry.__file__).parent / name / "README.md"
        parts.append(re.sub(r"^#", "##", readme.read_text(), flags=re.MULTILINE).strip() + "\n")
    return "\n".join(parts)


def commands() -> str:
    """`octavo --help` and the help of each command, as a person sees it."""
    from typer.main import get_command
    from typer.testing import CliRunner

    from octavo.__main__ import app

    os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")
    runner = CliRunner()
    group = get_command(app)
    parts = ["# Commands\n"]

    def describe(path: list[str], command: object) -> None:
        children = getattr(command, "commands", None)
        text = runner.invoke(app, [*path, "--help"], prog_name="octavo").stdout
        text = "\n".join(line.rstrip() for line in text.splitlines()).strip()
        parts.append(f"## octavo {' '.join(path)}".rstrip() + f"\n\n```\n{text}\n```\n")
        for name, child in (children or {}).items():
            if not child.hidden:
                describe([*path, name], child)

    describe([], group)
    return "\n".join(parts)


def keys() -> str:
    """The table of keys that the pages themselves use."""
    from octavo.site.keys import KEYS

    lines = ["# Keys\n", "Single letters rest while you type, and can be switched off in your settings.\n"]
    for table in KEYS:
        lines += [f"## {table.words}\n", "| key | does |", "| --- | --- |"]
        lines += [f"| `{key.keys}` | {key.words} |" for key in table.keys]
        lines.append("")
    return "\n".join(lines)


def api() -> str:
    """The API's own OpenAPI document."""
    from django.test import RequestFactory

    from octavo.site.api import door

    described = json.loads(door.schema(RequestFactory().get("/api/openapi.json")).content)
    return json.dumps(described, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


PAGES = {
    "settings.md": settings,
    "channels.md": channels,
    "commands.md": commands,
    "keys.md": keys,
    "openapi.json": api,
}


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "octavo.site.settings")
    import django

    django.setup()
    stale = []
    for name, make in PAGES.items():
        made = make() if name.endswith(".json") else MADE + make()
        page = REFERENCE / name
        if page.exists() and page.read_text() == made:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            page.write_text(made)
    for name in stale:
        print(f"{'out of date' if '--check' in sys.argv else 'written'}: docs/reference/{name}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
