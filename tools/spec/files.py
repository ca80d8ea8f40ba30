"""All generated files by path: vectors, schemas, pages, the Python clients, manual pages, monitoring."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tools.metrics.dashboard import grafana, rules
from tools.spec import edges, python_client, schemas, vectors
from tools.spec.pages import command_table, man_pages, metrics_page, page, reference_pages, state_machines
from tools.spec.vectors import Vector
from tools.spec.wire_json import to_json

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = "docs/protocol.md"
SCHEMAS: Final = "docs/schema"
VECTORS: Final = "tests/vectors"

_REGION: Final = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end of (?P=name) -->\n)", re.DOTALL
)

_VECTORS: Final = {
    "requests": (
        vectors.requests,
        "Requests: each command with the fewest arguments, and with all. A server understands them; a client sends "
        "such requests.",
    ),
    "replies": (vectors.replies, "Replies: the result of each command, and each error."),
    "events": (vectors.events, "Events: one of each type. `topic` is the first frame of its message."),
    "codec_accepted": (edges.accepted, "Unusual but valid frames, which every decoder accepts."),
    "codec_rejected": (
        edges.rejected,
        "Frames that are no messages: every client and every server refuses them. `error` is the server's answer.",
    ),
    "server_rejected": (
        edges.refused,
        "Valid maps that a server answers with an error, without any other effect. A client's codec accepts them.",
    ),
}


class PageBroken(Exception):
    """A page lacks a region, or has an unknown one."""


def generated() -> dict[str, str]:
    """The text of every generated file."""
    found = {f"{VECTORS}/{name}.json": _vectors(about, make()) for name, (make, about) in _VECTORS.items()}
    found |= {f"{SCHEMAS}/{name}.json": _json(schema) for name, schema in schemas.schemas()}
    found |= {python_client.CALLS: python_client.calls(), python_client.METHODS: python_client.methods()}
    found |= {man_pages.CLIENT: man_pages.client(), man_pages.DAEMON: man_pages.daemon()}
    found |= {man_pages.GATEWAY: man_pages.gateway()}
    found[command_table.PAGE] = command_table.page()
    found |= {
        reference_pages.EXIT_CODES: reference_pages.exit_codes(),
        reference_pages.SETTINGS: reference_pages.settings(),
    }
    found |= {reference_pages.DECISIONS: reference_pages.decisions(ROOT), state_machines.PAGE: state_machines.page()}
    found |= state_machines.images()
    found |= {grafana.PATH: grafana.text(), rules.PATH: rules.text(), rules.TEST_PATH: rules.tests()}
    pages = {PAGE: page.regions(), metrics_page.PAGE: metrics_page.regions()}
    pages[reference_pages.CONFIGURATION] = reference_pages.regions()
    return found | {path: with_regions((ROOT / path).read_text(), regions) for path, regions in pages.items()}


def stale() -> list[str]:
    """The stale files. They differ from their generated text, are missing, or are not generated any more."""
    wanted = generated()
    found = [path for path, text in wanted.items() if not (ROOT / path).is_file() or (ROOT / path).read_text() != text]
    there = [*(ROOT / SCHEMAS).glob("*"), *(ROOT / VECTORS).glob("*.json")]
    return sorted(
        [*found, *(str(path.relative_to(ROOT)) for path in there if str(path.relative_to(ROOT)) not in wanted)]
    )


def write() -> None:
    """Writes stale files, and deletes files that are not generated any more."""
    wanted = generated()
    for path in stale():
        file = ROOT / path
        if path in wanted:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted[path])
        else:
            file.unlink()


def with_regions(text: str, regions: Mapping[str, str]) -> str:
    """The page with new content in its regions."""
    there = [match["name"] for match in _REGION.finditer(text)]
    if sorted(there) != sorted(regions):
        raise PageBroken(f"the page's regions are {sorted(there)}, and {sorted(regions)} are generated")
    return _REGION.sub(lambda match: f"{match['begin']}\n{regions[match['name']].strip()}\n\n{match['end']}", text)


def _vectors(about: str, found: Iterable[Vector]) -> str:
    return _json({"about": about, "vectors": [_vector(vector) for vector in found]})


def _vector(vector: Vector) -> dict[str, Any]:
    told: dict[str, Any] = {"name": vector.name, "hex": vector.frame.hex()}
    if vector.topic is not None:
        told["topic"] = vector.topic
    if vector.error is None:
        return told | {"decoded": to_json(vector.decoded)}
    kind, field = vector.error
    error = {"code": kind.code, "name": kind.wire_name, **({} if field is None else {"field": field})}
    return told | {"error": error, "by": vector.by}


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
