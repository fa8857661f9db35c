"""Text in, reading out: language, relevance, registers, sentiment, urgency, campaign, evidence. Begin with
`pipeline`.
"""

from octavo.understand.encoder import prepare
from octavo.understand.model import version as model_version
from octavo.understand.model import within_reach
from octavo.understand.pipeline import explain, read
from octavo.understand.readings import Readings
from octavo.understand.runtime import EncoderUnavailable
from octavo.understand.tier import Tier

__all__ = ["EncoderUnavailable", "Readings", "Tier", "explain", "model_version", "prepare", "read", "within_reach"]
