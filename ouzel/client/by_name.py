"""Refuses positional arguments with an error message that has the names of the arguments."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def refuse_positional(name: str, given: int, parameters: Signature) -> None:
    """Raises TypeError if there are too many positional arguments. `given` is their number without `self`.

    Python's own error would only have the number of arguments.
    """
    own = [each for each in parameters.parameters.values() if each.name != "self"]
    places = [each.name for each in own if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
    if given <= len(places):
        return
    named = [each.name for each in own if each.kind is Parameter.KEYWORD_ONLY]
    first = f"takes {', '.join(places)} and then names alone" if places else "takes its arguments by name"
    if not own:
        raise TypeError(f"{name}() takes no arguments, and {given} came")
    shown = ", ".join(places + [f"{each}=..." for each in named[:3]] + (["..."] if len(named) > 3 else []))
    raise TypeError(f"{name}() {first}: {name}({shown})")


def by_name(method: Callable[P, T]) -> Callable[P, T]:
    """Decorates a method that refuses positional arguments with such a message."""
    parameters = signature(method)

    @wraps(method)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        refuse_positional(method.__name__, len(args) - 1, parameters)
        return method(*args, **kwargs)

    return checked
