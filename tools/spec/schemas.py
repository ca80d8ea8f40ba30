"""Generates JSON Schemas (2020-12) of the wire's JSON form from the typed messages.

There is one file for each request, result and event. There are also files for a reply, an error, and the envelopes.
Each file is self-contained, and has an `$id` without a host. Unknown members are allowed everywhere, because later
versions may add members.
"""

from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

from protocol.wire import codec
from protocol.wire.envelope import ErrorBody, EventFrame, Reply, Request
from protocol.wire.errors import ErrorKind
from protocol.wire.events.event import Event, LatestEvent
from protocol.wire.events.job_events import JobFinished
from protocol.wire.events.session_events import LimitsApplied, LimitsStale, Reconciled
from protocol.wire.operations import OPERATIONS, Operation
from tools.spec.meanings import about, meanings
from tools.spec.samples import EVENTS
from tools.spec.wire_json import BIN

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/{name}"
_BYTES: Final = {
    "type": "object",
    "properties": {BIN: {"type": "string", "contentEncoding": "base64"}},
    "required": [BIN],
    "additionalProperties": False,
}
_WITH_OR_WITHOUT_TORRENT: Final = (JobFinished, LimitsApplied, LimitsStale, Reconciled)


def schemas() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each schema with the name of its file, without the suffix."""
    yield "request", _envelope("request", Request)
    yield "reply", _reply()
    yield "error", _error()
    yield "event", _envelope("event", EventFrame)
    for op, operation in OPERATIONS.items():
        yield f"request.{op}", _request(operation)
        yield f"result.{op}", _result(operation)
    for event in EVENTS:
        yield f"event.{event.__struct_config__.tag}", _event(type(event))


def _envelope(name: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    root, defs = _components(kind)
    return _file(name, {**root, "properties": {**root["properties"], "v": {"const": 1}}}, defs)


def _reply() -> dict[str, Any]:
    root, defs = _components(Reply)
    properties = {**root["properties"], "v": {"const": 1}}
    either = [
        {"properties": {"ok": {"const": True}}, "required": ["result"], "not": {"required": ["error"]}},
        {"properties": {"ok": {"const": False}}, "required": ["error"], "not": {"required": ["result"]}},
    ]
    required = ["v", *root["required"]]
    return _file("reply", {**root, "properties": properties, "required": required, "oneOf": either}, defs)


def _error() -> dict[str, Any]:
    root, defs = _components(ErrorBody)
    root["properties"]["retry"] = {**root["properties"]["retry"], "enum": ["never", "later", "resnapshot"]}
    rows = [
        {"properties": {"code": {"const": kind.code}, "name": {"const": kind.wire_name}}, "title": kind.wire_name}
        for kind in ErrorKind
    ]
    newer = {"not": {"properties": {"code": {"enum": [kind.code for kind in ErrorKind]}}}, "title": "a newer error"}
    return _file("error", {**root, "anyOf": [*rows, newer]}, defs)


def _request(operation: Operation) -> dict[str, Any]:
    envelope, defs = _components(Request)
    args, more = _components(operation.arguments)
    args = _without(args, "op")
    if operation.op == "add_torrent":
        given = [{"properties": {name: {"not": {"type": "null"}}}, "required": [name]} for name in _SOURCES]
        args = {**args, "oneOf": given}
    needed = args.get("required") or "oneOf" in args
    properties = {**envelope["properties"], "v": {"const": 1}, "op": {"const": operation.op}, "args": args}
    required = [*envelope["required"], *(["args"] if needed else [])]
    return _file(
        f"request.{operation.op}",
        {**envelope, "description": about(operation.arguments), "properties": properties, "required": required},
        {**defs, **more},
    )


_SOURCES: Final = ("magnet", "metainfo")


def _result(operation: Operation) -> dict[str, Any]:
    root, defs = _components(operation.result)
    if operation.cut is None:
        return _file(f"result.{operation.op}", root, defs)
    cut, more = _components(operation.cut)
    return _file(f"result.{operation.op}", {"anyOf": [root, cut]}, {**defs, **more})


def _event(kind: type[Event]) -> dict[str, Any]:
    type_ = str(kind.__struct_config__.tag)
    envelope, defs = _components(EventFrame)
    root, more = _components(kind)
    of_torrent = "torrent" in root["properties"]
    data = _without(_without(root, "type"), "torrent")
    properties = {**envelope["properties"], "v": {"const": 1}, "type": {"const": type_}, "data": data}
    required = ["v", *envelope["required"], "data"]
    if not of_torrent:
        del properties["torrent"]
    elif kind not in _WITH_OR_WITHOUT_TORRENT:
        required.append("torrent")
    description = about(kind)
    if kind in get_args(LatestEvent):
        description += " Its `seq` is that of the last lifecycle event."
    return _file(
        f"event.{type_}",
        {**envelope, "description": description, "properties": properties, "required": required},
        {**defs, **more},
    )


def _components(kind: type[msgspec.Struct]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A message's schema, and the schemas that it refers to by name."""
    _, found = msgspec.json.schema_components([kind], ref_template=_REF)
    kinds = {each.__name__: each for each in _structs(kind)}
    described = {name: _described(_wire(schema), kinds.get(name)) for name, schema in found.items()}
    root = described.pop(kind.__name__)
    return root, described


def _structs(kind: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """A message type and all types nested in it."""
    found: set[type[msgspec.Struct]] = set()
    todo: list[Any] = [msgspec.inspect.type_info(kind)]
    while todo:
        match todo.pop():
            case msgspec.inspect.StructType(cls=cls, fields=fields) if cls not in found:
                found.add(cls)
                todo += [field.type for field in fields]
            case msgspec.inspect.ListType(item_type=item):
                todo.append(item)
            case msgspec.inspect.UnionType(types=types):
                todo += types
            case msgspec.inspect.Metadata(type=inner):
                todo.append(inner)
            case _:
                pass
    return found


def _described(schema: dict[str, Any], kind: type[msgspec.Struct] | None) -> dict[str, Any]:
    """A schema with descriptions from docstrings, and without Python's defaults for members that replies omit."""
    if kind is None or "properties" not in schema:
        return {
            **schema,
            **({} if "description" not in schema else {"description": " ".join(schema["description"].split())}),
        }
    words = meanings(kind)
    properties = {
        name: {**member, **({"description": words[name]} if name in words else {})}
        for name, member in schema["properties"].items()
    }
    return {**schema, "description": about(kind), "properties": properties}


def _wire(schema: Any) -> Any:
    """A schema with bytes in the wire's JSON form, and the wire's limits of integers."""
    match schema:
        case {"type": "string", "contentEncoding": "base64"}:
            return _BYTES
        case {"type": "integer", **rest}:
            bounds = {"minimum": -codec.MAX_INTEGER, "maximum": codec.MAX_INTEGER}
            return {"type": "integer", **bounds, **rest}
        case dict():
            return {key: _wire(value) for key, value in schema.items()}
        case list():
            return [_wire(each) for each in schema]
        case _:
            return schema


def _without(schema: dict[str, Any], member: str) -> dict[str, Any]:
    properties = {name: value for name, value in schema["properties"].items() if name != member}
    required = [name for name in schema.get("required", []) if name != member]
    return {**schema, "properties": properties, "required": required}


def _file(name: str, root: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": f"urn:ouzel:protocol:1:{name}", "title": name}
    return {
        **head,
        **{key: value for key, value in root.items() if key != "title"},
        **({"$defs": defs} if defs else {}),
    }
