"""The methods `group-get` and `group-set`. Ouzel has no bandwidth groups."""

from typing import Any

from gateway.transmission.arguments import Arguments
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure


async def group_get(_: Face, __: Arguments) -> dict[str, Any]:
    """Returns no groups."""
    return {"group": []}


async def group_set(_: Face, __: Arguments) -> dict[str, Any]:
    """Fails, because the limit would have no effect."""
    raise Failure("bandwidth groups are not available", Code.INVALID_PARAMS)
