"""What a reading and a conversation can be, with names for people."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from octavo.vocabulary import NO_REGISTER


class RegisterChoice(models.TextChoices):
    """The eight registers and `none`, with their names for people. Values are those of `vocabulary.Register`."""

    COMPLAINT = "complaint", _("Complaint")
    PROBLEM = "problem", _("Problem")
    QUESTION = "question", _("Question")
    IDEA = "idea", _("Idea")
    OPPORTUNITY = "opportunity", _("Opportunity")
    COMPLIMENT = "compliment", _("Compliment")
    CRISIS = "crisis", _("Crisis")
    CAMPAIGN_ECHO = "campaign_echo", _("Campaign echo")
    NONE = NO_REGISTER, _("No register")


class SentimentChoice(models.TextChoices):
    NEGATIVE = "negative", _("Negative")
    NEUTRAL = "neutral", _("Neutral")
    POSITIVE = "positive", _("Positive")
    MIXED = "mixed", _("Mixed")


class UrgencyChoice(models.IntegerChoices):
    NOTHING = 0, _("Nothing to do")
    WHEN_POSSIBLE = 1, _("When possible")
    TODAY = 2, _("Today")
    NOW = 3, _("Now")


UNFINISHED = ("open", "pending")
"""Statuses of a conversation that somebody still has to finish."""

GRADES = 4
"""Steps of `Conversation.pressing` for each step of urgency."""
