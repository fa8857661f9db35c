"""Collects the words to translate and compiles the catalogues: `make messages`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib

HERE = Path(__file__).resolve().parent
LANGUAGES = ("fr", "it")


def catalogue(language: str) -> Path:
    return HERE / language / "LC_MESSAGES" / "django.po"


def collect() -> None:
    """Bring the catalogues up to the words in code and templates."""
    chosen = [option for language in LANGUAGES for option in ("-l", language)]
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *chosen, "--no-location", "--no-obsolete", "-v", "0"],
        cwd=HERE.parents[1],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "octavo.site.settings"},
        check=True,
    )


def main() -> int:
    if shutil.which("xgettext"):
        collect()
    else:
        print("GNU gettext is not installed: compiling only.", file=sys.stderr)
    missing = 0
    for language in LANGUAGES:
        file = polib.pofile(str(catalogue(language)))
        file.save_as_mofile(str(catalogue(language).with_suffix(".mo")))
        waiting = [entry for entry in file if not entry.obsolete and (not entry.translated() or entry.fuzzy)]
        missing += len(waiting)
        print(f"{language}: {len(file)} entries, {len(waiting)} to translate")
        for entry in waiting[:20]:
            print(f"    {entry.msgid[:100]!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
