"""Numbers over time in, signals out: how unusual a count is, and who should be told.

A library of its own: numpy, and nothing else. `Detector` follows many keys at once, `describe` says what one of
them did, and
`csv_lines` is `octavo detect`; `configuration` holds every number that was chosen, and why.
"""

from octavo.detect.configuration import FIVE_MINUTES, SHIPPED, Configuration, once_in
from octavo.detect.detector import Detector, NotAState, Step
from octavo.detect.signal import Forecast, Range, Signal, describe
from octavo.detect.spread import Spread, spread

__all__ = [
    "FIVE_MINUTES",
    "SHIPPED",
    "Configuration",
    "Detector",
    "Forecast",
    "NotAState",
    "Range",
    "Signal",
    "Spread",
    "Step",
    "describe",
    "once_in",
    "spread",
]
