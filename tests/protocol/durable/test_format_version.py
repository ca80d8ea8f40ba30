"""A newer format is refused by name. What a later version of the same format has added is kept."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from protocol.durable import format_version
from protocol.durable.format_version import FORMAT, DirectoryFormat, NewerFormat, check_format, read_format
from protocol.durable.integrity import Damaged, NewerRecord, decode_record, encode_record
from protocol.wire.desired import DesiredTorrent
from protocol.wire.session.desired_session import DesiredSession
from supervisor.totals.totals import SessionRecord, ShardRecord
from tests.supervisor.samples import desired

SHAPES: Final = Path(__file__).parent / "record_shapes"


def test_a_directory_without_the_file_is_of_an_earlier_version(tmp_path: Path) -> None:
    """It is accepted, and so is one whose file is damaged."""
    assert read_format(tmp_path / "format.json") is None
    check_format(tmp_path)
    for damaged in (b"\0\0\0", b'{"format": 1, "x": ' + b"[" * 4000):
        (tmp_path / "format.json").write_bytes(damaged)
        check_format(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """The message says who wrote it, what this version reads, and what to do."""
    file = tmp_path / "format.json"
    file.write_bytes(encode_record(DirectoryFormat(format=FORMAT, written_by="9.9")))
    check_format(tmp_path)
    file.write_bytes(encode_record(DirectoryFormat(format=FORMAT + 1, written_by="9.9")))
    with pytest.raises(NewerFormat, match=rf"Ouzel 9\.9 in format {FORMAT + 1}.*format {FORMAT} at most.*install"):
        check_format(tmp_path)


def later(record: msgspec.Struct, **members: Any) -> bytes:
    """The record as a later version of the same format writes it, with further members."""
    kind = msgspec.defstruct("Later", [(name, Any, None) for name in members], bases=(type(record),), kw_only=True)
    fields = {name: getattr(record, name) for name in record.__struct_fields__}
    return encode_record(kind(**fields, **members))


def test_unknown_members_survive_changes() -> None:
    """Through copies of the record, and through any number of writes."""
    content = later(desired(), colour="red", more={"deep": [1, None]})
    record = decode_record(content, DesiredTorrent)
    for paused in (True, False, True):
        record = decode_record(encode_record(msgspec.structs.replace(record, paused=paused)), DesiredTorrent)
    members = msgspec.json.decode(encode_record(record))
    assert (members["colour"], members["more"], members["paused"]) == ("red", {"deep": [1, None]}, True)
    session = decode_record(later(DesiredSession(upload_bps=7), colour="red"), DesiredSession)
    assert msgspec.json.decode(encode_record(session))["colour"] == "red"


def test_engines_and_clients_see_no_unknown_members() -> None:
    """The record is sent between processes, and the receiver's type decides."""
    record = decode_record(later(desired(), colour="red"), DesiredTorrent)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=DesiredTorrent) == desired()


def test_a_record_names_its_format_from_the_second_one_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the records of earlier versions are unchanged. A version with a lower format does not read it."""
    first = encode_record(desired())
    assert b'"format"' not in first
    monkeypatch.setattr(format_version, "FORMAT", FORMAT + 1)
    second = encode_record(desired())
    assert decode_record(second, DesiredTorrent) == decode_record(first, DesiredTorrent) == desired()
    members = msgspec.json.decode(second)
    edited = msgspec.json.encode({name: value for name, value in members.items() if name != "checksum"})
    assert decode_record(edited, DesiredTorrent) == desired()
    monkeypatch.undo()
    for content in (second, edited):
        with pytest.raises(NewerRecord, match=f"format {FORMAT + 1}"):
            decode_record(content, DesiredTorrent)
    assert issubclass(NewerRecord, Damaged)


@pytest.mark.parametrize("kind", [DesiredTorrent, DesiredSession, SessionRecord, ShardRecord])
def test_an_incompatible_change_needs_a_new_format(kind: type[msgspec.Struct]) -> None:
    """An earlier program of the same format has to read the record, and to keep what it does not know.

    It keeps new members of the record itself. It would lose new members of nested objects, and would put aside a record
    with a new value of an enumeration. If this fails, raise FORMAT, and store the new shapes beside the old ones.
    """
    file = SHAPES / f"format-{FORMAT}-{kind.__name__}.json"
    before, now = msgspec.json.decode(file.read_bytes()), shape(kind)
    assert {name: now["members"].get(name) for name in before["members"]} == before["members"]
    assert {name: now["nested"].get(name) for name in before["nested"]} == before["nested"]
    assert set(now["required"]) == set(before["required"])


def shape(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The members of a record, and all nested types, as a JSON Schema without texts."""
    [_], nested = msgspec.json.schema_components([kind])
    plain: dict[str, Any] = without_texts(msgspec.json.decode(msgspec.json.encode(nested)))
    own = plain.pop(kind.__name__)
    return {"members": own["properties"], "required": own.get("required", []), "nested": plain}


def without_texts(value: Any) -> Any:
    """A schema without descriptions and titles."""
    if isinstance(value, dict):
        return {
            name: without_texts(each)
            for name, each in value.items()
            if not (name in ("description", "title") and isinstance(each, str))
        }
    return [without_texts(each) for each in value] if isinstance(value, list) else value
