"""What the models see of a text: what should change nothing about its reading is taken away, every place kept.

A message that is capitals from end to end is read in small letters, and the greeting before it is left out: nobody means
something else by "HELLO, MY TRAIN IS LATE" than by "my train is late".
"""

from __future__ import annotations

import re

_GREETING = re.compile(
    r"""\W*(?:hello|hiya|hi|hey|good\ (?:morning|afternoon|evening|day)|bonjour|bonsoir|salut|coucou|bjr|slt|
    buon\ ?giorno|buona\ ?sera|buon\ ?pomeriggio|buond[iì]|ciao|salve|buenas(?:\ tardes|\ noches)?|buenos\ d[ií]as|hola|
    guten\ (?:tag|morgen|abend)|hallo|moin|servus|gr[uü]ezi|bom\ dia|boa\ (?:tarde|noite)|ol[aá]|oi|
    goede(?:n)?\ ?(?:morgen|middag|avond|dag)|hoi)
    (?:\ (?:there|all|everyone|team|again|à\ tous|tout\ le\ monde|a\ tutti|a\ todos|zusammen|allemaal|pessoal))?
    (?=[\s,.!:;–])[\s,.!:;–-]*""",
    re.IGNORECASE | re.VERBOSE,
)
_FEWEST = 4
"""Letters in which capitals mean anything, and characters that must follow a greeting: a mere "Hello" is a message."""


def plain(text: str) -> str:
    """The same number of characters; what is taken away became spaces."""
    greeting = _GREETING.match(text)
    if greeting and len(text) - greeting.end() >= _FEWEST:
        text = " " * greeting.end() + text[greeting.end() :]
    if text.isupper():
        small = text.lower()
        if len(small) == len(text) and sum(map(str.isalpha, small)) >= _FEWEST:
            return small
    return text
