"""In which company an ambiguous name means the brand, learnt from the few messages of which people said so.

"Orange" is a colour, "Free" means free of charge, "Mini" is small: names with the words that settle them (`relevance`) go a
short way. Here a message that contains a name of the brand is judged by what it speaks of (the direction of its vector,
`subject`) and by how it speaks: what carries none of the eight registers is seldom said to or of a company. The first is
learnt from people's word about messages of this brand, regularised; the second and the names' own words stand before it
as what is known without any example. Only the tiers that read by vectors use it, and it is kept only where it judges
messages better that it has not learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octavo.understand import adapt, model, relevance, subject
from octavo.understand.adapt import Trial, Verdict
from octavo.understand.heads import PRIMARY, sigmoid, softmax
from octavo.understand.tier import Tier
from octavo.vocabulary import BrandProfile, LearnedContext, Post

FEWEST = 5
"""Messages people judged below which nothing is learnt."""
MOST, MOST_OTHERS = 400, 200

SILENT = 0.6
"""Log-odds for each unit of the log-probability that a message carries no register."""
SPOKEN = -0.9
"""Log-odds of a message that certainly carries none."""
SETTLED = 1.0
"""Log-odds more where the rules by themselves say that the name means the brand."""
PENALTY = 0.05
BIAS = 0.1
"""Chosen, like the first two, on the four names for choosing of `evaluation/suites/relevance_names.json`."""

_FOLDS = 12
_KINDS = 2
"""Messages about the brand, and not about it, from which on people's choice shows loss as well as gain."""
_CLEARLY = 2
"""Without so many of both, more must be put right than is put wrong by this number."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a person said of one post: whether it is about the brand."""

    post: Post
    about: bool


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """n posts: directions float32[n, subject.WIDTH], log-odds float32[n] known before any example, and the verdict
    bool[n] of the rules. `doubtful` bool[n] are those that contain a name and do not address the brand: of the others the
    rules decide."""

    directions: Floats
    known: Floats
    ruled: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.known)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Seen:
        return Seen(self.directions[rows], self.known[rows], self.ruled[rows], self.doubtful[rows])

    def judge(self, weights: Floats) -> NDArray[np.bool_]:
        """The verdicts, with weights float32[subject.WIDTH + 1]."""
        return np.where(self.doubtful, self.odds(weights) > 0, self.ruled)

    def odds(self, weights: Floats) -> Floats:
        return np.asarray(self.known + self.directions @ weights[:-1] + weights[-1], np.float32)


def judge(
    brand: BrandProfile | None, ruled: Floats, vectors: Floats | None, logits: Floats, version: str
) -> Floats | None:
    """The probability, float32[n], that messages are about the brand, in place of that of the rules, `ruled`; None where
    nothing was learnt for this brand or for another model than `version`."""
    context = brand.context if brand is not None else None
    if context is None or vectors is None or _base(version) != _base(context.base):
        return None
    seen = _seen(ruled, vectors, logits)
    weights = np.asarray(context.weights, np.float32)
    return np.where(seen.doubtful, sigmoid(seen.odds(weights)), ruled).astype(np.float32)


def see(posts: Sequence[Post], brand: BrandProfile) -> Seen:
    """Raises `EncoderUnavailable`."""
    found = adapt.see(posts)
    return _seen(relevance.judge(posts, brand)[1], found.vectors, found.logits)


def _seen(ruled: Floats, vectors: Floats, logits: Floats) -> Seen:
    none = softmax(logits[:, PRIMARY])[:, -1]
    doubtful = np.isin(ruled, np.asarray((relevance.NAMED, relevance.PRODUCT, relevance.WITHOUT_CONTEXT), np.float32))
    verdict = relevance.verdict(ruled)
    known = SPOKEN - SILENT * np.log(none + 1e-3) + SETTLED * verdict
    return Seen(subject.directions(vectors), np.asarray(known, np.float32), verdict, doubtful)


def learn(
    lessons: Sequence[Lesson], others: Sequence[Post], brand: BrandProfile
) -> tuple[LearnedContext | None, Trial]:
    """What people's word about messages of one brand teaches, if it is worth keeping, and how it was tried. `others` are
    recent messages of the brand that nobody judged. The same lessons give the same context. Raises as `see` does.
    """
    lessons, others = lessons[:MOST], others[:MOST_OTHERS]
    if len(lessons) < FEWEST:
        return None, Trial(Verdict.TOO_FEW, len(lessons))
    seen, about = see([lesson.post for lesson in lessons], brand), np.array([lesson.about for lesson in lessons])
    trial = try_out(seen, about, see(others, brand), [lesson.post.text for lesson in lessons])
    if trial.verdict is not Verdict.KEPT:
        return None, trial
    weights = fit(seen, about).astype(np.float16)
    return LearnedContext(model.version(Tier.DEFAULT), tuple(weights.tolist())), trial


def fit(seen: Seen, about: NDArray[np.bool_]) -> Floats:
    """The weights, float32[subject.WIDTH + 1], that fit best what people said; only what is doubtful teaches."""
    from scipy.optimize import minimize  # only who learns waits for it
    from threadpoolctl import threadpool_limits

    rows = seen.doubtful
    inputs = np.hstack([seen.directions[rows], np.full((int(rows.sum()), 1), BIAS)]).astype(np.float64)
    if not len(inputs):
        return np.zeros(subject.WIDTH + 1, np.float32)
    offset, target = seen.known[rows].astype(np.float64), about[rows].astype(np.float64)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = offset + inputs @ weights
        error = 1 / (1 + np.exp(-np.clip(odds, -50, 50))) - target
        value = np.logaddexp(0, odds).sum() - target @ odds + 0.5 * PENALTY * weights @ weights
        return float(value), inputs.T @ error + PENALTY * weights

    with threadpool_limits(1):
        found = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    found[-1] *= BIAS
    return np.asarray(found, np.float32)


def try_out(seen: Seen, about: NDArray[np.bool_], others: Seen, texts: Sequence[str]) -> Trial:
    """Leave out some lessons at a time, learn from the rest, and judge what was left out. Lessons with the same words are
    left out together."""
    gists = [" ".join(text.casefold().split()) for text in texts]
    places = {gist: place for place, gist in enumerate(dict.fromkeys(gists))}
    folds = np.array([places[gist] for gist in gists]) % min(_FOLDS, len(places))
    after = seen.ruled.copy()
    for fold in range(folds.max() + 1):
        out = folds == fold
        after[out] = seen.where(out).judge(fit(seen.where(~out), about[~out]))
    moved = int((others.judge(fit(seen, about)) != others.ruled).sum()) if len(others) else 0
    right_before, right_after = int((seen.ruled == about).sum()), int((after == about).sum())
    verdict, one_sided = Verdict.KEPT, min(about.sum(), (~about).sum()) < _KINDS
    if right_after - right_before < (_CLEARLY if one_sided else 1):
        verdict = Verdict.NO_BETTER
    elif one_sided and moved * 2 > len(others):
        # Who only ever says "not about us" would teach that nothing is.
        verdict = Verdict.MOVES_OTHERS
    return Trial(verdict, len(about), right_before, right_after, len(others), moved)


def _base(version: str) -> str:
    """`2` of `default-2`, `accurate-2+b7`."""
    return version.rpartition("-")[2].partition(adapt.MARK)[0]
