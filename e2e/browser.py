"""Makes sure that there is a Chromium for the journeys: the system's, or, with the right to do so, Debian's package.

Prints the path of the browser. Ends with a message and 1 where there is none and none can be installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of a Chromium on this machine, `OCTAVO_BROWSER` first."""
    chosen = os.environ.get("OCTAVO_BROWSER")
    if chosen:
        return chosen
    return next((path for path in map(shutil.which, NAMES) if path), None)


def main() -> int:
    if find() is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the journeys ...", file=sys.stderr)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        subprocess.run(
            [
                "apt-get",
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                "chromium",
                "fonts-dejavu-core",
                "fonts-noto-color-emoji",
            ],
            check=False,
            **quiet,
        )
    path = find()
    if path is None:
        print("The journeys need a Chromium: install one, or name it in OCTAVO_BROWSER.", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
