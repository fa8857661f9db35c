"""Learning from corrections, brand by brand: what there is to learn from, what was learned, and people's say in it.

A correction asks for learning a moment later (`touch`); a job looks for brands whose moment has come (`due`) and has each
learn (`flow.learn`), between `begin` and `finish`. Everything here is of one brand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from octavo.conversations.models import Brand, BrandLearning, Correction, LearnedModel, Mention
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User
from octavo.understand import Tier, adapt, model_version
from octavo.vocabulary import NO_REGISTER, Register

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=10)
"""From the first correction until it is learned from, so that those that follow are learned with it."""
LATER = timedelta(minutes=5)
"""Until it is tried again where the encoder is not available."""
READ_AGAIN_MOST = 2000
"""A brand's latest messages that are read again when what was learned has changed."""
KEPT_WEIGHTS = 10
"""Learned models of a brand whose weights are kept, the latest."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What a person said of one message: its primary register, and those that were taken off."""

    mention: Mention
    primary: str
    refused: tuple[Register, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A brand's lessons, the latest first, and recent messages nobody corrected. `seen` and `reset` say as of when."""

    brand: Brand
    number: int
    taught: Sequence[Taught]
    others: Sequence[Mention]
    seen: datetime
    reset: datetime | None


def touch(brand: int) -> None:
    """A correction came or went: learn soon."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO conversations_brandlearning AS l (brand_id, is_on, touched_at, due_at, stale) "
            "VALUES (%s, true, %s, %s, false) ON CONFLICT (brand_id) DO UPDATE "
            "SET touched_at = excluded.touched_at, due_at = coalesce(l.due_at, excluded.due_at)",
            [brand, now, now + PAUSE],
        )


def due() -> list[int]:
    """Brands that should learn now, or whose messages wait to be read with what was learned. A new shipped model is
    learned for anew."""
    outdated = Q(is_on=True, latest__isnull=False) & ~Q(latest__base=model_version(Tier.DEFAULT))
    waiting = Q(is_on=True, due_at__lte=clock.now()) | Q(stale=True) | (outdated & Q(due_at=None))
    return list(BrandLearning.objects.filter(waiting).order_by("due_at").values_list("pk", flat=True))


def begin(brand: int) -> Task | None:
    """What to learn from now; None where it is not the moment."""
    state = BrandLearning.objects.select_related("brand", "latest").filter(pk=brand, is_on=True).first()
    if state is None:
        return None
    outdated = state.latest is not None and state.latest.base != model_version(Tier.DEFAULT)
    if not outdated and (state.due_at is None or state.due_at > clock.now()):
        return None
    taught = _taught(state)
    others = (
        Mention.objects.filter(brand=brand, deleted_at=None, own=False, relevant=True)
        .exclude(corrected__contains=["register"])
        .select_related("author")
        .order_by("-published_at")
    )
    last = LearnedModel.objects.filter(brand=brand).order_by("-number").values_list("number", flat=True).first() or 0
    return Task(state.brand, last + 1, taught, list(others[: adapt.MOST_OTHERS]), state.touched_at, state.reset_at)


def finish(task: Task, learned: adapt.Adaptation | None, trial: adapt.Trial) -> bool:
    """Keep what was learned, unless somebody switched it off or reset it meanwhile; whether it was kept track of."""
    with transaction.atomic():
        state = _locked(task.brand.pk)
        if state is None or not state.is_on or state.reset_at != task.reset:
            return False
        before = in_use(state)
        try:
            with transaction.atomic():
                state.latest = LearnedModel.objects.create(
                    brand=task.brand,
                    number=task.number,
                    base=model_version(Tier.DEFAULT),
                    verdict=str(trial.verdict),
                    lessons=trial.lessons,
                    right_before=trial.right_before,
                    right_after=trial.right_after,
                    others=trial.others,
                    others_moved=trial.others_moved,
                    weights=learned.to_bytes() if learned else None,
                )
        except IntegrityError:  # two learned at once; the other was quicker, and what it did stands
            return False
        state.due_at = None if state.touched_at == task.seen else clock.now() + PAUSE
        state.stale = state.stale or before is not None or learned is not None
        state.save()
        _let_go(state)
    log.info(
        "learned from corrections",
        brand=task.brand.pk, number=task.number, lessons=trial.lessons, verdict=str(trial.verdict),
        right_before=trial.right_before, right_after=trial.right_after,
    )  # fmt: skip
    return True


def postpone(brand: int) -> None:
    """It cannot be learned now; later."""
    BrandLearning.objects.filter(pk=brand).update(due_at=clock.now() + LATER)


def in_use(state: BrandLearning) -> LearnedModel | None:
    """The learned model that messages are read with, if there is one."""
    latest = state.latest
    if not state.is_on or latest is None or latest.weights is None or latest.base != model_version(Tier.DEFAULT):
        return None
    return latest


def adaptations(brands: Collection[int]) -> dict[int, adapt.Adaptation]:
    """What is in use for each of these brands; a brand that has learned nothing is not in it."""
    states = BrandLearning.objects.select_related("latest").filter(
        pk__in=brands, is_on=True, latest__weights__isnull=False
    )
    found: dict[int, adapt.Adaptation] = {}
    for state in states:
        learned = in_use(state)
        if learned is None or learned.weights is None:
            continue
        try:
            found[state.pk] = adapt.Adaptation.from_bytes(bytes(learned.weights))
        except ValueError:
            log.warning("a learned model cannot be read and is passed over", brand=state.pk, number=learned.number)
    return found


def to_read_again(brand: int) -> list[int]:
    """Mentions that should be read again, the latest first: of the latest those that were read by something else than what
    is in use, and where nothing is in use, all that were read with what was learned. Empty where nothing is stale."""
    state = BrandLearning.objects.select_related("latest").filter(pk=brand, stale=True).first()
    if state is None:
        return []
    learned = in_use(state)
    kept = Mention.objects.filter(brand=brand, deleted_at=None).order_by("-published_at")
    if learned is None:
        return list(kept.filter(model__contains=adapt.MARK).values_list("pk", flat=True)[:READ_AGAIN_MOST])
    wanted = f"{adapt.MARK}{learned.number}"
    latest = kept.values_list("pk", "model")[:READ_AGAIN_MOST]
    return [number for number, model in latest if not model.endswith(wanted)]


def was_read_again(brand: int) -> None:
    """What `to_read_again` gave has been read."""
    with transaction.atomic():
        state = _locked(brand)
        if state is not None:
            state.stale = in_use(state) is None and bool(to_read_again(brand))
            state.save(update_fields=["stale"])


def switch(user: User, brand: Brand, *, on: bool) -> None:
    """Read this brand's messages with what was learned, or by the shipped model alone."""

    def change(state: BrandLearning) -> None:
        state.is_on = on
        if on:
            state.due_at = clock.now()

    _decide(user, brand, "switched learning on" if on else "switched learning off", change)


def reset(user: User, brand: Brand) -> None:
    """Forget what was learned: corrections up to now stay with their messages but are learned from no more."""

    def change(state: BrandLearning) -> None:
        state.former, state.former_reset_at = state.latest, state.reset_at
        state.latest, state.reset_at, state.due_at = None, clock.now(), None

    _decide(user, brand, "reset learning", change)


def bring_back(user: User, brand: Brand) -> bool:
    """Undo the last reset; False where there was none. What was in use then is in use again at once, and corrections
    made since are learned in addition."""
    found = BrandLearning.objects.filter(pk=brand.pk).exclude(reset_at=None).exists()

    def change(state: BrandLearning) -> None:
        corrected = _corrections(brand.pk, state.reset_at).exists()
        state.latest, state.reset_at = state.former, state.former_reset_at
        state.former, state.former_reset_at = None, None
        state.due_at = clock.now() + PAUSE if corrected or state.latest is None else None

    if found:
        _decide(user, brand, "brought learning back", change)
    return found


def _decide(user: User, brand: Brand, action: str, change: Callable[[BrandLearning], None]) -> None:
    with transaction.atomic():
        BrandLearning.objects.get_or_create(brand=brand)
        state = _locked(brand.pk)
        assert state is not None
        before = in_use(state)
        change(state)
        after = in_use(state)
        state.stale = state.stale or before != after
        state.save()
        detail: dict[str, Any] = {"number": after.number} if after else {}
        audit.log(user, action, kind="brand", object_id=brand.pk, **detail)


def _locked(brand: int) -> BrandLearning | None:
    rows = BrandLearning.objects.select_for_update(of=("self",)).select_related("latest", "former")
    return rows.filter(pk=brand).first()


def count(brand: int, *, since: datetime | None = None) -> int:
    """Messages of a brand whose register a person has said."""
    return _corrections(brand, since).values("mention").distinct().count()


def export(brand: int) -> Iterator[bytes]:
    """The brand's corrections that stand, as JSON Lines, the oldest first: what the message said, what was read, by which
    model, and what a person said. Without names; messages that were deleted are left out."""
    rows = list(Correction.objects.filter(brand=brand, withdrawn_at=None).order_by("pk"))
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        mentions = _mentions(row.mention for row in part)
        for row in part:
            mention = mentions.get(row.mention)
            if mention is None:
                continue
            line = {
                "id": f"{mention.channel}:{mention.external_id}",
                "published_at": mention.published_at,
                "language": mention.language,
                "subject": mention.subject,
                "text": mention.text,
                "parent": mention.parent,
                "field": row.field,
                "was": row.was,
                "now": row.now,
                "model": row.model,
                "corrected_at": row.created_at,
            }
            yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _taught(state: BrandLearning) -> list[Taught]:
    """The latest word on each message, the latest message first. What was edited after a person read it is left out."""
    chains: dict[int, list[Correction]] = {}
    for row in _corrections(state.pk, state.reset_at).order_by("-pk"):
        if row.mention in chains or len(chains) < adapt.MOST_LESSONS:
            chains.setdefault(row.mention, []).append(row)
    mentions = _mentions(chains)
    taught = []
    for number, chain in chains.items():
        mention = mentions.get(number)
        if mention is None or (mention.edited_at is not None and mention.edited_at > chain[0].created_at):
            continue
        said = str(chain[0].now)
        refused = {str(row.was) for row in chain} - {said, NO_REGISTER}
        taught.append(Taught(mention, said, tuple(Register(name) for name in sorted(refused))))
    return taught


def _corrections(brand: int, since: datetime | None) -> QuerySet[Correction]:
    found = Correction.objects.filter(brand=brand, field="register", withdrawn_at=None)
    return found.filter(created_at__gt=since) if since else found


def _mentions(numbers: Any) -> dict[int, Mention]:
    """Those of these mentions whose words are still there."""
    found = Mention.objects.filter(pk__in=list(numbers), deleted_at=None).select_related("author")
    return {mention.pk: mention for mention in found}


def _let_go(state: BrandLearning) -> None:
    """Empty the weights of models long past."""
    kept = LearnedModel.objects.filter(brand=state.pk).order_by("-number").values_list("pk", flat=True)[:KEPT_WEIGHTS]
    wanted = {*kept, *(number for number in (state.latest_id, state.former_id) if number is not None)}
    LearnedModel.objects.filter(brand=state.pk, weights__isnull=False).exclude(pk__in=wanted).update(weights=None)
