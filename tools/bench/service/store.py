"""`store`: makes all pairs of disk calls fail during an add, a change, a removal and a session change.

The store is real. The disk is a model on which a crash is simulated after each call; see
`tools.bench.service.store_histories`. A contradiction is an acknowledged change that is lost after a crash.
"""

import time
from typing import Annotated

import typer

from tools.bench.options import AsJson
from tools.bench.report import Check, Report, show
from tools.bench.service.store_histories import (
    STORIES,
    Contradiction,
    Fails,
    Loads,
    doubles,
    failing,
    lasting,
    on_model_disks,
    play,
    singles,
)


class _Count:
    """The number of histories of one story that were played."""

    def __init__(self, loads: Loads, story: str, *, worn: bool) -> None:
        self._loads = loads
        self._story = story
        self._worn = worn
        self.name = f"{story}, files written again" if worn else story
        self.histories = 0
        self.crashes = 0
        self.contradictions: list[str] = []

    def play(self, fails: Fails, what: object) -> int:
        """Plays one history. Returns its number of calls, or 0 if there is a contradiction."""
        self.histories += 1
        try:
            played = play(self._loads, self._story, fails, worn=self._worn)
        except (Contradiction, AssertionError, TimeoutError) as error:
            self.contradictions.append(f"{self._story}, {what}: {error}")
            return 0
        self.crashes += played.crashes
        return played.calls


def store(
    pairs: Annotated[bool, typer.Option(help="Also make all pairs of calls fail.")] = True,
    as_json: AsJson = False,
) -> None:
    """Make every call of the store fail once, twice and permanently, with a crash after each, and check all answers."""
    began, counts = time.monotonic(), []
    with on_model_disks() as loads:
        for story in STORIES:
            for worn in (False, True):
                count = _Count(loads, story, worn=worn)
                counts.append(count)
                calls = play(loads, story, worn=worn).calls
                for faults in singles(calls):
                    more = count.play(failing(*faults), faults)
                    for both in doubles(faults[0], more) if pairs else ():
                        count.play(failing(*both), both)
                for number, fails in enumerate(lasting(calls)):
                    count.play(fails, f"lasting {number}")
    wrong = [each for count in counts for each in count.contradictions]
    histories = sum(count.histories for count in counts)
    crashes = sum(count.crashes for count in counts)
    report = Report(
        benchmark="store",
        columns=("story", "histories", "states after a crash", "contradictions"),
        rows=[
            (count.name, f"{count.histories}", f"{count.crashes}", f"{len(count.contradictions)}") for count in counts
        ],
        checks=[Check("answers that the disk contradicts", f"{len(wrong)}", "0", not wrong)],
        notes=[f"{histories} histories in {time.monotonic() - began:.0f} s", *wrong[:3]],
        document={"histories": histories, "crashes": crashes, "contradictions": wrong},
    )
    show(report, as_json=as_json)
