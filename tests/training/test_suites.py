"""The suites that are only measured on, and the rates made of them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from octavo.vocabulary import LANGUAGES, NO_REGISTER, REGISTERS, Register, Sentiment
from training import corpus, suites
from training.answers import Answers
from training.targets import FEELINGS, NAMES

MANY = ("en", "fr", "it")


def test_each_language_has_as_many_messages_meant_well_as_meant_badly() -> None:
    for name in ("sarcasm", "negation"):
        suite = suites.load(name)
        counts = Counter(
            (example.language, bool(well)) for example, well in zip(suite.examples, suite.positive, strict=True)
        )
        for language in LANGUAGES:
            least = 40 if language in MANY else 15
            assert counts[language, True] == counts[language, False] >= least
        texts = [example.text for example in suite.examples]
        assert len(set(texts)) == len(texts)


def test_a_pair_is_one_message_and_its_contrary() -> None:
    suite = suites.load("negation")
    assert 2 * len(suite.pairs) == len(suite.examples)
    for well, badly in suite.pairs:
        assert suite.positive[well] and not suite.positive[badly]
        assert suite.examples[well].language == suite.examples[badly].language


def test_nothing_of_the_suites_is_in_the_corpus() -> None:
    known = {" ".join(example.text.casefold().split()) for example in corpus.load()}
    for name in ("sarcasm", "negation"):
        assert not known & {" ".join(example.text.casefold().split()) for example in suites.load(name).examples}


def test_who_believes_every_praise_sees_through_no_sarcasm_and_the_table_says_so() -> None:
    suite = suites.load("sarcasm")
    believing = answers_of(len(suite.examples), str(Register.COMPLIMENT), Sentiment.POSITIVE)
    sullen = answers_of(len(suite.examples), NO_REGISTER, Sentiment.NEGATIVE)

    told = suites.sarcasm_table(suite, {"believing": believing, "sullen": sullen})

    assert f"| believing | {' | '.join(['0.00 / 1.00'] * 8)} |" in told
    assert f"| sullen | {' | '.join(['1.00 / 0.00'] * 8)} |" in told


def test_a_pair_counts_only_where_both_are_right() -> None:
    suite = suites.load("negation")
    right = answers_of(len(suite.examples), NO_REGISTER, Sentiment.NEGATIVE)
    right.sentiment[suite.positive] = FEELINGS.index(Sentiment.POSITIVE)
    half = answers_of(len(suite.examples), NO_REGISTER, Sentiment.POSITIVE)

    told = suites.negation_table(suite, {"right": right, "half": half})

    assert f"| right | {' | '.join(['1.00 / 1.00'] * 8)} |" in told
    assert f"| half | {' | '.join(['0.50 / 0.00'] * 8)} |" in told


def answers_of(n: int, primary: str, sentiment: Sentiment) -> Answers:
    """The same answer for all."""
    carried = np.tile([register == primary for register in REGISTERS], (n, 1))
    return Answers(
        carried,
        carried.astype(np.float64),
        np.full(n, NAMES.index(primary)),
        np.full(n, FEELINGS.index(sentiment)),
        np.zeros(n, np.int64),
        np.zeros(n, bool),
    )
