"""Changes that should not matter, and the removal of evidence."""

from __future__ import annotations

import numpy as np

from octavo.vocabulary import Evidence, Register
from training import stress
from training.targets import Example


def test_words_of_the_evidence_go_whole_and_as_many_others_go_in_each_draw() -> None:
    text = "the buckle opened while driving, twice now"
    evidence = [Evidence(4, 10, 1.0, Register.CRISIS), Evidence(25, 31, 0.5, Register.CRISIS)]
    without, *draws = stress.shorter(text, evidence, np.random.default_rng(0))
    assert without == "the opened while twice now"
    assert len(draws) == stress.DRAWS
    for drawn in draws:
        assert len(drawn.split()) == 5
        assert "buckle" in drawn and "driving," in drawn


def test_a_text_with_too_few_other_words_or_no_evidence_is_left_alone() -> None:
    rng = np.random.default_rng(0)
    both = [Evidence(0, 5, 1.0, Register.PROBLEM), Evidence(6, 12, 1.0, Register.PROBLEM)]
    assert stress.shorter("login broken today", both, rng) == []
    assert stress.shorter("login broken today", [], rng) == []


def test_changes_keep_the_message_and_spare_what_has_them_already() -> None:
    examples = [
        Example("Bonjour, livrez-vous en Corse ?", "food", "fr", id="1"),
        Example("MAI PIÙ", "rail", "it", id="2"),
        Example("coupon code gives an error", "retail", "en", id="3"),
    ]
    changed = stress.changed(examples, {"1": "Épi", "2": "Binario", "3": "Larder"})
    assert [after.text for _, after in changed["greeting"]] == [
        "Buongiorno, MAI PIÙ", "Hello, coupon code gives an error",
    ]  # fmt: skip
    assert [before.id for before, _ in changed["capitals"]] == ["1", "3"]
    assert changed["brand's name"][2][1].text == "Larder: coupon code gives an error"
    for pairs in changed.values():
        for before, after in pairs:
            assert (before.id, before.language, before.parent) == (after.id, after.language, after.parent)
