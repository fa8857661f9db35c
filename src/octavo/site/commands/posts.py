"""Messages as a person sees them on a terminal, and as a program reads them."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from octavo.site.commands.console import iso, moment, out


def show_posts(posts: Any) -> None:
    for post in posts:
        who = post.author.name or post.author.handle if post.author else "?"
        out.print(f"[bold]{escape(who)}[/], {moment(post.created_at)}: {escape(' '.join(post.text.split())[:300])}")


def post_json(post: Any) -> dict[str, Any]:
    return {
        "id": post.external_id, "text": post.text, "created_at": iso(post.created_at),
        "author": post.author.handle if post.author else None, "url": post.url, "subject": post.subject, "brand": post.brand,
    }  # fmt: skip
