"""Measures how well messages are gathered into stories; writes docs/reference/stories.md: `make evaluate-stories`.

Three measures: reviews that people put together by what they are about (Mini-BAR; thresholds were chosen on one of its apps,
the other is held out); a written stream of seven stories in five languages among messages of sectors that nothing was learnt
from; and speed, in bounded memory as the application has it.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octavo.understand import meaning
from octavo.understand.stories import gather, keys
from octavo.understand.stories.gather import Known, Message, Usual
from training import corpus

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "stories.md"
WRITTEN = Path(__file__).parent / "stories.jsonl"
STORIES, SEEDS, BATCH = 192, 320, 512
"""As the application has them (`conversations.gather`, `flow.HANDLE_AT_ONCE`)."""
SPEED = 20_000


@dataclass(frozen=True, slots=True)
class Score:
    """Of pairs of messages: `precision` of those put together, `recall` of those that belong together."""

    pairs: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of licensed data")
    data = parser.parse_args().data
    lines = [*reviews(data / "train" / "mini_bar" / "clusters"), *written(), *speed()]
    head, _, _ = PAGE.read_text(encoding="utf-8").partition("<!-- measured -->")
    PAGE.write_text(head + "<!-- measured -->\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def gathered(texts: Sequence[str], hours: Sequence[float], vectors: NDArray[np.float32] | None = None) -> list[int]:
    """The story of each message, as if they had come in order of their time; those that belong to none get one each."""
    vectors = meaning.of_texts(texts) if vectors is None else vectors
    moves = meaning.load().only_moves(vectors)
    found = [replace(k, tells=k.tells and not move) for k, move in zip(map(keys.of, texts), moves, strict=True)]
    order = sorted(range(len(texts)), key=lambda row: (hours[row], row))
    known: dict[int, Known] = {}
    usual, homes, following = Usual(), {row: -1 - row for row in order}, 1
    copies: dict[int, int] = {}
    links: dict[int, int] = {}
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        near = sorted(known.values(), key=lambda story: (story.messages == 1, -story.last))
        grown = sum(story.messages > 1 for story in near)
        near = [*near[:grown][:STORIES], *near[grown:][:SEEDS]]
        result = gather.gather(
            [Message(row, hours[row] * 3600, found[row].text, found[row].link, found[row].tells) for row in rows],
            vectors[rows], near, usual=usual, copies=copies, links=links,
        )  # fmt: skip
        usual, numbers = result.usual, {}
        for story in result.stories:
            if story.number < 0:
                numbers[story.number], following = following, following + 1
                story.number = numbers[story.number]
            known[story.number] = story
        moved = {gone: numbers.get(into, into) for gone, into in result.merged}
        for gone in moved:
            known.pop(gone, None)
        if moved:
            homes = {row: moved.get(home, home) for row, home in homes.items()}
            copies = {key: moved.get(home, home) for key, home in copies.items()}
            links = {key: moved.get(home, home) for key, home in links.items()}
        for row, home in zip(rows, result.homes, strict=True):
            if home is not None:
                homes[row] = numbers.get(home, home)
                if found[row].tells:
                    copies[found[row].text] = homes[row]
                if (link := found[row].link) is not None:
                    links[link] = homes[row]
    return [homes[row] for row in range(len(texts))]


def pairwise(homes: Sequence[object], truth: Sequence[object], among: NDArray[np.bool_] | None = None) -> Score:
    """`among` bool[n, n] are the pairs that count."""
    mine = np.unique(np.array([str(home) for home in homes]), return_inverse=True)[1]
    theirs = np.unique(np.array([str(each) for each in truth]), return_inverse=True)[1]
    upper = np.triu(np.ones((len(mine), len(mine)), bool), 1)
    if among is not None:
        upper &= among
    together, belong = (mine[:, None] == mine)[upper], (theirs[:, None] == theirs)[upper]
    right = int((together & belong).sum())
    return Score(int(together.sum()), right / max(int(together.sum()), 1), right / max(int(belong.sum()), 1))


def reviews(folder: Path) -> list[str]:
    lines = [
        "## Reviews that people put together (Mini-BAR, English and French)",
        "",
        "| reviews | used for | messages | pairs put together | precision | recall | F1 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for path in sorted(folder.glob("*.csv")):
        rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
        texts, truth = [row["data"] for row in rows], [row["ground_truth"] for row in rows]
        score = pairwise(gathered(texts, [n / 60 for n in range(len(texts))]), truth)
        use = "choosing thresholds" if path.name.startswith("Garmin") else "held out"
        lines.append(
            f"| {path.stem} | {use} | {len(texts)} | {score.pairs} | {score.precision:.2f} | {score.recall:.2f} | {score.f1:.2f} |"
        )
    return [*lines, ""]


def written() -> list[str]:
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    around = [example.text for example in corpus.load() if example.group in corpus.HELD_OUT]
    texts = [row["text"] for row in rows] + around
    chance = np.random.default_rng(11)
    hours = [row["hours"] for row in rows] + chance.uniform(0, 60, len(around)).tolist()
    homes = gathered(texts, hours)
    told = len(rows)
    truth = [row["story"] for row in rows] + [f"around {n}" for n in range(len(around))]
    score = pairwise(homes[:told], truth[:told])
    languages = np.array([row["language"] for row in rows])
    across = pairwise(homes[:told], truth[:told], languages[:, None] != languages)
    strangers = {home for home in homes[:told] if home > 0} & set(homes[told:])
    mixed = sum(homes[row] in strangers for row in range(told, len(texts)))
    by_story = defaultdict(list)
    for home, row in zip(homes, rows, strict=False):
        by_story[row["story"]].append(home)
    largest = {story: Counter(found).most_common(1)[0][1] / len(found) for story, found in by_story.items()}
    return [
        "## Seven written stories in five languages, among messages of other sectors",
        "",
        f"{told} messages of seven stories (`evaluation/stories.jsonl`) come within three days among {len(around)} messages of the "
        "corpus' held-out sectors.",
        "",
        "| measure | value |",
        "| --- | --- |",
        f"| pairs of the stories' messages: precision, recall, F1 | {score.precision:.2f}, {score.recall:.2f}, {score.f1:.2f} |",
        f"| the same, of pairs in different languages | {across.precision:.2f}, {across.recall:.2f}, {across.f1:.2f} |",
        "| part of each story's messages that its largest piece holds | "
        + ", ".join(f"{story} {part:.2f}" for story, part in largest.items())
        + " |",
        f"| messages from around that joined one of the seven | {mixed} of {len(around)} |",
        "",
    ]


def speed() -> list[str]:
    texts = [example.text for example in corpus.load()]
    vectors = meaning.of_texts(texts)
    chance = np.random.default_rng(3)
    rows = chance.integers(0, len(texts), SPEED)
    noise = meaning.unit(vectors[rows] + chance.normal(0, 0.03, (SPEED, vectors.shape[1])).astype(np.float32))
    many = [f"{texts[row]} {n}" for n, row in enumerate(rows.tolist())]
    started = time.process_time()
    list(map(keys.of, many))
    keyed = time.process_time()
    gathered(many, [n / 100 for n in range(SPEED)], noise)
    done = time.process_time()
    return [
        "## Speed",
        "",
        f"{SPEED:,} messages in batches of {BATCH}, compared with at most {STORIES} stories and {SEEDS} seeds, besides encoding, by the "
        "processor's time: "
        f"{SPEED / (done - keyed):,.0f} messages a second with their keys ({SPEED / (keyed - started):,.0f} a second for the keys alone).",
    ]


if __name__ == "__main__":
    main()
