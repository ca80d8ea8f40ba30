r"""Globs over the paths of a torrent's files, matched in linear time. Pure.

docs/protocol.md explains this dialect for clients. Case is ignored. No path contains an empty name, `.` or `..`.

    *        any characters but a slash; as a whole name, at least one
    ?        one character but a slash
    [abc]    one of these; [a-z] a range, [!abc] or [^abc] none of these, [[:digit:]] and the other POSIX classes
    **       as a whole name: any number of folders; at the end, everything below
    \x       x itself

Everything else matches itself: braces, `!` at the beginning, `~`, extended globs, an unclosed bracket.

A *chunk* is the part of a glob between two `*`, and has a fixed length. A *block* is the part between two `**`, and has
a fixed number of names. If a path matches at all, it also matches with the leftmost match of each chunk and block. So
each chunk and each block becomes an atomic group, and the matcher does not backtrack. The number of steps is at most
the length of the path times the length of the glob.
"""

import re
from collections.abc import Iterable
from typing import Final

COMPILING: Final = 1_000
"""The cost of compiling one character of a glob, in matching steps."""

_FLAGS: Final = re.IGNORECASE | re.DOTALL
_ANY: Final = "[^/]"
_END: Final = r"(?=/|\Z)"
_NEVER: Final = "(?!)"
_POSIX_CLASS: Final = re.compile(r"\[:([a-z]{1,9}):\]")
_POSIX: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "ascii": r"\x00-\x7f",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\r\n\v\f",
    "upper": "A-Z",
    "word": "a-zA-Z0-9_",
    "xdigit": "0-9a-fA-F",
}


def compiled(globs: Iterable[str]) -> re.Pattern[str]:
    """A regular expression that matches the same paths as the globs together."""
    return re.compile("|".join(dict.fromkeys(expression(glob) for glob in globs)) or _NEVER, _FLAGS)


def expression(glob: str) -> str:
    """The regular expression of one glob, without its flags."""
    names = glob.split("/")
    if not names[0] or not names[-1]:
        return _NEVER  # no path begins or ends with a slash
    blocks: list[list[str]] = [[]]
    for name in names:
        if name == "**":
            blocks.append([])
        elif name:
            blocks[-1].append(_name(name))
    first, *others = blocks
    # Several `**` in a row are equivalent to one.
    others = [block for block in others[:-1] if block] + others[-1:]
    if not others:
        return "/".join(first) + r"\Z"
    *between, last = others
    begins = "".join(f"{name}/" for name in first)
    between_them = "".join(f"(?>(?:{_ANY}++/)*?{'/'.join(block)}/)" for block in between)
    ends = f"(?:{_ANY}++/)*?{'/'.join(last)}" + r"\Z" if last else ".+"
    return f"{begins}{between_them}{ends}"


def _name(glob: str) -> str:
    """The regular expression for one whole name. It is an atomic group, because a name matches in only one way."""
    chunks = [""]
    at = 0
    unclosed: set[int] = set()
    while at < len(glob):
        character = glob[at]
        at += 1
        if character == "*":
            if chunks[-1] or len(chunks) == 1:
                chunks.append("")
        elif character == "?":
            chunks[-1] += _ANY
        elif character == "[" and (found := _class(glob, at, unclosed)) is not None:
            chunks[-1] += found[0]
            at = found[1]
        elif character == "\\":
            chunks[-1] += re.escape(glob[at : at + 1])
            at += 1
        else:
            chunks[-1] += re.escape(character)
    if chunks == ["", ""]:
        return f"{_ANY}++"
    first, *others = chunks
    if not others:
        return f"(?>{first}{_END})" if first else _NEVER
    *between, last = others
    if not first and not between:
        return f"(?>{_ANY}*+(?<={last}){_END})"  # equivalent to the code below, but faster; the parts cannot overlap
    between_them = "".join(f"(?>{_ANY}*?{chunk})" for chunk in between)
    ends = f"{_ANY}*?{last}{_END}" if last else f"{_ANY}*+"
    return f"(?>{first}{between_them}{ends})"


def _class(glob: str, at: int, unclosed: set[int]) -> tuple[str, int] | None:
    """Parses a class whose bracket was opened before `at`.

    Returns the expression of the class, and the index of the class's end. None if the bracket is not closed.

    Args:
        unclosed: indices after which no bracket is closed. Earlier calls have found these indices, and this call may
            add an index. They prevent repeated scans of the same part.
    """
    negated = glob[at : at + 1] in ("!", "^")
    at += negated
    members: list[str] = []
    begun = at
    seen = []
    while at < len(glob) and at not in unclosed:
        if at > begun:
            seen.append(at)
        if glob[at] == "]" and at > begun:
            inside = "".join(members)
            if negated:
                return f"[^/{inside}]", at + 1
            return (f"(?!/)[{inside}]" if inside else _NEVER), at + 1
        posix = _POSIX_CLASS.match(glob, at)
        if posix is not None and posix[1] in _POSIX:
            members.append(_POSIX[posix[1]])
            at = posix.end()
            continue
        low, at = _member(glob, at)
        if glob[at : at + 1] == "-" and glob[at + 1 : at + 2] not in ("", "]"):
            high, at = _member(glob, at + 1)
            if low <= high:
                members.append(f"{_literal(low)}-{_literal(high)}")
        else:
            members.append(_literal(low))
    unclosed.update(seen)
    return None


def _member(glob: str, at: int) -> tuple[str, int]:
    escaped = glob[at] == "\\" and at + 1 < len(glob)
    return glob[at + escaped], at + escaped + 1


def _literal(character: str) -> str:
    return f"\\{character}" if character in r"\]^-[&~|" else character
