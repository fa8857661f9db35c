"""How right the bell is about one grave message: precision at a budget of alerts, and as the rule ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from octavo.alert.grave import CRISIS, NOW
from octavo.understand import EncoderUnavailable, Tier, read
from octavo.vocabulary import Post, Register
from training.targets import Example

BUDGETS = (1, 2, 5, 10, 20)
"""Alerts a day, of a brand with a thousand messages a day."""
RARE = 0.01
"""Share of a brand's messages that are crisis signs, on an ordinary day."""
THRESHOLD, URGENT, UNNAMED = 0.85, 0.6, 0.99
"""As the rule ships; a test holds them to it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`score` and whether it `rings`, and whether each message `is_grave`, a row a message."""

    score: NDArray[np.float32]
    rings: NDArray[np.bool_]
    is_grave: NDArray[np.bool_]

    @property
    def messages(self) -> int:
        return len(self.score)

    @property
    def grave(self) -> int:
        return int(self.is_grave.sum())

    @property
    def others_weigh(self) -> float:
        """The weight of a message that is no crisis sign, for one in a hundred to be one."""
        return (1 / RARE - 1) * self.grave / (self.messages - self.grave)

    def at_budgets(self) -> list[str]:
        order = np.argsort(-self.score, kind="stable")
        right = self.is_grave[order]
        cells = []
        for budget in BUDGETS:
            first = max(round(self.messages * budget / 1000), 1)
            cells.append(f"{right[:first].mean():.0%}")
        weights = np.where(right, 1.0, self.others_weigh)
        within = np.cumsum(weights) <= weights.sum() * BUDGETS[1] / 1000
        hits = float(weights[within & right].sum())
        cells.append(f"{hits / float(weights[within].sum()):.0%}" if within.any() else "–")
        return cells

    def as_shipped(self) -> str:
        hits, rang = int((self.rings & self.is_grave).sum()), int(self.rings.sum())
        false = (rang - hits) * self.others_weigh
        every = self.grave + (self.messages - self.grave) * self.others_weigh
        return (
            f"{rang} | {hits / max(rang, 1):.0%} | {hits / max(self.grave, 1):.0%} | {hits / max(hits + false, 1e-9):.0%} "
            f"| {(hits + false) / every * 1000:.0f}"
        )


def judge(examples: Sequence[Example], tier: Tier) -> Judged | None:
    """What the rule makes of these messages as a tier reads them; None where the tier is not at hand."""
    posts = [
        Post(
            channel="corpus",
            external_id=str(number),
            text=example.text,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            language=example.language,
            parent=example.parent,
        )
        for number, example in enumerate(examples)
    ]
    try:
        readings = read(posts, tier=tier)
    except EncoderUnavailable:
        return None
    score = readings.registers[:, CRISIS]
    primary = readings.primary == CRISIS
    loud = (score >= THRESHOLD) | ((readings.urgency >= NOW) & (score >= URGENT))
    rings = primary & loud & ((readings.harm != 0) | (score >= UNNAMED))
    return Judged(
        np.where(primary, score, score / 10).astype(np.float32),
        rings,
        np.array([example.primary == Register.CRISIS for example in examples], bool),
    )
