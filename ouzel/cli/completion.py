"""Shell completion of torrents, labels, categories, groups and jobs. It never fails, prints no errors, and is quick.

Names of torrents are untrusted. The shell inserts a completion into a command line. zsh also evaluates the description
of a completion. So only names without characters that are special to a shell are completed. Descriptions contain only
such names.
"""

import re
import signal
from collections.abc import Callable, Iterable
from typing import Any, Final

import typer
import zmq

from ouzel.cli.ids import Brief, briefs
from ouzel.client.blocking import Client
from protocol.wire.errors import OuzelError
from protocol.wire.making_results import JobRow

PATIENCE_S: Final = 1.0
"""The time limit. It is short because a user who has pressed Tab is waiting."""
DIGITS: Final = 8

_SAFE: Final = re.compile(r"\w[\w.,+@-]*")
_UNSAFE: Final = re.compile(r"[^\w.,+@ -]")


def ids(clients: Callable[[typer.Context], Client]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """A callback for typer that completes ids and names."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _ask(ctx, clients, lambda client: of_torrents(briefs(client), incomplete))

    return complete


def labels(clients: Callable[[typer.Context], Client]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """A callback for typer that completes labels."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _ask(ctx, clients, lambda client: of_labels(briefs(client), incomplete))

    return complete


def categories(clients: Callable[[typer.Context], Client]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """A callback for typer that completes names of categories."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _ask(ctx, clients, lambda client: _words((each.name for each in client.list_categories()), incomplete))

    return complete


def groups(clients: Callable[[typer.Context], Client]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """A callback for typer that completes names of bandwidth groups."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _ask(ctx, clients, lambda client: _words((each.name for each in client.list_groups()), incomplete))

    return complete


def jobs(clients: Callable[[typer.Context], Client]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """A callback for typer that completes the ids of jobs that have not ended."""

    def complete(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        return _ask(ctx, clients, lambda client: of_jobs(client.list_jobs(), incomplete))

    return complete


def of_torrents(known: Iterable[Brief], typed: str) -> list[tuple[str, str]]:
    """The ids and names that begin with the typed text.

    If the digits that `ouzel ls` shows are unique, ids are cut to these digits.
    """
    torrents = list(known)
    counts: dict[str, int] = {}
    for each in torrents:
        counts[each.torrent[:DIGITS]] = counts.get(each.torrent[:DIGITS], 0) + 1
    found = []
    for each in torrents:
        short = each.torrent[:DIGITS]
        word = short if counts[short] == 1 and len(typed) <= DIGITS else each.torrent
        if word.startswith(typed.lower()):
            found.append((typed + word[len(typed) :], _UNSAFE.sub("", each.name)[:60].strip()))
    if typed:
        names = {each.name for each in torrents if each.name.startswith(typed) and _SAFE.fullmatch(each.name)}
        found += [(name, "") for name in sorted(names)]
    return found


def of_labels(known: Iterable[Brief], typed: str) -> list[tuple[str, str]]:
    """The labels that begin with the typed text."""
    return _words({label for each in known for label in each.labels}, typed)


def _words(words: Iterable[str], typed: str) -> list[tuple[str, str]]:
    return [(word, "") for word in sorted(words) if word.startswith(typed) and _SAFE.fullmatch(word)]


def of_jobs(known: Iterable[JobRow], typed: str) -> list[tuple[str, str]]:
    """The jobs that have not ended, with the names of their files."""
    return [
        (row.job, _UNSAFE.sub("", row.path.rpartition("/")[2])[:60].strip())
        for row in known
        if row.ended_us is None and row.job.startswith(typed)
    ]


def _ask(
    context: typer.Context,
    clients: Callable[[typer.Context], Client],
    choose: Callable[[Client], list[tuple[str, str]]],
) -> list[tuple[str, str]]:
    def over(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        with clients(context) as client:
            return choose(client)
    except (OuzelError, typer.TyperException, OSError, ValueError, zmq.ZMQError):
        return []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
