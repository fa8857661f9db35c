"""The interface is complete in three languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polib
import pytest

from octavo.site.locale import catalogues

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}|</?[a-z]+")


@pytest.fixture(params=catalogues.LANGUAGES)
def catalogue(request: pytest.FixtureRequest) -> polib.POFile:
    return polib.pofile(str(catalogues.catalogue(request.param)))


def test_every_word_is_translated(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy] == []


def test_placeholders_and_tags_survive_translation(catalogue: polib.POFile) -> None:
    def parts(text: str) -> list[str]:
        return sorted(set(PLACEHOLDER.findall(text)))

    for entry in catalogue:
        said = [entry.msgstr] if not entry.msgid_plural else list(entry.msgstr_plural.values())
        wanted = parts(entry.msgid + entry.msgid_plural)
        for text in said:
            assert set(parts(text)) <= set(wanted), entry.msgid
        assert sorted({part for text in said for part in parts(text)}) == wanted, entry.msgid


def test_the_compiled_catalogue_says_what_the_written_one_says(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(Path(catalogue.fpath).with_suffix(".mo")))
    said = {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in compiled}
    assert said == {(entry.msgctxt, entry.msgid): (entry.msgstr, entry.msgstr_plural) for entry in catalogue}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("xgettext"), reason="GNU gettext is not installed")
def test_no_word_of_the_code_is_missing_from_the_catalogues(tmp_path: Path) -> None:
    before = {language: catalogues.catalogue(language).read_bytes() for language in catalogues.LANGUAGES}
    try:
        catalogues.collect()
        for language in catalogues.LANGUAGES:
            now = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(catalogues.catalogue(language)))}
            was = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(before[language].decode())}
            assert now == was
    finally:
        for language, content in before.items():
            catalogues.catalogue(language).write_bytes(content)
