"""Pages of reference: exit codes, settings of libtorrent, the index of decisions, and the keys of the configuration."""

import re
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import libtorrent
import msgspec

from engine_proc.session.session_settings import DEFAULTS
from gateway.main import argument_parser as gateway_parser
from ouzel.cli.failure import EXIT_CODES_HELP
from protocol.configuration.gateway_sections import GatewayConfig, MetricsConfig
from protocol.internal.settings import OWNED
from supervisor.__main__ import argument_parser
from supervisor.config.config import Config

EXIT_CODES: Final = "docs/exit-codes.md"
SETTINGS: Final = "docs/settings.md"
DECISIONS: Final = "docs/adr/index.md"
CONFIGURATION: Final = "docs/configuration.md"
GENERATED: Final = "<!-- scripts/spec generates this page. -->"

lt: Any = libtorrent  # the type stubs do not describe the results


def exit_codes() -> str:
    """The page of exit codes, from the help of the three programs."""
    programs = [
        ("ouzel", EXIT_CODES_HELP),
        ("ouzeld", argument_parser("").epilog or ""),
        ("ouzel-gateway", gateway_parser("").epilog or ""),
    ]
    tables = (f"## {name}\n\n{_table(('exit code', 'meaning'), _codes(text))}" for name, text in programs)
    lead = "If a program cannot start or continue, it prints one line with the remedy."
    return "\n".join([f"# Exit codes\n\n{GENERATED}\n\n{lead}\n", *tables])


def settings() -> str:
    """The page of libtorrent's settings, with the defaults of libtorrent and of Ouzel."""
    defaults: dict[str, Any] = lt.default_settings()
    rows = [
        (f"`{name}`", _kind(value), _value(value), _value(DEFAULTS[name]) if name in DEFAULTS else "")
        for name, value in sorted(defaults.items())
        if name not in OWNED
    ]
    lead = (
        "These keys can stand in `[engine]` of the [configuration](configuration.md). `ouzel settings` shows values\n"
        "in force, and who has set them. `ouzel settings set NAME VALUE` changes a value at once. The manual of\n"
        "libtorrent explains each setting. If the last column is empty, Ouzel keeps libtorrent's default.\n"
    )
    owned = ", ".join(f"`{name}`" for name in sorted(OWNED) if name in defaults)
    head = f"# Settings of libtorrent\n\n{GENERATED}\n\n{lead}\nOuzel sets these itself: {owned}.\n\n"
    return head + _table(("setting", "type", "libtorrent's default", "Ouzel's default"), rows)


def decisions(root: Path) -> str:
    """The index of the decision records, from their titles."""
    rows = []
    for path in sorted((root / "docs/adr").glob("[0-9]*.md")):
        number, _, title = path.read_text().partition("\n")[0].removeprefix("# ").partition(": ")
        rows.append((number, f"[{title}]({path.name})"))
    lead = "Each record has the context, the decision, its consequences and the rejected alternatives."
    return f"# Decisions\n\n{GENERATED}\n\n{lead}\n\n{_table(('number', 'decision'), rows)}"


def regions() -> dict[str, str]:
    """The generated region of the page of the configuration."""
    sections = [(field.name, field.type) for field in msgspec.structs.fields(Config)]
    sections += [("gateway", GatewayConfig), ("metrics", MetricsConfig)]
    return {"keys": "\n".join(_section(f"[{name}]", kind) for name, kind in sections if name != "engine")}


def _section(header: str, kind: type[msgspec.Struct]) -> str:
    """A section with its keys, followed by the tables that it contains."""
    meanings, rows, inner = _meanings(kind), [], []
    for field in msgspec.structs.fields(kind):
        rows.append((f"`{field.name}`", _type(field.type), _default(field), meanings.get(field.name, "")))
        inner += [_section(_inner_header(header, field.name, field.type), each) for each in _structs(field.type)]
    about = _first_line(kind)
    return "\n".join([f"### `{header}`\n", f"{about}\n", _table(("key", "type", "default", "meaning"), rows), *inner])


def _inner_header(header: str, name: str, kind: Any) -> str:
    inner = f"{header.strip('[]')}.{name}"
    return f"[[{inner}]]" if _type(kind).startswith("list") else f"[{inner}]"


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """The structs in a type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    else:
        for each in get_args(kind):
            yield from _structs(each)


def _first_line(kind: type) -> str:
    """The first paragraph of the docstring, without the name of the section."""
    text = re.sub(r"\s+", " ", (kind.__doc__ or "").strip().partition("\n\n")[0])
    about = re.sub(r"^`\[[^`]*`[:.]? *", "", text)
    return about[:1].upper() + about[1:] if about else "The keys:"


def _meanings(kind: type) -> dict[str, str]:
    """The meaning of each field, from the list `Fields:` of the docstring."""
    found: dict[str, str] = {}
    text = (kind.__doc__ or "").partition("Fields:\n")[2]
    for entry in re.split(r"\n {8}(?=\w)", "\n" + text.rstrip()):
        names, _, meaning = entry.strip().partition(": ")
        for name in names.split(", "):
            found[name] = re.sub(r"\s+", " ", meaning).strip()
    return found


def _type(kind: Any) -> str:
    """The words for a type."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _type(get_args(kind)[0])
    if origin is Literal:
        return " or ".join(f"`{each}`" for each in get_args(kind))
    if origin in (UnionType, typing.Union):
        return " or ".join(_type(each) for each in get_args(kind) if each is not type(None))
    if origin is list:
        return f"list of {_type(get_args(kind)[0])}"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "table"
    return {bool: "true or false", int: "whole number", float: "number", str: "text"}[kind]


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required" if field.name not in _FOUND else "by the user's directories"
    default = field.default
    if default is msgspec.NODEFAULT:
        default = field.default_factory()
    return "none" if default is None or default in ([], "") or isinstance(default, msgspec.Struct) else _value(default)


_FOUND: Final = frozenset({"resume_dir", "download_roots", "runtime_dir", "state_dir"})
"""Keys whose defaults depend on the user."""


def _kind(value: object) -> str:
    return {bool: "true or false", int: "whole number", str: "text", bytes: "text"}[type(value)]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return f"`{value}`" if value != "" else "empty"


def _codes(text: str) -> Iterator[tuple[str, str]]:
    """The exit codes in a help text of the form `Exit codes: 0 done; 1 refused.`."""
    for entry in re.split(r"[;,] (?=\d+ )", text.removeprefix("Exit codes: ").rstrip(".")):
        code, _, meaning = re.sub(r" \(SIG\w+\)", "", entry).partition(" ")
        yield code, meaning


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
