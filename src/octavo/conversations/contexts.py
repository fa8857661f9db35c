"""What a brand's ambiguous names mean, learnt from people's "about us" and "not about us", brand by brand.

As with registers (`learning`): somebody's word asks for learning a moment later (`touch`), a job looks for brands whose
moment has come (`due`) and has each learn (`flow.learn_context`), between `begin` and `finish`. Everything is of one brand
alone, and learnt anew from people's words each time, so that whatever is taken back is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from octavo.conversations.models import Brand, BrandContext, Correction, Mention
from octavo.kit import clock
from octavo.people import audit
from octavo.people.models import User
from octavo.understand import Tier, context, model_version
from octavo.understand.adapt import Trial
from octavo.vocabulary import LearnedContext

log = structlog.get_logger(__name__)

PAUSE = timedelta(seconds=10)
"""From the first word of somebody until it is learnt from, so that those that follow are learnt with it."""
LATER = timedelta(minutes=5)
"""Until it is tried again where the encoder is not available."""
READ_AGAIN_MOST = 2000
"""A brand's latest messages that are read again when what was learnt has changed."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a message is about the brand, as a person said."""

    mention: Mention
    about: bool


@dataclass(frozen=True, slots=True)
class Task:
    """What people said of a brand's messages, the latest first, and recent ones nobody judged. `seen` and `reset` say as of
    when."""

    brand: Brand
    judged: Sequence[Judged]
    others: Sequence[Mention]
    seen: datetime
    reset: datetime | None


def of(brand: Brand) -> LearnedContext | None:
    """What is in use for a brand."""
    state: BrandContext | None = getattr(brand, "context", None)
    if state is None or not state.is_on or state.weights is None:
        return None
    return LearnedContext(state.base, tuple(state.weights))


def touch(brand: int) -> None:
    """Somebody said that a message is about the brand, or is not, or took it back: learn soon."""
    now = clock.now()
    with transaction.atomic():
        BrandContext.objects.get_or_create(pk=brand)
        state = _locked(brand)
        state.touched_at, state.due_at = now, state.due_at or now + PAUSE
        state.save(update_fields=["touched_at", "due_at"])


def due() -> list[int]:
    """Brands that should learn now, or whose messages wait to be read with what was learnt. A new shipped model is learnt
    for anew."""
    outdated = Q(is_on=True, weights__isnull=False, due_at=None) & ~Q(base=model_version(Tier.DEFAULT))
    waiting = Q(is_on=True, due_at__lte=clock.now()) | Q(stale=True) | outdated
    return list(BrandContext.objects.filter(waiting).order_by("due_at").values_list("pk", flat=True))


def begin(brand: int) -> Task | None:
    """What to learn from now; None where it is not the moment."""
    state = BrandContext.objects.select_related("brand").filter(pk=brand, is_on=True).first()
    if state is None:
        return None
    outdated = state.weights is not None and state.base != model_version(Tier.DEFAULT)
    if not outdated and (state.due_at is None or state.due_at > clock.now()):
        return None
    others = (
        Mention.objects.filter(brand=brand, deleted_at=None, own=False)
        .exclude(corrected__contains=["relevant"])
        .select_related("author")
        .defer("search")
        .order_by("-published_at")
    )
    return Task(state.brand, _judged(state), list(others[: context.MOST_OTHERS]), state.touched_at, state.reset_at)


def finish(task: Task, learned: LearnedContext | None, trial: Trial) -> bool:
    """Keep what was learnt, unless somebody switched it off or reset it meanwhile; whether it was kept track of."""
    with transaction.atomic():
        state = _locked(task.brand.pk)
        if not state.is_on or state.reset_at != task.reset:
            return False
        before = (state.base, state.weights)
        state.base, state.weights = (learned.base, list(learned.weights)) if learned else ("", None)
        state.made_at, state.verdict = clock.now(), str(trial.verdict)
        state.lessons, state.right_before, state.right_after = trial.lessons, trial.right_before, trial.right_after
        state.others, state.others_moved = trial.others, trial.others_moved
        state.due_at = None if state.touched_at == task.seen else clock.now() + PAUSE
        state.stale = state.stale or before != (state.base, state.weights)
        state.save()
    log.info(
        "learned what is about the brand",
        brand=task.brand.pk, lessons=trial.lessons, verdict=str(trial.verdict),
        right_before=trial.right_before, right_after=trial.right_after,
    )  # fmt: skip
    return True


def postpone(brand: int) -> None:
    """It cannot be learnt now; later."""
    BrandContext.objects.filter(pk=brand).update(due_at=clock.now() + LATER)


def to_read_again(brand: int) -> list[int]:
    """Mentions that should be read again, the latest first; empty where nothing is stale."""
    if not BrandContext.objects.filter(pk=brand, stale=True).exists():
        return []
    kept = Mention.objects.filter(brand=brand, deleted_at=None, own=False).order_by("-published_at")
    return list(kept.values_list("pk", flat=True)[:READ_AGAIN_MOST])


def was_read_again(brand: int) -> None:
    """What `to_read_again` gave has been read."""
    BrandContext.objects.filter(pk=brand).update(stale=False)


def switch(user: User, brand: Brand, *, on: bool) -> None:
    """Judge this brand's messages with what was learnt, or by its names alone."""

    def change(state: BrandContext) -> None:
        state.is_on = on
        state.due_at = clock.now() if on else None

    _decide(
        user, brand, "switched learning what is about us on" if on else "switched learning what is about us off", change
    )


def reset(user: User, brand: Brand) -> None:
    """Forget what was learnt: what people said up to now stays with its messages but is learnt from no more."""

    def change(state: BrandContext) -> None:
        state.former_reset_at, state.reset_at = state.reset_at, clock.now()
        state.base, state.weights, state.due_at, state.verdict = "", None, None, ""

    _decide(user, brand, "forgot what is about us", change)


def bring_back(user: User, brand: Brand) -> bool:
    """Undo the last reset; False where there was none. It is learnt anew a moment later."""
    found = BrandContext.objects.filter(pk=brand.pk).exclude(reset_at=None).exists()

    def change(state: BrandContext) -> None:
        state.reset_at, state.former_reset_at = state.former_reset_at, None
        state.due_at = clock.now()

    if found:
        _decide(user, brand, "brought back what is about us", change)
    return found


def count(brand: int, *, since: datetime | None = None) -> int:
    """Messages of a brand of which a person said whether they are about it."""
    return _corrections(brand, since).values("mention").distinct().count()


def _decide(user: User, brand: Brand, action: str, change: Callable[[BrandContext], None]) -> None:
    with transaction.atomic():
        BrandContext.objects.get_or_create(brand=brand)
        state = _locked(brand.pk)
        before = state.weights if state.is_on else None
        change(state)
        state.stale = state.stale or before != (state.weights if state.is_on else None)
        state.save()
        audit.log(user, action, kind="brand", object_id=brand.pk)


def _locked(brand: int) -> BrandContext:
    return BrandContext.objects.select_for_update().get(pk=brand)


def _judged(state: BrandContext) -> list[Judged]:
    """The latest word on each message, the latest first. What was edited after a person read it is left out."""
    latest: dict[int, Correction] = {}
    for row in _corrections(state.pk, state.reset_at).order_by("-pk"):
        if row.mention in latest or len(latest) < context.MOST:
            latest.setdefault(row.mention, row)
    found = Mention.objects.filter(pk__in=list(latest), deleted_at=None).select_related("author").defer("search")
    mentions = {mention.pk: mention for mention in found}
    return [
        Judged(mentions[number], bool(row.now))
        for number, row in latest.items()
        if number in mentions and not _changed_since(mentions[number], row)
    ]


def _changed_since(mention: Mention, word: Correction) -> bool:
    return mention.edited_at is not None and mention.edited_at > word.created_at


def _corrections(brand: int, since: datetime | None) -> QuerySet[Correction]:
    found = Correction.objects.filter(brand=brand, field="relevant", withdrawn_at=None)
    return found.filter(created_at__gt=since) if since else found
