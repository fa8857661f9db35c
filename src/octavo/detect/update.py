"""One bin of counts into the state of many keys, and how unusual each is. Only the past is known here.

2 sqrt(x + 3/8) of a Poisson count x has variance 1 whatever its mean (F. J. Anscombe, 1948). Its median and spread follow
by stochastic approximation (H. Robbins and S. Monro, 1951), the profile of the day by a decaying mean. z is the least
deviation over all windows, so that a large z means unusual in each of them. Above the 0.99 quantile of its own past, a
key's z is a generalised Pareto tail (J. Pickands, 1975), fitted by moments to the peaks of its bursts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octavo.detect.configuration import Configuration
from octavo.detect.day import Phase
from octavo.detect.pace import Pace
from octavo.detect.state import Floats, State

_SMALL = 1e-9
_LEAST_SCALE = 1e-3
_LEAST_KEPT = 0.01
_SETTLED = 180
"""Days of nothing after which another teaches no more."""

OLDEST = 2**30
"""Bins; nobody is older, and no burst longer ago."""

_LEAST_LEVEL = 1.0
"""A profile is in levels, and a level near nothing is no measure."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What windows hold as a rule: middle and standard deviation of their stabilised counts, float32[w, k]."""

    middle: Floats
    deviation: Floats


def expected(state: State, where: Phase, configuration: Configuration) -> Expected:
    """What each window should hold at this time of day."""
    shape = state.season[:, where.before] * (1 - where.share) + state.season[:, where.after] * where.share
    return Expected(
        state.level + shape * np.maximum(state.level, _LEAST_LEVEL),
        np.maximum(state.spread * configuration.spread_of_deviation, configuration.least_spread),
    )


def stabilised(counts: Floats) -> Floats:
    """Anscombe's transform."""
    return np.asarray(2 * np.sqrt(counts + 0.375), np.float32)


def count_of(stable: Floats) -> Floats:
    """The count a stabilised value stands for; never below 0."""
    return np.maximum(np.square(np.maximum(stable, 0) / 2) - 0.375, 0)


def advance(
    state: State, counts: Floats, bin_number: int, where: Phase, configuration: Configuration, pace: Pace
) -> Floats:
    """Take one bin in: score it against the past, then learn from it.

    `counts` float32[k] of all keys of `state`, which is changed. Gives the scores, float32[k]: 0 in the tail's absence, else
    the decimal logarithm of "once in so many times five minutes".
    """
    z = _deviation(state, counts, where, configuration, pace)
    scores = _tail(state, z, bin_number, configuration, pace)
    np.minimum(state.age + 1, OLDEST, out=state.age)
    state.last[...] = bin_number
    return scores


def _deviation(state: State, counts: Floats, where: Phase, configuration: Configuration, pace: Pace) -> Floats:
    """float32[k]: the least z over all windows; 0 where it is negative and where there is nothing."""
    newborn = np.flatnonzero(state.age == 0)
    age = state.age.astype(np.float32)
    state.rate += (counts - state.rate) * np.maximum(1 / (age + 1), 1 / pace.spans)
    stable = stabilised(state.rate * pace.spans)
    if newborn.size:
        state.level[:, newborn] = stable[:, newborn]
    usual = expected(state, where, configuration)
    rest = stable - usual.middle
    z = (rest / usual.deviation).min(axis=0)
    _teach_season(state, rest, usual.deviation, where, configuration, pace)
    step = np.maximum(2 * pace.level_step, 2 / (age + 2))
    least = configuration.least_spread
    spread = state.spread.copy()
    state.spread += np.maximum(spread, least / 4) * step * np.sign(np.abs(rest) - spread)
    np.maximum(state.spread, 0, out=state.spread)
    state.level += np.maximum(spread, least / 2) * step * np.sign(rest)
    return np.where(counts > 0, np.maximum(z, 0), np.float32(0))


def _teach_season(
    state: State, rest: Floats, deviation: Floats, where: Phase, configuration: Configuration, pace: Pace
) -> None:
    most = deviation * configuration.season_clip
    lesson = np.minimum(np.maximum(rest, -most), most) / np.maximum(state.level, _LEAST_LEVEL)
    state.season[:, where.before] += lesson * (pace.season_step * (1 - where.share))
    state.season[:, where.after] += lesson * (pace.season_step * where.share)


def _tail(state: State, z: Floats, bin_number: int, configuration: Configuration, pace: Pace) -> Floats:
    """Score z against the tail, follow the burst it belongs to, learn the peak of one that is over, move the start."""
    above = z - state.start
    for decayed in (state.bursts, state.excess, state.square, state.time):
        decayed *= pace.tail_kept
    state.time += 1
    np.minimum(state.quiet + 1, OLDEST, out=state.quiet)
    scores = np.zeros_like(z)
    rows = np.flatnonzero(above > 0)
    if rows.size:
        scores[rows] = _rarity(state, above[rows], rows, configuration) + np.float32(pace.score_of_a_bin)
        np.maximum(scores, 0, out=scores)
        begun = rows[state.quiet[rows] > pace.pause]
        state.peak[begun] = 0
        state.since[begun] = bin_number
        state.peak[rows] = np.maximum(state.peak[rows], above[rows])
        state.quiet[rows] = 0
    _learn_peaks(state, np.flatnonzero((state.quiet == pace.pause) & (state.peak > 0)), configuration)
    step = np.maximum(configuration.tail_step, 2 / (state.age.astype(np.float32) + 5))
    state.start += step * state.scale * (np.float32(configuration.tail_share) - (above < 0))
    state.scale += (np.abs(above) - state.scale) * configuration.tail_scale_step
    np.maximum(state.scale, _LEAST_SCALE, out=state.scale)
    return scores


def _learn_peaks(state: State, rows: NDArray[np.intp], configuration: Configuration) -> None:
    """The bursts of `rows` are over."""
    if rows.size:
        mean = state.excess[rows] / np.maximum(state.bursts[rows], _SMALL)
        lesson = np.minimum(state.peak[rows], configuration.largest_lesson * mean)
        state.bursts[rows] += 1
        state.excess[rows] += lesson
        state.square[rows] += lesson * lesson
        state.peak[rows] = 0


def _rarity(state: State, above: Floats, rows: NDArray[np.intp], configuration: Configuration) -> Floats:
    """Decimal logarithm of the bins between two bursts whose peak lies `above` so much."""
    bursts = np.maximum(state.bursts[rows].astype(np.float64), _SMALL)
    mean = state.excess[rows] / bursts
    variance = np.maximum(state.square[rows] / bursts - mean * mean, _SMALL)
    shape = np.clip(0.5 * (1 - mean * mean / variance), _LEAST_SCALE, configuration.heaviest_shape)
    mean = np.maximum(mean, configuration.least_excess)
    beyond = np.log1p(shape * above / (mean * (1 - shape))) / shape
    return np.asarray((np.log(state.time[rows] / bursts) + beyond) / math.log(10), np.float32)


def skip(state: State, bins: NDArray[np.int64], where: Phase, configuration: Configuration, pace: Pace) -> None:
    """So many bins (int64[k]) of which nothing is known: windows drift to what is expected, and nothing is learnt."""
    kept = _kept(pace, bins)
    usual = count_of(expected(state, where, configuration).middle) / pace.spans
    state.rate[...] = usual + (state.rate - usual) * kept
    state.last += bins


def sleep(state: State, days: NDArray[np.int64], configuration: Configuration, pace: Pace) -> None:
    """So many whole days (int64[k]) with nothing in any bin.

    What days of nothing teach, in one step: medians and profiles go the way to nothing that they would have gone, and
    the tail's start sinks. Not the same numbers as bin by bin, but the same end; nothing can ring in it.
    """
    bins = days * pace.day
    _learn_peaks(state, np.flatnonzero(state.peak > 0), configuration)
    state.rate *= _kept(pace, bins)
    _settle(state, days, configuration, pace)
    kept = np.power(pace.tail_kept, bins)
    for decayed in (state.bursts, state.excess, state.square):
        decayed *= np.maximum(kept, _LEAST_KEPT).astype(np.float32)
    state.time[...] = state.time * kept + (1 - kept) / (1 - pace.tail_kept)
    sunk = np.exp(-bins.astype(np.float32) * (configuration.tail_step * (1 - configuration.tail_share)))
    state.start *= sunk
    state.scale[...] = np.maximum(state.scale * sunk, _LEAST_SCALE)
    state.age[...] = np.minimum(state.age + bins, OLDEST)
    state.quiet[...] = np.minimum(state.quiet + bins, OLDEST)
    state.last += bins


def _settle(state: State, days: NDArray[np.int64], configuration: Configuration, pace: Pace) -> None:
    """Level, spread and profile after days of nothing, a day a step. After `_SETTLED` of them they have arrived."""
    nothing, least = stabilised(state.rate * pace.spans), configuration.least_spread
    taught = np.float32(1 - (1 - pace.season_step) ** (pace.day / configuration.season_knots))
    for day in range(min(int(days.max(initial=0)), _SETTLED)):
        going = (days > day).astype(np.float32)
        age = state.age.astype(np.float32) + day * pace.day
        reach = np.maximum(2 * pace.level_step, 2 / (age + 2)) * pace.day
        scale = np.maximum(state.level, _LEAST_LEVEL)
        rest = nothing - state.level - state.season.mean(axis=1) * scale
        spread = state.spread.copy()
        moved = np.minimum(np.maximum(spread, least / 2) * reach, np.abs(rest))
        far = np.abs(rest) - spread
        widened = np.minimum(np.maximum(spread, least / 4) * reach, np.abs(far))
        most = configuration.season_clip * np.maximum(spread * configuration.spread_of_deviation, least)
        lesson = np.clip(
            nothing[:, None] - state.level[:, None] - state.season * scale[:, None], -most[:, None], most[:, None]
        )
        state.season += lesson / scale[:, None] * taught * going
        state.spread += np.sign(far) * widened * going
        state.level += np.sign(rest) * moved * going


def _kept(pace: Pace, bins: NDArray[np.int64]) -> Floats:
    """float32[w, k]: what is left of a decaying count after so many bins."""
    return np.asarray((1 - 1 / pace.spans.astype(np.float64)) ** bins, np.float32)
