"""What `understand` needs to know of a brand, gathered from its rows."""

from __future__ import annotations

from octavo.conversations import contexts
from octavo.conversations.models import Brand, BrandName
from octavo.vocabulary import Alias, BrandProfile, CampaignProfile, TopicProfile


def of(brand: Brand, *, dedicated: bool = False) -> BrandProfile:
    """The profile of a brand. With `dedicated`, everything is about the brand and only its campaigns and topics are
    looked for."""
    campaigns = tuple(
        CampaignProfile(
            name=campaign.name,
            hashtags=tuple(campaign.hashtags),
            slogans=tuple(campaign.slogans),
            links=tuple(campaign.links),
            starts_on=campaign.starts_on,
            ends_on=campaign.ends_on,
        )
        for campaign in brand.campaigns.all()
    )
    topics = tuple(
        TopicProfile(topic.name, tuple(topic.words), tuple(topic.examples))
        for topic in brand.topics.all()
        if topic.deleted_at is None
    )
    if dedicated:
        return BrandProfile(campaigns=campaigns, topics=topics)
    names = list(brand.names.all())
    plain = Alias(brand.name)
    # A product that is also an ordinary word is judged as a name is: by the words beside it.
    aliases = tuple(
        Alias(name.text, tuple(name.context))
        for name in names
        if name.kind == BrandName.Kind.NAME or (name.kind == BrandName.Kind.PRODUCT and name.context)
    )
    return BrandProfile(
        name=brand.name,
        # The brand's own name counts alone unless a row says in which company it does.
        aliases=aliases if any(a.text.casefold() == brand.name.casefold() for a in aliases) else (plain, *aliases),
        handles=tuple(name.text for name in names if name.kind == BrandName.Kind.HANDLE),
        products=tuple(name.text for name in names if name.kind == BrandName.Kind.PRODUCT and not name.context),
        campaigns=campaigns,
        languages=tuple(brand.languages),
        topics=topics,
        context=contexts.of(brand),
    )
