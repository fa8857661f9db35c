"""Sources and imports as people see them."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape
from procrastinate.contrib.django.models import ProcrastinateJob

from octavo import flow
from octavo.conversations.models import Brand, Mention
from octavo.listen import importing, sources, words
from octavo.listen.models import FileImport, RejectedItem, Source
from octavo.people.models import User

if TYPE_CHECKING:
    from .conftest import Feed


@pytest.fixture
def boss(admin: User, settings: Any, tmp_path: Path) -> Client:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def colleague(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content[:2000]
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def hook(brand: Brand, name: str = "Desk") -> Source:
    return sources.create(None, brand=brand, channel_name="webhook", name=name, given={}).source


def upload(client: Client, content: bytes, name: str = "messages.jsonl") -> Any:
    return client.post("/import/", {"file": SimpleUploadedFile(name, content)}, follow=True)


def items(*texts: str, **fields: Any) -> bytes:
    return b"".join(
        json.dumps({"id": f"m-{n}", "text": words, **fields}).encode() + b"\n" for n, words in enumerate(texts)
    )


PAGES = ["/sources/", "/sources/new/", "/sources/new/rss/", "/sources/new/webhook/", "/import/"]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(db: None, page: str) -> None:
    answer = Client().get(page)
    assert answer.status_code == 302 and "sign-in" in answer["Location"]


def test_with_nothing_followed_the_page_says_what_to_do_next(boss: Client, colleague: Client) -> None:
    assert "Connect a source" in text(boss.get("/sources/"))
    shown = text(colleague.get("/sources/"))
    assert "An administrator can connect one." in shown and "Connect a source" not in shown


def test_a_colleague_looks_and_an_administrator_changes(colleague: Client, boss: Client, brand: Brand) -> None:
    source = hook(brand)
    assert "Desk" in text(colleague.get(f"/sources/{source.pk}/"))
    for address in ("pause", "resume", "ask", "renew-secret", "test", "remove"):
        assert colleague.post(f"/sources/{source.pk}/{address}/").status_code == 403, address
    for address in ("/sources/new/", "/sources/new/rss/", f"/sources/{source.pk}/edit/"):
        assert colleague.get(address).status_code == 403, address
    assert colleague.post("/import/", {"file": SimpleUploadedFile("a", b"x")}).status_code == 403
    assert Source.objects.get(pk=source.pk).state == "active"
    assert boss.get("/sources/999/").status_code == 404
    assert boss.post(f"/sources/{source.pk}/explode/").status_code == 404


def test_a_feed_is_tried_and_then_followed_by_the_address_of_its_page(boss: Client, brand: Brand, feed: Feed) -> None:
    feed.items = [("1", "Tramonto opens <b>a shop</b>"), ("2", "Second")]
    given = {"setting_url": feed.url.removesuffix("feed"), "brand": brand.pk, "minutes": "10"}
    tried = text(boss.post("/sources/new/rss/", {**given, "try": "1"}))
    assert "Second" in tried and "Nothing of this is kept yet." in tried
    assert not Source.objects.exists()
    text(boss.post("/sources/new/rss/", given, follow=True))
    source = Source.objects.get()
    assert source.settings["url"] == feed.url and source.name
    assert source.every is not None and source.every.total_seconds() == 600


def test_what_keeps_a_feed_from_being_followed_is_said_beside_its_address(
    boss: Client, brand: Brand, feed: Feed
) -> None:
    feed.status = 404
    given = {"setting_url": feed.url, "brand": brand.pk, "minutes": "10"}
    answer = boss.post("/sources/new/rss/", given)
    assert str(words.of_trouble("not_found").next) in text(answer, 422)
    assert feed.url in answer.content.decode()
    assert not Source.objects.exists()


def test_a_webhooks_secret_is_shown_once(boss: Client, brand: Brand) -> None:
    shown = text(boss.post("/sources/new/webhook/", {"name": "Desk", "brand": brand.pk}, follow=True))
    secret = re.search(r"whsec_\S+", shown)
    source = Source.objects.get()
    assert secret and secret[0] == sources.settings_of(source).secret
    assert f"/hooks/{source.key}/" in shown
    assert "whsec_" not in text(boss.get(f"/sources/{source.pk}/"))
    renewed = text(boss.post(f"/sources/{source.pk}/renew-secret/", follow=True))
    assert "whsec_" in renewed and secret[0] not in renewed


def test_a_failing_source_says_since_when_why_and_what_to_do(boss: Client, brand: Brand, feed: Feed) -> None:
    made = sources.create(None, brand=brand, channel_name="rss", name="News", given={"url": feed.url}).source
    feed.status = 403
    with pytest.raises(Exception, match="forbidden"):
        flow.collect(made)
    said = words.of_trouble("forbidden")
    for page in ("/sources/", f"/sources/{made.pk}/"):
        shown = text(boss.get(page))
        assert "Failing" in shown and escape(str(said.happened)) in shown
    assert escape(str(said.next)) in text(boss.get(f"/sources/{made.pk}/"))


def test_the_sources_that_need_somebody_come_first(boss: Client, brand: Brand) -> None:
    paused, fine, failing = hook(brand, "A paused"), hook(brand, "B fine"), hook(brand, "C failing")
    sources.pause(None, paused)
    Source.objects.filter(pk=fine.pk).update(last_success_at=fine.created_at)
    Source.objects.filter(pk=failing.pk).update(failing_since=fine.created_at, trouble="timeout")
    shown = text(boss.get("/sources/"))
    assert shown.index("C failing") < shown.index("B fine") < shown.index("A paused")


def test_a_source_is_tested_changed_paused_resumed_and_removed(boss: Client, brand: Brand, feed: Feed) -> None:
    feed.items = [("1", "Tramonto opens a shop")]
    source = sources.create(None, brand=brand, channel_name="rss", name="News", given={"url": feed.url}).source
    assert "opens a shop" in text(boss.post(f"/sources/{source.pk}/test/"))
    assert not Mention.objects.exists()
    feed.status = 500
    assert str(words.of_trouble("server_error").happened) in text(boss.post(f"/sources/{source.pk}/test/"))
    feed.status = 200
    changed = {"name": "Press", "setting_url": feed.url, "minutes": "30", "dedicated": "on"}
    assert "Press" in text(boss.post(f"/sources/{source.pk}/edit/", changed, follow=True))
    assert "Paused" in text(boss.post(f"/sources/{source.pk}/pause/", follow=True))
    boss.post(f"/sources/{source.pk}/resume/")
    assert Source.objects.get().state == "active" and Source.objects.get().dedicated
    assert "Keep it" in text(boss.get(f"/sources/{source.pk}/remove/"))
    boss.post(f"/sources/{source.pk}/remove/")
    assert not Source.objects.exists()


def test_rejects_are_shown_with_their_reason_and_hostile_text_stays_text(boss: Client, brand: Brand) -> None:
    source = hook(brand)
    RejectedItem.objects.bulk_create(
        RejectedItem(source=source, place=str(n), reason="no text", excerpt="<script>alert(1)</script>")
        for n in range(130)
    )
    Source.objects.filter(pk=source.pk).update(rejects_count=130)
    page = boss.get(f"/sources/{source.pk}/").content.decode()
    assert "no text" in page and "<script>alert(1)" not in page and "&lt;script&gt;" in page
    assert page.count("no text") == 100
    assert boss.get(f"/sources/{source.pk}/?page=2").content.decode().count("no text") == 30


def test_a_file_is_handed_in_checked_started_and_its_result_shown(boss: Client, brand: Brand) -> None:
    checked = text(upload(boss, items("Tramonto, where is it?", "Thanks!") + b"nonsense\n"))
    assert "Which column holds what" in checked and "Tramonto, where is it?" in checked
    draft = FileImport.objects.get()
    assert draft.state == FileImport.State.MAPPING and not Mention.objects.exists()
    started = boss.post(
        f"/import/{draft.pk}/",
        {"whose": str(brand.pk), "column_text": "text", "column_id": "id", "start": "1"},
        follow=True,
    )
    assert "Waiting for the worker" in text(started)
    job = FileImport.objects.select_related("brand").get()
    assert ProcrastinateJob.objects.filter(task_name="octavo.run_import", args={"number": job.pk}).count() == 1
    list(flow.import_file(job))
    shown = text(boss.get(f"/import/{job.pk}/"))
    assert "The file is in." in shown and "New 2" in shown and "Set aside 1" in shown
    assert "messages.jsonl" in text(boss.get("/sources/"))
    assert not Path(job.path).exists()


def test_another_column_can_be_looked_at_before_starting(boss: Client, brand: Brand) -> None:
    upload(boss, items("x", "y", verbatim="the words that count"))
    draft = FileImport.objects.get()
    again = text(boss.post(f"/import/{draft.pk}/", {"whose": str(brand.pk), "column_text": "verbatim"}))
    assert "the words that count" in again
    assert FileImport.objects.get().state == FileImport.State.MAPPING


def test_brands_that_will_be_made_are_shown_before_they_are(boss: Client) -> None:
    shown = text(upload(boss, items("hello there my friends", "and again", company="Aurora")))
    draft = FileImport.objects.get()
    shown = text(
        boss.post(f"/import/{draft.pk}/", {"whose": "column", "column_text": "text", "column_brand": "company"})
    )
    assert "These will be made: Aurora" in shown
    assert not Brand.objects.exists()


def test_what_is_missing_is_asked_for(boss: Client) -> None:
    upload(boss, items("hello there my friends"))
    address = f"/import/{FileImport.objects.get().pk}/"
    assert "Say whose messages these are." in text(boss.post(address, {"column_text": "text", "start": "1"}), 422)
    asked = text(boss.post(address, {"column_text": "text", "whose": "new", "start": "1"}), 422)
    assert "Give the new brand a name." in asked
    asked = text(boss.post(address, {"column_text": "text", "whose": "column", "start": "1"}), 422)
    assert "Choose the column that names the brand." in asked
    boss.post(address, {"column_text": "text", "whose": "new", "new_brand": "Aurora", "start": "1"})
    assert Brand.objects.get().name == "Aurora"


def test_the_same_file_again_is_said_to_be_in_already(boss: Client, brand: Brand) -> None:
    start = {"whose": str(brand.pk), "column_text": "text", "column_id": "id", "start": "1"}
    for _ in range(2):
        upload(boss, items("one", "two"))
        draft = FileImport.objects.get(state=FileImport.State.MAPPING)
        answer = boss.post(f"/import/{draft.pk}/", start, follow=True)
        for job in FileImport.objects.filter(state=FileImport.State.RUNNING):
            list(flow.import_file(job))
    assert "imported before" in text(answer)
    assert FileImport.objects.count() == 1 and Mention.objects.count() == 2


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing here", b"\x1f\x8b broken"])
def test_a_file_that_cannot_be_read_is_refused_in_plain_words_and_can_be_discarded(
    boss: Client, content: bytes
) -> None:
    answer = upload(boss, content, "a.pdf")
    shown = text(answer, 422)
    if content:
        assert "This file cannot be imported as it is." in shown
        job = FileImport.objects.get()
        boss.post(f"/import/{job.pk}/discard/")
        assert not Path(job.path).exists()
    assert not FileImport.objects.exists()


def test_a_file_above_the_limit_is_refused(boss: Client, settings: Any) -> None:
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"upload_limit_mb": 1})
    assert "larger than 1 megabyte" in text(upload(boss, b"x" * 1_100_000), 422)


def test_a_stopped_import_says_why_and_can_go_on(boss: Client, brand: Brand, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(items("one", "two"))
    job = importing.begin(path, choices=importing.Choices(), brand=brand).job
    path.rename(tmp_path / "b.jsonl")
    with pytest.raises(Exception, match="not_found"):
        list(flow.import_file(job))
    shown = text(boss.get(f"/import/{job.pk}/"))
    assert "The import stopped." in shown and str(words.of_trouble("not_found").happened) in shown
    (tmp_path / "b.jsonl").rename(path)
    boss.post(f"/import/{job.pk}/again/")
    assert ProcrastinateJob.objects.filter(task_name="octavo.run_import").count() == 1
    boss.post(f"/import/{job.pk}/again/")
    assert ProcrastinateJob.objects.filter(task_name="octavo.run_import").count() == 1


def test_gzip_is_taken_as_it_is(boss: Client, brand: Brand) -> None:
    assert "Tramonto!" in text(upload(boss, gzip.compress(items("Tramonto! where are you")), "a.jsonl.gz"))


@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_every_page_draws_in_every_language(boss: Client, brand: Brand, language: str) -> None:
    source = hook(brand)
    upload(boss, items("hello there my friends"))
    pages = [*PAGES, f"/sources/{source.pk}/", f"/sources/{source.pk}/edit/", f"/sources/{source.pk}/remove/"]
    for page in [*pages, f"/import/{FileImport.objects.get().pk}/"]:
        answer = boss.get(page, headers={"accept-language": language})
        assert answer.status_code == 200, page
        assert f'lang="{language}"' in answer.content.decode()
