import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from protocol.wire.events.event import TYPES
from protocol.wire.operations import OPERATIONS
from tools.spec import edges, vectors
from tools.spec.schemas import schemas
from tools.spec.vectors import Vector
from tools.spec.wire_json import to_json

SCHEMAS: Final = dict(schemas())


def fits(schema: str, value: Any) -> bool:
    """Whether a value fits a schema."""
    return Draft202012Validator(SCHEMAS[schema]).is_valid(to_json(value))


def test_each_request_result_and_event_has_one() -> None:
    """And so have the envelopes."""
    wanted = {"request", "reply", "error", "event"}
    wanted |= {f"{kind}.{op}" for op in OPERATIONS for kind in ("request", "result")}
    assert set(SCHEMAS) == wanted | {f"event.{type_}" for type_ in TYPES}


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_schema_of_its_own(name: str) -> None:
    """It is valid, its id names no host, and it refers only to itself."""
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:ouzel:protocol:1:{name}"
    for reference in references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def references(schema: Any) -> Iterator[str]:
    """All references in a schema."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from references(each)


@pytest.mark.parametrize("vector", list(vectors.requests()), ids=lambda vector: vector.name)
def test_requests_fit(vector: Vector) -> None:
    """They fit the general schema and that of their op."""
    assert fits("request", vector.decoded)
    assert fits(f"request.{vector.decoded['op']}", vector.decoded)


@pytest.mark.parametrize("vector", list(vectors.replies()), ids=lambda vector: vector.name)
def test_replies_fit(vector: Vector) -> None:
    """Errors fit the error's schema, results that of their op."""
    assert fits("reply", vector.decoded)
    if vector.decoded["ok"]:
        assert fits(f"result.{vector.name.partition(':')[0]}", vector.decoded["result"])
    else:
        assert fits("error", vector.decoded["error"])


@pytest.mark.parametrize("vector", list(vectors.events()), ids=lambda vector: vector.name)
def test_events_fit_their_own_type_only(vector: Vector) -> None:
    """So a schema distinguishes events; a torrent is present if the type has one."""
    assert fits("event", vector.decoded)
    assert [type_ for type_ in TYPES if fits(f"event.{type_}", vector.decoded)] == [vector.name]
    if (
        vector.topic is not None
        and "/-" not in vector.topic
        and vector.name not in ("job_finished", "limits_stale", "reconciled")
    ):
        assert not fits(f"event.{vector.name}", {key: each for key, each in vector.decoded.items() if key != "torrent"})


@pytest.mark.parametrize("vector", list(edges.refused()), ids=lambda vector: vector.name)
def test_what_a_server_refuses_fits_no_schema_of_a_request(vector: Vector) -> None:
    """A client can detect it before sending; but JSON cannot distinguish 10.0 from 10."""
    if "a float, although a whole one" in vector.name:
        return
    op = vector.decoded.get("op")
    assert not fits(f"request.{op}", vector.decoded) if f"request.{op}" in SCHEMAS else op != "ping"


@pytest.mark.parametrize(
    ("schema", "changes"),
    [
        ("reply", {"ok": False}),
        ("reply", {"result": ...}),
        ("reply", {"error": {}}),
        ("reply", {"seq": -(2**53)}),
        ("reply", {"v": 2}),
        ("reply", {"epoch": ...}),
    ],
)
def test_a_reply_has_either_a_result_or_an_error(schema: str, changes: dict[str, Any]) -> None:
    """As `ok` says, and all of the envelope."""
    good = next(vectors.replies()).decoded
    assert fits(schema, good)
    assert not fits(schema, {key: value for key, value in {**good, **changes}.items() if value is not ...})


def test_errors_of_a_later_version_fit() -> None:
    """But a number fits only its name."""
    error = {"code": 6999, "name": "newer", "message": "", "retry": "later"}
    assert fits("error", error)
    assert fits("error", {**error, "code": 1001, "name": "malformed_frame"})
    assert not fits("error", {**error, "code": 1001})
    assert not fits("error", {**error, "retry": "sometimes"})


def test_add_torrent_takes_one_source() -> None:
    """Bytes are an object with base64."""
    request: dict[str, Any] = {"v": 1, "id": 1, "op": "add_torrent"}
    assert fits("request.add_torrent", {**request, "args": {"magnet": "magnet:?", "metainfo": None}})
    assert fits("request.add_torrent", {**request, "args": {"metainfo": b"d"}})
    assert not fits("request.add_torrent", request)
    assert not fits("request.add_torrent", {**request, "args": {}})
    assert not fits("request.add_torrent", {**request, "args": {"magnet": "magnet:?", "metainfo": b"d"}})
    assert not fits("request.add_torrent", {**request, "args": {"metainfo": "d"}})


def test_they_are_plain_json() -> None:
    """Any tool can read them."""
    assert json.loads(json.dumps(SCHEMAS, allow_nan=False)) == SCHEMAS
