"""The brands that files name: found, and made where they are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.text import slugify

from octavo.conversations.models import Brand


def make(name: str) -> Brand:
    """A brand of that name, made where there is none; in the caller's transaction."""
    name = name.strip()[:120]
    try:
        with transaction.atomic():
            return Brand.objects.create(name=name, slug=_free_slug(name))
    except IntegrityError:
        return Brand.objects.get(name__iexact=name)


def find(name: str) -> Brand | None:
    """The brand of that name or address part, however it is capitalised."""
    return (
        Brand.objects.filter(name__iexact=name.strip()).first()
        or Brand.objects.filter(slug=name.strip().lower()).first()
    )


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names in order, however they are capitalised."""
    found: dict[str, str] = {}
    for name in names:
        if name:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def numbers(names: Sequence[str]) -> dict[str, int]:
    """Brands that exist under these names: {name as asked: number}."""
    lowered = {name.lower(): name for name in names}
    rows = Brand.objects.annotate(lowered=Lower("name")).filter(lowered__in=lowered).values_list("lowered", "pk")
    return {lowered[low]: number for low, number in rows if low in lowered}


def to_recognise() -> QuerySet[Brand]:
    """Brands of which a reader must know more than that there are any: campaigns, topics."""
    found = Brand.objects.filter(Q(campaigns__isnull=False) | Q(topics__isnull=False, topics__deleted_at=None))
    return found.distinct().prefetch_related("campaigns", "names", "topics")


def _free_slug(name: str) -> str:
    stem = slugify(name)[:130] or "brand"
    taken = set(Brand.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
