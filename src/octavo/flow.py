"""What happens to a batch of posts, in order, on one page.

    collect      a source's turn: the channel gives posts, they are received, the cursor moves, in one transaction
    webhook      a system calls: its call is proved, its posts are received, each gets its answer
    import_file  a file comes in: batch by batch, the posts and the place in the file in one transaction
    replay       a past stream is lived through again
    receive      the fast tier reads, the recorder keeps: the message can be seen and found from here on; what is fresh and may
                 be grave goes through `handle` at once
    handle       a better tier reads again when there is time, and its reading takes the place of the first; what it
                 means leads to its story (`conversations.gather`)
    read_again   `handle` for whatever still waits for it: what is fresh, then what is urgent, then all the rest
    learn        what people corrected moves the model a little, for their brand alone, where that reads better
    learn_context  what people said is about a brand, or is not, settles what its ambiguous names mean
    look_around  bursts, what nobody answered, sources that are not as usual: alerts that no single message rings

Whatever records or reads messages has them watched (`alert.watch`) in the same transaction: a grave one rings at once.

Every step is safe to repeat; a crash between two of them repeats one and loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import Q

from octavo.alert import burst, quiet, rounds, watch
from octavo.channels import file as files
from octavo.channels.contract import Receives
from octavo.channels.registry import channel
from octavo.channels.trouble import ChannelError
from octavo.conversations import contexts, gather, learning, profile
from octavo.conversations import record as recorder
from octavo.conversations.models import Brand, Mention
from octavo.conversations.moments import believable
from octavo.conversations.rows import Prepared, prepare
from octavo.kit import clock
from octavo.kit.garbage import collecting_later
from octavo.listen import ahead, backlog, brands, importing, reading, running, sources, tiers
from octavo.listen import collect as collecting
from octavo.listen.models import FileImport, Source
from octavo.understand import EncoderUnavailable, Tier, adapt, context, model_version, read
from octavo.understand.readings import CRISIS
from octavo.vocabulary import Author, BrandProfile, Parent, ParentKind, Post, Reject

_READ = (
    "brand_id", "origin", "channel", "external_id", "text", "published_at", "subject", "parent", "own", "edited_at", "model",
    "author__handle", "author__name",
)  # fmt: skip
HANDLE_AT_ONCE = 512
"""Mentions one job reads again."""
SUSPECT = 0.2
"""Probability of a crisis, by the fast tier, from which on a fresh message is read by a better one before it may ring."""
SUSPECTS_ACCURATELY = 64
"""Up to so many of them at once are read by the deep encoder, which takes some milliseconds for each."""
LARGE_FILE = 2_000_000
"""Bytes from which on a file is read in a process beside, which takes a second to begin."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a batch: `outcomes` for each post, and the mentions that wait for their second reading."""

    outcomes: Sequence[str]
    new: Sequence[int]
    waiting: Sequence[int]


def receive(
    posts: Sequence[Post],
    *,
    brand: Brand,
    origin: int | None = None,
    dedicated: bool = False,
    careful: Tier | None = None,
) -> Received:
    """Read `posts` of one brand with the fast tier and keep them, in one transaction (the caller's, if it has one).

    What is fresh and may be grave is read by the tier `careful` at once, the best of this installation where nothing else is
    said: whether to wake somebody is not left to the fast tier, unless the other is not available.
    """
    careful = careful or tiers.best()
    readings = read(posts, brand=profile.of(brand, dedicated=dedicated), tier=Tier.FAST)
    prepared = prepare(posts, readings)
    with transaction.atomic():
        recorded = recorder.record_prepared(prepared, brand=brand.pk, origin=origin)
        gather.forget([*recorded.edited, *recorded.deleted])
        suspects = _suspects(prepared, recorded) if careful is not Tier.FAST else []
        _watch([(prepared, recorded)], apart=set(suspects))
        if suspects:
            _read_at_once(suspects, careful)
    return Received(outcomes=recorded.outcomes, new=recorded.new, waiting=[*recorded.new, *recorded.edited])


def _read_at_once(suspects: Sequence[int], tier: Tier) -> None:
    """By this tier or the best below that can be had; where many come together, by the default one."""
    if len(suspects) > SUSPECTS_ACCURATELY:
        tier = Tier.DEFAULT
    for each in reversed(_turns(tier)):
        try:
            handle(suspects, tier=each)
            return
        except EncoderUnavailable as error:
            log.warning("suspects are not read by this tier", tier=str(each), reason=str(error))
    watch.read(suspects)


def _suspects(prepared: Prepared, recorded: recorder.Recorded) -> list[int]:
    """The new messages that may be grave and are young enough to ring; none where they are too many to wait for."""
    now = clock.now()
    alarming = (prepared.readings.registers[:, CRISIS] >= SUSPECT).tolist()
    found = [
        mention
        for mention, row in zip(recorded.new, recorded.rows, strict=True)
        if alarming[row] and believable(prepared.posts[row].created_at, now) >= now - watch.LOOK_BACK
    ]
    return found if len(found) <= HANDLE_AT_ONCE else []


def collect(source: Source) -> Received:
    """One turn of a source, received as `receive` does. Raises `channels.ChannelError` after the source's health has been
    written, and `collecting.Overtaken` where it was paused, removed or collected by somebody else meanwhile: then nothing
    is kept."""
    assert source.brand is not None  # only files have several
    turn = collecting.fetch(source)
    recorder.make_room(turn.posts)
    with transaction.atomic():
        received = receive(turn.posts, brand=source.brand, origin=source.pk, dedicated=source.dedicated)
        collecting.delivered(source, turn, new=len(received.new))
    return received


def webhook(source: Source, headers: Mapping[str, str], body: bytes) -> Sequence[Post | Reject]:
    """A call to a source: what became of each message, in order (a `Post` was kept, a `Reject` says why not).

    The same call again gives the same answer and keeps nothing twice. Raises `ChannelError` where the call as a whole
    is refused.
    """
    assert source.brand is not None
    described = channel(source.channel)
    assert isinstance(described, Receives)
    try:
        described.verify(sources.settings_of(source).secret, headers, body, clock.now())
        results = [
            collecting.of_brand(source.brand, number, item) for number, item in enumerate(described.parse(body), 1)
        ]
    except ChannelError as error:
        collecting.refused(source, error)
        raise
    posts = [item for item in results if isinstance(item, Post)]
    recorder.make_room(posts)
    with transaction.atomic():
        received = receive(posts, brand=source.brand, origin=source.pk, dedicated=source.dedicated)
        collecting.received(source, posts, [r for r in results if isinstance(r, Reject)], new=len(received.new))
    return results


def import_file(job: FileImport) -> Iterator[running.Progress]:
    """A file comes in from where it stands; gives the progress after each batch. Stop it anywhere and run it again.

    While PostgreSQL keeps a batch the next one is parsed and read beside. Raises `running.AlreadyRunning`, or `ChannelError`
    after the import has been marked as stopped.
    """
    with running.alone(job):
        run = running.Run(job)
        try:
            for ready in _read_ahead(run):
                for group in ready.groups:
                    recorder.make_room(group.posts)
                with collecting_later(), transaction.atomic():
                    recorded = [
                        recorder.record_prepared(group.prepared, brand=run.brands(group.brands), origin=job.source_id)
                        for group in ready.groups
                    ]
                    gather.forget([number for kept in recorded for number in (*kept.edited, *kept.deleted)])
                    _watch([(group.prepared, kept) for group, kept in zip(ready.groups, recorded, strict=True)])
                    progress = run.advance(ready, recorded)
                run.tidy()
                yield progress
        except ChannelError as error:
            run.fail(error)
            burst.learn_anew(run.met)
            raise
        burst.learn_anew(run.met)
        yield run.finish()
    for tier in _turns(tiers.best()):
        backlog.reopen(_reader(tier))


def _read_ahead(run: running.Run) -> Iterator[reading.Ready]:
    """The batches of a file: a large one is read in a process beside, a small one is in before that would have begun."""
    if run.bytes_left >= LARGE_FILE:
        try:
            yield from ahead.in_thread(ahead.in_process(reading.batches, run.what()))
            return
        except ahead.Ended:
            log.warning("reader ended; goes on in this process", import_=run.job.pk)
    yield from ahead.in_thread(reading.batches(run.what()))


def replay(
    path: str | Path, *, choices: importing.Choices, brand: Brand | None, speed: float
) -> Iterator[tuple[datetime, int]]:
    """Live a past stream through with its times moved to now; gives the moment and the number of messages of each step.

    Every run makes new messages: ids carry the moment it began. Raises `ChannelError`.
    """
    run = f"replay-{int(clock.now().timestamp())}:"
    with files.open_file(path, choices.options()) as reader:
        for due in files.replay(reader.batches(size=1000), speed=speed):
            for name in dict.fromkeys(post.brand for post in due):
                to = brand or brands.make(name)
                posts = [_renamed(post, run) for post in due if brand or post.brand == name]
                receive(posts, brand=to, dedicated=True)
                if brand:
                    break
            yield clock.now(), len(due)


def handle(mentions: Sequence[int], *, tier: Tier = Tier.DEFAULT, anew: bool = False) -> int:
    """Read these mentions again with a better tier and keep what it says; the number of readings replaced.

    With `anew` also those that this model or a better one has read: the brand's names or campaigns have changed since.
    """
    found = Mention.objects.filter(pk__in=mentions, deleted_at__isnull=True)
    model, fast, better = model_version(tier), model_version(Tier.FAST), _better_than(tier)
    read_well = Q(model=model) | Q(model__startswith=model + adapt.MARK)
    for each in better:
        read_well |= Q(model__startswith=f"{each}-")
    waiting = found if anew else found.exclude(read_well)
    members = list(waiting.select_related("author").only(*_READ).order_by("brand_id", "pk"))
    replaced = 0
    for (known, learned), group in _by_profile(members).items():
        for start in range(0, len(group), HANDLE_AT_ONCE):
            batch = group[start : start + HANDLE_AT_ONCE]
            readings = read([_post(mention) for mention in batch], brand=known, tier=tier, learned=learned)
            numbers = [mention.pk for mention in batch]
            with transaction.atomic():
                edited = [mention.edited_at for mention in batch]
                kept = recorder.keep(readings, numbers, anew=anew, better=better, edited=edited)
                gather.take(numbers, readings.meaning)
                watch.read(
                    numbers,
                    first_seen=[
                        mention.pk
                        for mention in batch
                        if mention.model == fast and mention.edited_at is None and mention.pk in kept
                    ],
                )
            replaced += len(kept)
    return replaced


def read_again(*, seconds: float, tier: Tier = Tier.DEFAULT, stop: Callable[[], bool] = lambda: False) -> bool:
    """`handle` for what waits, the freshest first, for about so many seconds; whether it stopped before the end. Resumable
    anywhere. Raises `EncoderUnavailable` where no encoder can be had.
    """
    until = time.monotonic() + seconds
    for each in _turns(tier):
        backlog.look_back(_reader(each))
    while True:
        by, step = _next(tier)
        try:
            read = handle(step.mentions, tier=by)
        except EncoderUnavailable as error:
            if by is not Tier.ACCURATE:
                raise
            log.warning("the accurate model is not available; reads with the default one", reason=str(error))
            return read_again(seconds=until - time.monotonic(), tier=Tier.DEFAULT, stop=stop)
        backlog.done(step, read)
        if not step.mentions:
            return False
        if time.monotonic() >= until or stop():
            return True


def _next(tier: Tier) -> tuple[Tier, backlog.Step]:
    """What is to be read next, and by which tier: what is fresh by the best one; a backlog by the default tier, which is several
    times as quick, before the accurate one goes over it."""
    if tier is not Tier.ACCURATE:
        return tier, backlog.next_step(_reader(tier), HANDLE_AT_ONCE)
    fresh = backlog.fresh_step(_reader(tier), HANDLE_AT_ONCE)
    if fresh.mentions:
        return tier, fresh
    before = backlog.walk_step(_reader(Tier.DEFAULT), HANDLE_AT_ONCE)
    if before.mentions:
        return Tier.DEFAULT, before
    backlog.done(before, 0)
    return tier, backlog.next_step(_reader(tier), HANDLE_AT_ONCE)


def _turns(tier: Tier) -> tuple[Tier, ...]:
    """The tiers that read a backlog, one after the other, where `tier` is the best."""
    return (Tier.DEFAULT, Tier.ACCURATE) if tier is Tier.ACCURATE else (tier,)


def _reader(tier: Tier) -> backlog.Reader:
    return backlog.Reader(model_version(tier), _better_than(tier))


def _better_than(tier: Tier) -> tuple[str, ...]:
    every = [str(each) for each in Tier]
    return tuple(every[every.index(tier) + 1 :])


def read_brand_again(brand: int, *, days: int, tier: Tier = Tier.DEFAULT) -> int:
    """Read a brand's messages of the last `days` days anew, the latest first; the number of readings replaced."""
    since = clock.now() - timedelta(days=days)
    found = Mention.objects.filter(brand=brand, published_at__gte=since, deleted_at__isnull=True)
    numbers = list(found.order_by("-published_at").values_list("pk", flat=True))
    return sum(
        handle(numbers[start : start + HANDLE_AT_ONCE], tier=tier, anew=True)
        for start in range(0, len(numbers), HANDLE_AT_ONCE)
    )


def learn(brand: int, *, tier: Tier = Tier.DEFAULT) -> None:
    """Learn from what people corrected of a brand, if it is time, and read its latest messages again where that changed
    how they are read. Raises `EncoderUnavailable`."""
    task = learning.begin(brand)
    if task is not None:
        lessons = [adapt.Lesson(_post(taught.mention), taught.primary, taught.refused) for taught in task.taught]
        others = [_post(mention) for mention in task.others]
        known = profile.of(task.brand, dedicated=True)  # relevance is no question here
        learning.finish(task, *adapt.learn(lessons, others, number=task.number, brand=known))
    if numbers := learning.to_read_again(brand):
        handle(numbers, tier=tier, anew=True)
    learning.was_read_again(brand)


def learn_context(brand: int, *, tier: Tier = Tier.DEFAULT) -> None:
    """Learn from what people said is about a brand and what is not, if it is time, and read its latest messages again where
    that changed. Raises `EncoderUnavailable`."""
    task = contexts.begin(brand)
    if task is not None:
        known = profile.of(task.brand)
        lessons = [context.Lesson(_post(judged.mention), judged.about) for judged in task.judged]
        contexts.finish(task, *context.learn(lessons, [_post(mention) for mention in task.others], known))
    numbers = contexts.to_read_again(brand)
    for start in range(0, len(numbers), HANDLE_AT_ONCE):
        handle(numbers[start : start + HANDLE_AT_ONCE], tier=tier, anew=True)
    contexts.was_read_again(brand)


def look_around() -> int:
    """See what no single message shows; how many alerts rang or grew. Safe to repeat.

    While a file comes in, brands nobody has looked at yet wait: it may bring the past that they are to be judged by.
    """
    following = Source.objects.filter(state=Source.State.ACTIVE, brand__isnull=False).exclude(channel="file")
    pulses = [
        quiet.Pulse(
            number=source.pk,
            brand=source.brand_id,
            name=source.name,
            created_at=source.created_at,
            last_post_at=source.last_post_at,
            failing_since=source.failing_since,
        )
        for source in following
        if source.brand_id is not None
    ]
    return len(rounds.make(pulses, learning=not running.any_running()))


def _watch(batch: Sequence[tuple[Prepared, recorder.Recorded]], *, apart: Collection[int] = ()) -> None:
    """Have what was just recorded watched, in the same transaction: all of it together, brand by brand in their order, so that
    two cannot wait for each other. Those `apart` are counted, and ring only once they are read again."""
    moments = [post.created_at for prepared, _ in batch for post in prepared.posts]
    aware = [at for at in moments if at is not None and at.tzinfo is not None]
    signs: list[int] = []
    for prepared, recorded in batch:
        crisis = (prepared.readings.primary == CRISIS).tolist()
        signs += [
            mention
            for mention, row in zip(recorded.new, recorded.rows, strict=True)
            if crisis[row] and mention not in apart
        ]
    watch.recorded(
        [mention for _, recorded in batch for mention in recorded.new],
        newest=max(aware) if len(aware) == len(moments) > 0 else None,
        signs=signs,
    )
    watch.read([mention for _, recorded in batch for mention in recorded.edited])


def _by_profile(
    mentions: Sequence[Mention],
) -> dict[tuple[BrandProfile, adapt.Adaptation | None], list[Mention]]:
    """Mentions by what they are read with. Brands without campaigns and topics share a profile where relevance is no question; what
    one has learned from corrections is its own."""
    dedicated = set(Source.objects.filter(dedicated=True).values_list("pk", flat=True))
    numbers = {mention.brand_id for mention in mentions}
    brands = Brand.objects.select_related("context").prefetch_related("campaigns", "names", "topics").in_bulk(numbers)
    profiles: dict[tuple[int, bool], BrandProfile] = {}
    groups: dict[tuple[BrandProfile, adapt.Adaptation | None], list[Mention]] = {}
    learned = learning.adaptations(numbers)
    for mention in mentions:
        key = (mention.brand_id, mention.origin in dedicated)
        if key not in profiles:
            profiles[key] = profile.of(brands[mention.brand_id], dedicated=key[1])
        groups.setdefault((profiles[key], learned.get(mention.brand_id)), []).append(mention)
    return groups


def _renamed(post: Post, run: str) -> Post:
    return replace(
        post,
        external_id=run + post.external_id,
        reply_to=run + post.reply_to if post.reply_to else "",
        thread=run + post.thread if post.thread else "",
    )


def _post(mention: Mention) -> Post:
    parent = mention.parent
    return Post(
        channel=mention.channel,
        external_id=mention.external_id,
        text=mention.text,
        created_at=mention.published_at,
        author=Author(handle=mention.author.handle, name=mention.author.name) if mention.author else None,
        subject=mention.subject,
        parent=Parent(text=parent["text"], kind=ParentKind(parent["kind"]), own=parent["own"]) if parent else None,
        own=mention.own,
    )
