"""What people do with sources, and what is never shown again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.http import Http404

from octavo.channels.trouble import ChannelError, Trouble
from octavo.conversations.models import Brand, Mention
from octavo.listen import access, sources, vault, words
from octavo.listen.models import Source
from octavo.people.models import Event, User

if TYPE_CHECKING:
    from .conftest import Feed


def test_a_secret_is_stored_sealed_and_opens_only_with_the_installations_key(brand: Brand, settings: Any) -> None:
    made = sources.create(None, brand=brand, channel_name="webhook", name="Desk", given={})
    assert made.secret.startswith("whsec_")
    stored = Source.objects.get(pk=made.source.pk)
    assert stored.secret is not None
    assert made.secret.encode() not in bytes(stored.secret)
    assert made.secret not in str(stored.settings)
    assert sources.settings_of(stored).secret == made.secret
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another key that is long enough to be one"
    with pytest.raises(ChannelError) as caught:
        sources.settings_of(stored)
    assert caught.value.trouble is Trouble.BAD_CREDENTIALS
    settings.SECRET_KEY_FALLBACKS = [old]
    assert sources.settings_of(stored).secret == made.secret


def test_a_renewed_secret_takes_the_place_of_the_old_one(brand: Brand) -> None:
    made = sources.create(None, brand=brand, channel_name="webhook", name="Desk", given={})
    renewed = sources.renew_secret(None, made.source)
    assert renewed != made.secret
    assert sources.settings_of(Source.objects.get(pk=made.source.pk)).secret == renewed


def test_settings_are_checked_before_anything_is_kept(brand: Brand) -> None:
    with pytest.raises(ChannelError) as caught:
        sources.create(None, brand=brand, channel_name="rss", name="News", given={"url": "javascript:alert(1)"})
    assert caught.value.trouble is Trouble.BAD_SETTINGS
    assert not Source.objects.exists()


def test_a_name_stands_once_for_each_brand(brand: Brand) -> None:
    given = {"url": "https://example.org/feed"}
    sources.create(None, brand=brand, channel_name="rss", name="News", given=given)
    with pytest.raises(sources.NameTaken):
        sources.create(None, brand=brand, channel_name="rss", name=" News ", given=given)
    other = Brand.objects.create(name="Aurora", slug="aurora")
    assert sources.create(None, brand=other, channel_name="rss", name="News", given=given).source.pk


def test_another_address_starts_over_and_the_same_one_goes_on(brand: Brand) -> None:
    made = sources.create(
        None, brand=brand, channel_name="rss", name="News", given={"url": "https://a.example/f"}
    ).source
    Source.objects.filter(pk=made.pk).update(cursor={"seen": {"x": "y"}})
    sources.change(None, made, name="Press", given={"url": "https://a.example/f"}, dedicated=True)
    assert Source.objects.get(pk=made.pk).cursor == {"seen": {"x": "y"}}
    sources.change(None, made, name="Press", given={"url": "https://b.example/f"}, dedicated=True)
    changed = Source.objects.get(pk=made.pk)
    assert (changed.cursor, changed.name, changed.dedicated) == ({}, "Press", True)


def test_a_source_is_asked_at_most_every_minute(brand: Brand) -> None:
    given = {"url": "https://example.org/feed"}
    every = timedelta(seconds=1)
    made = sources.create(None, brand=brand, channel_name="rss", name="News", given=given, every=every)
    assert made.source.every == timedelta(minutes=1)


def test_trying_out_shows_the_last_five_and_keeps_nothing(brand: Brand, feed: Feed) -> None:
    feed.items = [(str(n), f"Tramonto item {n}") for n in range(9)]
    shown = sources.try_out("rss", {"url": feed.url})
    assert len(shown.posts) == 5
    assert not Mention.objects.exists() and not Source.objects.exists()


def test_the_address_of_a_page_leads_to_its_feed(feed: Feed) -> None:
    feed.items = [("1", "Tramonto")]
    given, title = sources.found_out("rss", {"url": feed.url.removesuffix("feed")})
    assert given["url"] == feed.url
    assert isinstance(title, str)


def test_private_addresses_are_refused_unless_the_installation_allows_them(
    brand: Brand, feed: Feed, settings: Any
) -> None:
    settings.OCTAVO_OPTIONS = settings.OCTAVO_OPTIONS.model_copy(update={"allow_private_feeds": False})
    with pytest.raises(ChannelError) as caught:
        sources.try_out("rss", {"url": feed.url})
    assert caught.value.trouble is Trouble.PRIVATE_ADDRESS
    assert feed.asked == 0


def test_every_change_leaves_a_line_in_the_trail_without_settings_or_secrets(brand: Brand, admin: User) -> None:
    made = sources.create(admin, brand=brand, channel_name="webhook", name="Desk", given={})
    sources.pause(admin, made.source)
    sources.pause(admin, made.source)
    sources.resume(admin, made.source)
    secret = sources.renew_secret(admin, made.source)
    sources.remove(admin, made.source)
    trail = list(Event.objects.filter(kind="source").order_by("pk"))
    assert [event.action for event in trail] == ["added", "paused", "resumed", "renewed secret", "removed"]
    assert not any(secret in str(event.detail) or made.secret in str(event.detail) for event in trail)


def test_a_source_that_is_not_there_or_a_person_who_left_finds_nothing(brand: Brand, user: User) -> None:
    made = sources.create(None, brand=brand, channel_name="webhook", name="Desk", given={}).source
    assert access.source_for(user, made.pk) == made
    with pytest.raises(Http404):
        access.source_for(user, made.pk + 1)
    user.is_active = False
    with pytest.raises(Http404):
        access.source_for(user, made.pk)


def test_every_trouble_has_words_for_what_happened_and_what_to_do() -> None:
    for trouble in Trouble:
        said = words.of_trouble(str(trouble))
        assert str(said.happened) and str(said.next), trouble
    assert words.of_trouble("a trouble of tomorrow").happened


def test_every_state_and_piece_of_advice_has_words() -> None:
    assert set(words.PULSES) == set(sources.Pulse)
    assert set(words.ADVICE) == set(sources.Advice) - {sources.Advice.TROUBLE}
    assert set(sources.followable()) <= set(words.CHANNELS_ABOUT)


def test_nothing_sealed_is_nothing() -> None:
    assert vault.seal({}) is None
    assert vault.unseal(None) == {}
