import os
import re
from pathlib import Path
from typing import Any

import pytest

from protocol.configuration.config_problem import InvalidConfig
from protocol.wire.endpoints import COMMANDS_SOCKET, IPC_PATH_MAX_BYTES, NoHome
from protocol.wire.session.desired_session import DAYS
from supervisor.commands.roots.download_roots import DownloadRoots
from supervisor.config import config
from supervisor.config.config import ApiConfig, Config, LimitsConfig, RestartConfig, load
from supervisor.config.limit_schedule import AlternativeLimits, Window

RUNTIME = {"OUZEL_PATHS_RUNTIME_DIR": "/run/ouzel"}


def written(directory: Path, text: str) -> Path:
    """A configuration file."""
    file = directory / "ouzel.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(file: Path | None, environ: dict[str, str] | None = None) -> str:
    """The message about an unusable configuration."""
    with pytest.raises(InvalidConfig) as refused:
        load(file, RUNTIME if environ is None else environ)
    return str(refused.value)


def test_the_defaults_run_without_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Below the user's XDG directories, all absolute."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = load(None, {"XDG_RUNTIME_DIR": "/run/user/0"})
    assert config.paths.resume_dir == str(tmp_path / "state" / "ouzel" / "resume")
    assert config.paths.state_dir == str(tmp_path / "state" / "ouzel")
    assert config.paths.runtime_dir == "/run/user/0/ouzel"
    assert len(config.paths.download_roots) == 1
    assert all(Path(path).is_absolute() for path in (*config.paths.download_roots, config.paths.resume_dir))
    assert (config.engine, config.limits, config.restart) == ({}, LimitsConfig(), RestartConfig())
    assert (config.restart.window_s, config.restart.budget, config.restart.max_delay_s) == (60.0, 5, 30.0)
    assert config.restart.warm_spare


def test_a_home_is_only_needed_where_a_path_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the first key that has no default without a home."""

    def none() -> Path:
        raise NoHome("there is no default for it")

    monkeypatch.setattr(config, "default_state_dir", none)
    monkeypatch.setattr(config, "default_download_root", none)
    named = RUNTIME | {f"OUZEL_PATHS_{key}": f"/x/{key}" for key in ("RESUME_DIR", "DOWNLOAD_ROOTS", "STATE_DIR")}
    assert load(None, named).paths.state_dir == "/x/STATE_DIR"
    for missing in ("RESUME_DIR", "DOWNLOAD_ROOTS", "STATE_DIR"):
        environ = {name: value for name, value in named.items() if not name.endswith(missing)}
        assert refusal(None, environ) == f"paths.{missing.lower()}: there is no default for it"


def test_a_file_goes_over_the_defaults_key_by_key(tmp_path: Path) -> None:
    """Omitted keys stay, also in the same section."""
    file = written(
        tmp_path,
        """
        [paths]
        resume_dir = "/srv/resume"
        download_roots = ["/srv/a", "/srv/b"]
        [limits]
        download_bps = 1000
        [restart]
        window_s = 30
        budget = 0
        """,
    )
    config = load(file, RUNTIME)
    assert (config.paths.resume_dir, config.paths.download_roots) == ("/srv/resume", ["/srv/a", "/srv/b"])
    assert config.paths.runtime_dir == "/run/ouzel"
    assert config.limits == LimitsConfig(download_bps=1000, upload_bps=0)
    assert config.restart == RestartConfig(window_s=30.0, budget=0, max_delay_s=30.0)
    assert type(config.restart.window_s) is float


SCHEDULE = """
[limits]
download_bps = 1000
[limits.alternative]
upload_bps = 5
[[limits.schedule]]
days = ["sat", "sun"]
from = "08:00"
to = "20:30"
[[limits.schedule]]
from = "22:00"
to = "06:00"
"""


def test_a_schedule_of_alternative_limits(tmp_path: Path) -> None:
    """As tables; without days, all of them."""
    limits = load(written(tmp_path, SCHEDULE), RUNTIME).limits
    assert (limits.download_bps, limits.alternative) == (1000, AlternativeLimits(upload_bps=5))
    weekend = Window(days=["sat", "sun"], start="08:00", to="20:30")
    assert limits.schedule == [weekend, Window(days=list(DAYS), start="22:00", to="06:00")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"08:00"', '"8:00"', "limits.schedule[0].from: '8:00' is no time of day, such as 22:00"),
        ('"sun"', '"son"', "limits.schedule[0].days[1]: "),
        ("upload_bps = 5", "upload_bps = -5", "limits.alternative.upload_bps: "),
        ("upload_bps = 5", "upload = 5", "limits.alternative"),
        ("[limits.alternative]\nupload_bps = 5", "", "limits.schedule: has no effect without"),
    ],
)
def test_a_bad_schedule_is_refused_with_its_key(tmp_path: Path, before: str, after: str, told: str) -> None:
    """And its line."""
    refused = refusal(written(tmp_path, SCHEDULE.replace(before, after)))
    assert told in refused
    assert re.search(r"ouzel\.toml:\d+: ", refused)


@pytest.mark.parametrize("text", ["[paths]\n", "[paths]\n[engine]\n[limits]\n[restart]\n"])
def test_sections_may_be_empty(tmp_path: Path, text: str) -> None:
    """This is how the defaults are requested."""
    assert load(written(tmp_path, text), RUNTIME) == load(None, RUNTIME)


@pytest.mark.parametrize("text", ["", "\n \t\r\n", "# nothing\n"])
def test_a_file_without_any_section_is_refused(tmp_path: Path, text: str) -> None:
    """A truncated file looks the same, and would open the service to everybody."""
    told = refusal(written(tmp_path, text))
    assert told.startswith(f"{tmp_path / 'ouzel.toml'}: ")
    assert "truncated" in told


def test_what_is_no_file_and_empty_is_meant_so() -> None:
    """/dev/null cannot be truncated."""
    assert load(Path("/dev/null"), RUNTIME) == load(None, RUNTIME)


ENGINE = "[engine]\nenable_dht = false\n"


@pytest.mark.parametrize("left", ["[limits]\n", "[limits]\nupload_bps = 5\n", "[engin]\n[limits]\n"])
def test_a_section_in_force_does_not_vanish_on_reload(tmp_path: Path, left: str) -> None:
    """A file may be truncated between two sections; the section's line alone shows that it is intended."""
    running = load(written(tmp_path, ENGINE + "[limits]\nupload_bps = 5\n"), RUNTIME)
    with pytest.raises(InvalidConfig) as refused:
        load(written(tmp_path, left), RUNTIME, running=running)
    assert "[engine]" in str(refused.value)
    assert load(written(tmp_path, f"[engine]\n{left.removeprefix('[engin]')}"), RUNTIME, running=running).engine == {}


def test_a_section_that_makes_no_difference_may_vanish(tmp_path: Path) -> None:
    """It had the defaults, or the environment overrides it."""
    running = load(written(tmp_path, ENGINE + "[restart]\nbudget = 5\n[limits]\n"), RUNTIME)
    environ = RUNTIME | {"OUZEL_ENGINE_ENABLE_DHT": "false"}
    assert load(written(tmp_path, "[limits]\n"), environ, running=running).engine == {"enable_dht": False}
    assert load(None, RUNTIME, running=running).engine == {}


def test_all_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    """With the line or the variable; the message has the first problem and the number of others."""
    text = """[paths]
    download_roots = ["/srv", 5]
    'roots' = 5
    [limits]  # bytes
    downloadbps = 1
    upload_bps = 3_000_000_000
    window_s = 5
    [restart]
    budget.x = 1
    [engine]
    a = 1.5
    [sandbox]
    mode = "required"
    [Restart]
    """
    environ = RUNTIME | {"OUZEL_RESTART_BUDGET": "many", "OUZEL_LIMITS_DOWNLOAD_BPS": "-1"}
    with pytest.raises(InvalidConfig) as refused:
        load(written(tmp_path, text), environ)
    found = [(each.line, each.variable, each.key) for each in refused.value.problems]
    assert sorted(found, key=str) == sorted(
        [
            (14, None, "Restart"),
            (2, None, "paths.download_roots[1]"),
            (3, None, "paths.roots"),
            (None, "OUZEL_LIMITS_DOWNLOAD_BPS", "limits.download_bps"),
            (5, None, "limits.downloadbps"),
            (6, None, "limits.upload_bps"),
            (7, None, "limits.window_s"),
            (None, "OUZEL_RESTART_BUDGET", "restart.budget"),
            (11, None, "engine.a"),
            (13, None, "sandbox.mode"),
        ],
        key=str,
    )
    told = {each.key: each.message for each in refused.value.problems}
    assert "did you mean download_roots?" in told["paths.roots"]
    assert "did you mean download_bps?" in told["limits.downloadbps"]
    assert "it is one of [restart]" in told["limits.window_s"]
    assert 'did you mean "require"?' in told["sandbox.mode"]
    assert "did you mean [restart]?" in told["Restart"]
    assert str(refused.value).endswith("(and 9 more; `ouzeld --check` names all)")


def test_engine_settings_keep_the_type_they_have_in_the_file(tmp_path: Path) -> None:
    """A string that looks like a number or boolean stays a string."""
    file = written(
        tmp_path,
        """
        [engine]
        user_agent = "1"
        peer_fingerprint = "true"
        dht_bootstrap_nodes = ""
        outgoing_interfaces = "null"
        connections_limit = 200
        active_limit = -1
        enable_dht = false
        """,
    )
    expected: dict[str, Any] = {
        "user_agent": "1",
        "peer_fingerprint": "true",
        "dht_bootstrap_nodes": "",
        "outgoing_interfaces": "null",
        "connections_limit": 200,
        "active_limit": -1,
        "enable_dht": False,
    }
    engine = load(file, RUNTIME).engine
    assert engine == expected
    assert {key: type(value) for key, value in engine.items()} == {key: type(value) for key, value in expected.items()}


def test_the_environment_goes_over_both(tmp_path: Path) -> None:
    """Every key, whatever its type; lists are separated by colons."""
    file = written(tmp_path, '[paths]\nresume_dir = "/file"\n[restart]\nbudget = 1\n[engine]\nenable_dht = true\n')
    environ = {
        "OUZEL_PATHS_RESUME_DIR": "/env/resume",
        "OUZEL_PATHS_DOWNLOAD_ROOTS": "/env/a:/env/b",
        "OUZEL_PATHS_RUNTIME_DIR": "/env/run",
        "OUZEL_PATHS_STATE_DIR": "/env/state",
        "OUZEL_LIMITS_DOWNLOAD_BPS": "2147483646",
        "OUZEL_LIMITS_UPLOAD_BPS": "5",
        "OUZEL_RESTART_WINDOW_S": "1.5",
        "OUZEL_RESTART_BUDGET": "9",
        "OUZEL_RESTART_MAX_DELAY_S": "2",
        "OUZEL_RESTART_MAX_MEMORY_MB": "512",
        "OUZEL_RESTART_WARM_SPARE": "false",
        "OUZEL_ENGINE_ENABLE_DHT": "False",
        "OUZEL_ENGINE_CONNECTIONS_LIMIT": "-1",
        "OUZEL_ENGINE_USER_AGENT": "Ouzel/1.0 – ünï",
        "OUZEL_ENGINE_LISTEN_INTERFACES": "127.0.0.1:6881",
        "HOME": "/root",
        "OUZELS_RESTART_BUDGET": "77",
    }
    config = load(file, environ)
    paths = config.paths
    assert (paths.resume_dir, paths.runtime_dir, paths.state_dir) == ("/env/resume", "/env/run", "/env/state")
    assert paths.download_roots == ["/env/a", "/env/b"]
    assert config.limits == LimitsConfig(download_bps=2**31 - 2, upload_bps=5)
    assert config.restart == RestartConfig(window_s=1.5, budget=9, max_delay_s=2.0, max_memory_mb=512, warm_spare=False)
    assert config.engine == {
        "enable_dht": False,
        "connections_limit": -1,
        "user_agent": "Ouzel/1.0 – ünï",
        "listen_interfaces": "127.0.0.1:6881",
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[paths]\nresumedir = '/x'\n", "resumedir"),
        ("[restarts]\nbudget = 1\n", "restarts"),
        ("budget = 1\n", "budget"),
        ("[limits]\ndownload = 1\n", "download"),
        ("[paths]\nresume_dir = 5\n", "paths.resume_dir"),
        ("[paths]\ndownload_roots = '/x'\n", "paths.download_roots"),
        ("[paths]\ndownload_roots = []\n", "paths.download_roots"),
        ("[paths]\ndownload_roots = ['/x', 5]\n", "paths.download_roots[1]"),
        ("[limits]\ndownload_bps = -1\n", "limits.download_bps"),
        ("[limits]\nupload_bps = 2147483648\n", "limits.upload_bps"),
        ("[limits]\nupload_bps = true\n", "limits.upload_bps"),
        ("[limits]\nupload_bps = 1.5\n", "limits.upload_bps"),
        ("[restart]\nwindow_s = 0\n", "restart.window_s"),
        ("[restart]\nwindow_s = nan\n", "restart.window_s"),
        ("[restart]\nbudget = -1\n", "restart.budget"),
        ("[restart]\nmax_delay_s = 'soon'\n", "restart.max_delay_s"),
        ("[restart]\nwarm_spare = 'lukewarm'\n", "restart.warm_spare"),
        ("[sandbox]\nmode = 'sometimes'\n", "sandbox.mode"),
        ("paths = 5\n", "paths"),
        ("engine = []\n", "engine"),
        ("[[restart]]\nbudget = 1\n", "restart"),
        ("[paths]\nresume_dir = 'here'\n", "paths.resume_dir"),
        ("[paths]\nstate_dir = ''\n", "paths.state_dir"),
        ("[paths]\nruntime_dir = './run'\n", "paths.runtime_dir"),
        ("[paths]\ndownload_roots = ['/ok', '~/Downloads']\n", "paths.download_roots[1]"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    """Unknown keys and sections, wrong types, values out of range, relative paths: one error with the key."""
    assert key in refusal(written(tmp_path, text), {})


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("OUZEL_PATHS_RESUMEDIR", "/x", "did you mean OUZEL_PATHS_RESUME_DIR?"),
        ("OUZEL_PATHS_RESUME_DIR", "here", "paths.resume_dir"),
        ("OUZEL_PATHS_RUNTIME_DIR", "", "paths.runtime_dir"),
        ("OUZEL_PATHS_DOWNLOAD_ROOTS", "", "paths.download_roots[0]"),
        ("OUZEL_PATHS_DOWNLOAD_ROOTS", "/a:b", "paths.download_roots[1]"),
        ("OUZEL_PATHS_DOWNLOAD_ROOTS", "/a:/\udcff", "paths.download_roots[1]"),
        ("OUZEL_PATHS_RESUME_DIR", "/\udcff", "paths.resume_dir"),
        ("OUZEL_LIMITS_DOWNLOAD_BPS", "many", "limits.download_bps"),
        ("OUZEL_LIMITS_DOWNLOAD_BPS", "", "limits.download_bps"),
        ("OUZEL_RESTART_BUDGET", "1.5", "restart.budget"),
        ("OUZEL_RESTART_WINDOW_S", "-1", "restart.window_s"),
        ("OUZEL_paths_RESUME_DIR", "/x", "did you mean OUZEL_PATHS_RESUME_DIR?"),
        ("ouzel_paths_resume_dir", "/x", "did you mean OUZEL_PATHS_RESUME_DIR?"),
        ("OUZEL_RUNTIME_DIR", "/x", "did you mean OUZEL_PATHS_RUNTIME_DIR?"),
        ("OUZEL_ENGIN_ENABLE_DHT", "0", "did you mean OUZEL_ENGINE_ENABLE_DHT?"),
        ("OUZEL_ENGINE_enable_dht", "0", "did you mean OUZEL_ENGINE_ENABLE_DHT?"),
        ("OUZEL_SERVERKEY", "/x", "did you mean OUZEL_SERVER_KEY?"),
        ("OUZEL_SOMETHING_ELSE", "/x", "OUZEL_SOMETHING_ELSE: Ouzel has no such variable; unset it"),
        ("OUZEL_", "/x", "OUZEL_: "),
        ("OUZEL_LOG_LEVEL", "\udcff", "OUZEL_LOG_LEVEL: log.level: is not UTF-8"),
        ("OUZEL_RESTART_BUDGET", "\udcff", "OUZEL_RESTART_BUDGET: restart.budget: is not UTF-8"),
        ("OUZEL_ENGINE_USER_AGENT", "\udcff", "OUZEL_ENGINE_USER_AGENT: engine.user_agent: is not UTF-8"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(name: str, value: str, key: str) -> None:
    """As in the file."""
    assert key in refusal(None, RUNTIME | {name: value})


def test_variables_of_others_are_left_alone() -> None:
    """Variables of clients, those that Kubernetes derives from a service's name, and those of shell completion."""
    others = ["OUZEL_SERVER", "OUZEL_SERVER_KEY", "OUZEL_SERVER_EVENTS", "OUZEL_KEY", "OUZEL_SERVICE_HOST"]
    others += ["OUZEL_PORT", "OUZEL_PORT_7801_TCP", "OUZEL_PORT_7801_TCP_ADDR", "OUZEL_SERVICE_PORT_COMMANDS"]
    others += ["_OUZEL_COMPLETE", "ouzel", "ouzel_home", "OUZELD", "NOTIFY_SOCKET"]
    assert load(None, RUNTIME | dict.fromkeys(others, "tcp://10.0.0.1:7801")) == load(None, RUNTIME)


@pytest.mark.parametrize("key", ["RESUME_DIR", "RUNTIME_DIR", "STATE_DIR", "DOWNLOAD_ROOTS"])
def test_a_directory_behind_a_link_has_to_have_a_name_that_is_utf_8(tmp_path: Path, key: str) -> None:
    """The engine gets paths with links resolved, and could not be sent such a path."""
    (tmp_path / "link").symlink_to("\udcff")
    assert "is not UTF-8" in refusal(None, RUNTIME | {f"OUZEL_PATHS_{key}": str(tmp_path / "link" / "x")})


@pytest.mark.parametrize("value", ["1.5", "[1, 2]", "{a = 1}", "1979-05-27"])
def test_an_engine_setting_of_no_possible_type_is_named(tmp_path: Path, value: str) -> None:
    """libtorrent's settings are integers, strings and booleans; the error names the other one."""
    assert "engine.connections_limit" in refusal(written(tmp_path, f"[engine]\nconnections_limit = {value}\n"))


@pytest.mark.parametrize("value", ["--5", "-", "5-", "1.5", "²", "- 5", "0x10", ""])
def test_an_engine_setting_in_the_environment_that_is_no_number_is_a_string(value: str) -> None:
    """libtorrent validates it later."""
    assert load(None, RUNTIME | {"OUZEL_ENGINE_USER_AGENT": value}).engine == {"user_agent": value}


@pytest.mark.parametrize("key", ["resume_dir", "state_dir", "runtime_dir"])
def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path, key: str) -> None:
    """A NUL ends a path for the operating system."""
    assert f"paths.{key}" in refusal(written(tmp_path, f'[paths]\n{key} = "/x\\u0000y"\n'), {})


def test_a_runtime_dir_that_sockets_do_not_fit_in_is_refused() -> None:
    """The longest possible path is accepted; one byte more is not."""
    longest = "/" + "r" * (IPC_PATH_MAX_BYTES - len(COMMANDS_SOCKET) - 2)
    assert load(None, {"OUZEL_PATHS_RUNTIME_DIR": longest}).paths.runtime_dir == longest
    for too_long in (f"{longest}r", longest[:-1] + "ü"):
        assert "paths.runtime_dir" in refusal(None, {"OUZEL_PATHS_RUNTIME_DIR": too_long})


@pytest.mark.parametrize(
    "content",
    [
        b"[paths",
        b"a = 1\na = 2\n",
        b"\xff\xfe",
        b"\xef\xbb\xbf[engine]\n",
        "[engine]\n".encode("utf-16"),
        b"[engine]\n" + b"\0" * 4096,
        b"[engine]\na = '\xe4'\n",
        b"[a]\n[a]\n",
        b"[engine]\na = " + b"9" * 5000,
        b"a = " + b"[" * 5000,
    ],
    ids=["cut", "twice", "no text", "BOM", "UTF-16", "zeros", "Latin-1", "section twice", "long number", "deep"],
)
def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    """The message names the file."""
    file = tmp_path / "ouzel.toml"
    file.write_bytes(content)
    assert str(file) in refusal(file)


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    """A missing file that was named is no reason for defaults."""
    assert "No such file" in refusal(tmp_path / "none.toml")
    assert str(tmp_path) in refusal(tmp_path)


def test_what_is_not_a_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A pipe without a writer, one with a writer that writes nothing, a link to it, and other things."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for file in (pipe, link, tmp_path, Path("/dev/zero")):
        assert refusal(file) == f"{file}: is not a regular file"
    with pipe.open("r+b", buffering=0):
        assert refusal(pipe) == f"{pipe}: is not a regular file"


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 10**23])
def test_a_setting_beyond_32_bits_is_refused_by_its_key(tmp_path: Path, value: int) -> None:
    """From the file and from the environment; libtorrent's settings have 32 bits."""
    file = tmp_path / "ouzel.toml"
    file.write_text(f"[engine]\nconnections_limit = {value}\n")
    assert "engine.connections_limit" in refusal(file)
    file.write_text(f"[engine]\nconnections_limit = {2**31 - 1}\n")
    assert load(file, RUNTIME).engine["connections_limit"] == 2**31 - 1


def test_a_configuration_is_a_value() -> None:
    """The same sources give an equal configuration."""
    assert load(None, RUNTIME) == load(None, RUNTIME)
    assert isinstance(load(None, RUNTIME), Config)


API = {"curve_secret_key_file": "/k/server.key_secret", "authorized_keys_dir": "/k/authorized"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "tcp://127.0.0.1:7801",
        "tcp://*:7801",
        "tcp://0.0.0.0:*",
        "tcp://[::1]:0",
        "tcp://eth0:65535",
        "tcp://a.example:1",
    ],
)
def test_tcp_endpoints(tmp_path: Path, endpoint: str) -> None:
    """Addresses, names and interfaces; any free port. One of the two sockets is enough."""
    keys = "\n".join(f'{key} = "{value}"' for key, value in API.items())
    api = load(written(tmp_path, f'[api]\ntcp_events = "{endpoint}"\n{keys}'), RUNTIME).api
    assert (api.tcp_events, api.tcp_commands, api.authorized_keys_dir) == (endpoint, None, API["authorized_keys_dir"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "127.0.0.1:7801",
        "tcp://127.0.0.1",
        "tcp://:1",
        "tcp://a:65536",
        "ipc:///x",
        "tcp://a b:1",
        "tcp://a:1;b:2",
        "inproc://x",
    ],
)
def test_what_is_no_tcp_endpoint_is_refused(endpoint: str) -> None:
    """The error names the key."""
    environ = {**RUNTIME, **{f"OUZEL_API_{key.upper()}": value for key, value in API.items()}}
    assert refusal(None, {**environ, "OUZEL_API_TCP_COMMANDS": endpoint}).startswith(
        "OUZEL_API_TCP_COMMANDS: api.tcp_commands: "
    )


@pytest.mark.parametrize("missing", API)
def test_there_is_no_tcp_without_keys(missing: str) -> None:
    """It would be open to everybody."""
    given = {f"OUZEL_API_{key.upper()}": value for key, value in API.items() if key != missing}
    assert refusal(None, {**RUNTIME, **given, "OUZEL_API_TCP_EVENTS": "tcp://127.0.0.1:1"}).startswith(
        f"api.{missing}: "
    )
    assert load(None, {**RUNTIME, **given}).api.tcp_events is None


@pytest.mark.parametrize("key", API)
def test_key_paths_are_absolute(key: str) -> None:
    """A service's working directory is arbitrary."""
    assert refusal(None, {**RUNTIME, f"OUZEL_API_{key.upper()}": "keys"}).startswith(
        f"OUZEL_API_{key.upper()}: api.{key}: "
    )


@pytest.mark.parametrize("key", ["resume_dir", "runtime_dir", "state_dir"])
def test_a_download_root_is_not_one_of_ouzels_own_directories(tmp_path: Path, key: str) -> None:
    """A torrent called `<id>.json` would write desired state; by any name. A root below one is allowed."""
    (tmp_path / "link").symlink_to(tmp_path)
    own = {f"OUZEL_PATHS_{key.upper()}": str(tmp_path)}
    told = refusal(None, {**RUNTIME, **own, "OUZEL_PATHS_DOWNLOAD_ROOTS": f"/srv:{tmp_path / 'link'}"})
    assert told.startswith("OUZEL_PATHS_DOWNLOAD_ROOTS: paths.download_roots[1]: ")
    assert f"is paths.{key}, too" in told
    load(None, {**RUNTIME, **own, "OUZEL_PATHS_DOWNLOAD_ROOTS": str(tmp_path / "downloads")})


def test_keys_are_no_place_for_payload() -> None:
    """Neither may the daemon's own key be directly in a download root."""
    api = ApiConfig(curve_secret_key_file="/srv/server.key_secret", authorized_keys_dir="/srv/keys")
    roots = DownloadRoots([Path("/srv")], reserved=api.directories)
    allowed = {path: roots.bounds.allow(path) for path in ("/srv/a", "/srv/server.key_secret", "/srv/keys/laptop.key")}
    assert allowed == {"/srv/a": True, "/srv/server.key_secret": False, "/srv/keys/laptop.key": False}
