"""Pages of sources and imports, and the address webhooks call. Every change is an administrator's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app as jobs
from procrastinate.exceptions import AlreadyEnqueued

from octavo.channels.contract import Listens
from octavo.channels.registry import channel
from octavo.channels.trouble import ChannelError, Trouble
from octavo.channels.webhook import MAX_BODY
from octavo.conversations import access as conversations_access
from octavo.conversations.models import Brand
from octavo.conversations.words import span
from octavo.kit.limits import Bucket
from octavo.listen import access, backlog, importing, sources, tiers, words
from octavo.listen import brands as named
from octavo.listen.forms import MappingForm, SourceForm, UploadForm
from octavo.listen.models import FileImport, Source
from octavo.listen.running import is_running
from octavo.people import person
from octavo.understand import Tier, model_version
from octavo.vocabulary import Post, Reject

Receive = Callable[[Source, Mapping[str, str], bytes], Sequence[Post | Reject]]

REJECTS_A_PAGE = 100
RUN_IMPORT = "octavo.run_import"
"""The job that imports a file; run by whoever works off the queue."""
CALLS_A_SECOND, CALLS_AT_ONCE = 50.0, 200
"""Calls a webhook may make: a steady rate, and how many may come together."""

_calls = Bucket(rate=CALLS_A_SECOND, burst=CALLS_AT_ONCE)


# Sources


@require_safe
def sources_page(request: HttpRequest) -> HttpResponse:
    """All sources, those that need somebody first."""
    user = person.of(request)
    found = access.sources_for(user).exclude(channel="file")
    rows = sorted((_felt(source) for source in found), key=lambda row: _ORDER.index(row["health"].pulse))
    imports = access.imports_for(user)[:10]
    context = {"rows": rows, "imports": imports, "unread": _unread(), "channels": _followable()}
    return render(request, "listen/sources.html", context)


@require_safe
def source_new(request: HttpRequest) -> HttpResponse:
    """Which kind of source?"""
    user = person.administrator(request)
    brands = conversations_access.brands_for(user).exists()
    return render(request, "listen/source_new.html", {"channels": _followable(), "has_brand": brands})


@require_http_methods(["GET", "HEAD", "POST"])
def source_add(request: HttpRequest, name: str) -> HttpResponse:
    """Describe a source, try it ("show me the last five"), follow it."""
    user = person.administrator(request)
    if name not in sources.followable():
        raise Http404
    form = SourceForm(request.POST or None, channel_name=name, brands=conversations_access.brands_for(user))
    tried = None
    if request.method == "POST" and form.is_valid():
        try:
            given, title = sources.found_out(name, form.given())
            if "try" in request.POST:
                tried = sources.try_out(name, given)
            else:
                made = sources.create(
                    user,
                    brand=form.cleaned_data["brand"],
                    channel_name=name,
                    name=form.cleaned_data["name"] or title or str(words.CHANNELS[name]),
                    given=given,
                    dedicated=form.cleaned_data["dedicated"],
                    every=form.every(),
                )
                if made.secret:
                    request.session[_secret_key(made.source)] = made.secret
                messages.success(request, _("The source is followed."))
                return redirect("source", number=made.source.pk)
        except ChannelError as error:
            form.refuse(words.of_trouble(str(error.trouble)), field=_blamed(form))
        except sources.NameTaken:
            form.add_error("name", _("This brand has a source of that name already."))
    context = {"form": form, "channel": name, "tried": tried, "can_try": isinstance(channel(name), Listens)}
    return render(request, "listen/source_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def source_edit(request: HttpRequest, number: int) -> HttpResponse:
    """Change a source's name, settings and rhythm."""
    user = person.administrator(request)
    source = access.source_for(user, number)
    if source.channel not in sources.followable():
        raise Http404
    brands = conversations_access.brands_for(user)
    form = SourceForm(request.POST or None, channel_name=source.channel, brands=brands, source=source)
    if request.method == "POST" and form.is_valid():
        try:
            given, _title = (
                sources.found_out(source.channel, form.given()) if form.has_changed() else (form.given(), "")
            )
            sources.change(
                user,
                source,
                name=form.cleaned_data["name"],
                given=given,
                dedicated=form.cleaned_data["dedicated"],
                every=form.every(),
            )
            messages.success(request, _("Saved."))
            return redirect("source", number=source.pk)
        except ChannelError as error:
            form.refuse(words.of_trouble(str(error.trouble)), field=_blamed(form))
        except sources.NameTaken:
            form.add_error("name", _("This brand has a source of that name already."))
    context = {"form": form, "channel": source.channel, "source": source}
    return render(request, "listen/source_form.html", context, status=422 if form.errors else 200)


@require_safe
def source_page(request: HttpRequest, number: int) -> HttpResponse:
    """One source: alive or not, since when, why, what to do; and what it could not take."""
    user = person.of(request)
    source = access.source_for(user, number)
    pages = Paginator(source.rejected.all(), REJECTS_A_PAGE)
    context = {
        **_felt(source),
        "rejects": pages.get_page(request.GET.get("page")),
        "hook": request.build_absolute_uri(reverse("hook", args=[source.key])) if source.channel == "webhook" else "",
        "secret": request.session.pop(_secret_key(source), ""),
        "imports": source.imports.all()[:5] if source.channel == "file" else (),
        "minutes": round(source.every.total_seconds() / 60) if source.every else 0,
        "delay": span(source.last_delay) if source.last_delay else "",
        "can_test": isinstance(channel(source.channel), Listens) and source.channel != "file",
        "can_edit": source.channel in sources.followable(),
    }
    return render(request, "listen/source.html", context)


@require_POST
def source_test(request: HttpRequest, number: int) -> HttpResponse:
    """Show the last five messages; nothing is stored."""
    source = access.source_for(person.administrator(request), number)
    try:
        context: dict[str, Any] = {"tried": sources.test(source)}
    except ChannelError as error:
        context = {"said": words.of_trouble(str(error.trouble)), "detail": error.detail}
    return render(request, "listen/source_test.html", {"source": source, **context})


@require_POST
def source_act(request: HttpRequest, number: int, action: str) -> HttpResponse:
    """Pause, resume, ask at once, or make a new secret."""
    user = person.administrator(request)
    source = access.source_for(user, number)
    match action:
        case "pause":
            sources.pause(user, source)
            messages.success(request, _("Paused. Nothing more is taken from it until you resume it."))
        case "resume":
            sources.resume(user, source)
            messages.success(request, _("It is followed again."))
        case "ask":
            sources.ask_now(user, source)
            messages.success(request, _("It will be asked within half a minute."))
        case "renew-secret" if source.channel == "webhook":
            request.session[_secret_key(source)] = sources.renew_secret(user, source)
            messages.success(request, _("There is a new secret; the old one is void."))
        case _:
            raise Http404
    return redirect("source", number=source.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def source_remove(request: HttpRequest, number: int) -> HttpResponse:
    """Ask once, then follow it no longer. Its messages stay."""
    user = person.administrator(request)
    source = access.source_for(user, number)
    if request.method == "POST":
        sources.remove(user, source)
        messages.success(request, _("The source is removed; its messages stay."))
        return redirect("sources")
    return render(request, "listen/source_remove.html", {"source": source})


# Imports


@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """Hand in a file; see those that came before."""
    user = person.of(request)
    form = UploadForm(limit_mb=settings.OCTAVO_OPTIONS.upload_limit_mb)
    if request.method == "POST":
        user = person.administrator(request)
        form = UploadForm(request.POST, request.FILES, limit_mb=settings.OCTAVO_OPTIONS.upload_limit_mb)
        if form.is_valid():
            upload = form.cleaned_data["file"]
            job = importing.draft(_keep(upload), filename=upload.name, user=user)
            return redirect("import-show", number=job.pk)
    imports = Paginator(access.imports_for(user), 50).get_page(request.GET.get("page"))
    context = {"form": form, "imports": imports, "unread": _unread()}
    return render(request, "listen/import.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def import_show(request: HttpRequest, number: int) -> HttpResponse:
    """One file: its columns to be checked, its progress, or its result."""
    job = access.import_for(person.of(request), number)
    if job.state == FileImport.State.MAPPING:
        return _check(request, job)
    running = is_running(job)
    context = {
        "job": job,
        "running": running,
        "waiting": job.state == FileImport.State.RUNNING and not running,
        "said": words.of_trouble(job.trouble) if job.trouble else None,
        "warnings": [(count, words.WARNINGS.get(name, name)) for name, count in job.warnings.items()],
        "rejects": job.source.rejected.order_by("pk")[:20] if job.source else (),
        "unread": _unread() if job.state == FileImport.State.DONE else 0,
        "rate": round(importing.rate(job)),
        "seconds_left": importing.seconds_left(job),
    }
    return render(request, "listen/import_show.html", context)


def _check(request: HttpRequest, job: FileImport) -> HttpResponse:
    """How the columns would be read; look again with others, or start."""
    user = person.administrator(request)
    brands = conversations_access.brands_for(user)
    choices = importing.Choices(**job.options)
    try:
        seen = importing.look(job.path, choices)
    except ChannelError as error:
        said = words.of_trouble(str(error.trouble))
        return render(
            request, "listen/import_refused.html", {"job": job, "said": said, "detail": error.detail}, status=422
        )
    only = brands.first() if brands.count() == 1 else None
    form = MappingForm(
        request.POST or None, columns=seen.columns, brands=brands, initial=MappingForm.initial_of(seen, brand=only)
    )
    if request.method == "POST" and form.is_valid():
        choices = form.choices(choices)
        if "start" in request.POST:
            return _start(request, job, form, choices)
        job.options = importing.as_options(choices)
        job.save(update_fields=["options"])
        seen = importing.look(job.path, choices)
    context = {"job": job, "form": form, "seen": seen, "columns": _columns(form, seen)}
    return render(request, "listen/import_check.html", context, status=422 if form.errors else 200)


def _start(request: HttpRequest, job: FileImport, form: MappingForm, choices: importing.Choices) -> HttpResponse:
    user = person.administrator(request)
    brand = _chosen_brand(form)
    try:
        begun = importing.begin_draft(job, choices=choices, brand=brand, user=user)
    except (ChannelError, importing.NoBrand) as error:
        trouble = str(error.trouble) if isinstance(error, ChannelError) else str(Trouble.UNKNOWN_COLUMN)
        said = words.of_trouble(trouble)
        return render(request, "listen/import_refused.html", {"job": job, "said": said, "detail": ""}, status=422)
    if begun.again and begun.job.state == FileImport.State.DONE:
        messages.info(request, _("This very file was imported before; there is nothing to do."))
    else:
        _defer_import(begun.job)
    return redirect("import-show", number=begun.job.pk)


@require_POST
def import_again(request: HttpRequest, number: int) -> HttpResponse:
    """Let an import that stopped go on."""
    job = access.import_for(person.administrator(request), number)
    if job.state in (FileImport.State.RUNNING, FileImport.State.FAILED):
        _defer_import(job)
    return redirect("import-show", number=job.pk)


@require_POST
def import_discard(request: HttpRequest, number: int) -> HttpResponse:
    """Forget a file that was handed in and not started."""
    job = access.import_for(person.administrator(request), number)
    if job.state == FileImport.State.MAPPING:
        importing.discard(job)
        messages.success(request, _("The file is discarded."))
    return redirect("import")


# Webhooks


@csrf_exempt
@login_not_required
def hook(request: HttpRequest, key: UUID, receive: Receive) -> HttpResponse:
    """A system calls. 202 with a result for each message; the same call again gets the same answer."""
    if request.method != "POST":
        return problem(405, "method_not_allowed", "POST the messages here.", Allow="POST")
    if _announced(request) > MAX_BODY:
        return problem(413, Trouble.TOO_LARGE, f"At most {MAX_BODY:,} bytes at a time.", Connection="close")
    source = Source.objects.select_related("brand").filter(key=key, channel="webhook").first()
    if source is None:
        return problem(404, Trouble.NOT_FOUND, "There is no such webhook.")
    if wait := _calls.take(str(source.key)):
        return problem(
            429, Trouble.RATE_LIMITED, "Too many calls; send more messages in each.", **{"Retry-After": str(wait)}
        )
    if source.state == Source.State.PAUSED:
        return problem(503, "paused", "This source is paused; try again later.", **{"Retry-After": "300"})
    try:
        results = receive(source, request.headers, request.body)
    except ChannelError as error:
        return problem(_STATUS.get(error.trouble, 400), error.trouble, error.detail)
    items = [_result(place, result) for place, result in enumerate(results, 1)]
    rejected = sum(1 for item in items if item["status"] == "rejected")
    return JsonResponse({"accepted": len(items) - rejected, "rejected": rejected, "results": items}, status=202)


_STATUS = {
    Trouble.BAD_SIGNATURE: 401,
    Trouble.STALE: 401,
    Trouble.BAD_CREDENTIALS: 401,
    Trouble.TOO_LARGE: 413,
    Trouble.TOO_MANY_ITEMS: 413,
}


def _result(place: int, result: Post | Reject) -> dict[str, Any]:
    if isinstance(result, Reject):
        return {"item": place, "status": "rejected", "reason": result.reason}
    return {"item": place, "status": "deleted" if result.deleted else "accepted", "id": result.external_id}


def problem(status: int, code: str, detail: str, **headers: str) -> JsonResponse:
    """An error as RFC 9457 wants it (problem+json), with Octavo's own word for it in `code`."""
    from http import HTTPStatus

    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": str(code),
        "detail": detail,
    }
    return JsonResponse(content, status=status, content_type="application/problem+json", headers=headers)


def _announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdigit() else 0


# What the pages share

_ORDER = [sources.Pulse.FAILING, sources.Pulse.LATE, sources.Pulse.NEVER, sources.Pulse.ALIVE, sources.Pulse.PAUSED]
_MARKS = {
    sources.Pulse.ALIVE: "good",
    sources.Pulse.NEVER: "off",
    sources.Pulse.LATE: "warn",
    sources.Pulse.FAILING: "bad",
    sources.Pulse.PAUSED: "off",
}


def _felt(source: Source) -> dict[str, Any]:
    health = sources.health(source)
    return {
        "source": source,
        "health": health,
        "mark": _MARKS[health.pulse],
        "pulse": words.PULSES[health.pulse],
        "said": words.of_trouble(str(health.trouble or source.trouble))
        if health.pulse is sources.Pulse.FAILING
        else None,
        "advice": words.advice(health),
    }


def _followable() -> list[dict[str, Any]]:
    return [
        {"name": name, "label": words.CHANNELS[name], "about": words.CHANNELS_ABOUT[name]}
        for name in sources.followable()
    ]


def _unread() -> int:
    """Messages that are still to be read a second time. That the accurate tier goes over them once more is not waited for."""
    return 0 if tiers.best() is Tier.FAST else backlog.left(model_version(Tier.DEFAULT))


def _blamed(form: SourceForm) -> str:
    return "setting_url" if "setting_url" in form.fields else ""


def _secret_key(source: Source) -> str:
    return f"secret of source {source.pk}"


def _columns(form: MappingForm, seen: importing.Preview) -> list[dict[str, Any]]:
    """Each field of the form beside what its column holds."""
    guessed = {column.field: column for column in seen.fields}
    return [
        {"field": form[name], "column": guessed.get(name.removeprefix("column_"))}
        for name in form.fields
        if name.startswith("column_")
    ]


def _chosen_brand(form: MappingForm) -> Brand | None:
    whose = form.cleaned_data["whose"]
    if whose == MappingForm.COLUMN:
        return None
    if whose == MappingForm.NEW:
        name = form.cleaned_data["new_brand"].strip()
        return named.find(name) or named.make(name)
    return Brand.objects.get(pk=whose)


def _keep(upload: Any) -> Path:
    """An uploaded file in a place where it survives the request."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    with NamedTemporaryFile(dir=folder, prefix="import-", delete=False) as copy:
        path = Path(copy.name)
        if not hasattr(upload, "temporary_file_path"):
            for chunk in upload.chunks():
                copy.write(chunk)
            return path
    shutil.move(upload.temporary_file_path(), path)
    return path


def _defer_import(job: FileImport) -> None:
    lock = f"{RUN_IMPORT} {job.pk}"
    FileImport.objects.filter(pk=job.pk).update(state=FileImport.State.RUNNING, ended_at=None)
    try:
        with transaction.atomic():
            jobs.configure_task(RUN_IMPORT, queueing_lock=lock).defer(number=job.pk)
    except AlreadyEnqueued:
        pass
