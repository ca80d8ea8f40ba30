"""`watch` waits while a daemon refuses or is silent, and ends when it is refused for good or told to end."""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.fickle import ROWS, Answer, Fickle, first, mute, ping, refused, replay, snapshot
from tests.clients.languages import Watch
from tests.clients.matrix import Matrix
from tests.clients.test_watch import patiently
from tools.rig.waiting import until

pytestmark = pytest.mark.process

NOW_S = 8.0
"""Well below the eleven seconds after which a request without an answer is given up."""
LATER = refused("too_many_in_flight", "later")
GONE = refused("replay_gone", "resnapshot")
NEVER = refused("not_permitted", "never")


@contextmanager
def watching(matrix: Matrix, *fickle: Fickle) -> Iterator[list[dict[str, Watch]]]:
    """Watches of all clients at each of these daemons, in parallel."""
    with ExitStack() as stack:
        yield [{each: stack.enter_context(Watch(each, one.endpoints)) for each in matrix.languages} for one in fickle]


def printed(watches: dict[str, Watch], count: int) -> Callable[[], bool]:
    """Whether all running clients have printed at least this many lines."""
    return lambda: all(watch.ended() or len(watch.lines) >= count for watch in watches.values())


def all_ask(fickle: Fickle, op: str, clients: int) -> Callable[[], bool]:
    """Whether at least this many clients have sent a request of this op."""
    return lambda: len(fickle.asked(op)) == clients


def complete(line: dict[str, Any], epoch: str, seq: int) -> bool:
    """Whether the line at this place is a snapshot with all torrents."""
    told = line.get("snapshot", {})
    return (told.get("epoch"), told.get("seq")) == (epoch, seq) and [
        row["torrent"] for row in told["torrents"]
    ] == list(ROWS)


def test_what_is_refused_for_the_moment_is_asked_again_and_what_is_for_good_ends_it(
    root: Path, record_property: Any
) -> None:
    """The first snapshot, one of its pages and a replay are refused temporarily, then a replay for good.

    Each reply comes twice.
    """
    hasty = first(LATER, LATER, snapshot, LATER, then=snapshot)
    closed = first(LATER, replay, replay, then=NEVER)
    with (
        Fickle(root / "f", snapshot=hasty, replay=closed) as fickle,
        Fickle(root / "g", snapshot=NEVER) as forbidding,
        Matrix(record_property) as matrix,
        watching(matrix, fickle, forbidding) as (watches, forbidden),
    ):
        patiently(printed(watches, 1), "all have a snapshot")
        fickle.head = 3
        for language in matrix.languages:
            with matrix.cell("watch, refused", language):
                watch = watches[language]
                until(watch.ended, "it is refused")
                assert watch.close() == 1, watch.trouble
                assert complete(watch.lines[0], "e1", 0)
                assert [line["seq"] for line in watch.lines[1:]] == [1, 2]
                assert "not_permitted" in watch.trouble
                watch = forbidden[language]
                until(watch.ended, "it is forbidden")
                assert (watch.close(), watch.lines) == (1, []), watch.trouble
                assert "not_permitted" in watch.trouble


def test_a_repair_waits_for_its_answer(root: Path, record_property: Any) -> None:
    """There is no answer to a replay, to the snapshot after a new epoch, and to a snapshot after lost events."""
    with (
        Fickle(root / "f", replay=first(mute, then=replay)) as gap,
        Fickle(root / "g", ping=first(mute, then=ping)) as other,
        Fickle(root / "h", replay=GONE, snapshot=first(snapshot, snapshot, mute, then=snapshot)) as gone,
        Matrix(record_property) as matrix,
        watching(matrix, gap, other, gone) as each,
    ):
        for watches in each:
            patiently(printed(watches, 1), "all have a snapshot")
        other.epoch = "e2"
        gap.head = gone.head = 2
        for watches, lines in zip(each, (3, 2, 2), strict=True):
            patiently(printed(watches, lines), "all are repaired")
        for language in matrix.languages:
            with matrix.cell("watch, no answer", language):
                gaps, others, losses = (watches[language] for watches in each)
                assert [line["seq"] for line in gaps.lines[1:]] == [1, 2], gaps.trouble
                assert complete(others.lines[1], "e2", 0), others.trouble
                assert complete(losses.lines[1], "e1", 2), losses.trouble
                assert [watch.close() for watch in (gaps, others, losses)] == [0, 0, 0]


ENDINGS: list[tuple[str, dict[str, Answer], float, bool]] = [
    ("the first snapshot is not answered", {"snapshot": mute}, 0.3, True),
    ("the first snapshot is refused", {"snapshot": LATER}, 0.3, False),
    ("a replay is not answered", {"replay": mute}, 0.3, False),
    ("a replay is refused", {"replay": LATER}, 0.3, True),
    ("something comes all the time", {}, 0.01, False),
]


def test_it_ends_when_told_whatever_it_waits_for(root: Path, record_property: Any) -> None:
    """It ends soon, with 0, by SIGTERM or the end of stdin."""
    with Matrix(record_property) as matrix, ExitStack() as stack:
        all_watches = []
        for number, (_, answers, tick_s, _) in enumerate(ENDINGS):
            fickle = stack.enter_context(Fickle(root / f"f{number}", tick_s=tick_s, **answers))
            (watches,) = stack.enter_context(watching(matrix, fickle))
            all_watches.append((fickle, watches))
        for (what, answers, _, by_signal), (fickle, watches) in zip(ENDINGS, all_watches, strict=True):
            fickle.head = 1 if "replay" in answers else 0
            for op in answers:
                patiently(all_ask(fickle, op, len(matrix.languages)), f"{op}: {what}")
            if not answers:
                patiently(printed(watches, 1), "all have a snapshot")
            for watch in watches.values():
                watch.end(signal.SIGTERM if by_signal else None)
            for language, watch in watches.items():
                with matrix.cell("watch, told to end", language):
                    until(watch.ended, f"{language} ends while {what}", patience_s=NOW_S)
                    assert watch.close() == 0, f"while {what}: {watch.trouble}"
