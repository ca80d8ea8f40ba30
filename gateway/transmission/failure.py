"""The error of a method."""

from enum import IntEnum

from ouzel.errors import Refused
from protocol.wire.errors import ErrorKind


class Code(IntEnum):
    """The error numbers of JSON-RPC. Transmission defines the numbers above 0."""

    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    INVALID_TRACKER_LIST = 2
    PATH_NOT_ABSOLUTE = 3
    UNRECOGNIZED_INFO = 4
    SYSTEM_ERROR = 5
    FILE_OUT_OF_RANGE = 6
    HTTP_ERROR = 8


class Failure(Exception):
    """A method has failed, and the client gets this error.

    Fields:
        message: the text of `result` in the answer.
        code: the number of the error in JSON-RPC.
        arguments: the arguments of the answer.
    """

    def __init__(
        self, message: str, code: Code = Code.INTERNAL_ERROR, arguments: dict[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.arguments = arguments or {}


_CODES = {
    ErrorKind.INVALID_ARGUMENT: Code.INVALID_PARAMS,
    ErrorKind.PATH_NOT_ALLOWED: Code.SYSTEM_ERROR,
}


def failure_of(refused: Refused) -> Failure:
    """Returns the failure for a refusal of the daemon."""
    if refused.kind in (ErrorKind.INVALID_METAINFO, ErrorKind.INVALID_MAGNET):
        return Failure("unrecognized info", Code.UNRECOGNIZED_INFO)
    return Failure(refused.message, _CODES.get(refused.kind, Code.INTERNAL_ERROR))
