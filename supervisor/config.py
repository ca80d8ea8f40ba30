"""The configuration: built-in defaults, a TOML file over them, the environment over both.

Every key is also `OUZEL_SECTION_KEY`, lists separated by colons. An unknown key, a wrong type and a value out of
range are each one error that names the key.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from protocol import codec
from protocol.desired import Bps
from protocol.endpoints import (
    COMMANDS_SOCKET,
    NoHome,
    default_download_root,
    default_runtime_dir,
    default_state_dir,
    ipc_endpoint,
)

ENVIRONMENT_PREFIX: Final = "OUZEL_"

_TCP: Final = re.compile(r"tcp://(\*|\[[0-9A-Fa-f:.]+(%\w+)?\]|[^\s:/\[\]*]+):(\*|\d{1,5})")


class InvalidConfig(Exception):
    """The configuration cannot be used; the message names the key."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all sections share: a key that nobody knows is an error."""


class PathsConfig(_Section, frozen=True, kw_only=True):
    """`[paths]`: absolute directories, made when missing.

    Fields:
        resume_dir: what must survive: desired state and fast-resume data.
        download_roots: below which torrents may be stored; the first is the default.
        runtime_dir: the sockets.
        state_dir: what is nice to keep.
    """

    resume_dir: str
    download_roots: Annotated[list[str], msgspec.Meta(min_length=1)]
    runtime_dir: str
    state_dir: str


class ApiConfig(_Section, frozen=True, kw_only=True):
    """`[api]`: clients on tcp; without it there are only local sockets.

    Fields:
        tcp_commands, tcp_events: ZeroMQ endpoints, `tcp://address:port`; `*` is every address, or any free port.
        curve_secret_key_file: the daemon's own key, absolute; `ouzel keys new --server` makes one.
        authorized_keys_dir: the keys of those who may come in, absolute; `ouzel keys new` makes them.
    """

    tcp_commands: str | None = None
    tcp_events: str | None = None
    curve_secret_key_file: str | None = None
    authorized_keys_dir: str | None = None

    @property
    def directories(self) -> list[Path]:
        """Where keys lie: no place for payload."""
        found = [Path(self.authorized_keys_dir)] if self.authorized_keys_dir else []
        if self.curve_secret_key_file:
            # The file too: its directory may be a download root, and is one all the same.
            found += [Path(self.curve_secret_key_file), Path(self.curve_secret_key_file).parent]
        return found


class LimitsConfig(_Section, frozen=True, kw_only=True):
    """`[limits]`: bytes per second of all torrents together, 0 for none, until a client says otherwise."""

    download_bps: Bps = 0
    upload_bps: Bps = 0


class RestartConfig(_Section, frozen=True, kw_only=True):
    """`[restart]`: more than `budget` crashes in `window_s` seconds, and the engine is only tried now and then.

    Fields:
        max_memory_mb: an engine that holds more is replaced, in millions of bytes; 0 is never, None three quarters of
            what there is.
        warm_spare: whether the next engine waits ahead of time, loaded and without a session.
    """

    window_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    budget: Annotated[int, msgspec.Meta(ge=0)] = 5
    max_delay_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    max_memory_mb: Annotated[int, msgspec.Meta(ge=0, le=2**30)] | None = None
    warm_spare: bool = True


class SandboxConfig(_Section, frozen=True, kw_only=True):
    """`[sandbox]`: what the kernel holds the engine to.

    Fields:
        mode: `auto` confines it as far as this kernel can, `require` runs no engine where that is less than all that
            counts, `off` leaves it to Ouzel's own care.
    """

    mode: Literal["auto", "require", "off"] = "auto"


class LogConfig(_Section, frozen=True, kw_only=True):
    """`[log]`: what is written to standard error.

    Fields:
        format: `console` is lines for people, `json` an object a line; `auto` is the former on a terminal and in the
            journal, the latter elsewhere.
        level: what is below it is not written.
    """

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(_Section, frozen=True, kw_only=True):
    """The whole configuration. `engine` has libtorrent's settings by their own names."""

    paths: PathsConfig
    api: ApiConfig = ApiConfig()
    engine: dict[str, int | str | bool] = {}
    limits: LimitsConfig = LimitsConfig()
    restart: RestartConfig = RestartConfig()
    sandbox: SandboxConfig = SandboxConfig()
    log: LogConfig = LogConfig()


def load(file: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration.

    Args:
        file: a TOML file; None for the defaults alone.
        environ: the environment.

    Raises:
        InvalidConfig: unreadable, not TOML, or a key is wrong.
    """
    merged: dict[str, Any] = {}
    if file is not None:
        _merge(merged, _read(file))
    _merge(merged, _from_environment(environ))
    _add_default_paths(merged.setdefault("paths", {}), environ)
    _check_engine(merged.get("engine"))
    try:
        config = msgspec.convert(merged, Config, strict=False)
    except msgspec.ValidationError as error:
        key, problem = codec.blame(str(error), "")
        raise InvalidConfig(f"configuration: {key}: {problem}" if key else f"configuration: {problem}") from error
    _check_paths(config.paths)
    _check_api(config.api)
    _check_apart(config)
    return config


def _add_default_paths(paths: object, environ: Mapping[str, str]) -> None:
    """Gives `[paths]` the keys that it lacks: a home directory is only looked for where one is needed."""
    defaults: dict[str, Callable[[], object]] = {
        "resume_dir": lambda: str(default_state_dir() / "resume"),
        "download_roots": lambda: [str(default_download_root())],
        "runtime_dir": lambda: str(default_runtime_dir(environ)),
        "state_dir": lambda: str(default_state_dir()),
    }
    for key, default in defaults.items():
        if isinstance(paths, dict) and key not in paths:
            try:
                paths[key] = default()
            except NoHome as error:
                raise InvalidConfig(f"paths.{key}: {error}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, a number of thousands of digits, or too deep
        raise InvalidConfig(f"{file}: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """`OUZEL_RESTART_BUDGET=9` as `{"restart": {"budget": "9"}}`; engine settings get the type they look like."""
    found: dict[str, dict[str, Any]] = {}
    for section in Config.__struct_fields__:
        prefix = f"{ENVIRONMENT_PREFIX}{section.upper()}_"
        for name, value in environ.items():
            if name.startswith(prefix):
                key = name.removeprefix(prefix).lower()
                found.setdefault(section, {})[key] = _environment_value(section, key, value)
    return found


def _environment_value(section: str, key: str, value: str) -> Any:
    if (section, key) == ("paths", "download_roots"):
        return value.split(":")
    if section == "engine":
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        return int(value) if re.fullmatch("-?[0-9]{1,20}", value) else value
    return value


def _merge(into: dict[str, Any], over: Mapping[str, Any]) -> None:
    for section, keys in over.items():
        if isinstance(keys, dict) and isinstance(into.get(section, {}), dict):
            into[section] = {**into.get(section, {}), **keys}
        else:
            into[section] = keys


def _check_engine(settings: object) -> None:
    """What libtorrent's settings can be at all; libtorrent itself judges the rest."""
    for key, value in settings.items() if isinstance(settings, dict) else ():
        if not isinstance(value, int | str):
            raise InvalidConfig(f"engine.{key}: {value!r} is no integer, string or truth value")
        if isinstance(value, int) and not -(2**31) <= value < 2**31:
            raise InvalidConfig(f"engine.{key}: {value} does not fit into 32 bits, as libtorrent's settings do")


def _check_paths(paths: PathsConfig) -> None:
    named = {"resume_dir": paths.resume_dir, "runtime_dir": paths.runtime_dir, "state_dir": paths.state_dir}
    named |= {f"download_roots[{index}]": root for index, root in enumerate(paths.download_roots)}
    for key, value in named.items():
        if "\0" in value or not Path(value).is_absolute():
            raise InvalidConfig(f"paths.{key}: {value!r} is not an absolute path")
        for path in (value, os.path.realpath(value)):  # what cannot be sent to the engine would bound nothing there
            if path.encode(errors="replace").decode() != path:
                raise InvalidConfig(f"paths.{key}: {path!r} is not UTF-8, as names in torrents are")
    try:
        ipc_endpoint(Path(paths.runtime_dir), COMMANDS_SOCKET)
    except ValueError as error:
        raise InvalidConfig(f"paths.runtime_dir: {error}") from error


def _check_apart(config: Config) -> None:
    """A download root that is one of Ouzel's own directories would have torrents written into it."""
    paths, api = config.paths, config.api
    own = {f"paths.{key}": getattr(paths, key) for key in ("resume_dir", "runtime_dir", "state_dir")}
    own["api.authorized_keys_dir"] = api.authorized_keys_dir
    for key, directory in own.items():
        for index, root in enumerate(paths.download_roots):
            if directory is not None and os.path.realpath(directory) == os.path.realpath(root):
                problem = f"is {key}, too; torrents need a directory of their own, which may be one below"
                raise InvalidConfig(f"paths.download_roots[{index}]: {root!r} {problem}")


def _check_api(api: ApiConfig) -> None:
    """What can be told without looking at files. There is no tcp without CURVE: it would be open to everybody."""
    for key, endpoint in (("tcp_commands", api.tcp_commands), ("tcp_events", api.tcp_events)):
        if endpoint is None:
            continue
        found = _TCP.fullmatch(endpoint)
        if found is None or (found[3] != "*" and int(found[3]) > 65535):
            raise InvalidConfig(f"api.{key}: {endpoint!r} is not tcp://ADDRESS:PORT, such as tcp://127.0.0.1:7801")
        for needed in ("curve_secret_key_file", "authorized_keys_dir"):
            if getattr(api, needed) is None:
                raise InvalidConfig(f"api.{needed}: missing, and api.{key} is only offered with it; README has more")
    for key, path in (
        ("curve_secret_key_file", api.curve_secret_key_file),
        ("authorized_keys_dir", api.authorized_keys_dir),
    ):
        if path is not None and ("\0" in path or not Path(path).is_absolute()):
            raise InvalidConfig(f"api.{key}: {path!r} is not an absolute path")
