"""The methods `group-get` and `group-set`, by Ouzel's bandwidth groups."""

import contextlib
from typing import Any, Final

from gateway.daemon.daemon import Unavailable
from gateway.transmission.arguments import Arguments, clamped, flag, integer, text, texts
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.session.preference import KB
from gateway.transmission.stored import PREFIX
from ouzel.client import calls
from protocol.wire.desired import GROUP_LIMIT_MIN, LIMIT_MAX_BPS
from protocol.wire.session.group_results import GroupReport

_DIRECTIONS: Final = (("down", "download_bps"), ("up", "upload_bps"))


async def group_get(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Returns the groups that `group` names, as a text or a list. Without `group`, returns all groups.

    While the daemon is away, returns the last known groups.
    """
    with contextlib.suppress(Unavailable):
        face.memory.groups = await face.run(calls.list_groups())
    one = text(arguments, "group")
    asked = [one] if one is not None else texts(arguments, "group")
    return {"group": [_shown(face, each) for each in face.memory.groups if asked is None or each.name in asked]}


async def group_set(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Creates a group, or changes its limits. While a limit is off, only the gateway stores its value."""
    name = (text(arguments, "name") or "").strip()
    if not name:
        raise Failure("No group name given", Code.INVALID_PARAMS)
    present = next((each for each in await face.run(calls.list_groups()) if each.name == name), None)
    limits: dict[str, int] = {}
    stored: dict[str, int] = {}
    for direction, member in _DIRECTIONS:
        now = 0 if present is None else getattr(present, member)
        value = integer(arguments, f"speed-limit-{direction}")
        enabled = flag(arguments, f"speed-limit-{direction}-enabled")
        if value is not None:
            stored[_key(name, direction)] = clamped(value)
        elif enabled is False and now:
            stored[_key(name, direction)] = now // KB
        if enabled is False:
            limits[member] = 0
        elif value is not None and (enabled or now):
            limits[member] = _bps(value)
        elif enabled and not now:
            limits[member] = _bps(face.gateway.store.get(_key(name, direction), 0))
    await face.run(calls.put_group(name, download_bps=limits.get("download_bps"), upload_bps=limits.get("upload_bps")))
    await face.gateway.store.put_many(stored)
    return {}


def _bps(value: int) -> int:
    return clamped(value * KB, GROUP_LIMIT_MIN, LIMIT_MAX_BPS)


def _key(name: str, direction: str) -> str:
    return f"{PREFIX}group.{direction}.{name}"


def _shown(face: Face, group: GroupReport) -> dict[str, Any]:
    shown: dict[str, Any] = {"honorsSessionLimits": True, "name": group.name}
    for direction, member in _DIRECTIONS:
        bps = getattr(group, member)
        stored = face.gateway.store.get(_key(group.name, direction), 0)
        shown[f"speed-limit-{direction}"] = bps // KB if bps else stored
        shown[f"speed-limit-{direction}-enabled"] = bps > 0
    return shown
