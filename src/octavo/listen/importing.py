"""A file that is to come in: looked at, its columns settled, begun. `reading` reads it, `running` brings it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from octavo.channels.file import FileReader, Options, open_file
from octavo.channels.item import FIELDS
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand
from octavo.kit import clock
from octavo.kit.text import excerpt
from octavo.listen import brands
from octavo.listen.models import FileImport, Source
from octavo.people import audit
from octavo.people.models import User
from octavo.vocabulary import Post, Reject


class NoBrand(Exception):
    """Nobody said whose messages these are: name the brand, or the column that does."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person said about a file; empty is guessed. `columns` is field to column, `zone` the name of a time zone."""

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    header: bool | None = None
    zone: str = "UTC"
    day_first: bool | None = None
    html: bool | None = None
    channel: str = "file"

    def options(self) -> Options:
        """As the file channel takes them. Raises `ChannelError(BAD_SETTINGS)` for an unknown time zone."""
        try:
            zone = ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise ChannelError(Trouble.BAD_SETTINGS, detail="timezone: unknown", retry=False) from error
        return Options(
            columns=self.columns,
            encoding=self.encoding or None,
            delimiter=self.delimiter or None,
            header=self.header,
            zone=zone,
            day_first=self.day_first,
            html=self.html,
            channel=self.channel,
        )


@dataclass(frozen=True, slots=True)
class Column:
    """How one field would be filled. `confidence` is 0 to 1, 1 where a person said so; `samples` are up to three values."""

    field: str
    column: str
    confidence: float
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A file, looked at: what it seems to be, how its columns would be read, its first posts, the brands those name."""

    format: str
    encoding: str
    total_bytes: int
    columns: tuple[str, ...]
    fields: tuple[Column, ...]
    unused: tuple[str, ...]
    day_first_sure: bool
    posts: Sequence[Post]
    rejects: Sequence[Reject]
    brands: tuple[str, ...]
    brands_missing: tuple[str, ...]
    complete: Choices


@dataclass(frozen=True, slots=True)
class Begun:
    """An import that may be run; `again` where this very file was begun (or finished: see its state) before."""

    job: FileImport
    again: bool


def look(path: str | Path, choices: Choices, *, brand: Brand | None = None, posts: int = 5) -> Preview:
    """Look at a file without storing anything. Raises `ChannelError`."""
    with open_file(path, _for_brand(choices, brand).options()) as reader:
        batch = next(reader.batches(size=1000), None) if "text" in reader.mapping.fields else None
        found = list(batch.posts) if batch else []
        names = brands.distinct(post.brand for post in found)
        known = {name.casefold() for name in brands.numbers(names)}
        return Preview(
            format=str(reader.shape.format),
            encoding=reader.shape.encoding,
            total_bytes=reader.total_bytes,
            columns=reader.columns,
            fields=tuple(
                Column(name, guess.column, guess.confidence, guess.samples)
                for name, guess in reader.mapping.fields.items()
            ),
            unused=reader.mapping.unused,
            day_first_sure=reader.mapping.day_first_sure,
            posts=found[:posts],
            rejects=list(batch.rejects) if batch else [],
            brands=names,
            brands_missing=tuple(name for name in names if name.casefold() not in known),
            complete=_complete(choices, reader),
        )


def begin(
    path: str | Path,
    *,
    choices: Choices,
    brand: Brand | None = None,
    user: User | None = None,
    filename: str = "",
    kept_here: bool = False,
) -> Begun:
    """The import of a file with its columns settled, new or (same content, same choices) the one begun before.

    `brand` null means that a column names it. Raises `ChannelError`, or `NoBrand` where neither does.
    """
    path = Path(path)
    choices = _for_brand(choices, brand)
    with open_file(path, choices.options()) as reader:
        if "text" not in reader.mapping.fields:
            detail = f"columns: {excerpt(', '.join(reader.columns), 400)}"
            raise ChannelError(Trouble.NO_TEXT, detail=detail, retry=False)
        if brand is None and "brand" not in reader.mapping.fields:
            raise NoBrand
        complete, total = _complete(choices, reader), reader.total_bytes
    digest = digest_of(path)
    options = as_options(complete)
    with transaction.atomic():
        _lock_digest(digest)  # two who begin the same file at once begin one import
        same = FileImport.objects.filter(digest=digest, brand=brand).exclude(state=FileImport.State.MAPPING)
        before = next((job for job in same if job.options == options), None)
        if before is not None:
            if before.state != FileImport.State.DONE and Path(before.path) != path.resolve():
                before.path, before.kept_here = str(path.resolve()), kept_here
                before.save(update_fields=["path", "kept_here"])
            return Begun(before, again=True)
        name = (filename or path.name)[:255]
        source = Source.objects.create(brand=brand, channel="file", name=_free_name(brand, name), dedicated=True)
        job = FileImport.objects.create(
            source=source,
            brand=brand,
            path=str(path.resolve()),
            kept_here=kept_here,
            filename=name,
            digest=digest,
            options=options,
            state=FileImport.State.RUNNING,
            total_bytes=total,
            started_by=user,
        )
        audit.log(user, "began import", kind="import", object_id=job.pk)
    return Begun(job, again=False)


def draft(path: Path, *, filename: str, user: User | None) -> FileImport:
    """A file that was handed in, whose columns a person is still to check. The file is ours from now on."""
    return FileImport.objects.create(
        path=str(path.resolve()),
        kept_here=True,
        filename=filename[:255],
        digest="",
        options=as_options(Choices()),
        state=FileImport.State.MAPPING,
        total_bytes=path.stat().st_size,
        started_by=user,
    )


def begin_draft(job: FileImport, *, choices: Choices, brand: Brand | None, user: User | None) -> Begun:
    """Begin what was handed in; the draft gives way to the import. As `begin`."""
    begun = begin(job.path, choices=choices, brand=brand, user=user, filename=job.filename, kept_here=True)
    if begun.job.path != job.path:
        discard(job)
    else:
        job.delete()
    return begun


def discard(job: FileImport) -> None:
    """Forget an import with its copy of the file."""
    path = Path(job.path)
    ours = job.kept_here
    job.delete()
    if ours:
        path.unlink(missing_ok=True)


def as_options(choices: Choices) -> dict[str, object]:
    """Choices as they are kept."""
    return asdict(choices)


def rate(job: FileImport) -> float:
    """Messages a second, over all its runs."""
    return job.done / job.seconds if job.seconds else 0.0


def seconds_left(job: FileImport) -> float | None:
    """How long it will still take; None where that cannot be told."""
    return job.seconds * (job.total_bytes - job.read_bytes) / job.read_bytes if job.read_bytes else None


def digest_of(path: Path) -> str:
    """What tells whether two files are the same. Raises `ChannelError`."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ChannelError(Trouble.NOT_FOUND, detail=str(error), retry=False) from error


def prune_uploads(folder: Path, *, older_than: float) -> int:
    """Remove uploaded files no import waits for, older than `older_than` seconds; the number removed."""
    wanted = set(
        FileImport.objects.filter(kept_here=True).exclude(state=FileImport.State.DONE).values_list("path", flat=True)
    )
    removed = 0
    for path in islice(folder.glob("*"), 10_000):
        if str(path) not in wanted and path.is_file() and clock.now().timestamp() - path.stat().st_mtime > older_than:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _for_brand(choices: Choices, brand: Brand | None) -> Choices:
    """With one brand for the whole file, no column is asked for it."""
    if brand is None:
        return choices
    return Choices(**{**asdict(choices), "columns": {**choices.columns, "brand": ""}})


def _complete(choices: Choices, reader: FileReader) -> Choices:
    """The choices with every guess settled, so that the file is read the same way when it goes on."""
    mapping = reader.mapping
    return Choices(
        columns={name: mapping.columns.get(name, "") for name in FIELDS},
        encoding=reader.shape.encoding,
        delimiter=choices.delimiter,
        header=choices.header,
        zone=choices.zone,
        day_first=mapping.day_first,
        html=mapping.html,
        channel=choices.channel,
    )


def _free_name(brand: Brand | None, name: str) -> str:
    stem = name[:110]
    taken = set(Source.objects.filter(brand=brand, name__startswith=stem).values_list("name", flat=True))
    return next(free for free in (stem, *(f"{stem} ({n})" for n in range(2, len(taken) + 3))) if free not in taken)


def _lock_digest(digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('octavo import begins'), hashtext(%s))", [digest])
