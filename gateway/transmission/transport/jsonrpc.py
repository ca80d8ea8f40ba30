"""The JSON-RPC 2.0 of Transmission 4.1."""

from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from gateway.daemon.daemon import Unavailable
from gateway.transmission.face import Face
from gateway.transmission.failure import Code, Failure
from gateway.transmission.table import METHODS
from gateway.transmission.transport import naming
from gateway.web import answers

MAX_BATCH: Final = 1_000
"""The maximum number of requests in a batch."""
_MESSAGES = {
    Code.INVALID_REQUEST: "Invalid Request",
    Code.METHOD_NOT_FOUND: "Method not found",
    Code.INVALID_PARAMS: "Invalid params",
    Code.INTERNAL_ERROR: "Internal error",
    Code.INVALID_TRACKER_LIST: "Invalid tracker list",
    Code.PATH_NOT_ABSOLUTE: "path is not absolute",
    Code.UNRECOGNIZED_INFO: "unrecognized info",
    Code.SYSTEM_ERROR: "system error",
    Code.FILE_OUT_OF_RANGE: "file index out of range",
    Code.HTTP_ERROR: "HTTP error",
}


def is_request(value: Any) -> bool:
    """Whether a value is a JSON-RPC request, or a batch of JSON-RPC requests."""
    if isinstance(value, list):
        return True
    return isinstance(value, dict) and "jsonrpc" in value


async def answer(face: Face, value: Any) -> Response:
    """Runs one request, or the requests of a batch in order."""
    face = replace(face, newest=True)
    if isinstance(value, list):
        if not value or len(value) > MAX_BATCH:
            return answers.json(_error(None, Code.INVALID_REQUEST, ""))
        found = [each for each in [await _run(face, request) for request in value] if each is not None]
        return answers.json(found) if found else Response(status_code=204)
    reply = await _run(face, value)
    return Response(status_code=204) if reply is None else answers.json(reply)


async def _run(face: Face, request: Any) -> dict[str, Any] | None:
    """Runs one request. Returns the response. A request without an id is a notification, and has the response None."""
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0" or not isinstance(request.get("method"), str):
        return _error(request.get("id") if isinstance(request, dict) else None, Code.INVALID_REQUEST, "")
    number, silent = request.get("id"), "id" not in request
    if not isinstance(number, int | float | str | None):
        return _error(None, Code.INVALID_REQUEST, "id type must be String, Number, or Null")
    reply = await _reply(face, request, number)
    return None if silent else reply


async def _reply(face: Face, request: dict[str, Any], number: Any) -> dict[str, Any]:
    method = naming.legacy_method(request["method"])
    if method is None:
        return _error(number, Code.METHOD_NOT_FOUND, "")
    params = request.get("params", {})
    if not isinstance(params, dict):
        return _error(number, Code.INVALID_PARAMS, "params type must be Object")
    try:
        found = await METHODS[method](face, naming.legacy_arguments(method, params))
    except Failure as failure:
        return _error(number, failure.code, failure.message, failure.arguments)
    except Unavailable as error:
        return _error(number, Code.INTERNAL_ERROR, error.message)
    return {"jsonrpc": "2.0", "result": naming.renamed(found), "id": number}


def _error(number: Any, code: Code, text: str, result: dict[str, Any] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": int(code), "message": _MESSAGES[code]}
    if text or result:
        error["data"] = {"error_string": text, "result": naming.renamed(result or {})}
    return {"jsonrpc": "2.0", "error": error, "id": number}
