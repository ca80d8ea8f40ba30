"""The request id: the name of a client's request in the log of both processes.

The task of a request has the id in its context. So the id needs no argument of the functions in between. Lines of the
log, and the commands that the task sends to the engine, have the id.
"""

import re
from contextvars import ContextVar
from typing import Final

from protocol.wire.envelope import Request

CLIENT_MAX: Final = 24
NUMBER_MAX: Final = 39
"""The maximum lengths of the two parts of an id. An id has up to 64 characters."""

REQUEST: Final[ContextVar[str]] = ContextVar("request", default="")
"""The id of the request that the current task works on. Empty outside of requests."""

_UNPRINTED: Final = re.compile(r"[^A-Za-z0-9._:-]")


def request_id_of(request: Request, connection: bytes) -> str:
    """Returns the id of a request. If the client has chosen no id, returns `CLIENT/ID`.

    Args:
        connection: identifies the connection. It replaces the name of a client without a name.
    """
    if request.request:
        return request.request
    client = connection.hex()[-8:] if request.client is None else request.client[:CLIENT_MAX]
    return f"{_UNPRINTED.sub('_', client)}/{_UNPRINTED.sub('_', str(request.id)[-NUMBER_MAX:])}"
