"""Removes lone surrogates from texts. Lone surrogates stand for bytes of the operating system that are not UTF-8. Pure.

Python decodes such bytes in paths and environment variables as halves of surrogate pairs (PEP 383). Such a text can be
passed back to the operating system. But msgpack and JSON cannot encode it.
"""

from typing import Any


def is_utf8(text: str) -> bool:
    """Whether a text can be encoded as UTF-8."""
    return scrub(text) == text


def scrub(text: str) -> str:
    """A text with each lone surrogate replaced by `?`."""
    return text.encode(errors="replace").decode()


def scrub_all(value: Any) -> Any:
    """A copy of a value of builtins, with all texts scrubbed, including the keys of maps."""
    match value:
        case str():
            return scrub(value)
        case list():
            return [scrub_all(each) for each in value]
        case dict():
            return {scrub_all(key): scrub_all(each) for key, each in value.items()}
        case _:
            return value
