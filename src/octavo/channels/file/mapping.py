"""Which column holds what: guessed from names and values, shown to the person, overridden by them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from octavo.channels.dates import AHEAD, DateReader, ambiguous, day_first
from octavo.channels.item import FIELDS
from octavo.channels.trouble import ChannelError, Trouble
from octavo.kit import clock
from octavo.kit.html import looks_like_html
from octavo.kit.text import excerpt, fold

# Names under which each field is met, folded (`kit.text.fold`), best first: English, French, Italian, and the exports
# of the networks themselves.
_NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, names in {
        "text": """
            text full_text message body content texte testo contenu contenuto messaggio tweet tweet_text
            tweet_content comment commentaire commento review review_text avis recensione post post_text
            publication post_message caption legende didascalia verbatim description text_display
            snippet_text_display feedback reponse_libre msg texto inhalt
        """,
        "id": """
            id id_str message_id tweet_id post_id comment_id external_id review_id mention_id uuid guid
            identifiant identificativo identifiant_message id_message id_messaggio id_tweet num numero uid
            key
        """,
        "created_at": """
            created_at created date timestamp time datetime created_time published_at published posted_at
            date_published publication_date date_publication date_de_publication data_pubblicazione
            data_di_pubblicazione cree_le date_creation date_de_creation publie_le creato_il pubblicato_il
            data data_creazione data_ora date_heure date_utc tweet_created created_utc published_date
            submitted_at sent_at date_time day jour giorno horodatage review_date
        """,
        "author": """
            author_handle author user_screen_name screen_name username user_name handle user author_username
            account_acct from_username auteur utilisateur pseudo autore utente nome_utente nom_utilisateur
            nom_d_utilisateur reviewer author_screen_name from_id author_id user_id sender expediteur
            mittente compte account profile from
        """,
        "author_name": """
            author_name display_name author_display_name user_display_name full_name name user_name_full
            from_name nom_auteur nom_de_l_auteur nome_autore nom nome reviewer_name account_display_name
            nom_complet nome_completo user_name
        """,
        "author_url": "author_url profile_url user_url account_url author_link url_profil url_profilo",
        "author_followers": """
            author_followers followers follower_count followers_count user_followers_count
            account_followers_count abonnes nombre_abonnes seguaci numero_follower
        """,
        "url": """
            url link permalink permalink_url post_url tweet_url message_url lien adresse collegamento
            indirizzo uri href
        """,
        "lang": "lang language langue lingua language_code lang_code iso_language_code sprache",
        "brand": """
            brand brand_name marque marca company entreprise azienda societe entity airline topic_brand
            client
        """,
        "channel": """
            channel source network platform reseau canal canale rete plateforme piattaforma reseau_social
            site media
        """,
        "subject": "subject title headline sujet titre objet oggetto titolo review_title titre_avis",
        "reply_to": """
            reply_to in_reply_to in_reply_to_id in_reply_to_status_id_str in_reply_to_status_id
            in_reply_to_tweet_id parent_id en_reponse_a risposta_a in_response_to_tweet_id
        """,
        "thread": """
            thread thread_id conversation_id conversation fil discussion discussione filo conversazione
        """,
        "reach": """
            reach impressions views view_count impression_count potential_reach portee vues nombre_de_vues
            copertura portata visualizzazioni metrics_impression_count
        """,
        "parent_text": """
            parent_text parent_message parent_content texte_parent testo_padre ad_text in_reply_to_text
        """,
        "parent_kind": "parent_kind parent_type type_parent tipo_padre",
        "parent_own": "parent_own",
        "edited_at": "edited_at edited updated_at last_edited modifie_le modificato_il",
        "deleted": "deleted is_deleted supprime cancellato eliminato",
        "own": "own is_own from_brand",
        "parent": "parent",
    }.items()
}
_OWN_SHAPE = {"author": "handle", "parent": "text"}  # objects that `ItemReader` takes whole, and what shows them
_IDENTIFIER = re.compile(r"[\w.:/#-]{1,200}$")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?$")
_ESCAPED = re.compile(r"&(?:amp|lt|gt|quot|#39|nbsp);")


@dataclass(frozen=True, slots=True)
class Guess:
    """The column that fills a field. `confidence` is 0 to 1; 1 where a person said so. `samples` are up to three
    values."""

    column: str
    confidence: float
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column fills which field, for the preview and the import.

    `unused` are the columns no field takes. `day_first` tells how 03/04/2025 is read, `day_first_sure` whether the
    dates themselves decided it. `html` and `unescape`: the text is HTML, or holds `&amp;` for `&`.
    """

    fields: Mapping[str, Guess]
    unused: tuple[str, ...]
    day_first: bool
    day_first_sure: bool
    html: bool
    unescape: bool

    @property
    def columns(self) -> dict[str, str]:
        return {field: guess.column for field, guess in self.fields.items()}


def guess(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    told: Mapping[str, str],
    told_day_first: bool | None = None,
    told_html: bool | None = None,
) -> ColumnMapping:
    """The mapping that fits a file whose first items are `rows` (flat: see `flat`) and whose columns are `columns`.

    `told` overrides: field to column, or to "" to leave a field empty. Raises `ChannelError(UNKNOWN_COLUMN)`.
    """
    values = {column: [row[column] for row in rows if row.get(column) not in (None, "")] for column in columns}
    fields: dict[str, Guess] = {}
    for field, column in _told(told, columns).items():
        if column:
            fields[field] = Guess(column, 1.0, _samples(values.get(column, ())))
    taken = {guess.column for guess in fields.values()}
    candidates = [
        (score, field, column)
        for field in _NAMES
        if field not in told
        for column in columns
        if column not in taken and (score := _score(field, column, values[column])) > 0
    ]
    for score, field, column in sorted(candidates, key=lambda found: -found[0]):
        if field not in fields and column not in taken:
            fields[field] = Guess(column, round(score, 2), _samples(values[column]))
            taken.add(column)

    written = [str(value) for value in values.get(fields["created_at"].column, ())] if "created_at" in fields else []
    decided = told_day_first if told_day_first is not None else day_first(written)
    texts = [str(value) for value in values.get(fields["text"].column, ())] if "text" in fields else []
    return ColumnMapping(
        fields={field: fields[field] for field in FIELDS if field in fields},
        unused=tuple(column for column in columns if column not in taken),
        day_first=decided is not False,
        day_first_sure=decided is not None or not any(map(ambiguous, written)),
        html=_share(texts, looks_like_html) > 0.3 if told_html is None else told_html,
        unescape=any(_ESCAPED.search(text) for text in texts),
    )


def flat(item: Mapping[str, Any], prefix: str = "", depth: int = 3) -> dict[str, Any]:
    """An item's values under dotted paths: `{"user": {"name": "x"}}` gives `{"user.name": "x"}`. Lists are left out."""
    found: dict[str, Any] = {}
    for key, value in item.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and _OWN_SHAPE.get(path, "") in value:
            found[path] = value
        elif isinstance(value, dict):
            if depth > 1:
                found.update(flat(value, f"{path}.", depth - 1))
        elif not isinstance(value, list):
            found[path] = value
    return found


def _told(told: Mapping[str, str], columns: Sequence[str]) -> dict[str, str]:
    by_name = {column.casefold(): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for field, column in told.items():
        if field not in FIELDS:
            detail = f"no field is called {excerpt(field, 60)}; there are {', '.join(FIELDS)}"
            raise ChannelError(Trouble.UNKNOWN_COLUMN, detail=detail, retry=False)
        if column and column.casefold() not in by_name:
            known = excerpt(", ".join(columns), 500)
            detail = f"no column is called {excerpt(column, 60)}; there are {known}"
            raise ChannelError(Trouble.UNKNOWN_COLUMN, detail=detail, retry=False)
        found[field] = by_name.get(column.casefold(), "")
    return found


def _score(field: str, column: str, values: Sequence[Any]) -> float:
    """How well a column fits a field, 0 to 1: its name first, then whether its values could be what the field wants."""
    by_name = _by_name(field, fold(column))
    fit = _fit(field, values) if values else 0.5
    if by_name:
        return by_name * (0.4 + 0.6 * fit) if fit >= 0.2 else 0.0
    # Nothing in the name: the values alone speak only for what they cannot be mistaken for.
    if field == "text":
        return 0.5 * fit if fit > 0.5 and _words(values) >= 3 else 0.0
    if field == "created_at":
        return 0.4 * fit if fit > 0.9 and not _share(values, _bare_number) else 0.0
    return 0.0


def _by_name(field: str, name: str) -> float:
    names = _NAMES[field]
    if name in names:
        return 0.98 - 0.2 * names.index(name) / len(names)
    # `customer_review_text`, `texte_du_message`: one of the field's plainest names is a word of it
    words = name.split("_")
    return 0.5 if len(words) > 1 and (names[0] in words or words[-1] in names[:4] or words[0] in names[:4]) else 0.0


def _fit(field: str, values: Sequence[Any]) -> float:
    match field:
        case "text" | "parent_text":
            prose = _share(values, lambda value: isinstance(value, str) and not _bare_number(value))
            return prose * min(1.0, 0.3 + _words(values) / 8)
        case "id":
            plain = _share(values, lambda value: _IDENTIFIER.match(str(value)) is not None)
            return plain * (0.3 + 0.7 * len(set(map(str, values))) / len(values))
        case "created_at" | "edited_at":
            read = DateReader(latest=clock.now() + AHEAD, zone=UTC)
            return _share(values, lambda value: read(value) is not None)
        case "url" | "author_url":
            return _share(values, lambda value: str(value)[:8].lower().startswith(("http://", "https://")))
        case "lang":
            return _share(values, lambda value: _LANGUAGE.match(str(value)) is not None)
        case "reach" | "author_followers":
            return _share(values, _bare_number)
        case "author" | "author_name" | "brand" | "channel" | "parent_kind":
            flat_values = [value for value in values if not isinstance(value, dict)]
            short = _share(flat_values, lambda value: len(str(value)) <= 60 and "<" not in str(value))
            return 1.0 if not flat_values else short if _words(flat_values) <= 5 else 0.0
        case "deleted" | "own" | "parent_own":
            return _share(values, lambda value: len(str(value)) <= 5)
        case "reply_to" | "thread":
            return _share(values, lambda value: _IDENTIFIER.match(str(value)) is not None)
    return 1.0


def _share(values: Sequence[Any], holds: Any) -> float:
    return sum(1 for value in values if holds(value)) / len(values) if values else 0.0


def _words(values: Sequence[Any]) -> float:
    return sum(len(str(value).split()) for value in values) / len(values) if values else 0.0


def _bare_number(value: Any) -> bool:
    return re.fullmatch(r"[-+]?[\d\s.,]+", str(value)) is not None


def _samples(values: Iterable[Any]) -> tuple[str, ...]:
    different = dict.fromkeys(excerpt(str(value), 80) for value in values)
    return tuple(different)[:3]
