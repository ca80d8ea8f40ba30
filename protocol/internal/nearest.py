"""Suggests a known name in place of an unknown name. Pure."""

import difflib
from collections.abc import Iterable
from typing import Final

NEAR: Final = 0.75
"""The minimum similarity (by `difflib`) for a suggestion. It allows a typing error or two, but not another word."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar, ignoring case and hyphens. None if no name is similar enough.

    A single word of a name counts as similar if no other name has it: `roots` finds `download_roots`.
    """
    by_form = {_form(each): each for each in known}
    form = _form(name)
    if form in by_form:
        return by_form[form]
    near = difflib.get_close_matches(form, by_form, n=1, cutoff=NEAR)
    if near:
        return by_form[near[0]]
    having = [each for each in by_form if form and form in each.split("_")]
    return by_form[having[0]] if len(having) == 1 else None


def did_you_mean(name: str, known: Iterable[str], shown: str = "{}") -> str:
    """The text `; did you mean NAME?`, or an empty text if no known name is similar."""
    near = nearest(name, known)
    return "" if near is None else f"; did you mean {shown.format(near)}?"


def _form(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_").strip("_")
