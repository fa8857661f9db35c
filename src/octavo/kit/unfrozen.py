"""Making many frozen objects quickly."""

from __future__ import annotations

import dataclasses
from typing import Any


def unfrozen(frozen: type) -> Any:
    """A twin of a frozen dataclass, with the same slots, that can be filled in.

    A frozen dataclass sets each field through `object.__setattr__`: 2.9 microseconds a Post, most of what a row may
    cost. The twin is filled in 0.5; giving it the frozen class then is allowed because the layout is the same (Python
    refuses otherwise, so a change of Post cannot go unnoticed).
    """
    fields = [(field.name, Any) for field in dataclasses.fields(frozen)]
    return dataclasses.make_dataclass("_Unfrozen", fields, slots=True, eq=False, repr=False)
