"""Every setting of an installation: one typed class, read from `OCTAVO_...` in the environment.

`load()` reports everything that is wrong at once, in words, before anything starts. `docs/reference/settings.md` is
generated from this class and a test keeps it complete.
"""

from __future__ import annotations

import secrets
import sys
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PostgresDsn, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "OCTAVO_"


def _default_data_dir() -> Path:
    """`var/` of the checkout when run from one, else the user's data folder."""
    root = Path(__file__).resolve().parents[3]
    if (root / "pyproject.toml").exists():
        return root / "var"
    from platformdirs import user_data_path

    return user_data_path("octavo")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; write it like Europe/Rome") from error
    return name


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Names = Annotated[list[str], NoDecode, BeforeValidator(_split)]


class Options(BaseSettings):
    """Settings of one installation. Lists are written with commas."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=_default_data_dir,
        description="Folder of everything Octavo keeps outside the database: the embedded PostgreSQL, keys, uploads. "
        "In a checkout `var/`, else the user's data folder.",
    )
    database_url: PostgresDsn | None = Field(
        default=None,
        description="Any PostgreSQL from version 15 on. Without it an embedded one lives in the data folder.",
    )
    host: str = Field(default="127.0.0.1", description="Address the web server listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the web server listens on.")
    web_processes: int = Field(
        default=2,
        ge=1,
        le=8,
        description="Processes that serve the pages. Two keep two processor cores busy; each takes about 160 MB, and "
        "280 more once calls brought something that might ring.",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^/\s]+)?$",
        description="Address people use, such as https://octavo.example.org. Needed behind a proxy; with https, cookies become secure.",
    )
    allowed_hosts: Names = Field(
        default_factory=list,
        description="Further host names the web server answers to, besides localhost and that of the public URL.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Signs sessions and encrypts secrets of accounts. Without it one is made once and kept in the data folder.",
    )
    language: Literal["en", "fr", "it"] = Field(
        default="en", description="Interface language before a person has chosen one."
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC", description="Zone times are shown in before a person has chosen one."
    )
    debug: bool = Field(default=False, description="Error pages with details. Never in production.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level logged.")
    log_format: Literal["text", "json"] = Field(
        default="text", description="One line of text or one JSON object an event."
    )
    allow_private_feeds: bool = Field(
        default=False,
        description="Let sources fetch from private and loopback addresses. Only for an intranet whose people are all trusted.",
    )
    upload_limit_mb: int = Field(
        default=512, ge=1, le=8192, description="Largest file taken by the import page, in megabytes."
    )
    api_rate: int = Field(
        default=600, ge=1, description="Requests a minute each API token may make; a batch counts as one request."
    )
    model_cache: Path | None = Field(
        default=None,
        description="Folder of the sentence encoder prepared at set-up. Without it, the user's cache folder.",
    )
    worker_tier: Literal["accurate", "default", "fast"] = Field(
        default="accurate",
        description="Model by which messages are read again, and by whose word a fresh one rings; `default` is quicker and "
        "reads a little less well, `fast` spares the processor and skips the second reading.",
    )

    mail_host: str = Field(
        default="", description="Mail server that alerts are sent through. Without one, nobody gets e-mail."
    )
    mail_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    mail_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the mail server is spoken to: `starttls` (port 587), `tls` (port 465), or `none`, for one on this machine.",
    )
    mail_user: str = Field(default="", description="Name at the mail server, where it asks for one.")
    mail_password: SecretStr | None = Field(default=None, description="Password at the mail server.")
    mail_from: str = Field(default="octavo@localhost", description="Sender of e-mail.")

    @property
    def postgres_dir(self) -> Path:
        return self.data_dir / "postgres"

    def key(self) -> str:
        """The secret key: the one given, else the one kept in the data folder, made on first use."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        path = self.data_dir / "secret-key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"secret-key.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                path.hardlink_to(draft)  # atomic: of two that start at once, one wins
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text().strip()


def complaints(error: ValidationError) -> list[str]:
    """One line for each wrong setting: its variable, what is wrong, and what was given (never a secret)."""
    lines = []
    for item in error.errors(include_url=False):
        name = PREFIX + "_".join(str(part) for part in item["loc"][:1]).upper()
        given = (
            ""
            if any(word in name.lower() for word in ("secret", "password", "url"))
            else f" (given: {item.get('input')!r})"
        )
        lines.append(f"{name}: {item['msg'].removeprefix('Value error, ')}{given}")
    return lines


def page() -> str:
    """All settings as a Markdown table; `docs/reference/settings.md` is this."""
    lines = [
        "# Settings",
        "",
        "Read from the environment; what is wrong is reported at start, all at once. Lists are written",
    ]
    lines += ["with commas.", "", "| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Options.model_fields.items():
        default = field.get_default()
        shown = "" if field.default_factory or default in (None, "") else f"`{str(default).lower()}`"
        if isinstance(default, str) and default:
            shown = f"`{default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


@lru_cache(maxsize=1)
def load() -> Options:
    """The settings of this process; ends it with the list of what is wrong."""
    try:
        return Options()
    except ValidationError as error:
        print("These settings are wrong; mend them in the environment and start again:", file=sys.stderr)  # noqa: T201
        for line in complaints(error):
            print(f"  {line}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
