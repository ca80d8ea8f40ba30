"""Finds the resume directory of the daemon."""

import os
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from protocol.configuration.config_file import ConfigFile
from protocol.configuration.config_problem import InvalidConfig
from protocol.wire.endpoints import NoHome, default_state_dir

SYSTEM_CONFIG: Final = Path("/etc/ouzel/ouzel.toml")
"""The configuration of the daemon for all users."""

STORE: Final = "gateway.sqlite"
"""The name of the gateway's store in the gateway's directory."""

ResumeDirOption = Annotated[
    Path | None,
    typer.Option(
        "--resume-dir",
        metavar="DIR",
        envvar="OUZEL_PATHS_RESUME_DIR",
        help="The daemon's resume directory.",
        show_default="that of --config, or the user's own",
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The daemon's configuration, for its resume directory.")
]


def find(resume_dir: Path | None, config: Path | None) -> Path:
    """Returns the path of the resume directory. Raises typer.BadParameter."""
    if resume_dir is not None:
        return resume_dir.absolute()
    try:
        paths = _section(config, "paths")
        named = paths.get("resume_dir")
        state = paths.get("state_dir")
        return Path(named) if named else (Path(state) if state else default_state_dir()) / "resume"
    except (InvalidConfig, NoHome) as error:
        raise typer.BadParameter(str(error), param_hint="--config") from None


def gateway_store(resume_dir: Path | None, config: Path | None) -> Path | None:
    """Returns the path of the gateway's store. None if nothing says where the store is. Raises typer.BadParameter."""
    try:
        named = os.environ.get("OUZEL_GATEWAY_STATE_DIR") or _section(config, "gateway").get("state_dir")
        if named:
            return Path(named) / STORE
        state = os.environ.get("OUZEL_PATHS_STATE_DIR") or _section(config, "paths").get("state_dir")
        if not state and resume_dir is not None and config is None:
            return None
        return (Path(state) if state else default_state_dir()) / "gateway" / STORE
    except (InvalidConfig, NoHome) as error:
        raise typer.BadParameter(str(error), param_hint="--config") from None


def download_roots(config: Path | None) -> list[Path]:
    """Returns the download roots that the configuration names. Raises typer.BadParameter."""
    try:
        named = _section(config, "paths").get("download_roots", [])
    except InvalidConfig as error:
        raise typer.BadParameter(str(error), param_hint="--config") from None
    return [Path(root) for root in named] if isinstance(named, list) else []


def missing(directory: Path) -> typer.BadParameter:
    """Returns the error about a directory that does not exist."""
    hint = f"; name it with --config {SYSTEM_CONFIG}" if SYSTEM_CONFIG.exists() else ""
    return typer.BadParameter(f"there is no resume directory {directory}{hint}", param_hint="--resume-dir")


def _section(config: Path | None, name: str) -> dict[str, Any]:
    """A section of the configuration. Raises InvalidConfig if the file cannot be read."""
    found = {} if config is None else ConfigFile.read(config).content.get(name, {})
    return found if isinstance(found, dict) else {}
