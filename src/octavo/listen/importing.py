"""A file on its way in: looked at, begun, read ahead, advanced batch by batch, finished.

`flow.import_file` strings these together. Posts and position are saved in one transaction, so that a process killed at
any moment leaves a file that goes on where it stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.text import slugify

from octavo.channels.file import FileReader, Options, Position, open_file
from octavo.channels.item import FIELDS
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations import profile, tally
from octavo.conversations.models import Brand
from octavo.conversations.record import Recorded
from octavo.kit import clock
from octavo.kit.text import excerpt
from octavo.listen.collect import KEPT_REJECTS, rejected_rows
from octavo.listen.models import FileImport, RejectedItem, Source
from octavo.people import audit
from octavo.people.models import User
from octavo.understand import Readings
from octavo.vocabulary import BrandProfile, Post, Reject

AT_ONCE = 5000
"""Items of a batch, which is one transaction."""
MOST_BRANDS = 500
"""Brands one file may bring: a file with more has another column mapped by mistake."""
MANY = 50_000
"""New messages from which on the database's statistics are renewed at the end."""


PLANNED_BY = "brand_id, conversation_id, author_id, published_at, register, language, relevant, urgency, model, search"
"""Columns the planner asks about; to look at texts and evidence as well would take four times as long."""


class AlreadyRunning(Exception):
    """Another process is importing this file. Wait for it; it goes on by itself."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """Posts read with the same profile. `brands` names the brand of each."""

    posts: Sequence[Post]
    readings: Readings
    brands: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch that has been read and waits to be recorded."""

    groups: Sequence[Group]
    rejects: Sequence[Reject]
    warnings: Mapping[str, int]
    position: Position
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is. `rate` is messages a second since this run began; `seconds_left` is None until it can be told."""

    done: int
    new: int
    known: int
    edited: int
    rejects: int
    read_bytes: int
    total_bytes: int
    rate: float
    seconds_left: float | None
    finished: bool = False


def look(path: str | Path, choices: Choices, *, brand: Brand | None = None, posts: int = 5) -> Preview:
    """Look at a file without storing anything. Raises `ChannelError`."""
    with open_file(path, _for_brand(choices, brand).options()) as reader:
        batch = next(reader.batches(size=1000), None) if "text" in reader.mapping.fields else None
        found = list(batch.posts) if batch else []
        names = _names(post.brand for post in found)
        known = {name.casefold() for name in _numbers(names)}
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
    return _done(job) / job.seconds if job.seconds else 0.0


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


@contextmanager
def alone(job: FileImport) -> Iterator[None]:
    """Nobody else imports this file meanwhile; the hold ends with the process, however it ends. Raises `AlreadyRunning`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('octavo import'), %s)", [job.pk])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning
    try:
        yield
    finally:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('octavo import'), %s)", [job.pk])
        except DatabaseError:
            connection.close()  # the connection is gone, and the hold with it


def is_running(job: FileImport) -> bool:
    """Whether a process is at work on this import right now."""
    return job.pk in _running()


def any_running() -> bool:
    """Whether any file is coming in right now."""
    return bool(_running())


def _running() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND classid = (hashtext('octavo import')::bigint & 4294967295)::oid"
        )
        return {row[0] for row in cursor.fetchall()}


class Run:
    """One run of an import, from where it stands. `batches` reads; `advance` saves; `finish` ends it."""

    def __init__(self, job: FileImport) -> None:
        self.job = job
        self._began = monotonic()
        self._seconds_before = job.seconds
        self._done_before = 0
        self._bytes_before = job.read_bytes
        self._numbers: dict[str, int] = {}
        self._since_compact = 0
        FileImport.objects.filter(pk=job.pk).update(
            state=FileImport.State.RUNNING,
            started_at=job.started_at or clock.now(),
            ended_at=None,
            trouble="",
            trouble_detail="",
        )
        job.refresh_from_db()
        self._done_before = _done(job)

    def what(self) -> Errand:
        """What the reader ahead needs to know, without a database."""
        job = self.job
        default = ""
        if job.brand is not None:
            default = job.brand.name
        profiles = {brand.name.casefold(): profile.of(brand, dedicated=True) for brand in _recognising()}
        return Errand(
            path=job.path,
            choices=Choices(**job.options),
            brand=default,
            position=Position(**job.position) if job.position else Position(),
            profiles=profiles,
        )

    def brands(self, names: Sequence[str]) -> list[int]:
        """The brands these names stand for, made where they are missing; in the caller's transaction."""
        if self.job.brand is not None:
            return [self.job.brand.pk] * len(names)
        known = self._numbers
        missing = _names(name for name in dict.fromkeys(names) if name not in known)
        if missing:
            known |= _numbers(missing)
            for name in missing:
                if name not in known:
                    known[name] = make_brand(name).pk
                    self.job.brands_made.append(name)
            # However it is capitalised, a name stands for one brand.
            folded = {name.casefold(): number for name, number in known.items()}
            known |= {name: folded[name.casefold()] for name in set(names)}
        return [known[name] for name in names]

    def advance(self, ready: Ready, recorded: Sequence[Recorded]) -> Progress:
        """Save how far the import is, in the transaction that keeps the posts. Raises `AlreadyRunning`.

        That transaction does not wait for the disk: where the machine stops a moment later, posts and place are taken back
        together, and the next run brings them again. The last transaction (`finish`) waits for all.
        """
        job = self.job
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        before = job.position
        outcomes = Counter(outcome for each in recorded for outcome in each.outcomes)
        kept = min(len(ready.rejects), max(0, KEPT_REJECTS - job.rejects_count))
        job.position = ready.position._asdict()
        job.read_bytes = ready.bytes_read
        job.new_count += outcomes["new"]
        job.edited_count += outcomes["edited"] + outcomes["deleted"]
        job.known_count += outcomes["known"]
        job.rejects_count += len(ready.rejects)
        job.warnings = dict(Counter(job.warnings) + Counter(ready.warnings))
        job.seconds = self._seconds_before + monotonic() - self._began
        moved = FileImport.objects.filter(pk=job.pk, position=before) if before else FileImport.objects.filter(
            pk=job.pk, position__isnull=True
        )  # fmt: skip
        if not moved.update(
            **{
                name: getattr(job, name)
                for name in (
                    "position", "read_bytes", "new_count", "edited_count", "known_count", "rejects_count", "warnings",
                    "seconds", "brands_made",
                )
            }
        ):  # fmt: skip
            raise AlreadyRunning
        if kept and job.source_id:
            RejectedItem.objects.bulk_create(rejected_rows(job.source_id, ready.rejects[:kept]))
        self._since_compact += outcomes["new"]
        return self.progress()

    def tidy(self) -> None:
        """Between two transactions: keep the tallies small while much comes in."""
        if self._since_compact >= MANY * 2:
            self._since_compact = 0
            tally.compact()

    def progress(self, *, finished: bool = False) -> Progress:
        job = self.job
        seconds = max(monotonic() - self._began, 1e-6)
        done = _done(job)
        read = job.read_bytes - self._bytes_before
        return Progress(
            done=done,
            new=job.new_count,
            known=job.known_count,
            edited=job.edited_count,
            rejects=job.rejects_count,
            read_bytes=job.read_bytes,
            total_bytes=job.total_bytes,
            rate=(done - self._done_before) / seconds,
            seconds_left=(job.total_bytes - job.read_bytes) * seconds / read if read > 0 else None,
            finished=finished,
        )

    def finish(self) -> Progress:
        """The whole file is in."""
        job, now = self.job, clock.now()
        job.state, job.ended_at, job.read_bytes = FileImport.State.DONE, now, job.total_bytes
        with transaction.atomic():
            job.save(update_fields=["state", "ended_at", "read_bytes"])
            Source.objects.filter(imports=job.pk).update(
                posts_count=job.new_count,
                rejects_count=job.rejects_count,
                last_try_at=now,
                last_success_at=now,
                failing_since=None,
                failures=0,
                trouble="",
                trouble_detail="",
            )
        if job.kept_here:
            Path(job.path).unlink(missing_ok=True)
        tally.compact()
        if job.new_count >= MANY:
            # Nobody else renews what the planner knows of a partitioned table.
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE conversations_mention ({PLANNED_BY}), conversations_conversation")
        return self.progress(finished=True)

    def fail(self, error: ChannelError) -> None:
        """The file cannot be read on. What came before stays."""
        now = clock.now()
        trouble = {"trouble": str(error.trouble), "trouble_detail": excerpt(error.detail, 500)}
        with transaction.atomic():
            FileImport.objects.filter(pk=self.job.pk).update(state=FileImport.State.FAILED, ended_at=now, **trouble)
            Source.objects.filter(imports=self.job.pk).update(failing_since=now, failures=1, last_try_at=now, **trouble)
        self.job.refresh_from_db()


@dataclass(frozen=True, slots=True)
class Errand:
    """Everything needed to read a file ahead. `profiles` are those of brands with campaigns, by folded name; all other
    brands read alike. `brand` holds where no column names one."""

    path: str
    choices: Choices
    brand: str
    position: Position
    profiles: Mapping[str, BrandProfile]


Reads = Callable[[Sequence[Post], BrandProfile], Readings]


def batches(errand: Errand, read: Reads) -> Iterator[Ready]:
    """The batches of a file, read and ready to be recorded. Asks nothing of a database. Raises `ChannelError`."""
    homes = _Homes(errand)
    with open_file(errand.path, errand.choices.options()) as reader:
        for batch in reader.batches(size=AT_ONCE, start=errand.position):
            groups: dict[int, tuple[list[Post], list[str]]] = {}
            rejects = list(batch.rejects)
            for post in batch.posts:
                home = homes.of(post.brand)
                if home is None:
                    rejects.append(_no_brand(post))
                    continue
                name, known = home
                posts, names = groups.setdefault(known, ([], []))
                posts.append(post)
                names.append(name)
            yield Ready(
                groups=[
                    Group(posts, read(posts, homes.profiles[known]), names) for known, (posts, names) in groups.items()
                ],
                rejects=rejects,
                warnings=batch.warnings,
                position=batch.position,
                bytes_read=batch.bytes_read,
            )


class _Homes:
    """Which brand a message belongs to, and which of `profiles` it is read with; all brands without campaigns share one."""

    def __init__(self, errand: Errand) -> None:
        self.profiles = [BrandProfile()]
        self._errand = errand
        self._found: dict[str, tuple[str, int] | None] = {}  # by the brand as the file writes it
        self._brands: set[str] = set()

    def of(self, written: str) -> tuple[str, int] | None:
        """The brand's name and the place of its profile; None where there is none, or one too many."""
        try:
            return self._found[written]
        except KeyError:
            home = self._home(self._errand.brand or written.strip()[:120])
            if len(self._found) < 100 * MOST_BRANDS:
                self._found[written] = home
            return home

    def _home(self, name: str) -> tuple[str, int] | None:
        folded = name.casefold()
        if not name or (folded not in self._brands and len(self._brands) >= MOST_BRANDS):
            return None
        self._brands.add(folded)
        profile = self._errand.profiles.get(folded, self.profiles[0])
        if profile not in self.profiles:
            self.profiles.append(profile)
        return name, self.profiles.index(profile)


def make_brand(name: str) -> Brand:
    """A brand of that name, made where there is none; in the caller's transaction."""
    name = name.strip()[:120]
    try:
        with transaction.atomic():
            return Brand.objects.create(name=name, slug=_free_slug(name))
    except IntegrityError:
        return Brand.objects.get(name__iexact=name)


def find_brand(name: str) -> Brand | None:
    """The brand of that name or address part, however it is capitalised."""
    return (
        Brand.objects.filter(name__iexact=name.strip()).first()
        or Brand.objects.filter(slug=name.strip().lower()).first()
    )


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


def _no_brand(post: Post) -> Reject:
    reason = f"more than {MOST_BRANDS} brands in one file" if post.brand.strip() else "no brand"
    return Reject(place=post.external_id[:120], reason=reason, excerpt=excerpt(post.text))


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


def _names(names: object) -> tuple[str, ...]:
    """Distinct names in order, however they are capitalised."""
    found: dict[str, str] = {}
    for name in names:  # type: ignore[attr-defined]
        if name:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _numbers(names: Sequence[str]) -> dict[str, int]:
    """Brands that exist under these names: {name as asked: number}."""
    lowered = {name.lower(): name for name in names}
    rows = Brand.objects.annotate(lowered=Lower("name")).filter(lowered__in=lowered).values_list("lowered", "pk")
    return {lowered[low]: number for low, number in rows if low in lowered}


def _recognising() -> QuerySet[Brand]:
    """Brands whose messages are read with more than their register: they have campaigns or topics."""
    found = Brand.objects.filter(Q(campaigns__isnull=False) | Q(topics__isnull=False, topics__deleted_at=None))
    return found.distinct().prefetch_related("campaigns", "names", "topics")


def _free_slug(name: str) -> str:
    stem = slugify(name)[:130] or "brand"
    taken = set(Brand.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)


def _free_name(brand: Brand | None, name: str) -> str:
    stem = name[:110]
    taken = set(Source.objects.filter(brand=brand, name__startswith=stem).values_list("name", flat=True))
    return next(free for free in (stem, *(f"{stem} ({n})" for n in range(2, len(taken) + 3))) if free not in taken)


def _lock_digest(digest: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('octavo import begins'), hashtext(%s))", [digest])


def _done(job: FileImport) -> int:
    return job.new_count + job.known_count + job.edited_count + job.rejects_count
