"""Ouzel's public Python interface: names, types, and `help`."""

import inspect
import types
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, get_args

import msgspec
import pytest

import ouzel
from ouzel import AsyncClient, Client

METHODS: Final = [name for name in dir(Client) if not name.startswith("_")]


def structs(kind: Any) -> set[type]:
    """The structs in a type, and in their fields."""
    found: set[type] = set()
    for part in get_args(kind):
        found |= structs(part)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        found.add(kind)
        for field in msgspec.structs.fields(kind):
            found |= structs(field.type)
    return found


@pytest.mark.parametrize("name", METHODS)
def test_methods_say_what_they_give(name: str) -> None:
    """Types and documentation, in both clients, for the same arguments."""
    blocking, awaited = getattr(Client, name), getattr(AsyncClient, name)
    for method in (blocking, awaited):
        assert method.__doc__
        shown = inspect.signature(method)
        assert shown.return_annotation is not inspect.Signature.empty
        assert "return" in method.__annotations__
    of_blocking, of_awaited = (inspect.signature(each) for each in (blocking, awaited))
    assert of_blocking.parameters.keys() == of_awaited.parameters.keys()
    mapped = str(of_blocking.return_annotation).replace("collections.abc.Iterator", "collections.abc.AsyncIterator")
    assert str(of_awaited.return_annotation).replace("AsyncEvents", "Events").replace("aio_events", "events") in (
        mapped,
        str(of_blocking.return_annotation),
    )


def test_results() -> None:
    """The results as `help` shows them."""
    assert inspect.signature(Client.add_torrent).return_annotation is ouzel.Added
    assert inspect.signature(Client.list_torrents).return_annotation == Iterator[ouzel.TorrentRow]
    assert inspect.signature(AsyncClient.list_torrents).return_annotation == AsyncIterator[ouzel.TorrentRow]
    assert inspect.signature(Client.pause).return_annotation is None


def test_every_type_of_a_result_is_exported() -> None:
    """No other import is needed to annotate a type."""
    results = [inspect.signature(getattr(Client, name)).return_annotation for name in METHODS]
    wanted = {each.__name__ for result in results for each in structs(result)}
    assert wanted <= set(ouzel.__all__)
    assert sorted(ouzel.__all__) == ouzel.__all__
    assert all(not isinstance(getattr(ouzel, name), types.ModuleType) for name in ouzel.__all__)
