"""A file comes in: every message once, whatever happens on the way."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from octavo import flow
from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand, Mention
from octavo.listen import brands, importing, reading, running, sources
from octavo.listen.models import FileImport, RejectedItem, Source

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def rows(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        {
            "id": f"m-{n}",
            "text": f"Tramonto, order number {n} has not come",
            "created_at": (BEGIN + timedelta(seconds=n)).isoformat(),
            "author": f"person-{n % 7}",
            **fields,
        }
        for n in range(count)
    ]


def written(path: Path, items: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def taken(path: Path, brand: Brand | None = None, **choices: Any) -> FileImport:
    begun = importing.begin(path, choices=importing.Choices(**choices), brand=brand)
    for _ in flow.import_file(begun.job):
        pass
    return FileImport.objects.get(pk=begun.job.pk)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 10)


def test_every_message_of_a_file_is_kept_as_about_the_brand_and_its_page_is_alive(brand: Brand, tmp_path: Path) -> None:
    job = taken(written(tmp_path / "a.jsonl", rows(25)), brand)
    assert (job.state, job.new_count, job.rejects_count) == (FileImport.State.DONE, 25, 0)
    assert job.read_bytes == job.total_bytes
    assert Mention.objects.filter(brand=brand, relevant=True, origin=job.source_id).count() == 25
    assert job.source is not None and job.source.dedicated
    assert sources.health(job.source).pulse is sources.Pulse.ALIVE


def test_the_same_file_again_is_recognised_under_another_name_and_not_read(brand: Brand, tmp_path: Path) -> None:
    first = taken(written(tmp_path / "a.jsonl", rows(5)), brand)
    again = importing.begin(written(tmp_path / "b.jsonl", rows(5)), choices=importing.Choices(), brand=brand)
    assert (again.again, again.job.pk, again.job.state) == (True, first.pk, FileImport.State.DONE)
    other = Brand.objects.create(name="Aurora", slug="aurora")
    assert not importing.begin(tmp_path / "b.jsonl", choices=importing.Choices(), brand=other).again


def test_a_longer_file_brings_only_what_is_new(brand: Brand, tmp_path: Path) -> None:
    taken(written(tmp_path / "a.jsonl", rows(20)), brand)
    job = taken(written(tmp_path / "a.jsonl", rows(25)), brand)
    assert (job.new_count, job.known_count) == (5, 20)
    assert Mention.objects.count() == 25


def test_an_import_that_stopped_goes_on_at_its_place_and_leaves_each_message_once(
    brand: Brand, tmp_path: Path, small_batches: None
) -> None:
    path = written(tmp_path / "a.jsonl", rows(95))
    begun = importing.begin(path, choices=importing.Choices(), brand=brand)
    run = flow.import_file(begun.job)
    for _ in range(3):
        next(run)
    run.close()
    stopped = FileImport.objects.get(pk=begun.job.pk)
    assert stopped.position is not None and stopped.position["number"] == 30
    assert Mention.objects.count() == 30
    again = importing.begin(path, choices=importing.Choices(), brand=brand)
    assert again.again
    reads = [progress.done for progress in flow.import_file(again.job)]
    assert reads[0] == 40 and reads[-1] == 95
    assert Mention.objects.count() == 95
    assert FileImport.objects.get(pk=begun.job.pk).new_count == 95


def test_posts_and_place_are_saved_together_or_not_at_all(
    brand: Brand, tmp_path: Path, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash comes after the posts were written and before the place was."""
    path = written(tmp_path / "a.jsonl", rows(30))
    begun = importing.begin(path, choices=importing.Choices(), brand=brand)
    real = running.Run.advance

    def crash(self: running.Run, *given: Any) -> running.Progress:
        if self.job.position and self.job.position["number"] == 10:
            raise KeyboardInterrupt
        return real(self, *given)

    monkeypatch.setattr(running.Run, "advance", crash)
    with pytest.raises(KeyboardInterrupt):
        list(flow.import_file(begun.job))
    monkeypatch.undo()
    assert Mention.objects.count() == 10
    list(flow.import_file(FileImport.objects.select_related("brand").get(pk=begun.job.pk)))
    assert Mention.objects.count() == 30


def test_a_column_that_names_brands_makes_those_that_are_missing(tmp_path: Path, brand: Brand) -> None:
    items = rows(6)
    for item, name in zip(items, ["TRAMONTO", "Aurora", "aurora ", "Tramonto", "Città Mia", ""], strict=True):
        item["brand"] = name
    job = taken(written(tmp_path / "a.jsonl", items))
    assert job.brands_made == ["Aurora", "Città Mia"]
    counts = {b.name: Mention.objects.filter(brand=b).count() for b in Brand.objects.all()}
    assert counts == {"Tramonto": 2, "Aurora": 2, "Città Mia": 1}
    assert job.brand is None and job.source is not None and job.source.brand is None
    reject = RejectedItem.objects.get()
    assert reject.reason == "no brand"


def test_without_a_brand_and_a_column_for_it_the_person_is_asked(tmp_path: Path, db: None) -> None:
    with pytest.raises(importing.NoBrand):
        importing.begin(written(tmp_path / "a.jsonl", rows(2)), choices=importing.Choices())
    assert not FileImport.objects.exists() and not Source.objects.exists()


def test_naming_the_brand_overrules_the_column(tmp_path: Path, brand: Brand) -> None:
    job = taken(written(tmp_path / "a.jsonl", rows(3, brand="Aurora")), brand)
    assert job.brands_made == [] and Mention.objects.filter(brand=brand).count() == 3


def test_bad_lines_are_set_aside_with_line_and_reason_and_the_rest_comes_in(brand: Brand, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", rows(3))
    with path.open("ab") as file:
        file.write(b'{"id": "x", "text": \n' + b'{"id": "y"}\n' + b'[1]\n{"id": "z", "text": "fine"}\n{"id": "cut')
    job = taken(path, brand)
    assert (job.new_count, job.rejects_count) == (4, 4)
    assert job.source is not None
    kept = list(job.source.rejected.order_by("pk").values_list("place", "reason"))
    assert [place for place, _ in kept] == ["4", "5", "6", "8"]
    assert all(reason for _, reason in kept)


def test_rejects_are_all_counted_and_the_first_thousand_kept(
    brand: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 400)
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a", "text": "fine"}\n' + "nonsense\n" * 1200)
    job = taken(path, brand)
    assert (job.new_count, job.rejects_count) == (1, 1200)
    assert RejectedItem.objects.count() == 1000


def test_csv_in_french_and_gzip_come_in_with_guessed_columns(brand: Brand, tmp_path: Path) -> None:
    csv = "Message;Créé le;Auteur\n" + "".join(
        f"Bonjour Tramonto n°{n};{n + 1:02}/03/2026 10:00;Zoé {n}\n" for n in range(20)
    )
    path = tmp_path / "avis.csv.gz"
    path.write_bytes(gzip.compress(csv.encode("cp1252")))
    job = taken(path, brand)
    assert job.new_count == 20
    first = Mention.objects.select_related("author").order_by("published_at")[0]
    assert first.published_at == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert first.author is not None and first.author.name in ("", "Zoé 0") and first.text == "Bonjour Tramonto n°0"


def test_a_told_column_overrules_the_guess(brand: Brand, tmp_path: Path) -> None:
    items = [{"id": str(n), "text": "x", "verbatim": f"the words of message {n}"} for n in range(5)]
    taken(written(tmp_path / "a.jsonl", items), brand, columns={"text": "verbatim"})
    assert Mention.objects.filter(text__startswith="the words").count() == 5


def test_a_look_shows_columns_first_posts_and_brands_to_be_made_and_stores_nothing(
    tmp_path: Path, brand: Brand
) -> None:
    seen = importing.look(written(tmp_path / "a.jsonl", rows(8, brand="Aurora", odd=1)), importing.Choices())
    assert {column.field: column.column for column in seen.fields}["text"] == "text"
    assert len(seen.posts) == 5 and seen.unused == ("odd",)
    assert (seen.brands, seen.brands_missing) == (("Aurora",), ("Aurora",))
    assert not Mention.objects.exists() and not FileImport.objects.exists()


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"", Trouble.EMPTY),
        (b"PK\x03\x04 a spreadsheet", Trouble.WRONG_TYPE),
        (b"a,b\n" + b"1,2\n" * 5, Trouble.NO_TEXT),
        (gzip.compress(b'{"id": "1", "text": "hello there"}\n' + b" " * 100_000_000, 1), Trouble.COMPRESSED_BOMB),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_leaves_nothing(
    brand: Brand, tmp_path: Path, content: bytes, trouble: Trouble
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(ChannelError) as caught:
        taken(path, brand)
    assert caught.value.trouble is trouble


def test_what_breaks_in_the_middle_stops_the_import_says_why_and_keeps_what_came_before(
    brand: Brand, tmp_path: Path, small_batches: None
) -> None:
    path = written(tmp_path / "a.jsonl", rows(40))
    begun = importing.begin(path, choices=importing.Choices(), brand=brand)
    run = flow.import_file(begun.job)
    next(run)
    run.close()
    path.unlink()
    with pytest.raises(ChannelError):
        list(flow.import_file(FileImport.objects.select_related("brand").get(pk=begun.job.pk)))
    stopped = FileImport.objects.select_related("source").get(pk=begun.job.pk)
    assert (stopped.state, stopped.trouble) == (FileImport.State.FAILED, "not_found")
    assert stopped.source is not None and sources.health(stopped.source).pulse is sources.Pulse.FAILING
    assert Mention.objects.count() == 10


def test_a_copy_of_ours_is_removed_when_it_has_been_read_and_somebody_elses_file_is_not(
    brand: Brand, tmp_path: Path
) -> None:
    theirs, ours = written(tmp_path / "a.jsonl", rows(2)), written(tmp_path / "b.jsonl", rows(3))
    taken(theirs, brand)
    begun = importing.begin(ours, choices=importing.Choices(), brand=brand, kept_here=True)
    list(flow.import_file(begun.job))
    assert theirs.exists() and not ours.exists()


def test_uploads_nobody_waits_for_are_pruned(brand: Brand, tmp_path: Path) -> None:
    wanted, forgotten = written(tmp_path / "a.jsonl", rows(2)), written(tmp_path / "b.jsonl", rows(3))
    importing.draft(wanted, filename="a", user=None)
    assert importing.prune_uploads(tmp_path, older_than=-1) == 1
    assert wanted.exists() and not forgotten.exists()


def test_odd_brand_names_get_addresses_of_their_own(db: None) -> None:
    names = ["A & B", "A-B", "東京", "大阪", "x" * 200]
    made = [brands.make(name) for name in names]
    assert len({brand.slug for brand in made}) == len(names) and all(brand.slug for brand in made)
    assert brands.make("a & b").pk == made[0].pk
