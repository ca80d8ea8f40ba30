import re
from typing import Any

import msgspec
import pytest

from protocol.text import patterns
from protocol.wire import desired, envelope
from protocol.wire.errors import OuzelError
from protocol.wire.operations import OPERATIONS, parse_command

ID = "a" * 40


def forms() -> set[str]:
    """All patterns in the types of messages."""
    schemas = [*(each.arguments for each in OPERATIONS.values()), desired.DesiredTorrent, envelope.Request]
    found: set[str] = set()

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            found.update({part["pattern"]} if isinstance(part.get("pattern"), str) else ())
            for each in part.values():
                walk(each)
        elif isinstance(part, list | tuple):
            for each in part:
                walk(each)

    walk(msgspec.json.schema_components(schemas))
    return found


def test_every_form_has_words() -> None:
    """And there are no other words."""
    assert forms() == set(patterns.IN_WORDS)


@pytest.mark.parametrize(
    ("op", "args", "told"),
    [
        ("get_torrent", {"torrent": "x"}, "args.torrent: Expected the id of a torrent"),
        ("add_torrent", {"magnet": "m", "trackers": ["udp://a b"]}, "args.trackers[0]: Expected a URL without blanks"),
        ("add_torrent", {"magnet": "m", "web_seeds": ["ftp://a"]}, "args.web_seeds[0]: Expected a URL without blanks"),
        ("update_selection", {"torrent": ID, "priorities": {"01": 1}}, "args.priorities: Expected the index of a file"),
        ("get_crash", {"name": "../x"}, "args.name: Expected the name of a crash report"),
    ],
)
def test_no_regular_expression_is_shown(op: str, args: dict[str, Any], told: str) -> None:
    """The message is a sentence with the field."""
    with pytest.raises(OuzelError) as refused:
        parse_command(op, args)
    assert refused.value.message.startswith(told)
    assert not re.search(r"regex|\[0-9|\(\?|\\", refused.value.message)


def test_a_form_that_is_not_known_has_words_too() -> None:
    """Another version may have other patterns."""
    assert patterns.without_patterns("Expected `str` matching regex '^x\\\\d$'") == "Expected text of another form"
    assert patterns.without_patterns('Expected `str` matching regex "it\'s"') == "Expected text of another form"
    assert patterns.without_patterns("Expected `int`, got `str`") == "Expected `int`, got `str`"
