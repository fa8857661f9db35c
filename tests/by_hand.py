"""Readings written by hand, for tests that say what a message was read as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octavo.understand import Readings
from octavo.vocabulary import HARMS, NO_REGISTER, REGISTERS, Harm, Post, Sentiment


@dataclass(frozen=True, slots=True)
class Says:
    """What one message is read as. `also` are further registers it carries; `spans` its evidence: (start, end);
    `harms` the kinds of harm it names."""

    register: str = "complaint"
    urgency: int = 1
    sentiment: str = "negative"
    language: str = "en"
    relevant: bool = True
    score: float = 0.8
    also: tuple[str, ...] = ()
    campaign: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    harms: tuple[Harm, ...] = ()


PLAIN = Says()


def readings(posts: Sequence[Post], says: Says | Sequence[Says] = PLAIN, *, model: str = "hand-1") -> Readings:
    """What `understand.read` would give, had it read `posts` as told (one `Says` for all, or one each)."""
    each = [says] * len(posts) if isinstance(says, Says) else list(says)
    probabilities = np.full((len(posts), len(REGISTERS)), 0.02, np.float32)
    masks = []
    for row, said in enumerate(each):
        carried = [REGISTERS.index(name) for name in (said.register, *said.also) if name != NO_REGISTER]
        probabilities[row, carried] = [said.score, *([said.score / 2] * (len(carried) - 1))][: len(carried)]
        masks.append(sum(1 << index for index in carried))
    spans = [span for said in each for span in said.spans]
    return Readings(
        id=[post.external_id for post in posts],
        language=[said.language for said in each],
        relevant=np.array([said.relevant for said in each], bool),
        relevance=np.array([0.97 if said.relevant else 0.1 for said in each], np.float32),
        primary=np.array(
            [-1 if said.register == NO_REGISTER else REGISTERS.index(said.register) for said in each], np.int8
        ),
        assigned=np.array(masks, np.uint8),
        registers=probabilities,
        runner_up=np.array([1 if said.register == "complaint" else 0 for said in each], np.int8),
        sentiment=np.array([list(Sentiment).index(said.sentiment) for said in each], np.int8),
        sentiment_score=np.full(len(posts), 0.9, np.float32),
        urgency=np.array([said.urgency for said in each], np.int8),
        harm=np.array([sum(1 << HARMS.index(kind) for kind in said.harms) for said in each], np.uint16),
        abstained=np.zeros(len(posts), bool),
        campaign=[said.campaign for said in each],
        topics=[()] * len(posts),
        evidence_rows=np.cumsum([0, *(len(said.spans) for said in each)]).astype(np.int32),
        evidence_start=np.array([start for start, _ in spans], np.int32),
        evidence_end=np.array([end for _, end in spans], np.int32),
        evidence_weight=np.full(len(spans), 1.5, np.float32),
        evidence_register=np.zeros(len(spans), np.int8),
        meaning=np.zeros((len(posts), 0), np.float32),
        model=model,
    )
