"""A request, and its answer. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request.

    In texts, `{downloads}` stands for the download directory of a side, and `{LABEL}` for the hash of a torrent.

    Fields:
        name: the endpoint or the method; reasons refer to it.
        fields: the parameters.
        files: uploaded torrents, by label.
        verb: GET or POST.
        reads: whether the call changes nothing. If so, it may be repeated.
        variant: distinguishes calls of the same name in reports.
    """

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    verb: str = "POST"
    reads: bool = False
    variant: str = ""

    def __str__(self) -> str:
        given = " ".join(f"{name}={value}" for name, value in self.fields.items())
        return " ".join(filter(None, (self.verb, self.name, given or self.variant, *self.files)))[:160]


@dataclass(frozen=True)
class Answer:
    """What a side has answered.

    Fields:
        kind: the content type without spaces, in small letters.
        body: the decoded JSON, or the text.
    """

    status: int
    kind: str
    body: Any


def answer(status: int, content_type: str, body: bytes, replaced: Mapping[str, str]) -> Answer:
    """Reads an answer.

    Args:
        replaced: texts that depend on the side, each with its replacement.
    """
    kind = content_type.lower().replace(" ", "")
    text = body.decode(errors="replace")
    for found, instead in replaced.items():
        text = text.replace(found, instead)
    if "json" in kind:
        try:
            return Answer(status, kind, json.loads(text))
        except ValueError:
            return Answer(status, kind, f"not JSON: {text}")
    return Answer(status, kind, text)
