import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.durable import integrity
from protocol.durable.integrity import Damaged
from protocol.wire.desired import DesiredTorrent, Selection

RECORD: Final = DesiredTorrent(
    torrent="ab" * 20,
    source="metainfo",
    name="naïve \u2028 name",
    save_path="/srv/torrents",
    selection=Selection(include=("*.mkv",), priorities={"3": 7}),
    trackers=("udp://tracker.example:6969",),
    added_us=1_700_000_000_000_000,
    metainfo_crc32=0xFFFFFFFF,
)


def flips(content: bytes) -> list[bytes]:
    """The content with each of its bits flipped."""
    found = []
    for at in range(len(content)):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[at] ^= 1 << bit
            found.append(bytes(flipped))
    return found


def test_every_flipped_bit_of_a_record_is_noticed() -> None:
    """In keys, values, spaces and the checksum, and in its key."""
    for flipped in flips(integrity.encode_record(RECORD)):
        with pytest.raises(Damaged):
            integrity.decode_record(flipped, DesiredTorrent)


def test_every_truncation_of_a_record_is_noticed() -> None:
    """Except for the last newline, without which it is complete."""
    content = integrity.encode_record(RECORD)
    for length in range(len(content) - 1):
        with pytest.raises(Damaged):
            integrity.decode_record(content[:length], DesiredTorrent)
    assert integrity.decode_record(content[:-1], DesiredTorrent) == RECORD


@given(
    st.builds(
        msgspec.structs.replace,
        st.just(RECORD),
        name=st.text(max_size=20),
        magnet=st.none() | st.text(max_size=20),
        labels=st.lists(st.text(max_size=5), max_size=3).map(tuple),
        added_us=st.integers(-(2**63), 2**63),
        metainfo_crc32=st.none() | st.integers(0, 2**32 - 1),
    )
)
def test_a_record_is_read_as_it_was_written(record: DesiredTorrent) -> None:
    """Whatever it contains."""
    assert integrity.decode_record(integrity.encode_record(record), DesiredTorrent) == record


def test_a_record_of_a_later_version_is_read() -> None:
    """Unknown members are covered by the checksum, and dropped."""

    class Later(DesiredTorrent, frozen=True, kw_only=True):
        colour: str = "red"

    later = msgspec.convert(msgspec.to_builtins(RECORD), Later)
    assert integrity.decode_record(integrity.encode_record(later), DesiredTorrent) == RECORD


def test_without_its_checksum_a_record_has_to_be_understood() -> None:
    """People may edit it, and a typing error is not ignored; the error says what is wrong."""
    members = msgspec.to_builtins(RECORD)
    assert integrity.decode_record(msgspec.json.encode(members), DesiredTorrent) == RECORD
    with pytest.raises(Damaged, match="pausd"):
        integrity.decode_record(msgspec.json.encode({**members, "pausd": True}), DesiredTorrent)
    sealed = msgspec.json.decode(integrity.encode_record(RECORD))
    with pytest.raises(Damaged, match="delete that line"):
        integrity.decode_record(msgspec.json.encode({**sealed, "paused": True}), DesiredTorrent)


@given(st.binary(max_size=64))
def test_every_flip_and_truncation_of_resume_data_is_noticed(resume: bytes) -> None:
    """In the data, and in the checksum's line."""
    content = integrity.seal(resume)
    assert integrity.unseal(content) == resume
    assert content.startswith(resume)
    for damaged in [*flips(content), *(content[:length] for length in range(len(content))), content + b"\n"]:
        with pytest.raises(Damaged):
            integrity.unseal(damaged)


@given(st.binary(min_size=1, max_size=64))
def test_every_flip_and_truncation_of_metainfo_is_noticed(metainfo: bytes) -> None:
    """By the checksum in the record."""
    crc32 = integrity.crc32_of(metainfo)
    integrity.check_crc32(metainfo, crc32)
    for flipped in flips(metainfo):
        with pytest.raises(Damaged):
            integrity.check_crc32(flipped, crc32)


@given(st.binary(max_size=300))
def test_noise_is_damaged(noise: bytes) -> None:
    """Nothing else is raised for it."""
    with pytest.raises(Damaged):
        integrity.unseal(noise)
    with pytest.raises(Damaged):
        integrity.decode_record(noise, DesiredTorrent)


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, bytes(1_000_000)])
def test_depth_and_zeros_are_damaged(content: bytes) -> None:
    """They do not overflow the stack."""
    with pytest.raises(Damaged):
        integrity.decode_record(content, DesiredTorrent)


def test_what_is_no_file_is_damaged_and_what_is_not_there_is_not(tmp_path: Path) -> None:
    """Links are not followed, pipes not waited for, and files over the limit not read."""
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        integrity.read(path)
    path.write_bytes(b"content")
    assert integrity.read(path) == b"content"
    os.truncate(path, integrity.MAX_FILE_BYTES + 1)
    with pytest.raises(Damaged, match="more than such a file can have"):
        integrity.read(path)
    for make in (Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hostname")):
        path.rmdir() if path.is_dir() else path.unlink()
        make(path)
        with pytest.raises(Damaged):
            integrity.read(path)


@pytest.mark.parametrize("call", ["open", "read", "fstat"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ESTALE, errno.EISDIR])
def test_what_cannot_be_read_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """Otherwise a backup restored as root, or a lack of descriptors, would put everything aside."""
    path = tmp_path / "file"
    path.write_bytes(b"content")

    def fails(*args: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fails)
        with pytest.raises(OSError, match=r"\[Errno") as error:
            integrity.read(path)
    assert error.value.errno == number
    if call == "read":
        assert error.value.filename == str(path)
    assert str(path) in integrity.cannot_be_read(path, error.value)


EDITS: Final[dict[str, Callable[[str], str]]] = {
    "the line is deleted": lambda text: "".join(
        line for line in text.splitlines(keepends=True) if "checksum" not in line
    ),
    "as records were before, the checksum last": lambda text: (
        "".join(line for line in text.splitlines(keepends=True) if "checksum" not in line).rstrip()[:-1].rstrip()
        + ",\n}"
    ),
    "CRLF": lambda text: EDITS["the line is deleted"](text).replace("\n", "\r\n"),
    "a byte order mark": lambda text: "\ufeff" + EDITS["the line is deleted"](text),
    "tabs and blank lines": lambda text: EDITS["the line is deleted"](text).replace("  ", "\t").replace("\n", "\n\n"),
    "on one line": lambda text: json.dumps(json.loads(EDITS["the line is deleted"](text))),
    "sorted, in ASCII": lambda text: json.dumps(
        json.loads(EDITS["the line is deleted"](text)), sort_keys=True, ensure_ascii=True, indent="\t"
    ),
    "without an end of line": lambda text: EDITS["the line is deleted"](text).rstrip(),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_record_can_be_edited_as_people_do_it(edit: Callable[[str], str]) -> None:
    """However an editor, or jq, reformats the rest."""
    text = edit(integrity.encode_record(RECORD).decode()).replace("/srv/torrents", "/srv/moved")
    assert integrity.decode_record(text.encode(), DesiredTorrent) == msgspec.structs.replace(
        RECORD, save_path="/srv/moved"
    )


def test_commas_in_words_are_left_alone() -> None:
    """Only commas before a closing bracket are ignored."""
    record = msgspec.structs.replace(RECORD, name='a, ] b ,} "c\\",}')
    text = integrity.encode_record(record).decode()
    lines = [line for line in text.splitlines() if "checksum" not in line]
    edited = "\n".join(lines)[:-1].rstrip() + ",\n}"
    assert integrity.decode_record(edited.encode(), DesiredTorrent) == record
