"""Learning from people: a small correction of a shipped model's log-odds, fitted to what people of one brand corrected.

The shipped model stays as it is. Beside it stands, for a brand, one matrix more on the message's vector, found by the
same loss as the model itself, beginning at nothing and held back in two ways: it is penalised by its size, so that few
corrections move little, and it must go on giving the shipped model's answers to other recent messages of the brand, so
that nothing is forgotten. It is kept only where it reads corrected messages better that it has not learned from.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from octavo.understand import bag, campaign, encoder, model, registers, surface, words
from octavo.understand.heads import PRIMARY, REGISTER, sigmoid, softmax
from octavo.understand.model import Model
from octavo.understand.plain import plain
from octavo.understand.tier import Tier
from octavo.vocabulary import NO_REGISTER, REGISTERS, BrandProfile, Post, Register

HEADS = PRIMARY.stop
"""The heads that learn: those of the registers and of the primary one, which stand first. The others stay."""

MARK = "+b"
"""Stands in a reading's model between the shipped model and the number of the adaptation: `default-1+b7`."""

FEWEST = 8
"""Lessons below which nothing is learned: too few to be tried on each other."""
MOST_LESSONS, MOST_OTHERS = 1000, 400
"""What one fit looks at; the callers give the latest."""

PENALTY = 40.0
OTHER_WEIGHT = 0.3
"""Half of the squared matrix costs `PENALTY`; another message counts `OTHER_WEIGHT` of a lesson. Found on four sectors of
the corpus (airline, bank, energy, fashion) with a model that had not seen them; the held-out sectors took no part.
"""

_BIAS = np.float32(0.1)
"""Makes the bias dear: what people look at and correct is no sample of what comes in, and its mix is not to be learned."""

MOST_MOVED = 5.0
LEAST_CRISIS = -2.0
"""No message seen in learning is moved further than this in log-odds, nor a crisis further down: missing one is worse
than a false alarm."""

_FOLDS = 8
_STEPS = 50
_NEAR, _SAME = 0.3, 0.7
"""Cosines of messages' vectors from which they are somewhat, and quite, of a kind."""
_LUCK = 0.05
_FEW_OTHERS = 30
_MANY_CONFIRMED = 20
_CRISIS_COLUMNS = [REGISTER.start + registers.CRISIS, PRIMARY.start + registers.CRISIS]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a person said of one post: its primary register (or `none`).

    `refused` are the registers that were primary until a person took them off. `carried` are all registers a person said
    it carries, where they were asked for all; None where only for the primary one.
    """

    post: Post
    primary: str
    refused: tuple[Register, ...] = ()
    carried: tuple[Register, ...] | None = None


class Verdict(StrEnum):
    """Why an adaptation is used, or not."""

    KEPT = "kept"
    TOO_FEW = "too_few"
    NO_BETTER = "no_better"
    MOVES_OTHERS = "moves_others"


@dataclass(frozen=True, slots=True)
class Trial:
    """How learning did on what it had not learned from, each lesson and each other message left out once.

    Of `lessons`, the shipped model read `right_before` as people did, and `right_after` once taught; of `others` (recent
    messages nobody corrected) `others_moved` get another primary register.
    """

    verdict: Verdict
    lessons: int
    right_before: int = 0
    right_after: int = 0
    others: int = 0
    others_moved: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """What a brand's corrections add to a shipped model.

    `weights` float16[DIMENSIONS + 1, HEADS], the last row for the bias, belong to the vectors of the model `base` (such as
    `default-1`). `number` counts a brand's adaptations; a reading made with it says so: `default-1+b7`.
    """

    base: str
    number: int
    weights: NDArray[np.float16]

    def teach(self, shipped: Model) -> Model:
        """The shipped model with what was learned, or the shipped model itself where this was not learned for its kind:
        the fast tier has no vectors, and a later model other ones. What is read with the deep encoder too is moved as far."""
        ours, theirs = self.base.rpartition("-")[2], shipped.version.rpartition("-")[2]
        if shipped.vector is None or len(shipped.vector) != len(self.weights) - 1 or ours != theirs:
            return shipped
        vector, bias = shipped.vector.copy(), shipped.bias.copy()
        vector[:, :HEADS] += self.weights[:-1]
        bias[:HEADS] += self.weights[-1]
        taught = self.weights.astype(np.float32)
        return replace(
            shipped, vector=vector, bias=bias, taught=taught, version=f"{shipped.version}{MARK}{self.number}"
        )

    def to_bytes(self) -> bytes:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, base=np.array(self.base), number=np.array(self.number), weights=self.weights)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Adaptation:
        """Raises `ValueError` for anything `to_bytes` does not give."""
        try:
            with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
                found = cls(str(arrays["base"]), int(arrays["number"]), arrays["weights"])
        except Exception as cause:  # zip, zlib, numpy each have their own for a file that is broken
            raise ValueError("these bytes are no adaptation") from cause
        if found.weights.dtype != np.float16 or found.weights.ndim != 2 or found.weights.shape[1] != HEADS:
            raise ValueError("an adaptation of another kind")
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """n posts as the shipped model sees them: vectors float32[n, DIMENSIONS], log-odds float32[n, HEADS], and what
    `registers.decide` needs besides."""

    vectors: Floats
    logits: Floats
    intelligible: NDArray[np.bool_]
    echoes: NDArray[np.bool_]
    thresholds: Floats

    def __len__(self) -> int:
        return len(self.logits)

    def where(self, rows: NDArray[np.bool_]) -> Seen:
        return Seen(self.vectors[rows], self.logits[rows], self.intelligible[rows], self.echoes[rows], self.thresholds)

    def moved(self, weights: Floats | None) -> Floats:
        """The log-odds, with a correction float32[DIMENSIONS + 1, HEADS] or without."""
        return self.logits if weights is None else self.logits + self.vectors @ weights[:-1] + weights[-1]

    def decide(self, weights: Floats | None = None) -> registers.Decision:
        return registers.decide(
            self.moved(weights), self.thresholds, intelligible=self.intelligible, echoes=self.echoes
        )

    def primary(self, weights: Floats | None = None) -> NDArray[np.intp]:
        """The primary registers as answers of the primary head: the last stands for none."""
        decided = self.decide(weights).primary.astype(np.intp)
        return np.where(decided < 0, len(REGISTERS), decided)

    def chance(self, answers: NDArray[np.intp], weights: Floats | None = None) -> Floats:
        """The probability, float32[n], that each of these answers of the primary head has."""
        likely = softmax(self.moved(weights)[:, PRIMARY])
        return np.asarray(likely[np.arange(len(likely)), answers] + 1e-4, np.float32)


def see(posts: Sequence[Post], brand: BrandProfile | None = None, *, tier: Tier = Tier.DEFAULT) -> Seen:
    """Raises `EncoderUnavailable`; `ValueError` for a tier without vectors."""
    shipped = model.load(tier)
    if shipped.vector is None:
        raise ValueError(f"the {tier} tier reads without vectors and cannot learn")
    texts = [plain(post.text) for post in posts]
    split = words.split(texts)
    shown = surface.features(texts, [post.parent for post in posts], np.diff(split.first_word))
    vectors = encoder.load().encode(*model.word_pieces(split))
    return Seen(
        vectors=vectors,
        logits=shipped.score(split, bag.columns(split), shown, vectors)[:, :HEADS],
        intelligible=np.diff(split.first_piece_of_text()) > 0,
        echoes=np.fromiter(
            (match is not None and match.shown for match in campaign.find(posts, brand)), bool, len(posts)
        ),
        thresholds=shipped.thresholds,
    )


def learn(
    lessons: Sequence[Lesson],
    others: Sequence[Post],
    *,
    number: int,
    brand: BrandProfile | None = None,
    tier: Tier = Tier.DEFAULT,
) -> tuple[Adaptation | None, Trial]:
    """What the lessons of one brand teach, if it is worth keeping, and how it was tried.

    `others` are recent messages of the same brand that nobody corrected. Takes a second or two; the same lessons give the
    same adaptation. Raises as `see` does.
    """
    lessons, others = lessons[:MOST_LESSONS], others[:MOST_OTHERS]
    if len(lessons) < FEWEST:
        return None, Trial(Verdict.TOO_FEW, len(lessons))
    seen = see([lesson.post for lesson in lessons], brand, tier=tier)
    trial, weights = learn_from(seen, lessons, see(others, brand, tier=tier))
    if trial.verdict is not Verdict.KEPT:
        return None, trial
    return Adaptation(model.version(tier), number, weights.astype(np.float16)), trial


def learn_from(seen: Seen, lessons: Sequence[Lesson], others: Seen) -> tuple[Trial, Floats]:
    """The same with posts already seen; the correction float32[DIMENSIONS + 1, HEADS], whatever the verdict."""
    trial = _try(seen, lessons, others)
    return trial, fit(seen, lessons, others)


def fit(
    seen: Seen,
    lessons: Sequence[Lesson],
    others: Seen,
    *,
    penalty: float = PENALTY,
    other_weight: float = OTHER_WEIGHT,
) -> Floats:
    """The correction that fits lessons best, float32[DIMENSIONS + 1, HEADS]; deterministic."""
    from scipy.optimize import minimize  # only who learns waits for these; all who read import this page
    from threadpoolctl import threadpool_limits

    offset = np.vstack([seen.logits, others.logits])
    targets = np.vstack([_asked(seen, lessons), _answers(others.logits)])
    vectors = np.vstack([seen.vectors, others.vectors])
    middle = vectors.mean(axis=0)
    corrected = seen.primary() != [_index(lesson.primary) for lesson in lessons]
    alike = _alike(others.vectors - middle, seen.vectors[corrected] - middle)
    counts = np.concatenate([np.ones(len(seen), np.float32), other_weight * (1 - alike)])[:, None]
    # Centred, so that what all messages share is the bias's alone; in units of the penalty the search takes few steps.
    scale = np.float32(1 / math.sqrt(penalty))
    inputs = np.hstack([(vectors - middle) * scale, np.full((len(vectors), 1), _BIAS)])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        matrix = flat.reshape(-1, HEADS).astype(np.float32)
        answers = _answers(np.asarray(offset + inputs @ matrix, np.float32))
        error = (answers - targets) * counts
        likely = targets * np.log(answers + 1e-7)
        likely[:, REGISTER] += (1 - targets[:, REGISTER]) * np.log(1 - answers[:, REGISTER] + 1e-7)
        value = -float(np.sum(likely * counts, dtype=np.float64)) + 0.5 * float(np.sum(matrix * matrix))
        return value, (inputs.T @ error + matrix).ravel().astype(np.float64)

    # On a machine that has other things to do, several threads for such small products cost forty times as much.
    with threadpool_limits(1):
        # What fits best lies among the messages' own directions, which are fewer than those of all vectors.
        directions, coordinates = np.linalg.qr(inputs.T)
        inputs = np.ascontiguousarray(coordinates.T)
        start = np.zeros(inputs.shape[1] * HEADS)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 6}).x
        matrix = found.reshape(-1, HEADS).astype(np.float32)
        matrix = directions @ (matrix * _restraint(inputs @ matrix))
    weights = np.vstack([matrix[:-1] * scale, matrix[-1:] * _BIAS])
    weights[-1] -= middle @ weights[:-1]
    return weights


def _alike(vectors: Floats, corrected: Floats) -> Floats:
    """float32[n], 0 to 1: how far a message is of a kind that people corrected. That nobody corrected it too then says
    little."""
    if not len(vectors) or not len(corrected):
        return np.zeros(len(vectors), np.float32)
    ours, theirs = (
        each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-6) for each in (vectors, corrected)
    )
    near = (ours @ theirs.T).max(axis=1)
    return np.asarray(np.clip((near - _NEAR) / (_SAME - _NEAR), 0, 1), np.float32)


def _restraint(moved: Floats) -> Floats:
    """float32[HEADS], at most 1: by how much to shrink each head's correction, so that no message moves too far."""
    allowed = MOST_MOVED / np.maximum(np.abs(moved).max(axis=0), MOST_MOVED)
    for column in _CRISIS_COLUMNS:
        allowed[column] = min(allowed[column], LEAST_CRISIS / min(moved[:, column].min(), LEAST_CRISIS))
    return np.asarray(allowed, np.float32)


def _answers(logits: Floats) -> Floats:
    return np.hstack([sigmoid(logits[:, REGISTER]), softmax(logits[:, PRIMARY])])


def _asked(seen: Seen, lessons: Sequence[Lesson]) -> Floats:
    """Targets, float32[n, HEADS]. Where nobody said anything the answer is the shipped model's."""
    targets = _answers(seen.logits)
    targets[:, PRIMARY] = 0
    for row, lesson in enumerate(lessons):
        targets[row, PRIMARY.start + _index(lesson.primary)] = 1
        if lesson.primary == NO_REGISTER or lesson.carried is not None:
            targets[row, REGISTER] = [register in (lesson.carried or ()) for register in REGISTERS]
            continue
        for register in lesson.refused:
            targets[row, REGISTER.start + _index(register)] = 0
        targets[row, REGISTER.start + _index(lesson.primary)] = 1
    return targets


def _index(primary: str) -> int:
    return len(REGISTERS) if primary == NO_REGISTER else REGISTERS.index(Register(primary))


def _try(seen: Seen, lessons: Sequence[Lesson], others: Seen) -> Trial:
    """Leave out an eighth at a time, learn from the rest, and read what was left out."""
    said = np.array([_index(lesson.primary) for lesson in lessons])
    before, others_before = seen.primary(), others.primary()
    after, others_after = before.copy(), others_before.copy()
    likelier = np.zeros(len(lessons))
    # The same words twice are one lesson: they are left out together.
    texts = {text: place for place, text in enumerate(dict.fromkeys(_gist(lesson) for lesson in lessons))}
    folds = np.array([texts[_gist(lesson)] for lesson in lessons]) % _FOLDS
    other_folds = np.arange(len(others)) % _FOLDS
    for fold in range(_FOLDS):
        out, others_out = folds == fold, other_folds == fold
        if not out.any():
            continue
        rest = [lesson for lesson, left_out in zip(lessons, out, strict=True) if not left_out]
        weights = fit(seen.where(~out), rest, others.where(~others_out))
        unseen = seen.where(out)
        after[out] = unseen.primary(weights)
        likelier[out] = np.log(unseen.chance(said[out], weights) / unseen.chance(said[out]))
        others_after[others_out] = others.where(others_out).primary(weights)
    return Trial(
        verdict=_judge(said, before, after, likelier, others_before, others_after),
        lessons=len(lessons),
        right_before=int((before == said).sum()),
        right_after=int((after == said).sum()),
        others=len(others),
        others_moved=int((others_after != others_before).sum()),
    )


def _judge(
    said: NDArray[np.intp],
    before: NDArray[np.intp],
    after: NDArray[np.intp],
    likelier: NDArray[np.float64],
    others_before: NDArray[np.intp],
    others_after: NDArray[np.intp],
) -> Verdict:
    """Whether what was learned is worth keeping. `likelier` is how much more probable it makes what people said."""
    right, right_before = after == said, before == said
    if int(right.sum()) <= int(right_before.sum()):
        return Verdict.NO_BETTER
    if int(right_before.sum()) >= _MANY_CONFIRMED:
        # People also confirm: then the lessons show loss as well as gain. By more than its standard error.
        error = likelier.std() / math.sqrt(len(likelier))
        return Verdict.KEPT if likelier.mean() > error else Verdict.NO_BETTER
    # Only mistakes were corrected, of which any change at all gets some right. It must get more right than luck would,
    # and must tell the messages people correct from those they leave alone.
    moved, fixed = after != before, int((right & ~right_before).sum())
    usual = np.bincount(np.concatenate([said, others_before]), minlength=len(REGISTERS) + 1)
    by_luck = min(float((usual / usual.sum())[after[moved]].mean()), 0.5)
    if fixed < 2 or _tail(fixed, int(moved.sum()), by_luck) > _LUCK:
        return Verdict.NO_BETTER
    if len(others_before) >= _FEW_OTHERS and (others_after != others_before).mean() > moved.mean() / 2:
        return Verdict.MOVES_OTHERS
    return Verdict.KEPT


def _tail(hits: int, trials: int, chance: float) -> float:
    """Probability of at least so many hits by luck (binomial)."""
    return sum(math.comb(trials, n) * chance**n * (1 - chance) ** (trials - n) for n in range(hits, trials + 1))


def _gist(lesson: Lesson) -> str:
    return " ".join(lesson.post.text.casefold().split())
