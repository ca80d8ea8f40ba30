from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import codec
from protocol.wire.commands import torrent_commands
from protocol.wire.commands.kinds import Command
from protocol.wire.errors import ErrorKind, OuzelError
from protocol.wire.operations import OPERATIONS, parse_command
from tests.protocol.strategies import commands as command_samples
from tests.protocol.strategies import wire_values

V1: Final = "0123456789abcdef0123456789abcdef01234567"
V2: Final = V1 + "89abcdef0123456789abcdef"

SAMPLES: Final[dict[str, Any]] = {
    "torrent": V1,
    "torrents": [V1],
    "levels": {"engine": "debug"},
    "where": "top",
    "path": "/srv/torrents/x",
    "new_path": "x/y",
    "job": "5c1e07ab",
    "save_path": "/srv/torrents",
    "index": 0,
    "file": 0,
    "offset": 0,
    "length": 1,
    "deadline_ms": 1000,
    "upload": "u",
    "epoch": "e",
    "after_seq": 0,
    "sequential": True,
    "peers": ["127.0.0.1:6881"],
    "peer": "127.0.0.1",
    "data": b"d",
    "name": "20261122T144021.123456Z-gen7",
    "settings": {"user_agent": "x", "enable_dht": None},
}
"""A valid value for each required argument."""

WRONG: Final = -0.5
"""No argument is a negative fraction."""

FIELDS: Final = [(op, field.name) for op, row in OPERATIONS.items() for field in msgspec.structs.fields(row.arguments)]


def minimal(op: str) -> dict[str, Any]:
    """Only the required arguments."""
    fields = msgspec.structs.fields(OPERATIONS[op].arguments)
    return {field.name: SAMPLES[field.name] for field in fields if field.required}


def refusal(op: str, args: dict[str, Any]) -> OuzelError:
    """The error that parsing must raise."""
    with pytest.raises(OuzelError) as caught:
        parse_command(op, args)
    return caught.value


@pytest.mark.parametrize("op", OPERATIONS)
def test_minimal_arguments_are_enough(op: str) -> None:
    """Arguments with a default can be omitted."""
    assert type(parse_command(op, minimal(op))) is OPERATIONS[op].arguments


@pytest.mark.parametrize("op", OPERATIONS)
def test_unknown_arguments_are_ignored(op: str) -> None:
    """A newer client may send more arguments; an argument called `op` is one of them."""
    more = {"not_an_argument": [{"a": 1}], "op": "nonsense"}
    assert parse_command(op, minimal(op) | more) == parse_command(op, minimal(op))


@pytest.mark.parametrize("op", OPERATIONS)
def test_parsing_leaves_the_arguments_alone(op: str) -> None:
    """The request for the comparison of repeats is the received one."""
    args = minimal(op) | {"op": "nonsense"}
    before = dict(args)
    parse_command(op, args)
    assert args == before


@pytest.mark.parametrize(("op", "field"), FIELDS)
def test_an_argument_of_a_wrong_type_is_named(op: str, field: str) -> None:
    """Each argument has one type; the error names the wrong argument."""
    error = refusal(op, minimal(op) | {field: WRONG})
    assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, f"args.{field}")


@pytest.mark.parametrize(("op", "field"), [(op, field) for op, field in FIELDS if field in minimal(op)])
def test_a_missing_argument_is_named(op: str, field: str) -> None:
    """Arguments without a default are required."""
    args = minimal(op)
    del args[field]
    error = refusal(op, args)
    assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, f"args.{field}")


@pytest.mark.parametrize(
    ("op", "args", "field"),
    [
        ("get_torrent", {"torrent": V1.upper()}, "torrent"),
        ("get_torrent", {"torrent": V1[:-1]}, "torrent"),
        ("get_torrent", {"torrent": V1 + "0"}, "torrent"),
        ("get_torrent", {"torrent": V1 + "\n"}, "torrent"),
        ("get_torrent", {"torrent": ""}, "torrent"),
        ("get_torrent", {"torrent": bytes.fromhex(V1)}, "torrent"),
        ("list_torrents", {"limit": 0}, "limit"),
        ("list_torrents", {"limit": 10_001}, "limit"),
        ("list_torrents", {"state": "dreaming"}, "state"),
        ("list_torrents", {"ids": [V1, "x"]}, "ids[1]"),
        ("replay", {"epoch": "e", "after_seq": -1}, "after_seq"),
        ("add_torrent", {"metainfo": "text"}, "metainfo"),
        ("add_torrent", {"magnet": b"magnet:"}, "magnet"),
        ("add_torrent", {"magnet": "m" * 65_537}, "magnet"),
        ("add_torrent", {"paused": None}, "paused"),
        ("add_torrent", {"paused": 1}, "paused"),
        ("add_torrent", {"download_bps": -1}, "download_bps"),
        ("add_torrent", {"download_bps": 2**31}, "download_bps"),
        ("update_settings", {"settings": {"a": [1]}}, "settings[...]"),
        ("update_settings", {"settings": {"a": "x" * 4097}}, "settings[...]"),
        ("update_settings", {"settings": {"": 1}}, "settings"),
        ("add_torrent", {"trackers": ["gopher://x"]}, "trackers[0]"),
        ("add_torrent", {"trackers": ["http://x", "http://a b"]}, "trackers[1]"),
        ("add_torrent", {"trackers": ["http://x\n"]}, "trackers[0]"),
        ("add_torrent", {"trackers": ["http://x\r\nHost:y"]}, "trackers[0]"),
        ("add_torrent", {"web_seeds": ["udp://x"]}, "web_seeds[0]"),
        ("add_torrent", {"labels": [""]}, "labels[0]"),
        ("add_torrent", {"labels": ["x" * 201]}, "labels[0]"),
        ("add_torrent", {"rules": {"include": [""]}}, "rules.include[0]"),
        ("add_torrent", {"rules": {"include": ["*"] * 1001}}, "rules.include"),
        ("add_torrent", {"rules": {"skip_fluff": "yes"}}, "rules.skip_fluff"),
        ("add_torrent", {"priorities": [4, 8]}, "priorities[1]"),
        ("add_torrent", {"priorities": {"0": -1}}, "priorities[...]"),
        ("add_torrent", {"priorities": {"01": 4}}, "priorities"),
        ("add_torrent", {"priorities": {"0\n": 4}}, "priorities"),
        ("add_torrent", {"priorities": {"-1": 4}}, "priorities"),
        ("update_limits", {"upload_bps": None}, "upload_bps"),
        ("add_peers", {"torrent": V1, "peers": []}, "peers"),
        ("add_peers", {"torrent": V1, "peers": ["h:1"] * 201}, "peers"),
    ],
)
def test_a_value_out_of_range_is_named(op: str, args: dict[str, Any], field: str) -> None:
    """Bounds are checked before anything is done."""
    error = refusal(op, args)
    assert (error.kind, error.field) == (ErrorKind.INVALID_ARGUMENT, f"args.{field}")


@pytest.mark.parametrize("torrent", [V1, V2])
def test_ids_are_of_either_hash(torrent: str) -> None:
    """40 digits for v1, 64 for v2."""
    assert parse_command("get_torrent", {"torrent": torrent}) == torrent_commands.GetTorrent(torrent=torrent)


@pytest.mark.parametrize("op", ["", "Ping", "ping ", "add_torrents", "x" * 100_000])
def test_an_unknown_op_is_refused(op: str) -> None:
    """The message quotes a bounded part of it."""
    error = refusal(op, {})
    assert (error.kind, error.field) == (ErrorKind.UNKNOWN_OP, "op")
    assert len(error.message) < 300


@given(command_samples(Command))
def test_commands_come_back_as_they_were(command: Command) -> None:
    """Omitted and unset arguments are the same."""
    args = codec.decode(codec.encode(command))
    assert parse_command(args["op"], args) == command


@given(st.sampled_from(FIELDS), wire_values)
def test_any_value_is_accepted_or_refused_by_name(place: tuple[str, str], value: Any) -> None:
    """Any value results in a command or in an OuzelError that names its argument."""
    op, field = place
    try:
        parse_command(op, minimal(op) | {field: value})
    except OuzelError as error:
        assert error.kind is ErrorKind.INVALID_ARGUMENT
        assert str(error.field).startswith(f"args.{field}")
