"""The format of requests and answers in version 4.0.6."""

from typing import Any

import msgspec
from starlette.responses import Response

from gateway.transmission.face import Face
from gateway.transmission.failure import Failure
from gateway.transmission.table import METHODS
from gateway.web import answers


async def answer(face: Face, request: dict[str, Any]) -> Response:
    """Runs one request. If the method fails, the answer has the failure. Raises Unavailable."""
    arguments = request.get("arguments")
    name = request.get("method")
    body: dict[str, Any] = {"arguments": {}, "result": "success"}
    method = METHODS.get(name.replace("_", "-")) if isinstance(name, str) else None
    if not isinstance(name, str):
        body["result"] = "no method name"
    elif method is None:
        body["result"] = "method name not recognized"
    else:
        try:
            body["arguments"] = await method(face, arguments if isinstance(arguments, dict) else {})
        except Failure as failure:
            body["arguments"], body["result"] = failure.arguments, failure.message
    if isinstance(request.get("tag"), int | float | str | msgspec.Raw):
        body["tag"] = request["tag"]
    return answers.json(body)
