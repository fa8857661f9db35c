"""What the room keeps, a file for each kind of thing."""

from __future__ import annotations

from octavo.conversations.models.brand import Brand, BrandErasure, BrandName, Campaign, ErasedAuthor, Topic
from octavo.conversations.models.choices import GRADES, UNFINISHED, RegisterChoice, SentimentChoice, UrgencyChoice
from octavo.conversations.models.conversation import (
    Author,
    Conversation,
    Mention,
    MentionTopic,
    MentionVersion,
    Note,
    PostKey,
    ThreadKey,
)
from octavo.conversations.models.learned import BrandContext, BrandLearning, Correction, LearnedModel
from octavo.conversations.models.story import Story, StoryEvent, StoryMention, StoryUsual
from octavo.conversations.models.tally import ConversationTally, HourTally, MentionTally

__all__ = [
    "GRADES",
    "UNFINISHED",
    "Author",
    "Brand",
    "BrandContext",
    "BrandErasure",
    "BrandLearning",
    "BrandName",
    "Campaign",
    "Conversation",
    "ConversationTally",
    "Correction",
    "ErasedAuthor",
    "HourTally",
    "LearnedModel",
    "Mention",
    "MentionTally",
    "MentionTopic",
    "MentionVersion",
    "Note",
    "PostKey",
    "RegisterChoice",
    "SentimentChoice",
    "Story",
    "StoryEvent",
    "StoryMention",
    "StoryUsual",
    "ThreadKey",
    "Topic",
    "UrgencyChoice",
]
