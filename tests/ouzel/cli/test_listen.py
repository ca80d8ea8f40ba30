"""The events of a command that keeps running."""

import pytest

from ouzel import Client
from ouzel.cli.listen import listen
from ouzel.stream.silence import DaemonAnswers, DaemonSilent
from tests.ouzel.scripted_daemon import ScriptedDaemon

pytestmark = pytest.mark.slow


def test_a_silence_is_told_once_and_its_end_too(daemon: ScriptedDaemon, client: Client) -> None:
    """Events that happened before come after the report."""
    turns = 0

    def each_turn() -> None:
        nonlocal turns
        turns += 1
        if turns == 4:
            daemon.publish("completed", bytes_done=1)

    with client.events() as events:
        daemon.wait_subscribed(b"tick/")
        heard = listen(events, each_turn, silent_s=0.2)
        silent, answers, happened = next(heard), next(heard), next(heard)
    assert isinstance(silent, DaemonSilent)
    assert silent.silence_s >= 0.2
    assert answers == DaemonAnswers(since_us=silent.since_us)
    assert happened == daemon.log[-1]
    assert turns == 4


def test_each_turn_may_end_it(client: Client) -> None:
    """Also without any event."""

    def each_turn() -> None:
        raise KeyError("enough")

    with client.events() as events, pytest.raises(KeyError, match="enough"):
        next(listen(events, each_turn))
