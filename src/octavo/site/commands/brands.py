"""Brands, and the invented one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from octavo.site.commands.console import JsonOption, err, out, print_json, table
from octavo.site.commands.starting import octavo

if TYPE_CHECKING:
    from octavo.conversations.models import Brand

app = typer.Typer(help="Brands: whom you speak for.", no_args_is_help=True)
demo_app = typer.Typer(help="The demo brand: invented, and gone in one action.", no_args_is_help=True)


@app.command("list")
def brands_list(as_json: JsonOption = False) -> None:
    """All brands."""
    with octavo():
        from octavo.conversations.models import Brand

        brands = list(Brand.objects.prefetch_related("names", "campaigns"))
        if as_json:
            print_json(
                [
                    {"id": b.pk, "name": b.name, "slug": b.slug, "languages": b.languages, "demo": b.is_demo}
                    for b in brands
                ]
            )
            return
        shown = table("no", "name", "names", "campaigns")
        for brand in brands:
            names = ", ".join(name.text for name in brand.names.all())
            shown.add_row(str(brand.pk), escape(brand.name), escape(names), str(len(brand.campaigns.all())))
        out.print(shown)


@demo_app.command("load")
def demo_load() -> None:
    """Load the demo brand with a month of messages. Where it is loaded already, it stays as it is."""
    with octavo():
        from octavo.site import demo_brand

        brand = demo_brand.load(None)
        out.print(f"The demo brand {escape(brand.name)} is there.")


@demo_app.command("remove")
def demo_remove() -> None:
    """Take the demo brand out, with everything it brought."""
    with octavo():
        from octavo.site import demo_brand

        out.print(f"Removed, with {demo_brand.remove(None)} conversations.")


def brand_named(name: str, *, make: bool = True) -> Brand:
    from octavo.listen import brands

    found = brands.find(name)
    if found is None:
        if not make:
            from octavo.conversations.models import Brand

            return Brand(name=name.strip())
        found = brands.make(name)
        err.print(f"Brand {escape(found.name)} made.")
    return found
