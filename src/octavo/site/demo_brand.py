"""The demo brand, put in and taken out whole. Its content is `octavo.site.demo`; this page only keeps and erases it.

Loading goes the way every message goes (`flow.receive`), so that a newcomer sees what Octavo does and not what was
prepared. Both are one transaction and safe to repeat.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from octavo import flow
from octavo.conversations import decide, erase
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, BrandName, Campaign, Conversation, Mention, Note
from octavo.kit import clock
from octavo.people.models import User
from octavo.site import demo


def load(user: User | None) -> Brand:
    """The demo brand with its messages and what colleagues decided. Loaded already, it stays as it is."""
    content = demo.load(clock.now())
    recorder.make_room(content.posts)
    with transaction.atomic():
        brand, is_new = _brand(content.brand)
        if is_new:
            flow.receive(content.posts, brand=brand)
            _decide(user, brand, content.decisions)
    return brand


def remove(user: User | None) -> int:
    """Take the demo brand out with everything it brought, people's changes to it too; the conversations gone."""
    with transaction.atomic():
        return sum(erase.brand(user, brand) for brand in Brand.objects.filter(is_demo=True))


def _brand(content: demo.Brand) -> tuple[Brand, bool]:
    profile = content.profile
    name = profile.name
    while Brand.objects.filter(name__iexact=name, is_demo=False).exists():
        name += " (demo)"  # somebody's real brand is called so
    # The unique slug makes two who load at the same moment wait for each other.
    brand, is_new = Brand.objects.get_or_create(
        slug=content.slug,
        defaults={"name": name, "about": content.about, "languages": list(profile.languages), "is_demo": True},
    )
    if is_new:
        kinds = BrandName.Kind
        names = [BrandName(brand=brand, kind=kinds.NAME, text=a.text, context=list(a.context)) for a in profile.aliases]
        names += [BrandName(brand=brand, kind=kinds.HANDLE, text=handle) for handle in profile.handles]
        names += [BrandName(brand=brand, kind=kinds.PRODUCT, text=product) for product in profile.products]
        BrandName.objects.bulk_create(names)
        Campaign.objects.bulk_create(
            Campaign(
                brand=brand,
                name=campaign.name,
                hashtags=list(campaign.hashtags),
                slogans=list(campaign.slogans),
                links=list(campaign.links),
                starts_on=campaign.starts_on,
                ends_on=campaign.ends_on,
            )
            for campaign in profile.campaigns
        )
    return brand, is_new


def _decide(user: User | None, brand: Brand, decisions: Sequence[demo.Decision]) -> None:
    """What the invented colleagues did. Their notes bear their names, because they are nobody's account."""
    posts = [decision.conversation_of for decision in decisions]
    homes = dict(Mention.objects.filter(brand=brand, external_id__in=posts).values_list("external_id", "conversation"))
    for decision in decisions:
        number = homes[decision.conversation_of]
        decide.set_status(user, [number], Conversation.Status(decision.status), until=decision.snoozed_until)
        if decision.note:
            signed = f"{decision.note}\n– {decision.note_by}" if decision.note_by else decision.note
            note = decide.add_note(user, Conversation.objects.get(pk=number), signed)
            Note.objects.filter(pk=note.pk).update(created_at=decision.at)
