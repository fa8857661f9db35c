"""Posts to readings, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from octavo.understand import (
    bag,
    campaign,
    context,
    evidence,
    gravity,
    language,
    meaning,
    model,
    readings,
    registers,
    relevance,
    sentiment,
    surface,
    topics,
    urgency,
    words,
)  # fmt: skip
from octavo.understand.adapt import Adaptation
from octavo.understand.heads import REGISTER
from octavo.understand.plain import plain
from octavo.understand.readings import Readings
from octavo.understand.tier import Tier
from octavo.vocabulary import REGISTERS, BrandProfile, Parent, Post, Reading

AT_A_TIME = 4096
"""Posts read together; bounds memory whatever the size of a batch."""


LEFT_OUT = 60
"""Words of a text that `explain` leaves out in turn."""


def read(
    posts: Sequence[Post],
    *,
    brand: BrandProfile | None = None,
    tier: Tier = Tier.DEFAULT,
    learned: Adaptation | None = None,
) -> Readings:
    """Read posts of one brand; without a brand every message counts as relevant. One reading a post, in order. `learned`
    is what the brand's corrections taught; the fast tier reads without it.

    Never raises for any text; of a long one only the first `words.LONGEST_TEXT` characters are read. The same post
    gives the same reading, alone or among others. Raises `EncoderUnavailable` where an encoder that the tier
    needs cannot be prepared.
    """
    batches = [posts[start : start + AT_A_TIME] for start in range(0, len(posts), AT_A_TIME)] or [posts]
    return readings.join([_read(batch, brand, tier, learned) for batch in batches])


def explain(
    text: str,
    *,
    brand: BrandProfile | None = None,
    tier: Tier = Tier.DEFAULT,
    parent: Parent | None = None,
    hint: str = "",
    learned: Adaptation | None = None,
) -> Reading:
    """The reading of a single text; `hint` is its language where that is known.

    Its evidence is weighed with more care than there is time for in a batch: all but the fast tier read the text again
    without each of its words (by the sentence encoder alone).
    """
    post = Post("", "", text, language=hint, parent=parent)
    return _read([post], brand, tier, learned, carefully=tier is not Tier.FAST)[0]


def _read(
    posts: Sequence[Post],
    brand: BrandProfile | None,
    tier: Tier,
    learned: Adaptation | None = None,
    *,
    carefully: bool = False,
) -> Readings:
    trained = model.load(tier) if learned is None else learned.teach(model.load(tier))
    texts = [post.text for post in posts]

    languages = language.detect(texts, [post.language for post in posts])
    _, relevances = relevance.judge(posts, brand)

    seen = [plain(text) for text in texts]
    split = words.split(seen)
    columns = bag.columns(split)
    parents = [post.parent for post in posts]
    shown = surface.features(seen, parents, np.diff(split.first_word))
    encoded = trained.encode(split)
    scored = trained.score(split, columns, shown, encoded)
    told = context.judge(brand, relevances, encoded, scored, trained.version)
    relevances = relevances if told is None else told
    about = relevance.verdict(relevances)
    echoed = campaign.find(posts, brand, about)
    logits = trained.deepen(scored, encoded, seen, parents)

    intelligible = np.diff(split.first_piece_of_text()) > 0
    echoes = np.fromiter((match is not None and match.shown for match in echoed), bool, len(posts))
    decision = registers.decide(logits, trained.thresholds, intelligible=intelligible, echoes=echoes)
    tone, tone_score = sentiment.decide(logits, intelligible)
    asked = _asked(decision, intelligible)
    called = relevance.words_of_names(brand)
    if carefully:
        spans = evidence.left_out(split, _lost(trained, split, shown, scored), asked, names=called)
    else:
        spans = evidence.find(split, columns, model.reasons(), asked, names=called)
    spans = evidence.with_echoes(spans, echoed)

    return Readings(
        id=[post.external_id for post in posts],
        language=languages,
        relevant=about,
        relevance=relevances,
        primary=decision.primary,
        assigned=registers.bits(decision.carried),
        registers=decision.probability,
        runner_up=decision.runner_up,
        sentiment=tone,
        sentiment_score=tone_score,
        urgency=urgency.decide(logits, intelligible),
        harm=gravity.kinds(logits, trained.harm_thresholds, intelligible),
        abstained=intelligible & (decision.confidence < trained.unsure),
        topics=topics.find(posts, brand, encoded),
        campaign=[match.campaign if match else "" for match in echoed],
        evidence_rows=spans.rows,
        evidence_start=spans.start,
        evidence_end=spans.end,
        evidence_weight=spans.weight,
        evidence_register=spans.register,
        meaning=np.zeros((len(posts), 0), np.float32) if encoded is None else meaning.load().of(encoded),
        model=trained.version,
    )


def _asked(decision: registers.Decision, intelligible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The registers to give reasons for: those carried, or the likeliest where none is."""
    asked = decision.carried.copy()
    bare = intelligible & ~asked.any(axis=1)
    asked[bare, decision.runner_up[bare]] = True
    return asked


def _lost(
    trained: model.Model, split: words.Words, shown: NDArray[np.float32], logits: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[words, 8]: what the log-odds of each register lose when one word of the only text is left out."""
    text = split.texts[0]
    places = list(zip(split.starts.tolist(), split.lengths.tolist(), strict=True))[:LEFT_OUT]
    others = words.split([text[:start] + text[start + length :] for start, length in places])
    lost = np.zeros((len(split.lengths), len(REGISTERS)), np.float32)
    if places:
        without = trained.score(others, bag.columns(others), np.repeat(shown, len(places), axis=0))
        lost[: len(places)] = (logits - without)[:, REGISTER]
    return lost
