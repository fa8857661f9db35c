"""The Numenta Anomaly Benchmark's score, for alerts that either rang or did not.

After A. Lavin and S. Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", 2015, and the benchmark's public
scoring function. Each labelled window is worth what the earliest alert within it earns: 1 at its first row, falling
along a sigmoid to about 0 at its last. A window without an alert costs the profile's weight of a miss. Each alert outside
costs up to the weight of a false alarm, less shortly after a window. The first rows of a series are not judged. The sum is put on a
scale on which silence is 0 and an alert on the first row of each window, with no other, is 100.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PROBATION = 0.15
"""Share of a series that is not judged ..."""

PROBATION_ROWS = 5000
"""... of at most so many rows."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a hit earns, a miss costs and a false alarm costs."""

    hit: float = 1.0
    miss: float = 1.0
    false: float = 0.11


@dataclass(frozen=True, slots=True)
class Series:
    """One brand's counts: `stamps` as written, `counts` float64[n], `windows` as first and last row, both within."""

    name: str
    stamps: tuple[str, ...]
    counts: NDArray[np.float64]
    windows: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def judged_from(self) -> int:
        """The first row that is judged."""
        return math.floor(PROBATION * min(len(self), PROBATION_ROWS))

    def labelled(self) -> NDArray[np.bool_]:
        """bool[n]: whether a row lies in a window."""
        inside = np.zeros(len(self), bool)
        for first, last in self.windows:
            inside[first : last + 1] = True
        return inside

    def judged_days(self, *, bins_a_day: int = 288) -> float:
        """Days outside windows in which an alert is a false alarm."""
        return float(np.count_nonzero(~self.labelled()[self.judged_from :])) / bins_a_day


@dataclass(frozen=True, slots=True)
class Tally:
    """What alerts came to on one or several series. `points` are not normalised yet."""

    points: float = 0.0
    hits: int = 0
    windows: int = 0
    false_alarms: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.points + other.points,
            self.hits + other.hits,
            self.windows + other.windows,
            self.false_alarms + other.false_alarms,
        )

    def score(self, profile: Profile) -> float:
        """0 for silence, 100 for an alert on the first row of each window and no other."""
        silence, perfect = -profile.miss * self.windows, profile.hit * self.windows
        return 100 * (self.points - silence) / (perfect - silence)


def sigmoid(position: float) -> float:
    """1 long before the end of a window (position -1: its first row), 0 at the end, -1 long after it."""
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


def worth(series: Series) -> NDArray[np.float64]:
    """float64[n]: what an alert at each row is worth before weights: within a window 0 to 1, outside 0 to -1."""
    values = np.full(len(series), -1.0)
    for number, (first, last) in enumerate(series.windows):
        width = last - first + 1
        for row in range(first, last + 1):
            values[row] = sigmoid(-(last - row + 1) / width) / sigmoid(-1)
        until = series.windows[number + 1][0] if number + 1 < len(series.windows) else len(series)
        for row in range(last + 1, until):
            values[row] = sigmoid((row - last) / (width - 1)) if width > 1 else -1.0
    return values


def judge(series: Series, alerts: Sequence[bool] | NDArray[np.bool_], profile: Profile) -> Tally:
    """What `alerts` (bool[n], a row each) came to."""
    rang = np.asarray(alerts, bool).copy()
    rang[: series.judged_from] = False
    values = worth(series)
    points, hits = 0.0, 0
    for first, last in series.windows:
        rows = first + np.flatnonzero(rang[first : last + 1])
        hits += bool(rows.size)
        points += max(-profile.miss, profile.hit * float(values[rows].max())) if rows.size else -profile.miss
    false = rang & ~series.labelled()
    points += profile.false * float(values[false].sum())
    return Tally(points, hits, len(series.windows), int(np.count_nonzero(false)))


def load(folder: Path) -> tuple[list[Series], dict[str, Profile]]:
    """The series and the cost profiles in a folder laid out as the benchmark's: windows.json, profiles.json, data."""
    windows: Mapping[str, Sequence[Sequence[str]]] = json.loads((folder / "windows.json").read_text())
    series = []
    for path in sorted(folder.glob("*/*.csv")):
        rows = list(csv.reader(path.open(newline="")))[1:]
        at = {datetime.fromisoformat(stamp): row for row, (stamp, _) in enumerate(rows)}
        labelled = windows.get(f"{path.parent.name}/{path.name}", ())
        series.append(
            Series(
                path.stem.removeprefix("Twitter_volume_"),
                tuple(stamp for stamp, _ in rows),
                np.array([float(value) for _, value in rows]),
                tuple(
                    sorted(
                        (at[datetime.fromisoformat(first)], at[datetime.fromisoformat(last)])
                        for first, last in labelled
                    )
                ),
            )
        )
    profiles = {
        name: Profile(costs["tpWeight"], costs["fnWeight"], costs["fpWeight"])
        for name, costs in (
            (name, each["CostMatrix"]) for name, each in json.loads((folder / "profiles.json").read_text()).items()
        )
    }
    return series, profiles
