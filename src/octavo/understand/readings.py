"""Many readings held in columns, one row a post; a `Reading` is made when one is looked at.

A batch from an import has a million rows: as objects they would cost a gigabyte and most of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import overload

import numpy as np
from numpy.typing import NDArray

from octavo.vocabulary import HARMS, NO_REGISTER, REGISTERS, Evidence, Gravity, Harm, Reading, Register, Sentiment, Tone

SENTIMENTS = tuple(Sentiment)
NONE = -1
"""In the column `primary`: no register."""

CRISIS = REGISTERS.index(Register.CRISIS)


def harms(bits: int) -> tuple[Harm, ...]:
    """The kinds of harm that are set in a number of the column `harm`."""
    return tuple(harm for place, harm in enumerate(HARMS) if bits >> place & 1)


@dataclass(frozen=True, slots=True, eq=False)
class Readings(Sequence[Reading]):
    """Readings of n posts by one version of one model.

    `primary`, `runner_up` int8[n] are indices in `REGISTERS` (-1: none); bit i of `assigned` uint8[n] is
    `REGISTERS[i]`; `registers` float32[n, 8] are probabilities; `sentiment` int8[n] is an index in
    `tuple(Sentiment)`; bit i of `harm` uint16[n] is `HARMS[i]`. The evidence of row i lies in `evidence_start`, `_end`
    (int32), `_weight` (float32) and `_register` (int8) at `evidence_rows[i]:evidence_rows[i + 1]`. `meaning` float32[n, d]
    are vectors for comparing messages (`meaning`); the fast tier knows none, and d is 0.
    """

    id: list[str]
    language: list[str]
    relevant: NDArray[np.bool_]
    relevance: NDArray[np.float32]
    primary: NDArray[np.int8]
    assigned: NDArray[np.uint8]
    registers: NDArray[np.float32]
    runner_up: NDArray[np.int8]
    sentiment: NDArray[np.int8]
    sentiment_score: NDArray[np.float32]
    urgency: NDArray[np.int8]
    harm: NDArray[np.uint16]
    abstained: NDArray[np.bool_]
    campaign: list[str]
    topics: list[tuple[str, ...]]
    evidence_rows: NDArray[np.int32]
    evidence_start: NDArray[np.int32]
    evidence_end: NDArray[np.int32]
    evidence_weight: NDArray[np.float32]
    evidence_register: NDArray[np.int8]
    meaning: NDArray[np.float32]
    model: str

    def __len__(self) -> int:
        return len(self.id)

    @overload
    def __getitem__(self, row: int) -> Reading: ...
    @overload
    def __getitem__(self, row: slice) -> list[Reading]: ...
    def __getitem__(self, row: int | slice) -> Reading | list[Reading]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        primary = int(self.primary[row])
        carried = [
            index for index in range(len(REGISTERS)) if int(self.assigned[row]) >> index & 1 and index != primary
        ]
        carried.sort(key=lambda index: -float(self.registers[row, index]))
        return Reading(
            id=self.id[row],
            language=self.language[row],
            relevant=bool(self.relevant[row]),
            relevance=float(self.relevance[row]),
            primary=NO_REGISTER if primary == NONE else str(REGISTERS[primary]),
            assigned=tuple(REGISTERS[index] for index in ([] if primary == NONE else [primary, *carried])),
            registers=dict(zip(REGISTERS, map(float, self.registers[row]), strict=True)),
            runner_up=REGISTERS[int(self.runner_up[row])],
            sentiment=Tone(SENTIMENTS[int(self.sentiment[row])], float(self.sentiment_score[row])),
            urgency=int(self.urgency[row]),
            evidence=tuple(self._evidence(row)),
            model=self.model,
            campaign=self.campaign[row],
            gravity=Gravity(float(self.registers[row, CRISIS]), harms(int(self.harm[row]))),
            topics=self.topics[row],
            abstained=bool(self.abstained[row]),
        )

    def _evidence(self, row: int) -> Iterable[Evidence]:
        for place in range(int(self.evidence_rows[row]), int(self.evidence_rows[row + 1])):
            yield Evidence(
                start=int(self.evidence_start[place]),
                end=int(self.evidence_end[place]),
                weight=float(self.evidence_weight[place]),
                register=Register(REGISTERS[int(self.evidence_register[place])]),
            )


def join(parts: Sequence[Readings]) -> Readings:
    """The rows of all parts, in order. At least one part; all by the same model."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, object] = {}
    for each in fields(Readings):
        values = [getattr(part, each.name) for part in parts]
        if each.name == "model":
            columns[each.name] = values[0]
        elif each.name == "evidence_rows":
            offsets = np.cumsum([0, *(rows[-1] for rows in values)])
            shifted = [rows[1:] + offset for rows, offset in zip(values, offsets, strict=False)]
            columns[each.name] = np.concatenate([values[0][:1], *shifted]).astype(np.int32)
        elif isinstance(values[0], list):
            columns[each.name] = [item for value in values for item in value]
        else:
            columns[each.name] = np.concatenate(values)
    return Readings(**columns)  # type: ignore[arg-type]
