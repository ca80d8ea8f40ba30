"""Converts the values of file and environment to their types, and collects all problems. Pure.

Each key is validated by itself, so that all problems are reported at once.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

import msgspec

from protocol.configuration.config_environment import ENGINE, Found
from protocol.configuration.config_file import ConfigFile
from protocol.configuration.config_problem import Problem
from protocol.internal.nearest import did_you_mean, nearest
from protocol.wire import codec

_WORDS: Final[Mapping[str, str]] = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "text",
}
"""The words for each type in messages to people. The keys are msgspec's names of the types."""

_TYPE: Final = re.compile("`(?P<names>[a-z]+(?: \\| [a-z]+)*)`")


class Given(NamedTuple):
    """The sources of the configuration.

    Fields:
        file: the configuration file; None without a file.
        environment: the values in the environment. They override values in the file.
        known: the keys of each section. `[engine]` is left out, because libtorrent defines its keys.
    """

    file: ConfigFile | None
    environment: Found
    known: Mapping[str, Collection[str]]

    def blame(self, key: str, message: str) -> Problem:
        """Returns the problem of a key or a section. The result has the place in the file or the environment."""
        section, _, name = key.partition(".")
        name = name.partition("[")[0]
        variable = self.environment.variables.get((section, name))
        if variable is not None:
            return Problem(key=key, message=message, variable=variable)
        if self.file is None or section not in self.file.content:
            return Problem(key=key, message=message, file=None if self.file is None else str(self.file.path))
        line = self.file.line_of(section, name or None)
        return Problem(key=key, message=message, file=str(self.file.path), line=line)


def converted(given: Given, schema: type[msgspec.Struct]) -> tuple[dict[str, dict[str, Any]], list[Problem]]:
    """Returns the values of all valid keys, by section, and the problems of the other keys.

    Args:
        schema: a struct with one field for each section. A section is a struct with one field for each key, or a
            mapping.
    """
    content = {} if given.file is None else given.file.content
    problems = [*given.environment.problems]
    problems += [
        given.blame(section, _unknown_section(section, keys, given.known))
        for section, keys in content.items()
        if section not in given.known
    ]
    sections: dict[str, dict[str, Any]] = {}
    for each in msgspec.structs.fields(schema):
        values = sections[each.name] = {}
        table = content.get(each.name, {})
        if not isinstance(table, dict):
            told = f"is a section, and here it is {_shown(table)}; write [{each.name}], and its keys below that"
            problems.append(given.blame(each.name, told))
            table = {}
        types = _types(each.type)
        for key, value in {**table, **given.environment.values.get(each.name, {})}.items():
            name = f"{each.name}.{key}"
            problem: str | None
            if types is None:
                problem = None if isinstance(value, int | str) else f"{value!r} is no integer, string or truth value"
            elif key not in types:
                problem = _unknown_key(each.name, key, given.known)
            else:
                name, problem, value = _judged(name, value, types[key])
            if problem is None:
                values[key] = value
            else:
                problems.append(given.blame(name, problem))
    return sections, problems


def _types(section: Any) -> dict[str, Any] | None:
    """The types of a section's keys; None if libtorrent validates them."""
    if not (isinstance(section, type) and issubclass(section, msgspec.Struct)):
        return None
    return {field.name: field.type for field in msgspec.structs.fields(section)}


def _judged(name: str, value: object, kind: Any) -> tuple[str, str | None, Any]:
    """Converts a value.

    Returns three values:
    - the key, or the wrong part of the value
    - the problem, or None
    - the converted value
    """
    try:
        return name, None, msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        if get_origin(kind) is Literal:
            choices = [str(each) for each in get_args(kind)]
            hint = did_you_mean(value, choices, '"{}"') if isinstance(value, str) else ""
            return name, f"{value!r} is not one of {', '.join(choices)}{hint}", None
        blamed, problem = codec.blame(str(error), name)
        told = f", and it is {value!r}" if isinstance(value, str | int | float) and ", got" not in problem else ""
        return blamed, _TYPE.sub(_in_words, problem.replace("Expected", "wants", 1)) + told, None


def _in_words(found: re.Match[str]) -> str:
    names = [name for name in found["names"].split(" | ") if name != "null"]
    return " or ".join(_WORDS.get(name, name) for name in names) or "nothing"


def _shown(value: object) -> str:
    return "a list" if isinstance(value, list) else repr(value)


def _unknown_section(name: str, value: object, known: Mapping[str, Collection[str]]) -> str:
    if isinstance(value, dict | list):
        hint = did_you_mean(name, known, "[{}]")
        return f"there is no section [{name}]{hint or f'; there are {_listed(known)}'}"
    having = _having(name, known)
    if having is not None:
        return f"stands above all sections; it is a key of [{having}]"
    hint = did_you_mean(name, known, "[{}]")
    return f"is no key that stands above all sections{hint or f'; these are {_listed(known)}'}"


def _unknown_key(section: str, key: str, known: Mapping[str, Collection[str]]) -> str:
    if (near := nearest(key, known[section])) is not None:
        return f"there is no such key; did you mean {near}?"
    if (having := _having(key, known)) is not None:
        return f"there is no such key; it is one of [{having}]"
    return f"there is no such key; those of [{section}] are {', '.join(known[section])}"


def _having(key: str, known: Mapping[str, Collection[str]]) -> str | None:
    """The section that has this key; None if there is none. The keys of `[engine]` are not searched."""
    return next((section for section, keys in known.items() if section != ENGINE and key in keys), None)


def _listed(known: Mapping[str, Collection[str]]) -> str:
    return ", ".join(f"[{section}]" for section in known)
