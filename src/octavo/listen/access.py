"""The only door to sources and imports for a person: what is not theirs does not exist."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from octavo.listen.models import FileImport, Source
from octavo.people.models import User


def sources_for(user: User) -> QuerySet[Source]:
    return Source.objects.select_related("brand") if user.is_active else Source.objects.none()


def imports_for(user: User) -> QuerySet[FileImport]:
    return FileImport.objects.select_related("brand", "source") if user.is_active else FileImport.objects.none()


def source_for(user: User, number: int) -> Source:
    """A source by its number. Raises `Http404`."""
    found = sources_for(user).filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def import_for(user: User, number: int) -> FileImport:
    """An import by its number. Raises `Http404`."""
    found = imports_for(user).filter(pk=number).first()
    if found is None:
        raise Http404
    return found
