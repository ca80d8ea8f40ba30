"""Reads the configuration in the environment, and finds unknown names. Pure.

The variables are named `OUZEL_SECTION_KEY`.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple

from protocol.configuration.config_problem import Problem
from protocol.internal.nearest import nearest
from protocol.text.scrub import is_utf8

PREFIX: Final = "OUZEL_"
ENGINE: Final = "engine"
"""The section with keys that libtorrent defines."""

PATHS: Final = frozenset({"paths", "api"})
"""The sections with paths. A path may have any bytes."""

CLIENTS: Final = frozenset({"OUZEL_KEY", "OUZEL_SERVER", "OUZEL_SERVER_EVENTS", "OUZEL_SERVER_KEY"})
"""Variables of Ouzel's clients. They may be set in the daemon's environment."""

_ORCHESTRATORS: Final = re.compile(
    r"OUZEL_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)"
)
"""Variables of Kubernetes. It sets them in every container if a service is called `ouzel`."""


class Found(NamedTuple):
    """The content of the environment.

    Fields:
        values: the values of the variables, by section and key.
        variables: the names of the variables, by section and key.
        problems: the problems of unknown variables.
    """

    values: dict[str, dict[str, Any]]
    variables: dict[tuple[str, str], str]
    problems: list[Problem]


def read(environ: Mapping[str, str], known: Mapping[str, Collection[str]]) -> Found:
    """Reads the variables: `OUZEL_RESTART_BUDGET=9` becomes `{"restart": {"budget": "9"}}`.

    The text of an engine setting becomes a bool, an int or a str.

    Args:
        known: the keys of each section. `[engine]` is left out, because libtorrent defines its keys.
    """
    names = {_name(section, key): (section, key) for section, keys in known.items() for key in keys}
    found = Found({}, {}, [])
    for name, value in sorted(environ.items()):
        place = names.get(name) or _engine_setting(name)
        if place is not None:
            section, key = place
            if section not in PATHS and not is_utf8(value):  # a path that is not UTF-8 is reported when it is validated
                found.problems.append(Problem(message="is not UTF-8", key=f"{section}.{key}", variable=name))
                continue
            found.values.setdefault(section, {})[key] = _value(section, key, value)
            found.variables[place] = name
        elif not name.startswith(PREFIX):
            if name.upper() in names or _engine_setting(name.upper()) is not None:
                # A variable with such a name in lower case was meant for Ouzel: no other program has it.
                found.problems.append(_unknown(name, name.upper()))
        elif name not in CLIENTS and not _ORCHESTRATORS.fullmatch(name):
            found.problems.append(_unknown(name, _meant(name, [*names, *CLIENTS], known)))
    return found


def _name(section: str, key: str) -> str:
    return f"{PREFIX}{section.upper()}_{key.upper()}"


def _engine_setting(name: str) -> tuple[str, str] | None:
    before, _, setting = name.partition(_name(ENGINE, ""))
    if before or not setting or setting != setting.upper():
        return None
    return ENGINE, setting.lower()


def _meant(name: str, names: Iterable[str], sections: Iterable[str]) -> str | None:
    upper = name.upper()
    if _engine_setting(upper) is not None:
        return upper
    near = nearest(upper, names)
    section, _, key = upper.removeprefix(PREFIX).partition("_")
    if near is None and key and nearest(section, sections) == ENGINE:
        return _name(ENGINE, key)
    return near


def _unknown(name: str, meant: str | None) -> Problem:
    hint = "unset it; variables of Ouzel's are OUZEL_SECTION_KEY" if meant is None else f"did you mean {meant}?"
    return Problem(message=f"Ouzel has no such variable; {hint}", variable=name)


def _value(section: str, key: str, value: str) -> Any:
    if (section, key) == ("paths", "download_roots"):
        return value.split(":")
    if section == ENGINE:
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        return int(value) if re.fullmatch("-?[0-9]{1,20}", value) else value
    return value
