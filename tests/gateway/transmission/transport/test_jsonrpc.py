"""JSON-RPC 2.0 and the legacy format."""

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.transmission.transport import jsonrpc, legacy
from tests.gateway.transmission.samples import face_of, row


def ask(path: Path, body: Any, answer: Any = jsonrpc.answer) -> tuple[int, Any]:
    """The status and the content of an answer."""

    async def run() -> tuple[int, Any]:
        face, _ = await face_of(path, [row(1)])
        with closing(face.gateway.store):
            response = await answer(face, body)
        return response.status_code, json.loads(response.body) if response.body else None

    return asyncio.run(run())


def request(method: str, number: Any = 1, **params: Any) -> dict[str, Any]:
    """A request."""
    return {"jsonrpc": "2.0", "method": method, "params": params, "id": number}


def test_a_result_has_the_id_of_the_request(tmp_path: Path) -> None:
    """A result has the id of the request."""
    status, reply = ask(tmp_path, request("torrent_get", "x", fields=["percent_done"]))
    assert (status, reply) == (200, {"jsonrpc": "2.0", "result": {"torrents": [{"percent_done": 1.0}]}, "id": "x"})


def test_errors_have_numbers(tmp_path: Path) -> None:
    """Errors have numbers."""

    def code(body: Any) -> int:
        status, reply = ask(tmp_path, body)
        assert status == 200
        number: int = reply["error"]["code"]
        return number

    assert code(request("nonsense")) == -32601
    assert code(request("torrent_get")) == -32602
    assert code(request("free_space", path="relative")) == 3
    assert code({"jsonrpc": "1.0", "method": "torrent_get", "id": 1}) == -32600
    assert code([]) == -32600
    assert code({**request("session_stats"), "params": [1]}) == -32602


def test_notifications_are_not_answered(tmp_path: Path) -> None:
    """Notifications are not answered."""
    silent = {"jsonrpc": "2.0", "method": "session_close"}
    assert ask(tmp_path, silent) == (204, None)
    assert ask(tmp_path, [silent, silent]) == (204, None)
    status, reply = ask(tmp_path, [silent, request("session_close", 5)])
    assert (status, reply) == (200, [{"jsonrpc": "2.0", "result": {}, "id": 5}])


def test_legacy_answers_always_have_arguments_and_the_tag(tmp_path: Path) -> None:
    """Legacy answers always have arguments and the tag."""

    def reply(**body: Any) -> Any:
        status, content = ask(tmp_path, body, legacy.answer)
        assert status == 200
        return content

    tag = 2**63 - 1
    assert reply(method="nonsense", tag=tag) == {
        "arguments": {},
        "result": "method name not recognized",
        "tag": tag,
    }
    assert reply() == {"arguments": {}, "result": "no method name"}
    assert reply(method="session-close", arguments=21)["result"] == "success"
    assert reply(method="torrent-get")["result"] == "no fields specified"
