"""The frozen words rooms exchange.

A channel gives `Post`s, `understand` turns a post into a `Reading`, and everything else is built on those two.
Nothing here knows a database, a web page or a model file. Times are aware and in UTC; character offsets count
Unicode code points of the text as it was given, end exclusive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Register(StrEnum):
    """The eight registers of the essays, in the order in which people scan them. Definition: GLOSSARY.md."""

    COMPLAINT = "complaint"
    PROBLEM = "problem"
    QUESTION = "question"
    IDEA = "idea"
    OPPORTUNITY = "opportunity"
    COMPLIMENT = "compliment"
    CRISIS = "crisis"
    CAMPAIGN_ECHO = "campaign_echo"


REGISTERS: tuple[Register, ...] = tuple(Register)

NO_REGISTER = "none"
"""`Reading.primary` of a message that carries no register."""


class Sentiment(StrEnum):
    """Sentiment towards the brand."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    MIXED = "mixed"


class Harm(StrEnum):
    """What kind of harm a message names. Definition: GLOSSARY.md."""

    SAFETY = "safety"
    HEALTH = "health"
    DATA = "data"
    FRAUD = "fraud"
    DISCRIMINATION = "discrimination"
    CRUELTY = "cruelty"
    LAW = "law"
    PRESS = "press"
    BOYCOTT = "boycott"
    MASS_FAILURE = "mass_failure"
    MISCONDUCT = "misconduct"
    ENVIRONMENT = "environment"


HARMS: tuple[Harm, ...] = tuple(Harm)

LANGUAGES: tuple[str, ...] = ("en", "fr", "it", "es", "de", "pt", "nl")
"""ISO 639-1 codes of the languages Octavo reads; any other text is read as `und` (undetermined)."""


class ParentKind(StrEnum):
    ADVERTISEMENT = "advertisement"
    POST = "post"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Parent:
    """What a post stands under. `own` is true where the brand itself wrote it."""

    text: str
    kind: ParentKind = ParentKind.POST
    own: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, as the channel names them. `handle` is unique within the channel."""

    handle: str
    name: str = ""
    url: str = ""
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One public or private message, immutable, as the channel gave it.

    `external_id` is unique within (brand, channel). `reply_to` and `thread` are external ids of the same channel.
    `edited_at` later than what is known makes the text a new version; `deleted` asks that the text be forgotten.
    `own` marks what the brand itself wrote.
    """

    channel: str
    external_id: str
    text: str
    created_at: datetime | None = None
    author: Author | None = None
    url: str = ""
    subject: str = ""
    reply_to: str = ""
    thread: str = ""
    language: str = ""
    brand: str = ""
    parent: Parent | None = None
    reach: int = 0
    edited_at: datetime | None = None
    deleted: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """One item a channel could not take, with what to tell the person. `place` is a line, an item number or an id."""

    place: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of the brand. Where `context` is given, the name counts only beside one of these words ("Orange" + "mobile")."""

    text: str
    context: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignProfile:
    """A campaign the brand declared: what in a message shows that it reacts to the brand's own communication."""

    name: str
    hashtags: tuple[str, ...] = ()
    slogans: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class TopicProfile:
    """A topic the brand follows: the words that name it, and messages that are about it, in any language. A word that ends
    in `*` stands for all it begins."""

    name: str
    words: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LearnedContext:
    """In which company the brand's names mean the brand, as people's word taught it (`understand.context`): weights of a
    message's direction and, last, of none, for vectors of the model `base` (such as `default-2`)."""

    base: str
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BrandProfile:
    """What `understand` needs to know of a brand. An empty profile reads every message as relevant."""

    name: str = ""
    aliases: tuple[Alias, ...] = ()
    handles: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    campaigns: tuple[CampaignProfile, ...] = ()
    languages: tuple[str, ...] = ()
    topics: tuple[TopicProfile, ...] = ()
    context: LearnedContext | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of the text that spoke for `register`: `text[start:end]`, `weight` in log-odds, positive."""

    start: int
    end: int
    weight: float
    register: Register


@dataclass(frozen=True, slots=True)
class Tone:
    """Sentiment towards the brand with the probability of its label (0 to 1)."""

    label: Sentiment
    score: float


@dataclass(frozen=True, slots=True)
class Gravity:
    """How likely one message is a sign of harm beyond one person's case (0 to 1), and the kinds of harm it names."""

    score: float
    kinds: tuple[Harm, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says, by one version of the model.

    `registers` holds the probability (0 to 1) of all eight. `assigned` are those above their thresholds, primary first;
    `primary` is `"none"` exactly when `assigned` is empty. `runner_up` is the most probable register that is not primary.
    `relevance` is the probability that the message is about the brand, `relevant` its verdict. `urgency` is 0 (nothing to
    do) to 3 (wake somebody up). `campaign` names the declared campaign that matched, if one did; `topics` those of the
    brand's topics it speaks of. `abstained` is true where the model is too unsure of `primary` for anybody to rely on
    it. `model` names tier and version, such as `fast-1`.
    """

    id: str
    language: str
    relevant: bool
    relevance: float
    primary: str
    assigned: tuple[Register, ...]
    registers: Mapping[Register, float]
    runner_up: Register
    sentiment: Tone
    urgency: int
    evidence: tuple[Evidence, ...]
    model: str
    campaign: str = ""
    gravity: Gravity = Gravity(0.0)
    topics: tuple[str, ...] = ()
    abstained: bool = False


@dataclass(frozen=True, slots=True)
class Listened:
    """What one turn of a channel's `listen` gave: posts, what was set aside, and where to go on next time."""

    posts: Sequence[Post]
    rejects: Sequence[Reject] = ()
    cursor: Mapping[str, object] = field(default_factory=dict)
    more: bool = False
