"""What the models are measured beside: readers of the simplest kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_union

from octavo.vocabulary import Sentiment
from training.answers import Answers, Reader, truth
from training.targets import FEELINGS, Example

_NEUTRAL = 0.05
"""Compound score from which on VADER's authors call a text positive, or below minus that, negative."""


def most_frequent(training: list[Example]) -> Reader:
    """The most frequent set of registers, sentiment and urgency, whatever the message; of each register its share."""
    known = truth(training)
    carried, primary = Counter(zip(map(bytes, known.carried), known.primary.tolist(), strict=True)).most_common(1)[0][0]
    sentiment, urgency = (Counter(column.tolist()).most_common(1)[0][0] for column in (known.sentiment, known.urgency))

    def reader(examples: Sequence[Example]) -> Answers:
        count = len(examples)
        return Answers(
            np.tile(np.frombuffer(carried, bool), (count, 1)),
            np.tile(known.carried.mean(axis=0), (count, 1)),
            np.full(count, primary),
            np.full(count, sentiment),
            np.full(count, urgency),
            np.zeros(count, bool),
        )

    return reader


def n_grams(training: list[Example]) -> Reader:
    """Words 1-2 and characters 2-5 with logistic regression, the usual baseline."""
    known = truth(training)
    texts = [example.text for example in training]
    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, sublinear_tf=True, max_features=60_000),
    ).fit(texts)
    rows = features.transform(texts)
    carried = OneVsRestClassifier(LogisticRegression(C=10, max_iter=300, class_weight="balanced")).fit(
        rows, known.carried
    )
    others = [
        LogisticRegression(C=10, max_iter=300).fit(rows, each)
        for each in (known.primary, known.sentiment, known.urgency)
    ]

    def reader(examples: Sequence[Example]) -> Answers:
        rows = features.transform([example.text for example in examples])
        chance = carried.predict_proba(rows)
        primary, sentiment, urgency = (each.predict(rows) for each in others)
        return Answers(chance >= 0.5, chance, primary, sentiment, urgency, np.zeros(len(examples), bool))

    return reader


def vader(texts: Sequence[str]) -> NDArray[np.int64]:
    """Sentiment of English texts by VADER's lexicon and rules, int[n], indices in `FEELINGS`. Raises ImportError
    where the package is absent.
    """
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    judge = SentimentIntensityAnalyzer()
    scores = np.array([judge.polarity_scores(text)["compound"] for text in texts])
    negative, neutral, positive = map(FEELINGS.index, (Sentiment.NEGATIVE, Sentiment.NEUTRAL, Sentiment.POSITIVE))
    return np.where(scores >= _NEUTRAL, positive, np.where(scores <= -_NEUTRAL, negative, neutral))
