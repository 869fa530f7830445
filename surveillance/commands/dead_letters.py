"""`surveillance dead-letters list|show|replay`: refused events, and their second chance."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from streams.messages import DeadReason
from streams.text import printable
from surveillance.assembly import open_store
from surveillance.clock import now_ns
from surveillance.config import load_settings
from surveillance.errors import SettingsError, show_value
from surveillance.options import AsJson, StoreUrl
from surveillance.store import Store
from surveillance.store.live import StoredLetter
from surveillance.store.live.answers import DeadLetterSummary, ReplayState
from surveillance.terminal import output_console

DAY_NS = 86_400_000_000_000
LETTERS_AT_A_TIME = 500
LONGEST_SENTENCE = 100  # characters in a table
LONGEST_VALUE = 4_000  # characters that `show` prints; --json holds all

Stream = Annotated[
    str | None,
    typer.Option("--stream", help="Its name; not needed where there is one.", show_default=False),
]
Reason = Annotated[DeadReason | None, typer.Option(help="Only those refused for this.")]
Topic = Annotated[str | None, typer.Option(help="Only those of this topic.")]

app = typer.Typer(help="List, show and replay events that were refused.", no_args_is_help=True)


@app.command("list")
def list_letters(
    store: StoreUrl = None,
    stream: Stream = None,
    reason: Reason = None,
    topic: Topic = None,
    after: Annotated[int | None, typer.Option(min=0, help="Go on after this number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most letters.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List refused events, by number."""
    with _opened(store, stream) as (opened, name):
        page = opened.streams.list_dead_letters(name, after, limit, reason=reason, topic=topic)
    if as_json:
        typer.echo(json.dumps({"stream": name, **asdict(page)}))
        return
    if page.letters:
        output_console().print(_table(page.letters))
    typer.echo(f"{len(page.letters):,} of {page.total:,} dead letters of {printable(name)}")
    if page.next_after is not None:
        typer.echo(f"More: --after {page.next_after}")


@app.command()
def show(
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0)],
    store: StoreUrl = None,
    stream: Stream = None,
    as_json: AsJson = False,
) -> None:
    """Show one refused event: where it came from, why, and its bytes made printable."""
    with _opened(store, stream) as (opened, name):
        stored = opened.live(name).dead_letter(number)
    if as_json:
        typer.echo(json.dumps({"stream": name, **_plain(stored)}))
        return
    for heading, text in _lines(stored):
        typer.echo(f"{heading}: {text}")


@app.command()
def replay(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[NUMBER]...", min=0, show_default=False)
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every letter that was never replayed.")
    ] = False,
    reason: Reason = None,
    topic: Topic = None,
    prefix: Annotated[str, typer.Option(help="What the names of all topics begin with.")] = "",
    store: StoreUrl = None,
    stream: Stream = None,
    as_json: AsJson = False,
) -> None:
    """Decode letters anew and hand what is good now to the worker, each once."""
    from streams.topics import Topics
    from surveillance.jobs.replay import replay_letter  # the codec is slow to import

    if bool(numbers) == every:
        raise typer.BadParameter("give numbers or --all")
    if numbers and (reason is not None or topic is not None):
        raise typer.BadParameter("--reason and --topic go with --all")
    with _opened(store, stream) as (opened, name):
        chosen = numbers or list(_never_replayed(opened, name, reason, topic))
        results = [
            replay_letter(
                opened.live(name),
                number,
                topics=Topics(prefix),
                latest_time_ns=now_ns() + DAY_NS,
            )
            for number in chosen
        ]
    if as_json:
        letters = [asdict(result) for result in results]
        typer.echo(json.dumps({"stream": name, "letters": letters}))
        return
    for result in results:
        if result.refusal is not None:
            typer.echo(f"{result.number}: still refused: {printable(result.refusal, 300)}")
    n_queued = sum(result.refusal is None for result in results)
    typer.echo(f"{n_queued:,} of {len(results):,} letters are queued for the worker")


@contextmanager
def _opened(url: str | None, stream: str | None) -> Iterator[tuple[Store, str]]:
    """Open the store and find the stream that is meant."""
    with open_store(load_settings(store=url)) as store:
        yield store, stream if stream is not None else _only_stream(store.streams.names())


def _only_stream(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if not names:
        raise SettingsError(["the store holds no stream; --store names another one"])
    shown = ", ".join(show_value(name) for name in names[:10])
    raise SettingsError([f"--stream must name one of the store's streams: {shown}"])


def _never_replayed(
    store: Store, stream: str, reason: DeadReason | None, topic: str | None
) -> Iterator[int]:
    after = None
    while True:
        page = store.streams.list_dead_letters(
            stream, after, LETTERS_AT_A_TIME, reason=reason, topic=topic
        )
        yield from (one.number for one in page.letters if one.replay is ReplayState.NONE)
        after = page.next_after
        if after is None:
            return


def _table(letters: Iterable[DeadLetterSummary]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Number", justify="right", no_wrap=True)
    for heading in ("Topic", "Place", "Reason", "Replay"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Sentence")
    for letter in letters:
        place = f"{letter.partition}:{letter.offset}"
        table.add_row(
            str(letter.number),
            escape(printable(letter.topic, 40)),
            place if letter.row is None else f"{place}, row {letter.row}",
            letter.reason.value,
            letter.replay.value,
            escape(printable(letter.sentence, LONGEST_SENTENCE)),
        )
    return table


def _lines(stored: StoredLetter) -> Iterator[tuple[str, str]]:
    letter = stored.letter
    message = letter.message
    yield "number", str(stored.number)
    yield "topic", printable(message.topic, 300)
    yield "partition", str(message.partition)
    yield "offset", str(message.offset)
    if letter.row is not None:
        yield "row", str(letter.row)
    yield "reason", letter.reason.value
    yield "sentence", printable(letter.sentence, 1_000)
    yield "replay", "none" if stored.replay_number is None else str(stored.replay_number)
    for name, value in message.headers:
        yield f"header {printable(name)}", printable(_text(value), 300)
    yield "key", _shown(message.key, 300)
    yield "value", _shown(message.value, LONGEST_VALUE)


def _plain(stored: StoredLetter) -> dict[str, object]:
    message = stored.letter.message
    return {
        "number": stored.number,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "row": stored.letter.row,
        "reason": stored.letter.reason,
        "sentence": stored.letter.sentence,
        "replay_number": stored.replay_number,
        "headers": [[name, _base64(value)] for name, value in message.headers],
        "key": _base64(message.key),
        "value": _base64(message.value),
    }


def _shown(value: bytes | None, limit: int) -> str:
    return "(null)" if value is None else printable(_text(value), limit)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
