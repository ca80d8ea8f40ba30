"""The endpoint of all methods."""

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.daemon.daemon import Unavailable
from gateway.transmission.face import Face
from gateway.transmission.transport import jsonrpc, legacy, session_id
from gateway.web import answers, json_body

STARTING: Final = "The daemon's torrents are not known yet."


async def respond(face: Face, request: Request) -> Response:
    """Answers a request. Without the session id, the answer to every request is 409."""
    if not session_id.has(request, face.session_id):
        return session_id.conflict(face.session_id)
    if request.method != "POST":
        return answers.text("Method Not Allowed\n", 405, {"Allow": "POST"})
    if not face.mirror.ready:
        raise Unavailable(STARTING)
    try:
        value = msgspec.json.decode(json_body.checked(await request.body()))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = {}
    if jsonrpc.is_request(value):
        response = await jsonrpc.answer(face, value)
    else:
        response = await legacy.answer(face, value if isinstance(value, dict) else {})
    response.headers[session_id.VERSION] = "6.0.0"
    return response
