"""Runs a plan, and records its history."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import ouzel
from tools.chaos.history.entries import Aborted
from tools.chaos.history.recorder import Recorder, now
from tools.chaos.nemesis.nemesis import Nemesis
from tools.chaos.observer.checkpoint import checkpoint, finish
from tools.chaos.observer.sampler import Sampler
from tools.chaos.plan.plan import Plan
from tools.chaos.traffic.gateway_client import GatewayClient
from tools.chaos.traffic.subscriber import Subscriber, TableReader
from tools.chaos.traffic.wire_client import Context, WireClients
from tools.chaos.world.world import World, world
from tools.rig.scratch import scratch
from tools.rig.waiting import until

Tell = Callable[[str], None]
LISTED_S: Final = 30.0


def run(plan: Plan, path: Path, tell: Tell, *, minutes: float | None = None, keep: bool = False) -> None:
    """Plays a plan, and writes the history to a file.

    Args:
        tell: called with a line of progress after each round.
        minutes: no round begins after this time.
        keep: keeps the temporary directory.
    """
    with ExitStack() as stack:
        root = stack.enter_context(scratch(keep=keep))
        recorder = stack.enter_context(Recorder(path, plan))
        made = stack.enter_context(world(root, plan.header, recorder))
        _Run(made, plan, recorder, stack).play(tell, minutes)


class _Run:
    """One run in its world."""

    def __init__(self, made: World, plan: Plan, recorder: Recorder, stack: ExitStack) -> None:
        self._world = made
        self._plan = plan
        self._recorder = recorder
        context = Context(
            made.runtime_dir, made.sources, made.relay.endpoint, made.tracker.url, made.places, made.recorder
        )
        self._wire = WireClients(context, plan.header.clients)
        stack.callback(self._wire.close)
        self._gateway = GatewayClient(context, made.gateway.port)
        stack.callback(self._gateway.close)
        subscriber = Subscriber(made.runtime_dir, recorder)
        stack.callback(subscriber.close)
        self._reader = TableReader(made.runtime_dir)
        stack.callback(self._reader.close)
        sampler = Sampler(made.runtime_dir, made.supervisor, recorder)
        stack.callback(sampler.close)

    def play(self, tell: Tell, minutes: float | None) -> None:
        """Plays all rounds, and restarts the daemon at the end. If the daemon does not answer, the run ends early."""
        try:
            self._play(tell, minutes)
        except (AssertionError, ouzel.OuzelError) as error:
            self._recorder.record(Aborted(at=now(), problem=f"{type(error).__name__}: {error}"))
            tell(f"the run ends early: {error}")

    def _play(self, tell: Tell, minutes: float | None) -> None:
        self._wire.play(self._plan.first())
        if any(op.via == "gateway" for op in self._plan.ops):
            until(lambda: self._gateway.knows_all(1), "the gateway lists torrents", patience_s=LISTED_S)
        began = now()
        for number in range(self._plan.header.rounds):
            if minutes is not None and now() > began + minutes * 60:
                break
            self._round(number)
            found = checkpoint(self._world, self._reader, number)
            self._recorder.record(found)
            recovered = "not recovered" if found.recovered_s is None else f"recovered in {found.recovered_s:.1f} s"
            tell(f"round {number + 1} of {self._plan.header.rounds}, {now() - began:.0f} s: {recovered}")
        self._world.stop()
        self._world.start()
        self._recorder.record(checkpoint(self._world, self._reader, self._plan.header.rounds))
        self._recorder.record(finish(self._world))

    def _round(self, number: int) -> None:
        ops = self._plan.ops_of(number)
        failures: list[BaseException] = []

        def guarded(play: Callable[[], None]) -> None:
            try:
                play()
            except BaseException as error:  # noqa: BLE001  # raised again below, by the main thread
                failures.append(error)

        threads = [
            threading.Thread(target=guarded, args=(lambda play=play: play(ops),), name="traffic")
            for play in (self._wire.play, self._gateway.play)
        ]
        for thread in threads:
            thread.start()
        try:
            Nemesis(self._world).play(self._plan.faults_of(number))
        finally:
            for thread in threads:
                thread.join()
        if failures:
            raise failures[0]
