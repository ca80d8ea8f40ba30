"""The systemd unit: its state, and overrides that clash with the directories."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ouzel.doctor.finding import Finding, error, info, ok, warning
from ouzel.doctor.target import Target
from ouzel.doctor.waiting import output_of

UNIT: Final = "ouzel.service"
SYSTEMCTL_S: Final = 1.3
RESTARTS_MANY: Final = 3
LINGER: Final = Path("/var/lib/systemd/linger")

_PROPERTIES: Final = (
    "LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts,MainPID,NeedDaemonReload,ExecMainStatus,DropInPaths,"
    "ProtectHome,ProtectSystem,PrivateTmp,ReadWritePaths,ReadOnlyPaths,InaccessiblePaths,User"
)
_HOMES: Final = ("/home", "/root", "/run/user")
_FULL: Final = ("/usr", "/boot", "/efi", "/etc")
_WRITABLE_WHEN_STRICT: Final = ("/dev", "/proc", "/sys", "/var/lib/ouzel", "/run/ouzel")
"""Directories that stay writable: those of the kernel, and those that systemd makes for the unit."""

Unit = Mapping[str, str]


def unit(target: Target) -> Iterator[Finding]:
    """The state of the unit: active, enabled, restarts, and its last result."""
    found, user = _found(target)
    if found is None:
        yield info("systemd does not answer, or this machine has no systemd")
        return
    if found.get("LoadState") == "not-found":
        yield info("there is no unit ouzel.service", "docs/systemd.md describes how to install it")
        return
    yield from state(found, user)
    if user and not (LINGER / target.user).exists():
        yield warning(
            f"ouzel.service is a unit of {target.user}, and lingering is off: it stops when {target.user} logs out",
            f"`loginctl enable-linger {target.user}`",
        )


def overrides(target: Target) -> Iterator[Finding]:
    """Whether the unit's hardening lets the daemon write to its directories and the download roots."""
    found, _ = _found(target)
    if found is not None and found.get("LoadState") == "loaded":
        yield from clashes(target, found)


def state(found: Unit, user: bool = False) -> Iterator[Finding]:
    """The findings about the state of a loaded unit."""
    systemctl = "systemctl --user" if user else "systemctl"
    journal = f"`journalctl {'--user ' if user else ''}-u ouzel -n 50` says why"
    active, restarts = found.get("ActiveState"), int(found.get("NRestarts") or 0)
    if active == "failed":
        yield error(
            f"ouzel.service has failed: {found.get('Result')}, exit code {found.get('ExecMainStatus')}",
            f"{journal}; then `{systemctl} restart ouzel`",
        )
    elif active != "active":
        status = found.get("ExecMainStatus") or "0"
        seen = f"ouzel.service is {active} ({found.get('SubState')}){'' if status == '0' else f', exit code {status}'}"
        yield warning(seen, f"`{systemctl} start ouzel`; {journal}")
    if restarts >= RESTARTS_MANY:
        yield warning(f"systemd has restarted ouzel.service {restarts} times", journal)
    if found.get("UnitFileState") not in ("enabled", "enabled-runtime", "static", "generated"):
        yield warning("ouzel.service is not enabled: it does not start at boot", f"`{systemctl} enable ouzel`")
    if found.get("NeedDaemonReload") == "yes":
        seen = "the unit's files were changed after systemd has read them"
        yield warning(seen, f"`{systemctl} daemon-reload && {systemctl} restart ouzel`")
    if active == "active" and restarts < RESTARTS_MANY:
        yield ok(f"ouzel.service is active, {found.get('UnitFileState')}")


def clashes(target: Target, found: Unit) -> Iterator[Finding]:
    """The findings about hardening that keeps the daemon from a directory."""
    writable = _paths(found.get("ReadWritePaths", ""))
    read_only = _paths(found.get("ReadOnlyPaths", ""))
    hidden = _paths(found.get("InaccessiblePaths", ""))
    home, system = found.get("ProtectHome", "no"), found.get("ProtectSystem", "no")
    drop_ins = found.get("DropInPaths") or "the unit"
    bad = False
    for path in target.paths.all():
        real = os.path.realpath(path)
        why = None
        if home in ("yes", "read-only", "tmpfs") and _below(real, _HOMES) and not _below(real, writable):
            why = f"ProtectHome={home}"
        elif system == "strict" and not _below(real, (*writable, *_WRITABLE_WHEN_STRICT)):
            why = "ProtectSystem=strict"
        elif system in ("yes", "full") and _below(real, _FULL if system == "full" else _FULL[:3]):
            why = f"ProtectSystem={system}"
        elif found.get("PrivateTmp") in ("yes", "disconnected") and _below(real, ("/tmp", "/var/tmp")):  # noqa: S108  # compared only
            why = "PrivateTmp=yes"
        elif _below(real, hidden):
            why = "InaccessiblePaths="
        elif _below(real, read_only) and not _below(real, writable):
            why = "ReadOnlyPaths="
        if why is not None:
            bad = True
            yield error(
                f"the unit hides {path} from the daemon, or makes it read-only: {why} ({drop_ins})",
                "`systemctl edit ouzel`, and change that directive; or choose a directory elsewhere, such as /srv",
                path,
            )
        elif real in writable and path in target.paths.download_roots:
            yield warning(
                f"{path} is in ReadWritePaths=, so it is a bind mount: a missing disk would look mounted",
                "use ProtectSystem=full without ReadWritePaths=, as the unit of Ouzel does",
                path,
            )
    if not bad:
        yield ok("the unit lets the daemon use its directories")


def _found(target: Target) -> tuple[Unit | None, bool]:
    """The properties of the unit, and whether it is a unit of the user's own systemd."""
    system = _show([])
    if system is not None and system.get("LoadState") != "not-found":
        return system, False
    user = _show(["--user"]) if os.geteuid() == target.uid and os.geteuid() != 0 else None
    if user is not None and user.get("LoadState") != "not-found":
        return user, True
    return system, False


def _show(options: list[str]) -> Unit | None:
    argv = ["systemctl", *options, "--no-pager", "show", UNIT, f"--property={_PROPERTIES}"]
    done = output_of(argv, SYSTEMCTL_S)
    if done is None or done.returncode or "LoadState=" not in done.stdout:
        return None
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _paths(value: str) -> tuple[str, ...]:
    """The paths of a directive. A `-` before a path means that the path may be missing."""
    return tuple(os.path.normpath(each.lstrip("-+")) for each in value.split() if each.lstrip("-+").startswith("/"))


def _below(path: str, directories: tuple[str, ...]) -> bool:
    return any(Path(path).is_relative_to(each) for each in directories)
