"""What happens in the background, and how often. Jobs and their queue live in the same database (procrastinate).

Django imports this page at each start, also for a command that does no job; so the flow, and the models it brings, are
imported within the jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError, transaction
from procrastinate import App, Blueprint, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued

from octavo.kit import clock

AT_ONCE = 6
"""Jobs done side by side: sources mostly wait for others; the two heavy jobs hold a lock each, and run one at a time."""
HEARTBEAT, STALLED = 5.0, 25.0
"""Seconds between a worker's signs of life, and without one until its jobs are given to another."""
READ_SECONDS = 20.0
"""How long one turn of reading again lasts before it looks around."""
KEEP_JOBS = timedelta(days=3)

log = structlog.get_logger(__name__)
jobs = Blueprint()
_retry = RetryStrategy(max_attempts=20, wait=2, exponential_wait=2, retry_exceptions=[OperationalError])


@jobs.periodic(cron="* * * * * */30")  # the sixth field is seconds
@jobs.task(name="octavo.collect_due", queueing_lock="collect_due", priority=50, pass_context=False)
def collect_due(timestamp: int) -> None:
    """Give each source whose turn it is a job of its own, unless it has one already."""
    from octavo.listen import collect as collecting

    for number in collecting.due():
        _defer(collect, source=number, queueing_lock=f"collect {number}", lock=f"collect {number}")


@jobs.task(name="octavo.collect", priority=40)
def collect(source: int) -> None:
    """One turn of one source, and the next at once where more is there."""
    from octavo import flow
    from octavo.channels.trouble import ChannelError
    from octavo.listen import collect as collecting
    from octavo.listen.models import Source

    found = Source.objects.select_related("brand").filter(pk=source, state=Source.State.ACTIVE).first()
    if found is None or found.next_at is None or found.next_at > _soon():
        return
    try:
        received = flow.collect(found)
    except collecting.Overtaken:
        return
    except ChannelError:
        return  # it stands in the source's health
    log.info("source collected", source=source, new=len(received.new))
    if received.waiting:
        _defer(read_again, queueing_lock="read_again", lock="read_again")
    found.refresh_from_db()
    if found.next_at is not None and found.next_at <= _soon():
        _defer(collect, source=source, queueing_lock=f"collect {source}", lock=f"collect {source}")


@jobs.task(name="octavo.run_import", retry=_retry, lock="run_import", priority=30)
def run_import(number: int) -> None:
    """Import a file from where it stands."""
    from octavo import flow
    from octavo.channels.trouble import ChannelError
    from octavo.listen.models import FileImport
    from octavo.listen.running import AlreadyRunning

    job = FileImport.objects.select_related("brand", "source").filter(pk=number).first()
    if job is None or job.state == FileImport.State.DONE:
        return
    try:
        for progress in flow.import_file(job):
            if _stopping.is_set() and not progress.finished:
                raise OperationalError("the worker stops; the import goes on with the next one")
    except (ChannelError, AlreadyRunning) as error:
        log.warning("import stopped", import_=number, reason=str(error))
        return
    log.info("import done", import_=number, new=job.new_count, rejects=job.rejects_count)
    _defer(read_again, queueing_lock="read_again", lock="read_again")


@jobs.task(name="octavo.read_again_brand", lock="read_again", priority=15)
def read_again_brand(brand: int, days: int) -> None:
    """Read a brand's recent messages again, because its names or campaigns have changed."""
    from octavo import flow
    from octavo.listen import tiers
    from octavo.understand import EncoderUnavailable

    _give_way()
    try:
        flow.read_brand_again(brand, days=days, tier=tiers.best())
    except EncoderUnavailable as error:
        log.warning("the default model is not available", reason=str(error))


@jobs.task(name="octavo.erase_brand", retry=_retry, lock="octavo.erase_brand", priority=25)
def erase_brand(brand: int) -> None:
    """Go on taking out a brand."""
    from octavo.conversations import erase

    for erasure in erase.bite_by_bite(brand):
        if _stopping.is_set():
            raise OperationalError("the worker stops; the next one goes on")
        log.info("brand is being erased", brand=brand, gone=erasure.gone, total=erasure.total)


@jobs.periodic(cron="* * * * * */10")
@jobs.task(name="octavo.look_for_unread", queueing_lock="look_for_unread", priority=20)
def look_for_unread(timestamp: int) -> None:
    """See that somebody reads again, whatever way the messages came in."""
    _defer(read_again, queueing_lock="read_again", lock="read_again")


@jobs.task(name="octavo.read_again", lock="read_again", priority=10)
def read_again() -> None:
    """Read with the better model what the fast one has read, for a while; then let others have their turn."""
    from octavo import flow
    from octavo.listen import tiers
    from octavo.listen.running import any_running
    from octavo.understand import EncoderUnavailable, Tier

    tier = tiers.best()
    if tier is Tier.FAST or any_running():
        return
    _give_way()
    try:
        more = flow.read_again(seconds=READ_SECONDS, tier=tier, stop=lambda: _stopping.is_set() or any_running())
    except EncoderUnavailable as error:
        log.warning("no better model is available; the fast one's readings stay", reason=str(error))
        return
    if more and not _stopping.is_set():
        _defer(read_again, queueing_lock="read_again", lock="read_again")


@jobs.periodic(cron="* * * * * */15")
@jobs.task(name="octavo.learn", queueing_lock="learn", lock="learn", priority=25, pass_context=False)
def learn(timestamp: int) -> None:
    """Learn from the corrections of the last moments, brand by brand."""
    from octavo import flow
    from octavo.conversations import contexts, learning
    from octavo.listen import tiers
    from octavo.understand import EncoderUnavailable, Tier

    tier = tiers.best()
    if tier is Tier.FAST:  # it has no vectors to learn on
        return
    for brand in learning.due():
        if _stopping.is_set():
            return
        _give_way()
        try:
            flow.learn(brand, tier=tier)
        except EncoderUnavailable as error:
            log.warning("the default model is not available; nothing is learned", reason=str(error))
            learning.postpone(brand)
    for brand in contexts.due():
        if _stopping.is_set():
            return
        _give_way()
        try:
            flow.learn_context(brand, tier=tier)
        except EncoderUnavailable as error:
            log.warning("the default model is not available; nothing is learned", reason=str(error))
            contexts.postpone(brand)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="octavo.every_minute", queueing_lock="every_minute", priority=20)
def every_minute(timestamp: int) -> None:
    """Wake what was put to sleep; keep the tallies small."""
    from octavo.alert import counts
    from octavo.conversations import decide, tally

    decide.wake_snoozed()
    tally.compact()
    counts.compact()


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="octavo.fade_stories", queueing_lock="fade_stories", priority=8, pass_context=False)
def fade_stories(timestamp: int) -> None:
    """What nobody talks about any more is over."""
    from octavo.conversations import gather

    gather.fade()


@jobs.periodic(cron="* * * * * */30")
@jobs.task(name="octavo.look_around", queueing_lock="look_around", lock="look_around", priority=35, pass_context=False)
def look_around(timestamp: int) -> None:
    """Bursts, what nobody answered, sources that are not as usual."""
    from octavo import flow

    flow.look_around()


@jobs.periodic(cron="* * * * * */10")
@jobs.task(name="octavo.look_for_undelivered", queueing_lock="look_for_undelivered", priority=45)
def look_for_undelivered(timestamp: int) -> None:
    """Pass on what nobody acknowledged in time; see that alerts are sent, also those that have to be tried again."""
    from octavo.alert import deliver, passing

    passing.pass_due()
    if deliver.any_due():
        _defer(send_alerts, queueing_lock=deliver.SEND, lock=deliver.SEND)


@jobs.task(name="octavo.send_alerts", lock="octavo.send_alerts", priority=70)
def send_alerts() -> None:
    """Tell people and programs about alerts."""
    from octavo.alert import deliver

    deliver.send_due()


@jobs.periodic(cron="* * * * *")
@jobs.task(name="octavo.retry_stalled", queueing_lock="retry_stalled", priority=60)
async def retry_stalled(timestamp: int) -> None:
    """Give the jobs of a worker that was killed to another."""
    await _retry_stalled()


@jobs.periodic(cron="17 3 * * *")
@jobs.task(name="octavo.housekeeping", queueing_lock="housekeeping", priority=5)
async def housekeeping(timestamp: int) -> None:
    """Once a night: old jobs, rejects beyond what is kept, uploads nobody wants."""
    from octavo.listen import collect as collecting
    from octavo.listen import importing

    await _app().job_manager.delete_old_jobs(
        nb_hours=KEEP_JOBS // timedelta(hours=1), include_failed=True, include_cancelled=True, include_aborted=True
    )
    await sync_to_async(collecting.prune)()
    await sync_to_async(importing.prune_uploads)(settings.FILE_UPLOAD_TEMP_DIR, older_than=86_400.0)


def on_app_ready(app: App) -> None:
    """procrastinate's hook: called once Django is set up."""
    app.add_tasks_from(jobs, namespace="")


def work(*, grace: float) -> None:
    """Do jobs until SIGTERM or SIGINT; what runs then has `grace` seconds to come to a good place."""
    asyncio.run(_work(grace))


_stopping = threading.Event()


async def _work(grace: float) -> None:
    app = _app()
    async with app.with_connector(app.connector.get_worker_connector()).open_async() as running:  # type: ignore[attr-defined]
        _running.append(running)
        await _retry_stalled()
        # The heartbeat of a worker that was killed a moment ago still looks alive; look once more when it cannot.
        late = asyncio.create_task(_later(STALLED + 1, _retry_stalled))
        worker = asyncio.create_task(
            running.run_worker_async(
                concurrency=AT_ONCE,
                name="octavo",
                install_signal_handlers=False,
                fetch_job_polling_interval=5.0,
                shutdown_graceful_timeout=grace,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
            )
        )
        _on_signal(worker)
        try:
            await worker
        except asyncio.CancelledError:
            pass
        finally:
            late.cancel()


def _on_signal(worker: asyncio.Task[Any]) -> None:
    def told() -> None:
        _stopping.set()
        worker.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told)


async def _later(seconds: float, do: Callable[[], Any]) -> None:
    await asyncio.sleep(seconds)
    await do()


async def _retry_stalled() -> None:
    manager = _app().job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        log.warning("stalled job given to another worker", task=job.task_name)
        await manager.retry_job(job)


_running: list[App] = []


def _app() -> App:
    """The app on the worker's own connection, in a worker; else on Django's."""
    from procrastinate.contrib.django import app

    return _running[-1] if _running else app


def _defer(task: Any, *, queueing_lock: str, lock: str, **arguments: Any) -> bool:
    """Queue a job unless the same one waits already."""
    try:
        with transaction.atomic():
            task.configure(queueing_lock=queueing_lock, lock=lock).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def _soon() -> Any:
    return clock.now() + timedelta(seconds=1)


def _give_way() -> None:
    """Let this thread, and those the encoder starts from it, run only where nobody else wants the processor."""
    with contextlib.suppress(AttributeError, OSError):  # not Linux
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
