"""Items are made ahead, in a thread or in a process beside: in order, with their errors, and never for nobody."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import counting, dying, failing

from octavo import flow
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand, Mention
from octavo.listen import ahead, importing, reading
from octavo.listen.models import FileImport


def test_a_process_beside_gives_the_items_in_order_and_ends() -> None:
    assert list(ahead.in_process(counting, 5)) == [0, 1, 2, 3, 4]
    assert not multiprocessing.active_children()


def test_an_error_in_the_process_beside_arrives_after_what_came_before_it() -> None:
    items = ahead.in_process(failing, 7)
    assert next(items) == 7
    with pytest.raises(ChannelError) as raised:
        next(items)
    assert (raised.value.trouble, raised.value.detail, raised.value.retry) == (Trouble.NOT_FOUND, "gone", False)


def test_a_process_that_is_killed_is_no_end_of_the_items() -> None:
    items = ahead.in_process(dying, 7)
    assert next(items) == 7
    with pytest.raises(ahead.Ended):
        next(items)


def test_the_process_beside_ends_when_nobody_fetches_any_more() -> None:
    items = ahead.in_process(counting, 10**9)
    assert [next(items), next(items)] == [0, 1]
    items.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


@pytest.fixture
def begun(brand: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileImport:
    """An import of forty messages in batches of ten, read in a process beside."""
    monkeypatch.setattr(flow, "LARGE_FILE", 0)
    path = tmp_path / "a.jsonl"
    items = [
        {
            "id": f"m-{n}",
            "text": f"Tramonto, order {n} hasn't come 😡 «never»",
            "created_at": f"2026-03-02T09:{n:02}:00Z",
            "parent": {"text": "our lamps", "kind": "post", "own": True} if n % 5 == 0 else None,
            **({"author": {"handle": f"p{n % 3}", "name": f"Person {n % 3}", "followers": n}} if n % 4 else {}),
        }
        for n in range(40)
    ]
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return importing.begin(path, choices=importing.Choices(), brand=brand).job


SEEN = ("external_id", "text", "register", "registers", "evidence", "parent", "author__name", "conversation__excerpt")


@pytest.mark.django_db
def test_a_file_read_beside_comes_in_as_one_read_here(
    begun: FileImport, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in flow.import_file(begun):
        pass
    beside = list(Mention.objects.order_by("external_id").values(*SEEN))
    assert len(beside) == 40
    monkeypatch.setattr(flow, "LARGE_FILE", 10**9)
    other = Brand.objects.create(name="Aurora", slug="aurora")
    again = importing.begin(Path(begun.path), choices=importing.Choices(), brand=other).job
    for _ in flow.import_file(again):
        pass
    assert list(Mention.objects.filter(brand=other).order_by("external_id").values(*SEEN)) == beside


@pytest.mark.django_db
def test_an_import_goes_on_by_itself_when_the_process_that_reads_is_killed(
    begun: FileImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ahead.in_process

    def killed_after_one(*given: object) -> Iterator[reading.Ready]:
        batches = real(reading.batches, given[1])
        yield next(batches)
        raise ahead.Ended

    monkeypatch.setattr(ahead, "in_process", killed_after_one)
    monkeypatch.setattr(reading, "AT_ONCE", 10)
    for _ in flow.import_file(begun):
        pass
    assert Mention.objects.count() == 40
    assert FileImport.objects.get().state == FileImport.State.DONE
