"""Finds Ouzel's metrics in queries of Prometheus. Pure."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_SELECTOR: Final = re.compile(r"\b(?P<name>(?:ouzel_|up\b)[a-z0-9_]*)(?:\{(?P<matchers>[^}]*)\})?")
_MATCHER: Final = re.compile(r'(?P<label>\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"')
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\((?P<labels>[^)]*)\)")


class Selector(NamedTuple):
    """A metric in a query, with the labels that its matchers name."""

    name: str
    labels: frozenset[str]


def selectors(query: str) -> Iterator[Selector]:
    """Returns the metrics of a query in order."""
    for found in _SELECTOR.finditer(query):
        yield Selector(found["name"], frozenset(each["label"] for each in _MATCHER.finditer(found["matchers"] or "")))


def grouping_labels(query: str) -> set[str]:
    """The labels by which a query groups or joins."""
    lists = (found["labels"] for found in _GROUPING.finditer(query))
    return {label.strip() for labels in lists for label in labels.split(",") if label.strip()}


def with_matchers(query: str, matchers: str) -> str:
    """The query with more matchers in each selector that does not name the job itself."""

    def widened(found: re.Match[str]) -> str:
        own = found["matchers"] or ""
        if re.search(r"\bjob\b", own):
            return found[0]
        return f"{found['name']}{{{', '.join(part for part in (own, matchers) if part)}}}"

    return _SELECTOR.sub(widened, query)
