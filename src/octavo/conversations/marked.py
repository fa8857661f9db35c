"""A text with its evidence marked, as HTML that is safe whatever the text holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

from octavo.conversations.models import RegisterChoice
from octavo.vocabulary import REGISTERS


def spans(text: str, evidence: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Start, end and register of each span, in order. Spans that overlap an earlier one or lie outside the text are left
    out: offsets come from a model and are not to be trusted."""
    at = 0
    for start, end, index, _weight in sorted(zip(*[iter(evidence)] * 4, strict=False)):
        if at <= start < end <= len(text) and 0 <= index < len(REGISTERS):
            yield start, end, str(REGISTERS[index])
            at = end


def marked(text: str, evidence: Sequence[int], *, titles: bool = True) -> SafeString:
    """`text` escaped, its evidence in `<mark class="REGISTER">`. `evidence` is flat: start, end, register index, weight."""
    if not evidence:
        return mark_safe(escape(text))  # noqa: S308 escaped
    parts: list[str] = []
    at = 0
    for start, end, register in spans(text, evidence):
        title = f' title="{escape(str(RegisterChoice(register).label))}"' if titles else ""
        parts += (escape(text[at:start]), f'<mark class="{register}"{title}>', escape(text[start:end]), "</mark>")
        at = end
    parts.append(escape(text[at:]))
    return mark_safe("".join(parts))  # noqa: S308 every part from outside went through escape


def strongest(text: str, evidence: Sequence[int], register: str) -> str:
    """The words that spoke most for `register`, or nothing."""
    speaking = (
        span
        for span in zip(*[iter(evidence)] * 4, strict=False)
        if 0 <= span[0] < span[1] <= len(text) and 0 <= span[2] < len(REGISTERS) and REGISTERS[span[2]] == register
    )
    found = max(speaking, key=lambda span: span[3], default=None)
    return text[found[0] : found[1]] if found else ""
