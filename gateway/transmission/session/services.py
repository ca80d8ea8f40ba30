"""The other methods about the session."""

from typing import Any

from gateway.transmission.arguments import Arguments, text
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.session import state


async def session_close(_: Face, __: Arguments) -> dict[str, Any]:
    """Does nothing, because the service manager would start the daemon again."""
    return {}


async def blocklist_update(face: Face, _: Arguments) -> dict[str, Any]:
    """Returns the number of rules of the IP filter. The daemon itself loads the filter's file after each change."""
    stats = face.mirror.stats
    return {"blocklist-size": 0 if stats is None or stats.ip_filter is None else stats.ip_filter.rules}


async def port_test(_: Face, __: Arguments) -> dict[str, Any]:
    """Fails, because Ouzel asks no service on the internet whether its port is open."""
    raise Failure("portTested: http error 0: No Response", Code.HTTP_ERROR)


async def free_space(face: Face, arguments: Arguments) -> dict[str, Any]:
    """Returns the free space of a directory below a download root."""
    path = text(arguments, "path")
    if path is None:
        raise Failure("directory path argument is missing", Code.INVALID_PARAMS)
    if not path.startswith("/"):
        raise Failure("directory path is not absolute", Code.PATH_NOT_ABSOLUTE)
    inside = [root for root in (await state.read(face)).roots if f"{path}/".startswith(root.path.rstrip("/") + "/")]
    root = max(inside, key=lambda each: len(each.path), default=None)
    answer = {
        "path": path,
        "size-bytes": -1 if root is None or root.free_bytes is None else root.free_bytes,
        "total_size": -1 if root is None or root.size_bytes is None else root.size_bytes,
    }
    if root is None:
        raise Failure("No such file or directory", Code.SYSTEM_ERROR, dict(answer))
    return answer
