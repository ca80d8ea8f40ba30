"""Formats the types of members for the tables, in the wire's terms, with their limits."""

import json
from typing import Any, Final

import msgspec
from msgspec import inspect as mi

from protocol.wire.codec import MAX_INTEGER

_LOOKAHEAD: Final = r"(?!\n)"


def anchor(kind: type) -> str:
    """The anchor of a type's table."""
    return kind.__qualname__.rpartition(".")[2]


def name_of(info: mi.Type) -> str:
    """A type's name, as a link if the type has a table."""
    match info:
        case mi.Metadata(type=inner):
            return name_of(inner)
        case mi.UnionType(types=types):
            told = dict.fromkeys(name_of(each) for each in types if not isinstance(each, mi.NoneType))
            return " or ".join([*told, *(["null"] if any(isinstance(each, mi.NoneType) for each in types) else [])])
        case mi.StructType(cls=cls, array_like=array_like):
            link = f"[{anchor(cls)}](#{anchor(cls).lower()})"
            return f"{link} as an array" if array_like else link
        case mi.EnumType(cls=enum):
            return " or ".join(f"`{member.value}`" for member in enum)
        case mi.LiteralType(values=values):
            return " or ".join(f"`{value}`" for value in values)
        case mi.ListType(item_type=item):
            return f"array of {name_of(item)}"
        case mi.DictType(value_type=mi.AnyType()):
            return "map"
        case mi.DictType(value_type=value):
            return f"map of {name_of(value)}"
        case _:
            return _PLAIN[type(info)]


def bounds_of(info: mi.Type) -> str:
    """The further limits of a value. Empty if there are none."""
    return "; ".join(dict.fromkeys(_bounds(info)))


def default_of(field: mi.Field) -> str:
    """`required`, or the value of an absent member."""
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{_json(field.default_factory())}`"
    if field.default is msgspec.NODEFAULT:
        return "may be left out"
    return f"`{_json(field.default)}`"


def fields_of(kind: type[msgspec.Struct]) -> tuple[mi.Field, ...]:
    """A message's members."""
    info = mi.type_info(kind)
    assert isinstance(info, mi.StructType)
    return info.fields


def within(info: mi.Type) -> list[type[msgspec.Struct]]:
    """The messages that a type names directly."""
    match info:
        case mi.Metadata(type=inner) | mi.ListType(item_type=inner) | mi.DictType(value_type=inner):
            return within(inner)
        case mi.UnionType(types=types):
            return [kind for each in types for kind in within(each)]
        case mi.StructType(cls=cls):
            return [cls]
        case _:
            return []


def _bounds(info: mi.Type) -> list[str]:
    match info:
        case mi.Metadata(type=inner):
            return _bounds(inner)
        case mi.UnionType(types=types):
            return [text for each in types for text in _bounds(each)]
        case mi.IntType(ge=least, le=most) if least is not None or most is not None:
            return [f"{'' if least is None else least}..{'2^53-1' if most in (None, MAX_INTEGER) else most}"]
        case mi.StrType(pattern=pattern, min_length=least, max_length=most):
            told = [f"`{pattern.removesuffix(_LOOKAHEAD).replace('|', chr(92) + '|')}`"] if pattern else []
            return told + _length(least, most, "characters")
        case mi.ListType(item_type=item, min_length=least, max_length=most):
            return _length(least, most, "items") + [f"each {text}" for text in _bounds(item)]
        case mi.DictType(key_type=key, value_type=value):
            return [f"keys {text}" for text in _bounds(key)] + [f"each {text}" for text in _bounds(value)]
        case _:
            return []


def _length(least: int | None, most: int | None, of: str) -> list[str]:
    if least is None and most is None:
        return []
    return [f"{least or 0}..{'' if most is None else most} {of}"]


def _json(value: Any) -> str:
    return json.dumps(msgspec.to_builtins(value))


_PLAIN: Final[dict[type, str]] = {
    mi.StrType: "string",
    mi.IntType: "integer",
    mi.FloatType: "float",
    mi.BoolType: "boolean",
    mi.BytesType: "bytes",
    mi.NoneType: "null",
    mi.AnyType: "any",
}
