"""The shapes of the API, in and out. What goes out is named as in `vocabulary`; probabilities are 0 to 1.

`register_` is `register` outside: the name belongs to the metaclass of the schemas.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, WithJsonSchema

from octavo.site.api import cursors
from octavo.vocabulary import Harm, ParentKind, Register, Sentiment

MOST_LISTED = 200
MOST_SENT = 1_000
MOST_READ = 200
LONGEST_READ = 20_000
MAX_NUMBER = 2**63 - 1

# Written out for the type checker; a test holds them to `vocabulary`.
RegisterName = Literal[
    "complaint", "problem", "question", "idea", "opportunity", "compliment", "crisis", "campaign_echo", "none"
]
LanguageName = Literal["en", "fr", "it", "es", "de", "pt", "nl", "und"]
_Nul = Annotated[str, AfterValidator(lambda text: text.replace("\x00", ""))]
Slug = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]{1,140}$")]
Channel = Annotated[str, Field(pattern=r"^[-a-z0-9_.]{1,40}$")]
Number = Annotated[int, Field(ge=1, le=MAX_NUMBER)]
Limit = Annotated[int, Field(ge=1, le=MOST_LISTED)]
CURSOR = "`next` of the page before."

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?")

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _written(value: Any) -> Any:
    # pydantic would also take seconds since 1970; the document says ISO 8601, so nothing else counts.
    if isinstance(value, str) and not _MOMENT.fullmatch(value):
        raise ValueError("write a moment as 2026-03-02T09:00:00Z, or a day as 2026-03-02")
    if isinstance(value, int | float):
        raise ValueError("write a moment as 2026-03-02T09:00:00Z, or a day as 2026-03-02")
    return value


def _aware(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # a moment of the year 1 or 9999 that is none in UTC
        return moment.replace(tzinfo=UTC)


Moment = Annotated[
    datetime,
    BeforeValidator(_written),
    AfterValidator(_aware),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment in ISO 8601; without a zone it is UTC."""


def _written_day(value: Any) -> Any:
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("write a day as 2026-03-02")
    return value


Day = Annotated[date, BeforeValidator(_written_day), WithJsonSchema({"type": "string", "format": "date"})]


class AuthorOut(Schema):
    handle: str
    name: str
    url: str
    followers: int | None


class ParentOut(Schema):
    text: str
    kind: str
    own: bool


class Probabilities(Schema):
    complaint: float
    problem: float
    question: float
    idea: float
    opportunity: float
    compliment: float
    crisis: float
    campaign_echo: float


class ToneOut(Schema):
    label: Sentiment
    score: float = Field(description="Probability of the label.")


class GravityOut(Schema):
    score: float = Field(description="Probability that it is a sign of harm beyond one person's case.")
    kinds: list[Harm] = Field(description="The kinds of harm it names.")


class EvidenceOut(Schema):
    start: int = Field(description="In Unicode code points of `text`.")
    end: int = Field(description="Exclusive.")
    weight: float = Field(description="Log-odds.")
    register_: Register = Field(alias="register")


class ReadingOut(Schema):
    """What a message says, by one version of the model, with people's corrections laid over it."""

    language: str = Field(description="ISO 639-1, or `und`.")
    relevant: bool = Field(description="Whether the message is about the brand.")
    relevance: float
    primary: RegisterName
    assigned: list[Register] = Field(
        description="All registers that apply, primary first; empty where `primary` is `none`."
    )
    registers: Probabilities
    runner_up: RegisterName
    sentiment: ToneOut
    urgency: int = Field(ge=0, le=3, description="0 nothing to do, 1 when possible, 2 today, 3 now.")
    gravity: GravityOut
    campaign: str = Field(description="The declared campaign it echoes, if any.")
    topics: list[str] = Field(description="The brand's own topics it speaks of, by name.")
    abstained: bool = Field(description="The model is too unsure of `primary` for anybody to rely on it.")
    evidence: list[EvidenceOut] = Field(description="The words that weighed most.")
    model: str
    corrected: list[str] = Field(default=[], description="Fields a person has corrected.")


class MessageOut(Schema):
    id: int
    brand: str
    channel: str
    external_id: str
    conversation: int
    author: AuthorOut | None
    published_at: datetime
    received_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None = Field(description="Deleted on its channel; its text is gone here as well.")
    subject: str
    text: str
    url: str
    parent: ParentOut | None = Field(description="What it stands under.")
    reach: int
    own: bool = Field(description="The brand itself wrote it.")
    reading: ReadingOut


class MessagePage(Schema):
    items: list[MessageOut]
    next: str | None = Field(description="`cursor` of the following page; null on the last one.")


class Narrowed(Schema):
    """Filters that messages and conversations share. Several values of one filter mean any of them."""

    brand: list[Slug] = Field(default=[], max_length=50)
    register_: list[RegisterName] = Field(default=[], max_length=20, alias="register")
    language: list[LanguageName] = Field(default=[], max_length=20)
    sentiment: list[Sentiment] = Field(default=[], max_length=10)
    urgency: list[Literal["0", "1", "2", "3"]] = Field(default=[], max_length=10)
    channel: list[Channel] = Field(default=[], max_length=50)
    topic: list[Slug] = Field(
        default=[], max_length=50, description="The brand's own topics, by the name in their address (`late-delivery`)."
    )
    about: Literal["yes", "no", "any"] = Field(default="yes", description="Whether they are about the brand.")
    q: _Nul = Field(
        default="", max_length=200, description='Words, as on a search engine: `late "gate change" -refund`.'
    )
    limit: Limit = 50


class MessageFilter(Narrowed):
    cursor: str = Field(default="", pattern=cursors.OF_MESSAGES, description=CURSOR)
    since: Moment | None = Field(default=None, description="Published at this moment or later.")
    until: Moment | None = Field(default=None, description="Published before this moment.")
    own: Literal["true", "false"] | None = Field(default=None, description="Written by the brand itself.")
    conversation: Number | None = None


class ConversationFilter(Narrowed):
    cursor: str = Field(default="", pattern=cursors.OF_CONVERSATIONS, description=CURSOR)
    tab: Literal["all", "mine", "unassigned", "snoozed", "done"] = Field(
        default="all", description="`all`, `mine` and `unassigned` are those somebody still has to finish."
    )
    sort: Literal["newest", "urgent"] = "newest"
    since: Day | None = Field(default=None, description="Last message on this day (UTC) or later.")
    until: Day | None = Field(default=None, description="Last message on this day (UTC) or before.")


_MESSAGE_IN: dict[str, Any] = {
    "title": "MessageIn",
    "description": (
        "One message. A message that cannot be taken is set aside with its reason and costs the others nothing, so "
        "anything is accepted here; what counts is `text` and these fields."
    ),
    "examples": [
        {
            "id": "post-17",
            "text": "The lid came off and the soup is in my bag.",
            "created_at": "2026-03-02T09:00:00Z",
            "author": {"handle": "lina", "name": "Lina", "followers": 120},
            "url": "https://forum.example.org/t/17",
            "lang": "en",
        }
    ],
    "anyOf": [
        {
            "type": "object",
            "required": ["text"],
            "properties": {
                "id": {
                    "type": "string",
                    "description": "Unique within brand and channel. Sent again, it is the same message.",
                },
                "text": {"type": "string", "maxLength": 1_000_000},
                "created_at": {"type": "string", "description": "ISO 8601, RFC 2822 or seconds since 1970."},
                "author": {
                    "description": "A handle, or an object.",
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": {
                                "handle": {"type": "string"},
                                "name": {"type": "string"},
                                "url": {"type": "string"},
                                "followers": {"type": "integer", "minimum": 0},
                            },
                        },
                    ],
                },
                "channel": {"type": "string", "description": "Where it was said; `api` where it is not given."},
                "url": {"type": "string"},
                "subject": {"type": "string"},
                "reply_to": {"type": "string", "description": "Id of the message it answers."},
                "thread": {"type": "string", "description": "The channel's id of the conversation."},
                "lang": {"type": "string", "description": "ISO 639-1, where it is known."},
                "parent": {
                    "type": "object",
                    "description": "What it stands under.",
                    "properties": {
                        "text": {"type": "string"},
                        "kind": {"enum": [str(kind) for kind in ParentKind]},
                        "own": {"type": "boolean"},
                    },
                },
                "reach": {"type": "integer", "minimum": 0},
                "edited_at": {"type": "string"},
                "deleted": {"type": "boolean", "description": "Deleted on its channel: its text is forgotten here."},
                "own": {"type": "boolean", "description": "The brand itself wrote it."},
            },
        },
        {},
    ],
}


class MessagesIn(Schema):
    """A batch of messages of one brand."""

    brand: Slug = Field(description="The brand's slug, as in its address.")
    messages: list[Annotated[Any, WithJsonSchema(_MESSAGE_IN)]] = Field(min_length=1, max_length=MOST_SENT)


class MessageResult(Schema):
    """What became of one message of a batch."""

    index: int = Field(description="Its place in the batch, from 0.")
    outcome: Literal["new", "known", "edited", "deleted", "rejected"]
    id: str | None = Field(description="Its id on its channel; null where it was rejected.")
    message: int | None = Field(description="Its number here, for GET /messages/{number}.")
    reason: str = Field(default="", description="Why it was rejected.")


class MessagesResult(Schema):
    results: list[MessageResult]
    new: int
    known: int
    edited: int
    deleted: int
    rejected: int


class ParentIn(Schema):
    text: str = Field(max_length=LONGEST_READ)
    kind: ParentKind = ParentKind.POST
    own: bool = False


class TextIn(Schema):
    text: str = Field(max_length=LONGEST_READ)
    id: str = Field(default="", max_length=500, description="Given back beside the reading.")
    lang: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = ""
    parent: ParentIn | None = None


class TextsIn(Schema):
    """Texts to be read without being kept."""

    texts: list[TextIn] = Field(min_length=1, max_length=MOST_READ)
    brand: Slug | None = Field(
        default=None, description="Judge relevance, campaigns and topics for this brand; else all is relevant."
    )
    tier: Literal["fast", "default", "accurate"] = Field(
        default="fast", description="`default` reads better and takes longer, `accurate` best and longest."
    )


class ReadingWithId(ReadingOut):
    id: str


class ReadingsOut(Schema):
    readings: list[ReadingWithId] = Field(description="In the order of `texts`.")


class PersonOut(Schema):
    email: str
    name: str


class ConversationOut(Schema):
    """A conversation. `register` to `language` are those of `head`, the message that needs a person most."""

    id: int
    brand: str
    channel: str
    subject: str
    status: Literal["open", "pending", "snoozed", "resolved"]
    assignee: PersonOut | None
    snoozed_until: datetime | None
    first_at: datetime
    last_at: datetime
    waiting_since: datetime | None = Field(description="When the oldest unanswered message was published.")
    resolved_at: datetime | None
    messages: int = Field(description="How many; list them with GET /messages?conversation=…&about=any.")
    head: int
    author_name: str
    register_: RegisterName = Field(alias="register")
    register_probability: float
    sentiment: Sentiment
    urgency: int = Field(ge=0, le=3)
    relevant: bool
    language: str
    excerpt: str


class ConversationPage(Schema):
    items: list[ConversationOut]
    next: str | None = Field(description="`cursor` of the following page; null on the last one.")


class ConversationChange(Schema):
    """What is given is changed, what is left out stays."""

    status: Literal["open", "pending", "snoozed", "resolved"] | None = None
    snoozed_until: Moment | None = Field(
        default=None, description="In the future; goes with `snoozed`, and only with it."
    )
    assignee: str | None = Field(
        default=None, max_length=254, description="A colleague's e-mail address; null for nobody."
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})


class HealthOut(Schema):
    pulse: Literal["alive", "late", "failing", "paused", "never"]
    since: datetime | None
    delay_seconds: float | None = Field(description="Between writing and arrival of its latest message.")
    trouble: str | None = Field(description="What is wrong, as a code.")
    next_at: datetime | None


class SourceOut(Schema):
    """A source. Its settings may hold secrets and are not shown."""

    id: int
    brand: str | None = Field(description="Null for a file with several brands.")
    channel: str
    name: str
    state: Literal["active", "paused"]
    dedicated: bool = Field(description="Everything from here is about the brand.")
    created_at: datetime
    last_try_at: datetime | None
    last_success_at: datetime | None
    last_post_at: datetime | None
    messages: int
    rejected: int
    health: HealthOut


class SourceFilter(Schema):
    cursor: str = Field(default="", pattern=cursors.OF_SOURCES, description=CURSOR)
    limit: Limit = 50


class SourcePage(Schema):
    items: list[SourceOut]
    next: str | None = Field(description="`cursor` of the following page; null on the last one.")


class SourceChange(Schema):
    state: Literal["active", "paused"]

    model_config = ConfigDict(extra="forbid")
