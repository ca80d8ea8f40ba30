"""The configuration. A TOML file overrides built-in defaults, and the environment overrides the file.

The environment variable `OUZEL_SECTION_KEY` sets a key. Colons separate the items of a list. Each unknown key, wrong
type and value out of range is a problem. The problem names the place and the key.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from protocol.configuration import config_environment
from protocol.configuration.config_file import ConfigFile
from protocol.configuration.config_keys import Given, converted
from protocol.configuration.config_problem import InvalidConfig, Problem
from protocol.configuration.config_section import Section
from protocol.configuration.gateway_sections import GATEWAY_SECTIONS
from protocol.text.scrub import is_utf8
from protocol.wire.commands.service.log_commands import Component, LogLevel
from protocol.wire.desired import Bps
from protocol.wire.endpoints import (
    COMMANDS_SOCKET,
    NoHome,
    default_download_root,
    default_runtime_dir,
    default_state_dir,
    ipc_endpoint,
)
from supervisor.config import hooks_config, limit_schedule, watch_config
from supervisor.config.goals_config import GoalsConfig
from supervisor.config.hooks_config import HooksConfig
from supervisor.config.limit_schedule import AlternativeLimits, Window
from supervisor.config.watch_config import WatchConfig

_TCP: Final = re.compile(r"tcp://(\*|\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]*]+):(\*|\d{1,5})")


class PathsConfig(Section, frozen=True, kw_only=True):
    """`[paths]`: absolute directories, made when missing.

    Fields:
        resume_dir: the directory of durable state (desired state and fast-resume data).
        download_roots: the directories below which torrents may be stored. The first is the default.
        runtime_dir: the directory of the sockets.
        state_dir: the directory of crash reports.
    """

    resume_dir: str
    download_roots: Annotated[list[str], msgspec.Meta(min_length=1)]
    runtime_dir: str
    state_dir: str


class ApiConfig(Section, frozen=True, kw_only=True):
    """`[api]`: clients on tcp. Without this section there are only local sockets.

    Fields:
        tcp_commands: the ZeroMQ endpoint of commands, `tcp://address:port`. The address `*` is every address, and the
            port `*` is any free port.
        tcp_events: the ZeroMQ endpoint of events, in the same form.
        curve_secret_key_file: the absolute path of the daemon's own key. `ouzel keys new --server` makes the key.
        authorized_keys_dir: the absolute path of the keys of authorized clients. `ouzel keys new` makes a client's key.
    """

    tcp_commands: str | None = None
    tcp_events: str | None = None
    curve_secret_key_file: str | None = None
    authorized_keys_dir: str | None = None

    @property
    def directories(self) -> list[Path]:
        """The directories of keys, where no payload may be stored."""
        found = [Path(self.authorized_keys_dir)] if self.authorized_keys_dir else []
        if self.curve_secret_key_file:
            # The file itself is listed: its directory may be a download root, and that stays allowed.
            found += [Path(self.curve_secret_key_file), Path(self.curve_secret_key_file).parent]
        return found


class LimitsConfig(Section, frozen=True, kw_only=True):
    """`[limits]`: rate limits in bytes/s of all torrents together; 0 is no limit. Clients can override the limits.

    Fields:
        alternative: the alternative limits; None if there are none.
        schedule: when the alternative limits are in force. A client's switch overrides the schedule.
    """

    download_bps: Bps = 0
    upload_bps: Bps = 0
    alternative: AlternativeLimits | None = None
    schedule: list[Window] = []


class IpFilterConfig(Section, frozen=True, kw_only=True):
    """`[ip_filter]`.

    Fields:
        file: the absolute path of a file with blocked addresses; None for no file.
    """

    file: str | None = None


class RestartConfig(Section, frozen=True, kw_only=True):
    """`[restart]`: the restart intensity.

    The budget is spent after more than `budget` crashes in `window_s` seconds. Then an engine is started only every
    five minutes.

    Fields:
        max_memory_mb: the memory limit in 10^6 bytes. An engine that uses more memory is recycled. 0 is no limit. None
            is three quarters of the memory of the machine or the control group.
        warm_spare: whether the next engine is loaded in advance, without a session.
    """

    window_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    budget: Annotated[int, msgspec.Meta(ge=0)] = 5
    max_delay_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    max_memory_mb: Annotated[int, msgspec.Meta(ge=0, le=2**30)] | None = None
    warm_spare: bool = True


class SandboxConfig(Section, frozen=True, kw_only=True):
    """`[sandbox]`: the kernel's confinement of the engine.

    Fields:
        mode: `auto` confines the engine by all means of this kernel. `require` runs no engine with less than the
            required confinement. `off` does not confine the engine, so only Ouzel's own checks protect files.
    """

    mode: Literal["auto", "require", "off"] = "auto"


class LogConfig(Section, frozen=True, kw_only=True):
    """`[log]`: the log on standard error.

    Fields:
        format: `console` writes lines for people. `json` writes one object in each line. `auto` is `console` on a
            terminal and in the journal, and `json` elsewhere.
        level: lines below this level are not written.
        supervisor_level: the level of the supervisor's lines. The default is `level`.
        engine_level: the level of the engine's lines. The default is `level`.
        libtorrent_level: the level of libtorrent's own messages. The default is `info`.
    """

    format: Literal["auto", "console", "json"] = "auto"
    level: LogLevel = "info"
    supervisor_level: LogLevel | None = None
    engine_level: LogLevel | None = None
    libtorrent_level: LogLevel | None = None

    @property
    def components(self) -> dict[Component, LogLevel]:
        """The configured levels of single components."""
        found: dict[Component, LogLevel | None] = {
            "supervisor": self.supervisor_level,
            "engine": self.engine_level,
            "libtorrent": self.libtorrent_level,
        }
        return {component: level for component, level in found.items() if level is not None}


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration. `engine` has settings of libtorrent under libtorrent's names."""

    paths: PathsConfig
    api: ApiConfig = ApiConfig()
    engine: dict[str, int | str | bool] = {}
    limits: LimitsConfig = LimitsConfig()
    ip_filter: IpFilterConfig = IpFilterConfig()
    goals: GoalsConfig = GoalsConfig()
    restart: RestartConfig = RestartConfig()
    sandbox: SandboxConfig = SandboxConfig()
    log: LogConfig = LogConfig()
    hooks: HooksConfig = HooksConfig()
    watch: WatchConfig = WatchConfig()


def read(file: Path | None, environ: Mapping[str, str] = os.environ) -> Given:
    """Reads the file and the environment, without validation. Raises InvalidConfig if the file is not readable TOML."""
    known: dict[str, Collection[str]] = {each.name: _keys_of(each.type) for each in msgspec.structs.fields(Config)}
    known |= GATEWAY_SECTIONS
    return Given(None if file is None else ConfigFile.read(file), config_environment.read(environ, known), known)


def load(file: Path | None, environ: Mapping[str, str] = os.environ, *, running: Config | None = None) -> Config:
    """Reads and validates the configuration.

    Args:
        file: a TOML file; None for the defaults alone.
        environ: the environment.
        running: the configuration in force, on a reload. If one of its sections differs from the defaults, the file
            must have this section. The section may be empty. Otherwise a truncated file would bring the defaults into
            force.

    Raises:
        InvalidConfig: the file is not readable TOML, a key is wrong, or a section is missing.
    """
    given = read(file, environ)
    sections, problems = converted(given, Config)
    if "paths" in sections and not any(_of(problem, "paths") for problem in problems):
        problems += [given.blame(key, message) for key, message in _add_default_paths(sections["paths"], environ)]
    if problems:
        raise InvalidConfig(problems)
    config: Config = msgspec.convert(sections, Config)
    checks = (
        _check_engine(config.engine),
        _check_paths(config.paths),
        _check_api(config.api),
        _check_ip_filter(config.ip_filter.file),
        hooks_config.check(config.hooks),
        watch_config.check(config.watch),
        limit_schedule.problems(config.limits.schedule, alternative=config.limits.alternative is not None),
    )
    found = {key: message for check in checks for key, message in check}
    found |= {} if found else dict(_check_apart(config))  # this check needs valid paths
    problems = [given.blame(key, message) for key, message in found.items()]
    if given.file is not None and running is not None:
        problems += [given.blame(section, _LOST.format(section)) for section in _lost(given.file, running, config)]
    if problems:
        raise InvalidConfig(problems)
    return config


_LOST: Final = (
    "[{0}] is not in the file any more, which may have been truncated, and its values in force are not the defaults; "
    "to use the defaults, write the line [{0}] with nothing below it, or restart the daemon"
)

_Found = Iterator[tuple[str, str]]
"""Pairs of a key and its problem."""


def _lost(file: ConfigFile, running: Config, wanted: Config) -> list[str]:
    """The sections that the file lacks, if their running values would change."""
    return [
        section
        for section in Config.__struct_fields__
        if section not in file.content and getattr(running, section) != getattr(wanted, section)
    ]


def _keys_of(kind: Any) -> list[str]:
    return list(kind.__struct_fields__) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else []


def _of(problem: Problem, section: str) -> bool:
    return problem.key is not None and problem.key.partition(".")[0] == section


def _add_default_paths(paths: dict[str, Any], environ: Mapping[str, str]) -> _Found:
    """Adds missing keys to `[paths]`. Looks up the home directory only if a default path needs it."""
    defaults: dict[str, Callable[[], object]] = {
        "resume_dir": lambda: str(default_state_dir() / "resume"),
        "download_roots": lambda: [str(default_download_root())],
        "runtime_dir": lambda: str(default_runtime_dir(environ)),
        "state_dir": lambda: str(default_state_dir()),
    }
    for key, default in defaults.items():
        if key not in paths:
            try:
                paths[key] = default()
            except NoHome as error:
                yield f"paths.{key}", str(error)


def _check_engine(settings: Mapping[str, object]) -> _Found:
    """Checks the range of libtorrent's settings. libtorrent itself makes all other checks."""
    for key, value in settings.items():
        if isinstance(value, int) and not -(2**31) <= value < 2**31:
            yield f"engine.{key}", f"{value} does not fit into 32 bits, as libtorrent's settings do"


def _check_paths(paths: PathsConfig) -> _Found:
    named = {"resume_dir": paths.resume_dir, "runtime_dir": paths.runtime_dir, "state_dir": paths.state_dir}
    named |= {f"download_roots[{index}]": root for index, root in enumerate(paths.download_roots)}
    for key, value in named.items():
        if "\0" in value or not Path(value).is_absolute():
            yield f"paths.{key}", f"{value!r} is not an absolute path"
            continue
        for path in (value, os.path.realpath(value)):  # other paths cannot be sent to the engine
            if not is_utf8(path):
                yield f"paths.{key}", f"{path!r} is not UTF-8, as names in torrents are"
                break
    try:
        ipc_endpoint(Path(paths.runtime_dir), COMMANDS_SOCKET)
    except ValueError as error:
        yield "paths.runtime_dir", str(error)


def _check_ip_filter(file: str | None) -> _Found:
    if file is not None and ("\0" in file or not is_utf8(file) or not Path(file).is_absolute()):
        yield "ip_filter.file", f"{file!r} is not an absolute path in UTF-8"


def _check_apart(config: Config) -> _Found:
    """Checks that no download root is one of Ouzel's own directories. Otherwise torrents would be written into these
    directories.
    """
    paths, api = config.paths, config.api
    own = {f"paths.{key}": getattr(paths, key) for key in ("resume_dir", "runtime_dir", "state_dir")}
    own["api.authorized_keys_dir"] = api.authorized_keys_dir
    for key, directory in own.items():
        for index, root in enumerate(paths.download_roots):
            if directory is not None and os.path.realpath(directory) == os.path.realpath(root):
                problem = f"is {key}, too; torrents need their own directory, for example a subdirectory of this one"
                yield f"paths.download_roots[{index}]", f"{root!r} {problem}"


def _check_api(api: ApiConfig) -> _Found:
    """Checks `[api]` without reading files. tcp requires CURVE, because otherwise everybody could use the socket."""
    for key, endpoint in (("tcp_commands", api.tcp_commands), ("tcp_events", api.tcp_events)):
        if endpoint is None:
            continue
        found = _TCP.fullmatch(endpoint)
        if found is None or (found[3] != "*" and int(found[3]) > 65535):
            yield f"api.{key}", f"{endpoint!r} is not tcp://ADDRESS:PORT, such as tcp://127.0.0.1:7801"
        for needed in ("curve_secret_key_file", "authorized_keys_dir"):
            if getattr(api, needed) is None:
                yield f"api.{needed}", f"missing, and api.{key} is only offered with it; docs/security.md has more"
    for key, path in (
        ("curve_secret_key_file", api.curve_secret_key_file),
        ("authorized_keys_dir", api.authorized_keys_dir),
    ):
        if path is not None and ("\0" in path or not Path(path).is_absolute()):
            yield f"api.{key}", f"{path!r} is not an absolute path"
