"""Hypothesis strategies for values of the protocol: builtins, and every message by its type."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect as mi

from protocol.wire.codec import MAX_DEPTH, MAX_INTEGER
from protocol.wire.commands.kinds import Command
from protocol.wire.operations import OPERATIONS

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)


def depth(value: Any) -> int:
    """The number of maps and arrays around the innermost value."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


wire_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
).filter(lambda value: depth(value) <= MAX_DEPTH)


def messages(kind: Any) -> st.SearchStrategy[Any]:
    """Valid instances of a message type, or of a union of them; fields with defaults may be left out."""
    return _of(mi.type_info(kind))


def commands(kind: type[Command]) -> st.SearchStrategy[Any]:
    """Valid commands of a kind, of every row of the table."""
    rows = [operation.arguments for operation in OPERATIONS.values()]
    return st.one_of([messages(row) for row in rows if issubclass(row, kind)])


def _of(info: mi.Type) -> st.SearchStrategy[Any]:
    match info:
        case mi.Metadata(type=inner):
            return _of(inner)
        case mi.UnionType(types=types):
            return st.one_of([_of(each) for each in types])
        case mi.StructType(cls=cls, fields=fields):
            return _struct(cls, fields)
        case mi.StrType(pattern=str(pattern)):
            return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="utf-8"))
        case mi.StrType(min_length=shortest):
            return st.text(min_size=shortest or 0, max_size=(shortest or 0) + 20)
        case mi.IntType(ge=least, le=most):
            return st.integers(-MAX_INTEGER if least is None else least, MAX_INTEGER if most is None else most)
        case mi.ListType(item_type=item, min_length=fewest):
            return st.lists(_of(item), min_size=fewest or 0, max_size=(fewest or 0) + 3)
        case mi.VarTupleType(item_type=item):
            return st.lists(_of(item), max_size=3).map(tuple)
        case mi.TupleType(item_types=items):
            return st.tuples(*map(_of, items))
        case mi.DictType(key_type=key, value_type=value):
            return st.dictionaries(_of(key), _of(value), max_size=3)
        case mi.EnumType(cls=enum):
            return st.sampled_from(enum)
        case mi.LiteralType(values=values):
            return st.sampled_from(values)
        case mi.BytesType():
            return st.binary(max_size=20)
        case mi.BoolType():
            return st.booleans()
        case mi.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_nan=False)
        case mi.NoneType():
            return st.none()
        case mi.AnyType():
            return scalars
        case _:
            raise NotImplementedError(f"no strategy for {info}")


def _struct(cls: type[msgspec.Struct], fields: tuple[mi.Field, ...]) -> st.SearchStrategy[msgspec.Struct]:
    return st.fixed_dictionaries(
        {field.name: _of(field.type) for field in fields if field.required},
        optional={field.name: _of(field.type) for field in fields if not field.required},
    ).map(lambda members: cls(**members))
