from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from octavo.channels.file import (
    Batch,
    FileChannel,
    FileSettings,
    Limits,
    Options,
    Position,
    open_file,
    parse_speed,
    replay,
    schedule,
)
from octavo.channels.trouble import ChannelError, Trouble
from octavo.vocabulary import Author, Parent, ParentKind, Post, Reject

SAMPLES = Path(__file__).parent / "samples"


def read(content: bytes, *, size: int = 5000, start: Position | None = None, **options: object) -> Batch:
    """Everything in `content` as one batch."""
    posts: list[Post] = []
    rejects: list[Reject] = []
    warnings: dict[str, int] = {}
    position = Position()
    with open_file(io.BytesIO(content), Options(**options)) as reader:  # type: ignore[arg-type]
        for batch in reader.batches(size=size, start=start):
            posts += batch.posts
            rejects += batch.rejects
            position = batch.position
            for name, count in batch.warnings.items():
                warnings[name] = warnings.get(name, 0) + count
    return Batch(posts, rejects, position, len(content), warnings)


def texts(content: bytes, **options: object) -> list[str]:
    return [post.text for post in read(content, **options).posts]  # type: ignore[arg-type]


def jsonl(*items: Mapping[str, object]) -> bytes:
    return b"".join(orjson.dumps(item) + b"\n" for item in items)


def trouble(content: bytes | Path, **options: object) -> Trouble:
    with pytest.raises(ChannelError) as caught:
        source = content if isinstance(content, Path) else cast(BinaryIO, io.BytesIO(content))
        with open_file(source, Options(**options)) as reader:  # type: ignore[arg-type]
            for _ in reader.batches():
                pass
    assert caught.value.retry is False
    return caught.value.trouble


# Shapes


def test_json_lines_become_posts_and_one_bad_line_costs_one_line() -> None:
    batch = read((SAMPLES / "lines.jsonl").read_bytes())
    first, second, third, fourth = batch.posts
    assert (first.external_id, first.brand, first.channel, first.language) == ("s-1", "Lumio", "forum", "en")
    assert first.created_at == datetime(2025, 3, 4, 9, tzinfo=UTC)
    assert first.author == Author("kit_w")
    assert second.author == Author("nadia.b", "Nadia B.", followers=212)
    assert second.created_at == datetime(2025, 3, 4, 9, 30, tzinfo=UTC)
    assert third.parent == Parent("Accendi la sera con Lumio", ParentKind.ADVERTISEMENT, own=True)
    assert (fourth.created_at, batch.warnings["date_ignored"]) == (None, 1)
    assert [reject.place for reject in batch.rejects] == ["3", "5"]
    assert batch.rejects[0].reason.startswith("not JSON") and "s-3" in batch.rejects[0].excerpt
    assert batch.rejects[1].reason == "no text"


def test_an_array_inside_an_object_is_read_and_nested_keys_are_found() -> None:
    with open_file(SAMPLES / "nested.json") as reader:
        assert reader.mapping.columns["author"] == "user.screen_name"
        (batch,) = reader.batches()
    first, second = batch.posts
    assert first.text == "Lumio & rain: never again"
    assert first.author == Author("pat_h", "Pat H.", followers=87)
    assert first.created_at == datetime(2025, 3, 4, 9, tzinfo=UTC)
    assert second.reply_to == first.external_id == "901"
    assert not batch.rejects


def test_a_french_spreadsheet_export_in_windows_1252_is_read() -> None:
    with open_file(SAMPLES / "avis.csv") as reader:
        assert (reader.shape.encoding, reader.shape.delimiter, reader.shape.header) == ("cp1252", ";", True)
        assert reader.mapping.day_first and reader.mapping.day_first_sure
        (batch,) = reader.batches()
    first, second = batch.posts
    assert first.text == "Reçue cassée ; personne ne répond"
    assert first.author == Author("hélène_v")
    assert first.created_at == datetime(2025, 3, 4, 9, 15, tzinfo=UTC)
    assert first.reach == 1200
    assert second.text == "Deux lignes\nune seule lampe"


def test_an_italian_tab_separated_file_is_read() -> None:
    with open_file(SAMPLES / "messaggi.tsv") as reader:
        (batch,) = reader.batches()
    assert [(post.text, post.language) for post in batch.posts] == [
        ("Arrivata rotta, di nuovo", "it"),
        ("Io invece contentissima!", "it"),
    ]
    assert batch.posts[0].created_at == datetime(2025, 3, 4, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        b'[{"text": "one"}, {"text": "two"}]',
        b'[\n  {\n    "text": "one"\n  },\n  {"text": "two", "x": [1, {"y": "]}"}]}\n]\n',
        b'{"messages": [{"text": "one"}, {"text": "two"}], "next": null}',
        b'{\n "text": "one"\n}\n{\n "text": "two"\n}\n',
        b'{"text": "one"}\r\n\r\n{"text": "two"}',
        b"\xef\xbb\xbf" + b'{"text": "one"}\n{"text": "two"}\n',
        b"text\none\ntwo\n",
        b"text\rone\rtwo\r",
        b"id,text\r\n1,one\r\n2,two\r\n",
        b"id;text\n1;one\n2;two\n",
        b"id|text\n1|one\n2|two",
        b'"id"\t"text"\n"1"\t"one"\n"2"\t"two"\n',
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_shape_gives_the_same_messages_plain_and_packed(content: bytes, packed: bool) -> None:
    assert texts(gzip.compress(content) if packed else content) == ["one", "two"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "mac-roman"]
)
def test_the_encoding_is_recognised(encoding: str) -> None:
    wanted = [
        "Déjà reçu, très déçu : où est la pièce ?",
        "Però è già arrivata, perché più tardi?",
        "Garçon, l'été à Nîmes",
    ]
    content = ("text,id\n" + "".join(f'"{text}",{n}\n' for n, text in enumerate(wanted))).encode(encoding)
    assert texts(content) == wanted
    assert texts(gzip.compress(content)) == wanted


def test_an_encoding_may_be_told_and_an_unknown_one_is_named() -> None:
    content = "text\nПривет\n".encode("koi8-r")
    assert texts(content, encoding="koi8-r") == ["Привет"]
    assert trouble(content, encoding="klingon") is Trouble.UNKNOWN_ENCODING


def test_wrong_bytes_in_the_middle_cost_nothing_but_are_counted() -> None:
    good = orjson.dumps({"text": "déjà vu"}) + b"\n"
    batch = read(good * 3 + '{"text": "déjà lu"}\n'.encode("cp1252") + good, columns={"id": ""})
    assert [post.text for post in batch.posts] == ["déjà vu", "déjà vu", "déjà vu", "déjà lu", "déjà vu"]
    assert batch.warnings["encoding_mended"] == 1
    table = b"text\n" + "un été\n".encode() * 5 + "un hôtel\n".encode("cp1252")
    assert texts(table)[-1] == "un hôtel"


def test_a_path_a_stream_and_a_pipe_give_the_same(tmp_path: Path) -> None:
    content = (SAMPLES / "lines.jsonl").read_bytes()

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with open_file(Pipe(content)) as piped, open_file(SAMPLES / "lines.jsonl") as opened:
        assert [batch.posts for batch in piped.batches()] == [batch.posts for batch in opened.batches()]
        assert piped.total_bytes == opened.total_bytes == len(content)


# Columns


def test_the_mapping_shows_confidence_and_samples_and_can_be_overridden() -> None:
    content = b"id,text,answer\n1,the question,the reply they gave us\n2,another one,and what they said then\n"
    with open_file(io.BytesIO(content)) as reader:
        guessed = reader.mapping.fields["text"]
        assert (guessed.column, guessed.samples) == ("text", ("the question", "another one"))
        assert 0.5 < guessed.confidence < 1
        assert reader.mapping.unused == ("answer",)
    with open_file(io.BytesIO(content), Options(columns={"text": "Answer", "id": ""})) as reader:
        told = reader.mapping.fields["text"]
        assert (told.column, told.confidence) == ("answer", 1.0)
        assert "id" not in reader.mapping.fields


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("tweet_id,tweet_text,tweet_created", {"id": "tweet_id", "text": "tweet_text", "created_at": "tweet_created"}),
        ("Contenu,Auteur,Publié le", {"text": "Contenu", "author": "Auteur", "created_at": "Publié le"}),
        ("Testo,Autore,Data", {"text": "Testo", "author": "Autore", "created_at": "Data"}),
        (
            "Review Text,Reviewer,Review Date",
            {"text": "Review Text", "author": "Reviewer", "created_at": "Review Date"},
        ),
        ("COMMENTAIRE,PSEUDO,DATE", {"text": "COMMENTAIRE", "author": "PSEUDO", "created_at": "DATE"}),
    ],
)
def test_names_in_three_languages_are_recognised(header: str, expected: dict[str, str]) -> None:
    values = {"id": "18234", "text": "It broke after two days of rain", "author": "kit_w", "created_at": "2025-03-04"}
    cells = {column: values[field] for field, column in expected.items()}
    line = ",".join(cells[name] for name in header.split(","))
    with open_file(io.BytesIO(f"{header}\n{line}\n".encode())) as reader:
        assert {field: guess.column for field, guess in reader.mapping.fields.items()} == expected


def test_the_text_is_found_by_its_look_where_no_name_tells() -> None:
    content = b"a,b,c\n1,My lamp broke after two days of rain,x\n2,Where can I buy a new bulb for it?,y\n"
    with open_file(io.BytesIO(content)) as reader:
        assert reader.mapping.columns["text"] == "b"
        assert reader.mapping.fields["text"].confidence <= 0.5


def test_a_file_without_names_is_read_all_the_same() -> None:
    content = b"1,kit_w,My lamp broke after two days of rain.\n2,pat_h,Where can I buy a new bulb for it?\n"
    with open_file(io.BytesIO(content)) as reader:
        assert reader.columns == ("column 1", "column 2", "column 3")
        (batch,) = reader.batches()
    assert len(batch.posts) == 2


def test_a_column_that_is_not_there_or_a_field_that_is_not_one_is_named() -> None:
    assert trouble(b"id,text\n1,x\n", columns={"text": "tweet"}) is Trouble.UNKNOWN_COLUMN
    assert trouble(b"id,text\n1,x\n", columns={"mood": "text"}) is Trouble.UNKNOWN_COLUMN


def test_without_any_text_column_the_preview_works_and_the_import_says_so() -> None:
    content = b"id,score\n1,5\n2,7\n"
    with open_file(io.BytesIO(content)) as reader:
        assert reader.columns == ("id", "score")
        assert "text" not in reader.mapping.fields
    assert trouble(content) is Trouble.NO_TEXT


def test_two_hundred_columns_are_read_and_ten_thousand_refused() -> None:
    names = [f"c{n}" for n in range(199)] + ["text"]
    content = ",".join(names).encode() + b"\n" + b"1," * 199 + b"still here\n"
    assert texts(content) == ["still here"]
    assert trouble(b",".join([b"x%d" % n for n in range(10_000)]) + b"\n") is Trouble.TOO_MANY_COLUMNS


def test_html_in_the_text_is_read_as_html_only_where_the_column_is_so() -> None:
    assert texts(jsonl({"text": "<p>Hello <b>you</b> &amp; all</p>"})) == ["Hello you & all"]
    assert texts(jsonl({"text": "I <3 this"}, {"text": "a < b"})) == ["I <3 this", "a < b"]


# Dates and ids


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-03-04T09:00:00Z", datetime(2025, 3, 4, 9, tzinfo=UTC)),
        ("2025-03-04 09:00:00.123+01:00", datetime(2025, 3, 4, 8, 0, 0, 123000, tzinfo=UTC)),
        ("2025-03-04", datetime(2025, 3, 4, tzinfo=UTC)),
        ("Tue, 04 Mar 2025 09:00:00 +0100", datetime(2025, 3, 4, 8, tzinfo=UTC)),
        ("Tue Mar 04 09:00:00 +0000 2025", datetime(2025, 3, 4, 9, tzinfo=UTC)),
        (1741078800, datetime(2025, 3, 4, 9, tzinfo=UTC)),
        ("1741078800", datetime(2025, 3, 4, 9, tzinfo=UTC)),
        (1741078800000, datetime(2025, 3, 4, 9, tzinfo=UTC)),
        ("04/03/2025 09:00", datetime(2025, 3, 4, 9, tzinfo=UTC)),
        ("04.03.2025, 09:00:30", datetime(2025, 3, 4, 9, 0, 30, tzinfo=UTC)),
        ("04/03/2025 à 9h05", datetime(2025, 3, 4, 9, 5, tzinfo=UTC)),
        ("4-3-25", datetime(2025, 3, 4, tzinfo=UTC)),
        ("2025/03/04 9:00 PM", datetime(2025, 3, 4, 21, tzinfo=UTC)),
        ("2025-03-04 09:00:00 UTC", datetime(2025, 3, 4, 9, tzinfo=UTC)),
        ("0000-00-00 00:00:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2999-01-01", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("yesterday", None),
        (0, None),
        (1e300, None),
        ("31/31/2025", None),
        ("9" * 400, None),
        ([], None),
        (True, None),
    ],
)
def test_a_date_is_understood_or_left_out_but_never_costs_the_message(value: object, expected: datetime | None) -> None:
    batch = read(jsonl({"text": "x", "created_at": value}), columns={"created_at": "created_at", "text": "text"})
    assert [post.created_at for post in batch.posts] == [expected]
    assert batch.warnings.get("date_ignored", 0) == (expected is None)


def test_day_or_month_first_is_decided_over_the_column() -> None:
    american = b"text,date\na b c,03/04/2025\nd e f,03/25/2025\n"
    european = b"text,date\na b c,03/04/2025\nd e f,25/03/2025\n"
    unclear = b"text,date\na b c,03/04/2025\nd e f,05/06/2025\n"
    assert read(american).posts[0].created_at == datetime(2025, 3, 4, tzinfo=UTC)
    assert read(european).posts[0].created_at == datetime(2025, 4, 3, tzinfo=UTC)
    assert read(unclear).posts[0].created_at == datetime(2025, 4, 3, tzinfo=UTC)
    assert read(unclear, day_first=False).posts[0].created_at == datetime(2025, 3, 4, tzinfo=UTC)
    with open_file(io.BytesIO(unclear)) as reader:
        assert not reader.mapping.day_first_sure


def test_dates_without_a_zone_are_taken_in_the_zone_given() -> None:
    content = jsonl(
        {"text": "x", "created_at": "2025-03-04T09:00:00"}, {"text": "y", "created_at": "2025-03-04T09:00:00Z"}
    )
    local, universal = read(content, zone=timezone(timedelta(hours=2))).posts
    assert local.created_at == datetime(2025, 3, 4, 7, tzinfo=UTC)
    assert universal.created_at == datetime(2025, 3, 4, 9, tzinfo=UTC)


def test_without_ids_the_same_file_gives_the_same_ones_and_different_messages_different_ones() -> None:
    content = jsonl(
        {"text": "Thanks!", "author": "a", "created_at": "2025-03-04"},
        {"text": "Thanks!", "author": "b", "created_at": "2025-03-04"},
        {"text": "Thanks!", "author": "a", "created_at": "2025-03-05"},
    )
    ids = [post.external_id for post in read(content).posts]
    assert len(set(ids)) == 3
    assert [post.external_id for post in read(content, size=1).posts] == ids


def test_strangers_with_the_same_words_and_nothing_else_stay_two() -> None:
    assert len(read(b"text\nThanks!\nThanks!\n").posts) == 2


def test_an_id_that_repeats_is_kept_once_and_another_text_under_it_is_set_aside() -> None:
    batch = read(jsonl({"id": 1, "text": "a"}, {"id": 1, "text": "a"}, {"id": 1, "text": "b"}))
    assert [post.text for post in batch.posts] == ["a"]
    assert batch.warnings["repeated"] == 1
    assert [(reject.place, reject.excerpt) for reject in batch.rejects] == [("3", "b")]


def test_a_newer_edition_replaces_the_older_and_a_deletion_both() -> None:
    edited = {"id": 1, "text": "b", "edited_at": "2025-03-04T10:00:00Z"}
    older = {"id": 1, "text": "a"}
    assert texts(jsonl(older, edited)) == ["b"]
    assert texts(jsonl(edited, older)) == ["b"]
    assert read(jsonl(older, {"id": 1, "text": "", "deleted": True})).posts[0].deleted


# Going on


FORMS = {
    "json lines": lambda items: jsonl(*items),
    "array": lambda items: orjson.dumps(items, option=orjson.OPT_INDENT_2),
    "wrapped": lambda items: orjson.dumps({"data": items}),
    "csv": lambda items: "\n".join(["id,text", *(f'{i["id"]},"{i["text"]}"' for i in items)]).encode(),
    "utf-16 csv": lambda items: "\n".join(["id,text", *(f'{i["id"]},"{i["text"]}"' for i in items)]).encode("utf-16"),
    "utf-8-sig csv": lambda items: "\n".join(["id,text", *(f'{i["id"]},"{i["text"]}"' for i in items)]).encode(
        "utf-8-sig"
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_reading_goes_on_exactly_where_it_stopped(form: str, packed: bool) -> None:
    items = [{"id": f"n{n}", "text": f"message été {n}\nsecond line"} for n in range(40)]
    content = FORMS[form](items)
    content = gzip.compress(content) if packed else content
    whole = read(content)
    assert [post.external_id for post in whole.posts] == [item["id"] for item in items]
    with open_file(io.BytesIO(content)) as reader:
        assert reader.total_bytes == len(content)
        for done, batch in enumerate(reader.batches(size=7), start=1):
            rest = read(content, start=batch.position)
            assert [post.external_id for post in rest.posts] == [item["id"] for item in items[7 * done :]]
            assert 0 < batch.bytes_read <= len(content)
    assert batch.bytes_read == len(content)


def test_a_turn_that_takes_repeated_items_still_says_that_more_follows(tmp_path: Path) -> None:
    newer = {"id": "1", "text": "newer", "edited_at": "2025-03-04T10:00:00Z"}
    (tmp_path / "x").write_bytes(jsonl({"id": "1", "text": "older"}, newer, {"id": "2", "text": "last"}))
    channel, settings = FileChannel(), FileSettings(str(tmp_path / "x"))
    first = channel.listen(settings, {}, limit=2)
    second = channel.listen(settings, first.cursor, limit=2)
    assert ([post.text for post in first.posts], first.more) == (["newer"], True)
    assert ([post.text for post in second.posts], second.more) == (["last"], False)


def test_an_empty_rest_is_no_batch() -> None:
    content = jsonl({"text": "only"})
    end = read(content).position
    with open_file(io.BytesIO(content)) as reader:
        assert list(reader.batches(start=end)) == []


# Bad input


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf", b"\0\0\0\0", gzip.compress(b"", mtime=0)])
def test_an_empty_file_says_so(content: bytes) -> None:
    assert trouble(content) is Trouble.EMPTY


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"%PDF-1.7 x", bytes(range(1, 32)) * 50])
def test_what_is_no_text_says_so(content: bytes) -> None:
    assert trouble(content) is Trouble.WRONG_TYPE


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert trouble(tmp_path / "nothing.csv") is Trouble.NOT_FOUND
    assert trouble(tmp_path) is Trouble.FORBIDDEN


def test_a_line_over_a_megabyte_is_set_aside_and_the_next_is_read() -> None:
    long = b'{"text": "' + b"x" * 1_500_000 + b'"}\n'
    for content in (jsonl({"text": "a"}) + long + jsonl({"text": "b"}), b'[{"text": "a"},' + long + b',{"text": "b"}]'):
        batch = read(content)
        assert [post.text for post in batch.posts] == ["a", "b"]
        assert [(reject.place, reject.reason) for reject in batch.rejects] == [("2", "longer than 1,000,000 bytes")]
        assert len(batch.rejects[0].excerpt) <= 200
    batch = read(b"id,text\n1,a\n2," + b"x" * 1_500_000 + b"\n3,b\n")
    assert [post.text for post in batch.posts] == ["a", "b"]
    assert [reject.place for reject in batch.rejects] == ["3"]


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    rows = [f"{n},text number {n}" for n in range(1, 60)]
    rows[20] = '21,"opened and never closed'
    batch = read("\n".join(["id,text", *rows]).encode(), limits=Limits(line=400))
    assert [post.external_id for post in batch.posts] == [str(n) for n in range(1, 60) if n != 21]
    assert [(reject.place, reject.reason) for reject in batch.rejects] == [("22", "a quote is opened and never closed")]
    at_the_end = read(b'id,text\n1,a\n2,"open\n3,b\n4,c\n')
    assert [post.external_id for post in at_the_end.posts] == ["1", "3", "4"]
    assert [reject.place for reject in at_the_end.rejects] == ["3"]


def test_a_row_with_too_many_cells_is_set_aside() -> None:
    batch = read(b"id,text\n1,fine\n2,un,quoted,commas\n3,fine too,,\n")
    assert [post.external_id for post in batch.posts] == ["1", "3"]
    assert [(reject.place, reject.reason) for reject in batch.rejects] == [("3", "4 cells where the header has 2")]


@pytest.mark.parametrize(
    "bad", ['{"text": "b"', '{"text": "b" "c"}', '{"text": b}', '"text"', "42", '{"text": ["b"]}', '{"text": ""}', "{}"]
)
def test_one_bad_item_of_an_array_costs_one_item(bad: str) -> None:
    batch = read(f'[{{"text": "a"}}, {bad}, {{"text": "c"}}, {{"text": "d"}}]'.encode())
    assert [post.text for post in batch.posts] == ["a", "c", "d"]
    assert [reject.place for reject in batch.rejects] == ["2"]


def test_an_array_that_breaks_off_gives_what_came_before() -> None:
    batch = read(b'[{"text": "a"}, {"text": "b"}, {"text": "c')
    assert [post.text for post in batch.posts] == ["a", "b"]
    assert [reject.place for reject in batch.rejects] == ["3"]


def test_a_packed_file_that_breaks_off_gives_what_came_before() -> None:
    shuffled = random.Random(7)
    items = [{"id": n, "text": "".join(shuffled.choices("abcdefgh ", k=60)) + "."} for n in range(2000)]
    packed = gzip.compress(jsonl(*items))
    batch = read(packed[: len(packed) // 2])
    assert 500 < len(batch.posts) < 2000
    assert [post.external_id for post in batch.posts] == [str(n) for n in range(len(batch.posts))]
    assert "cut off" in batch.rejects[-1].reason
    damaged = packed[:8000] + b"\xff" * 50 + packed[8050:]
    assert any("damaged" in reject.reason for reject in read(damaged).rejects)


def test_packed_files_of_several_members_and_padding_are_read_whole() -> None:
    packed = gzip.compress(jsonl({"text": "a"})) + gzip.compress(jsonl({"text": "b"})) + b"\0" * 512
    batch = read(packed)
    assert [post.text for post in batch.posts] == ["a", "b"] and not batch.rejects


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size() -> None:
    bomb = gzip.compress((b'{"text": "' + b"a" * 500_000 + b'"}\n') * 140)
    assert len(bomb) < 1_000_000
    assert trouble(bomb) is Trouble.COMPRESSED_BOMB
    assert (
        trouble(gzip.compress(jsonl({"text": "x" * 1000}) * 100), limits=Limits(total=50_000))
        is Trouble.COMPRESSED_BOMB
    )


def test_nul_and_lone_surrogates_become_visible_and_offsets_stay() -> None:
    assert texts(b'{"text": "a\\u0000b\\ud800c"}\n') == ["a\ufffdb\ufffdc"]
    assert texts(b'{"text": "raw\0nul"}\n') == ["raw\ufffdnul"]
    assert texts(b"id,text\n1,raw\0nul here\n") == ["raw\ufffdnul here"]


def test_tricks_of_direction_and_width_and_emoji_alone_are_kept_as_they_are() -> None:
    wanted = ["😡😡😡", "\u202eevil\u202c", "zero\u200bwidth", "مرحبا بالعالم", "<script>alert(1)</script>"]
    assert texts(jsonl(*({"text": text} for text in wanted)), html=False) == wanted


def test_deeply_nested_json_is_one_bad_item() -> None:
    deep = b'{"text": "x", "y": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    batch = read(jsonl({"text": "a"}) + deep + b"\n" + jsonl({"text": "b"}))
    assert [post.text for post in batch.posts] == ["a", "b"]
    assert [reject.place for reject in batch.rejects] == ["2"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.binary(max_size=400))
def test_no_bytes_whatever_do_more_than_raise_a_channel_error(content: bytes) -> None:
    try:
        batch = read(content)
    except ChannelError as error:
        assert error.retry is False
        return
    for post in batch.posts:
        post.text.encode()
        assert post.external_id and "\0" not in post.text


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), min_size=1, max_size=8
    ),
    st.sampled_from(["jsonl", "json", "csv"]),
)
def test_any_text_survives_every_format(wanted: list[str], form: str) -> None:
    items = [{"id": f"n{n}", "text": text} for n, text in enumerate(wanted)]
    if form == "csv":
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerows([("id", "text"), *((item["id"], item["text"]) for item in items)])
        content = table.getvalue().encode()
    else:
        content = jsonl(*items) if form == "jsonl" else orjson.dumps(items)
    options = {"html": False, "columns": {"id": "id", "text": "text"}, "encoding": "utf-8"}
    if not any("&" in text for text in wanted):
        assert texts(content, **options) == wanted


# Replay


def at(minute: float, text: str = "x") -> Post:
    return Post(
        "c", f"{minute}{text}", text, created_at=datetime(2015, 2, 17, 8, tzinfo=UTC) + timedelta(minutes=minute)
    )


NOW = datetime(2025, 3, 4, 12, tzinfo=UTC)


def test_a_schedule_keeps_the_pauses_divided_by_the_speed() -> None:
    planned = list(schedule([at(0), at(1), at(61)], begin=NOW, speed=60))
    assert [post.created_at for post in planned] == [NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=61)]


def test_posts_without_time_or_out_of_order_come_with_the_one_before() -> None:
    planned = list(schedule([at(5), Post("c", "n", "no time"), at(3), at(6)], begin=NOW, speed=1))
    assert [post.created_at for post in planned] == [NOW, NOW, NOW, NOW + timedelta(minutes=1)]


def test_a_replay_gives_posts_when_they_are_due_and_never_before() -> None:
    clock = [NOW]

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    posts = [at(0, "a"), at(1, "b"), at(1.01, "c"), at(10, "d")]
    batches = [Batch(posts[:2], (), Position(), 0, {}), Batch(posts[2:], (), Position(), 0, {})]
    given_at: list[tuple[float, str]] = []
    for due in replay(batches, speed=60, now=lambda: clock[0], sleep=sleep):
        for post in due:
            assert post.created_at is not None and post.created_at <= clock[0]
            given_at.append(((clock[0] - NOW).total_seconds(), post.text))
    assert [text for _, text in given_at] == ["a", "b", "c", "d"]
    assert given_at[0][0] == 0 and 1 <= given_at[1][0] < 1.5 and 10 <= given_at[3][0] < 10.5


def test_speeds_are_read_as_people_write_them() -> None:
    assert [parse_speed(text) for text in ("60x", "60", "0.5X")] == [60, 60, 0.5]
    for wrong in ("0", "-2x", "fast", "inf", "nan"):
        with pytest.raises(ValueError):
            parse_speed(wrong)


def test_a_file_may_be_looked_into_and_left() -> None:
    content = jsonl(*({"text": f"m{n}"} for n in range(100)))
    with open_file(io.BytesIO(content)) as reader:
        (batch,) = islice(reader.batches(size=3), 1)
    assert [post.text for post in batch.posts] == ["m0", "m1", "m2"]
