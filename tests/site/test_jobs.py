"""What the worker does, job by job."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from octavo.conversations.models import Brand, Conversation, Mention
from octavo.kit import clock
from octavo.listen import importing, running, sources
from octavo.listen.models import FileImport, Source
from octavo.site import jobs


def queued(name: str) -> list[dict[str, Any]]:
    return list(
        ProcrastinateJob.objects.filter(task_name=f"octavo.{name}").order_by("id").values_list("args", flat=True)
    )


def followed(brand: Brand, name: str, *, due: bool) -> Source:
    given = {"url": f"http://127.0.0.1:9/{name}"}
    source = sources.create(None, brand=brand, channel_name="rss", name=name, given=given).source
    Source.objects.filter(pk=source.pk).update(next_at=clock.now() + timedelta(minutes=-1 if due else 10))
    return source


def test_every_due_source_gets_one_job_of_its_own_however_often_one_looks(brand: Brand) -> None:
    first, second = followed(brand, "a", due=True), followed(brand, "b", due=True)
    followed(brand, "c", due=False)
    jobs.collect_due(0)
    jobs.collect_due(30)
    assert {job["source"] for job in queued("collect")} == {first.pk, second.pk}
    assert len(queued("collect")) == 2


def test_a_source_that_fails_fails_on_its_page_and_not_in_the_queue(brand: Brand) -> None:
    source = followed(brand, "a", due=True)
    jobs.collect(source=source.pk)
    source.refresh_from_db()
    assert source.trouble == "private_address" and source.next_at > clock.now()


def test_a_source_that_is_paused_gone_or_not_due_is_left_alone(brand: Brand) -> None:
    paused, early = followed(brand, "a", due=True), followed(brand, "b", due=False)
    sources.pause(None, paused)
    for number in (paused.pk, early.pk, 10**9):
        jobs.collect(source=number)
    assert not Source.objects.exclude(last_try_at=None).exists()


def test_an_import_runs_to_its_end_and_asks_for_the_second_reading(brand: Brand, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": f"order {n}"}) + "\n" for n in range(9)))
    job = importing.begin(path, choices=importing.Choices(), brand=brand).job
    jobs.run_import(number=job.pk)
    assert FileImport.objects.get().state == FileImport.State.DONE and Mention.objects.count() == 9
    assert len(queued("read_again")) == 1
    jobs.run_import(number=job.pk)
    jobs.run_import(number=job.pk + 1)
    assert Mention.objects.count() == 9


def test_an_import_another_process_is_at_is_left_to_it(brand: Brand, tmp_path: Path, settings: Any) -> None:
    import psycopg

    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "hello"}\n')
    job = importing.begin(path, choices=importing.Choices(), brand=brand).job
    database = settings.DATABASES["default"]
    with psycopg.connect(
        dbname=database["NAME"], user=database["USER"], host=database["HOST"], password=database.get("PASSWORD")
    ) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('octavo import'), %s)", [job.pk])
        assert running.is_running(job) and running.any_running()
        jobs.run_import(number=job.pk)
        assert not Mention.objects.exists()
        other.execute("SELECT pg_advisory_unlock(hashtext('octavo import'), %s)", [job.pk])
    assert not running.any_running()
    jobs.run_import(number=job.pk)
    assert Mention.objects.count() == 1


def test_what_was_put_to_sleep_wakes(brand: Brand, recorded: Any, post: Any) -> None:
    recorded(post())
    Conversation.objects.update(status="snoozed", snoozed_until=clock.now() - timedelta(minutes=1))
    jobs.every_minute(0)
    assert Conversation.objects.get().status == "open"


def test_looking_for_unread_messages_again_and_again_queues_one_job(db: None) -> None:
    for moment in range(3):
        jobs.look_for_unread(moment)
    assert len(queued("read_again")) == 1


def test_every_job_the_pages_ask_for_is_there() -> None:
    from octavo.conversations import brand_views
    from octavo.listen import views

    assert {views.RUN_IMPORT, brand_views.READ_AGAIN} <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
async def test_the_jobs_of_a_worker_that_was_killed_are_given_to_another() -> None:
    """A worker that is long gone holds a job; the next look gives it back to the queue."""
    from asgiref.sync import sync_to_async
    from django.db import connection

    def killed() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
            )
            (worker,) = cursor.fetchone()
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id) "
                "VALUES ('default', 'octavo.every_minute', '{\"timestamp\": 0}', 'doing', %s) RETURNING id",
                [worker],
            )
            return int(cursor.fetchone()[0])

    number = await sync_to_async(killed)()
    await jobs._retry_stalled()
    job = await ProcrastinateJob.objects.aget(pk=number)
    assert job.status == "todo"
