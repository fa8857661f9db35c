"""Takes the guide's pictures of an Octavo of its own, with the demo brand in it.

    .venv/bin/python docs/guide/take_pictures.py [NAME ...]

Needs a Chromium (`make test-e2e` finds or installs one). Names are those of the files in `images/`, without `.png`;
without any, all are taken.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from e2e import browser  # noqa: E402
from e2e.running import Running  # noqa: E402

IMAGES = Path(__file__).parent / "images"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
]
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 60_000
MOST_BYTES = 200_000
DECODE = """async (picture) => {
  const bytes = Uint8Array.from(atob(picture), (one) => one.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  const parts = [];
  for (let at = 0; at < data.length; at += 32768) parts.push(String.fromCharCode(...data.subarray(at, at + 32768)));
  return [image.width, image.height, btoa(parts.join(""))];
}"""

TODAY = datetime.now(UTC).date()
LETTERS = [
    ("Odile Marchand", "Bonjour, le couvercle de ma Termella ne ferme plus depuis la semaine dernière. Que faire ?"),
    ("Tom Whitby", "Your repair shop in Bristol saved my Bentello, thank you Femi!"),
    ("Chiara Lenti", "Sorsella, la guarnizione di ricambio è di nuovo esaurita. Quando torna?"),
    ("Jonas Aerts", "Do the Rondino straws fit the old Tazzella as well?"),
]
FILE = "\n".join(
    [
        *(
            json.dumps(
                {
                    "id": f"letter-{n}",
                    "text": text,
                    "date": f"{TODAY - timedelta(days=n)} 09:15",
                    "customer": name,
                    "desk": "Lille",
                }
            )
            for n, (name, text) in enumerate(LETTERS, 1)
        ),
        '{"id": "letter-5", "text": ',
        json.dumps({"id": "letter-6", "text": " ", "date": f"{TODAY} 08:00", "customer": "Nobody", "desk": "Lille"}),
    ]
)


class Album:
    """Goes through the pages as a newcomer would, and keeps a picture of each."""

    def __init__(self, launched: Browser, octavo: Running, wanted: list[str]) -> None:
        self.octavo = octavo
        self.wanted = wanted
        # The same colours and sizes on every machine; no animation caught in the middle.
        self.context = launched.new_context(
            base_url=octavo.address,
            viewport=DESK,
            locale="en-GB",
            reduced_motion="reduce",
            color_scheme="light",  # type: ignore[arg-type]
        )
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.darkroom = launched.new_page()

    def take(self) -> None:
        self.welcome()
        self.demo()
        pictures: Mapping[str, Callable[[], object]] = {
            "home": lambda: self.go("/"),
            "inbox": lambda: self.go("/inbox/"),
            "conversation": self.conversation,
            "alerts": lambda: self.go("/alerts/"),
            "alert": self.alert,
            "alert-rules": self.rules,
            "story": self.story,
            "import-mapping": self.mapping,
            "import-result": self.result,
            "sources": lambda: self.go("/sources/"),
            "source": self.source,
            "brand": lambda: self.go("/brands/sorsella-demo/"),
            "settings": lambda: self.go("/settings/"),
            "tokens": self.tokens,
            "keys": self.keys,
            "api-docs": self.api_docs,
            "inbox-dark": self.dark,
            "phone-inbox": lambda: self.on_phone("/inbox/"),
            "phone-alert": lambda: (self.on_phone("/alerts/"), self.worst()),
            "phone-conversation": lambda: (self.on_phone("/inbox/?q=Rondino"), self.open_first()),
        }
        self.follow()
        for name, show in pictures.items():
            show()
            self.keep(name)

    def keep(self, name: str) -> None:
        if self.wanted and name not in self.wanted:
            return
        path = IMAGES / f"{name}.png"
        self.page.mouse.move(0, 0)
        path.write_bytes(smaller(self.page.screenshot(), self.darkroom))
        size = path.stat().st_size
        print(f"{path.relative_to(ROOT)}  {size:,} bytes{'  TOO LARGE' if size > MOST_BYTES else ''}")

    def go(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def welcome(self) -> None:
        page = self.go(self.octavo.link)
        page.get_by_label("Your name").fill("Grace Rossi")
        page.get_by_label("E-mail address").fill("grace@example.org")
        self.keep("welcome")
        for label in ("Password", "The same password again"):
            page.get_by_label(label, exact=True).fill("four calm green turtles")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("button", name="Load the demo brand")).to_be_visible()

    def demo(self) -> None:
        """Load it and wait until the default model has read everything."""
        page = self.page
        page.get_by_role("button", name="Load the demo brand").click()
        expect(page.locator(".doors")).to_be_visible()
        while True:
            self.go("/inbox/?sort=newest")
            self.open_first()
            if "Read by fast" in (page.locator(".why-inside").first.text_content() or ""):
                continue
            self.go("/import/")
            if not page.get_by_text("to be read by the default model").count():
                return

    def follow(self) -> None:
        """A source that waits for its first call."""
        page = self.go("/sources/new/webhook/")
        page.locator("#id_name").fill("Help desk")
        page.get_by_label("Everything from here is about the brand").check()
        page.get_by_role("button", name="Follow it").click()
        page.get_by_text("The secret is shown only now.").wait_for()

    def open_first(self) -> None:
        self.page.locator("#rows .go").first.click()
        expect(self.page.locator(".reading").first).to_be_visible()

    def conversation(self) -> None:
        self.go("/inbox/?register=crisis")
        self.open_first()
        self.page.keyboard.press("v")

    def worst(self) -> None:
        self.page.locator("#alert-rows .open").first.click()
        expect(self.page.locator(".said").first).to_be_visible()

    def alert(self) -> None:
        self.go("/alerts/")
        self.worst()

    def story(self) -> None:
        self.go("/stories/?period=week").locator(".story-card .open").first.click()

    def rules(self) -> None:
        """A rule tried on the past."""
        card = self.go("/alerts/rules/").locator("#rule-grave")
        card.get_by_role("button", name="Try it on the past").click()
        expect(self.page.get_by_text("Would have rung")).to_be_visible()

    def mapping(self) -> None:
        page = self.go("/import/")
        page.get_by_label("File").set_input_files(
            FilePayload(name="letters.jsonl", mimeType="text/plain", buffer=FILE.encode())
        )
        page.get_by_role("button", name="Look at it").click()
        expect(page.get_by_role("heading", name="letters.jsonl", level=1)).to_be_visible()

    def result(self) -> None:
        page = self.page
        page.get_by_label("Author", exact=True).select_option("customer")
        page.get_by_label("Whose messages are these?").select_option(label="Sorsella")
        page.get_by_role("button", name="Start the import").click()
        expect(page.get_by_text("The file is in.")).to_be_visible()

    def source(self) -> None:
        self.go("/sources/").get_by_role("link", name="Help desk").click()

    def tokens(self) -> None:
        page = self.go("/settings/tokens/")
        page.locator("#id_name").fill("Weekly report")
        page.locator("input[name=scopes]").first.check()
        page.get_by_role("button", name="Make the token").click()
        # What a picture shows must not look like a secret somebody lost.
        page.locator("#token").evaluate("one => { one.textContent = one.textContent.slice(0, 11) + '…'.repeat(12) }")

    def keys(self) -> None:
        self.go("/inbox/").keyboard.press("?")
        expect(self.page.get_by_role("dialog", name="Keys")).to_be_visible()

    def api_docs(self) -> None:
        expect(self.go("/api/docs").locator(".opblock").first).to_be_visible()

    def dark(self) -> None:
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        self.go("/inbox/")

    def on_phone(self, path: str) -> None:
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        self.go(path)


def smaller(picture: bytes, page: Page) -> bytes:
    """The same picture with at most 256 colours, near enough to the eye: a third of the size."""
    width, height, raw = page.evaluate(DECODE, base64.b64encode(picture).decode())
    pixels = np.frombuffer(base64.b64decode(raw), np.uint8).reshape(-1, 4)[:, :3].astype(np.int32)
    colours, place, count = np.unique(pixels @ (65536, 256, 1), return_inverse=True, return_counts=True)
    channels = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    # The most frequent colour of each small neighbourhood, so that a rare hue is kept beside a hundred greys.
    order = np.argsort(-count, kind="stable")
    _, first = np.unique((channels[order] >> 4) @ (256, 16, 1), return_index=True)
    leaders = order[np.sort(first)][:256]
    rest = order[~np.isin(order, leaders)][: 256 - len(leaders)]
    palette = channels[np.concatenate([leaders, rest])]
    nearest = np.concatenate(
        [
            ((part[:, None] - palette) ** 2).sum(axis=2).argmin(axis=1)
            for part in np.array_split(channels, 1 + len(channels) // 1000)
        ]
    )
    rows = nearest[place.ravel()].astype(np.uint8).reshape(height, width)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [
        (b"IHDR", header),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def main(wanted: list[str]) -> int:
    path = browser.find()
    if path is None:
        print("The pictures need a Chromium: install one, or name it in OCTAVO_BROWSER.", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    with Running("--no-demo") as octavo, sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=FLAGS)
        Album(launched, octavo, wanted).take()
        launched.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
