"""The test suite runs on the embedded PostgreSQL, in a data folder of its own, without waiting for the disk.

`make test` names that folder; run by hand, say `OCTAVO_DATA_DIR=var/test .venv/bin/pytest`.

Fixtures everybody may use: `brand`, `user`, `admin`, `post` (makes a `Post`), `recorded` (reads posts with the fast
tier and keeps them, gives back their mentions). Where a test needs to choose what the reading says, see `by_hand.py`.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from octavo.vocabulary import Author, Post

if TYPE_CHECKING:
    from octavo.conversations.models import Brand, Mention
    from octavo.people.models import User

_SERVER: pytest.StashKey[object] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before the parallel workers; they find it by the folder's name."""
    from octavo.site import options, postgres

    chosen = options.load()
    if chosen.database_url is None and "test" not in chosen.data_dir.name:
        pytest.exit("The tests switch off PostgreSQL's safety: run `make test`, or set OCTAVO_DATA_DIR=var/test.", 2)
    if not hasattr(config, "workerinput"):
        config.stash[_SERVER] = postgres.ensure(chosen, for_tests=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Django empties the tables it manages after a test with real transactions; mentions must go with them."""
    from django.db.backends.postgresql.operations import DatabaseOperations

    plain = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: list[str], **options: bool) -> list[str]:
        also = ["conversations_mention"] if "conversations_conversation" in tables else []
        return plain(self, style, [*tables, *also], **options)

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]


class MakesPosts(Protocol):
    def __call__(self, text: str = ..., *, by: str = ..., **fields: Any) -> Post: ...


class Records(Protocol):
    def __call__(self, *posts: Post, brand: Brand | None = ..., dedicated: bool = ...) -> list[Mention]: ...


@pytest.fixture
def brand(db: None) -> Brand:
    """A brand called Tramonto, known by that name alone."""
    from octavo.conversations.models import Brand

    return Brand.objects.create(name="Tramonto", slug="tramonto", languages=["en", "fr", "it"])


@pytest.fixture
def user(db: None) -> User:
    """A colleague without a password (`client.force_login(user)` signs in)."""
    from octavo.people.models import User

    return User.objects.create_user("ada@example.org", name="Ada")


@pytest.fixture
def admin(db: None) -> User:
    from octavo.people.models import User

    return User.objects.create_user("grace@example.org", name="Grace", is_admin=True)


@pytest.fixture
def post() -> MakesPosts:
    """Makes a post by `by` on the channel "forum", with an id nobody has; any field of `Post` can be given."""
    numbers = itertools.count(1)

    def make(text: str = "Tramonto, my order never came.", *, by: str = "lina", **fields: Any) -> Post:
        number = next(numbers)
        given: dict[str, Any] = {
            "channel": "forum",
            "external_id": f"post-{number}",
            "created_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
            "author": Author(by, by.title()) if by else None,
        }
        return Post(text=text, **{**given, **fields})

    return make


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> Records:
    """Takes posts the whole way in (`flow.receive`: fast tier, recorder) and gives back their mentions, in order."""

    def take(*posts: Post, brand: Brand | None = None, dedicated: bool = False) -> list[Mention]:
        from octavo import flow
        from octavo.conversations.models import Mention

        home: Brand = brand or request.getfixturevalue("brand")
        flow.receive(posts, brand=home, dedicated=dedicated)
        found = {
            (mention.channel, mention.external_id): mention
            for mention in Mention.objects.filter(brand=home, external_id__in=[post.external_id for post in posts])
        }
        return [found[post.channel, post.external_id] for post in posts]

    return take
