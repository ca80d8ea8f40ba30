import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.config.config import ApiConfig, Config, LimitsConfig, PathsConfig, RestartConfig
from supervisor.config.config_changes import LIVE, ConfigInForce, compare

PATHS = PathsConfig(resume_dir="/r", download_roots=["/d"], runtime_dir="/run/o", state_dir="/s")
CONFIG = Config(paths=PATHS, engine={"connections_limit": 10, "user_agent": "x"})
OTHER_PATHS = msgspec.structs.replace(PATHS, resume_dir="/elsewhere", download_roots=["/d", "/e"])

configs = st.builds(
    Config,
    paths=st.sampled_from([PATHS, OTHER_PATHS]),
    engine=st.dictionaries(st.sampled_from(["a", "b", "c.d"]), st.integers(0, 3)),
    api=st.builds(ApiConfig, tcp_commands=st.sampled_from([None, "tcp://a:1", "tcp://a:2"])),
    limits=st.builds(LimitsConfig, download_bps=st.integers(0, 2), upload_bps=st.integers(0, 2)),
    restart=st.builds(RestartConfig, budget=st.integers(0, 2)),
)


def test_what_can_change_is_taken() -> None:
    """New, changed and removed settings, limits, and the restart policy."""
    wanted = Config(
        paths=PATHS,
        engine={"connections_limit": 20, "enable_dht": False},
        limits=LimitsConfig(download_bps=5),
        restart=RestartConfig(budget=9),
    )
    changes = compare(CONFIG, wanted)
    assert changes.config == wanted
    assert changes.changed == [
        "engine.connections_limit",
        "engine.enable_dht",
        "engine.user_agent",
        "limits.download_bps",
        "restart.budget",
    ]
    assert changes.restart_needed == []


def test_what_cannot_change_stays_and_is_named() -> None:
    """The rest of the file is applied all the same."""
    wanted = msgspec.structs.replace(CONFIG, paths=OTHER_PATHS, limits=LimitsConfig(upload_bps=5))
    changes = compare(CONFIG, wanted)
    taken = msgspec.structs.replace(PATHS, download_roots=["/d", "/e"])
    assert changes.config == msgspec.structs.replace(CONFIG, paths=taken, limits=LimitsConfig(upload_bps=5))
    assert changes.changed == ["limits.upload_bps", "paths.download_roots"]
    assert changes.restart_needed == ["paths.resume_dir"]


@given(running=configs, wanted=configs)
def test_every_difference_is_accounted_for(running: Config, wanted: Config) -> None:
    """Afterwards, only changes that need a restart remain; the same file again changes nothing."""
    changes = compare(running, wanted)
    assert (changes.config == running) == (not changes.changed)
    again = compare(changes.config, wanted)
    assert again.changed == []
    assert again.restart_needed == changes.restart_needed
    assert (changes.config == wanted) == (not changes.restart_needed)


def test_live_keys_exist() -> None:
    """A renamed key has to be renamed here, too."""
    known = {f"{section}.{key}" for section, keys in msgspec.to_builtins(CONFIG).items() for key in keys}
    assert known >= LIVE


OLD, NEW, NEWER = (msgspec.structs.replace(CONFIG, limits=LimitsConfig(download_bps=bps)) for bps in (1, 2, 3))


def test_a_refused_configuration_goes_back_to_the_one_before() -> None:
    """It has a number of its own, so that the refusal of the other is not taken for its own."""
    in_force = ConfigInForce(OLD)
    in_force.confirmed(0)
    in_force.apply(NEW)
    assert (in_force.config, in_force.number) == (NEW, 1)
    assert in_force.roll_back()
    assert (in_force.config, in_force.number) == (OLD, 2)


def test_a_confirmed_configuration_is_what_is_gone_back_to() -> None:
    """And an answer to an earlier one confirms nothing."""
    in_force = ConfigInForce(OLD)
    in_force.apply(NEW)
    in_force.confirmed(1)
    in_force.apply(NEWER)
    in_force.confirmed(1)
    assert in_force.roll_back()
    assert in_force.config == NEW


def test_of_two_unconfirmed_ones_neither_is_gone_back_to() -> None:
    """The last confirmed one is restored."""
    in_force = ConfigInForce(OLD)
    in_force.apply(NEW)
    in_force.apply(NEWER)
    assert in_force.roll_back()
    assert in_force.config == OLD


@pytest.mark.parametrize("confirmed", [False, True])
def test_from_the_first_configuration_there_is_no_way_back(confirmed: bool) -> None:
    """Nor after a restored one."""
    in_force = ConfigInForce(OLD)
    if confirmed:
        in_force.confirmed(0)
    assert not in_force.roll_back()
    in_force.apply(NEW)
    assert in_force.roll_back()
    assert not in_force.roll_back()


def test_addresses_and_keys_wait_for_the_next_start() -> None:
    """Sockets are bound once; changes of authorized keys are independent of this."""
    api = ApiConfig(tcp_commands="tcp://a:1", curve_secret_key_file="/k", authorized_keys_dir="/d")
    changes = compare(CONFIG, msgspec.structs.replace(CONFIG, api=api))
    assert (changes.config, changes.changed) == (CONFIG, [])
    assert changes.restart_needed == ["api.authorized_keys_dir", "api.curve_secret_key_file", "api.tcp_commands"]
