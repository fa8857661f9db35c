"""One run of an import: where it stands, how fast it is, how it ends.

Posts and position are saved in one transaction, so that a process killed at any moment leaves a file that goes on where
it stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from django.db import DatabaseError, connection, transaction

from octavo.channels.file import Position
from octavo.channels.trouble import ChannelError
from octavo.conversations import profile, tally
from octavo.conversations.record import Recorded
from octavo.kit import clock
from octavo.kit.text import excerpt
from octavo.listen import brands
from octavo.listen.collect import KEPT_REJECTS, rejected_rows
from octavo.listen.importing import Choices
from octavo.listen.models import FileImport, RejectedItem, Source
from octavo.listen.reading import Errand, Ready

MANY = 50_000
"""New messages from which on the database's statistics are renewed at the end."""
PLANNED_BY = "brand_id, conversation_id, author_id, published_at, register, language, relevant, urgency, model, search"
"""Columns the planner asks about; to look at texts and evidence as well would take four times as long."""


class AlreadyRunning(Exception):
    """Another process is importing this file. Wait for it; it goes on by itself."""


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
    """One run of an import, from where it stands. `reading.batches` reads; `advance` saves; `finish` ends it."""

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
        self._done_before = job.done

    @property
    def bytes_left(self) -> int:
        return self.job.total_bytes - self.job.read_bytes

    @property
    def met(self) -> Sequence[int]:
        """The brands whose messages this run has brought so far."""
        return [self.job.brand.pk] if self.job.brand is not None else sorted(set(self._numbers.values()))

    def what(self) -> Errand:
        """What the reader ahead needs to know, without a database. Raises `ChannelError`."""
        job = self.job
        default = ""
        if job.brand is not None:
            default = job.brand.name
        profiles = {brand.name.casefold(): profile.of(brand, dedicated=True) for brand in brands.to_recognise()}
        return Errand(
            path=job.path,
            options=Choices(**job.options).options(),
            brand=default,
            position=Position(**job.position) if job.position else Position(),
            profiles=profiles,
        )

    def brands(self, names: Sequence[str]) -> list[int]:
        """The brands these names stand for, made where they are missing; in the caller's transaction."""
        if self.job.brand is not None:
            return [self.job.brand.pk] * len(names)
        known = self._numbers
        missing = brands.distinct(name for name in dict.fromkeys(names) if name not in known)
        if missing:
            known |= brands.numbers(missing)
            for name in missing:
                if name not in known:
                    known[name] = brands.make(name).pk
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
        done = job.done
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
