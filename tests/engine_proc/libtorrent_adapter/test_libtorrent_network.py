"""The state of the DHT, in real sessions."""

from typing import Any, Final

import pytest

from protocol.wire.desired import SettingValue
from tests.engine_proc.loopback import real_session
from tools.rig.probe import LOOPBACK, eventually

pytestmark = pytest.mark.slow


SETTINGS: Final[dict[str, SettingValue]] = {**LOOPBACK, "enable_dht": True, "dht_bootstrap_nodes": ""}


def test_a_later_session_knows_the_nodes_without_bootstrap_nodes() -> None:
    """It has the same id. Without nodes there is no state to save; an invalid state does no harm."""
    with real_session(settings=SETTINGS) as other:
        eventually(lambda: other.session.listen_port() > 0, "it listens")
        assert other.session.dht_state() is None
        with real_session(settings=SETTINGS) as first:
            native: Any = first.session
            native._session.add_dht_node(("127.0.0.1", other.session.listen_port()))
            eventually(lambda: first.session.dht_state() is not None, "it knows the other one")
            state = first.session.dht_state()
            assert state is not None
        with real_session(settings=SETTINGS) as second:
            for invalid in (b"", b"de", b"d9:dht statei5ee", b"d9:dht stated5:nodesi1eee", b"x" * 99):
                second.session.load_dht(invalid)
            assert second.session.dht_state() is None
            second.session.load_dht(state)
            eventually(lambda: second.session.dht_state() == state, "it knows it, too")


def test_no_state_without_a_dht() -> None:
    """It is off."""
    with real_session() as probe:
        assert probe.session.dht_state() is None
