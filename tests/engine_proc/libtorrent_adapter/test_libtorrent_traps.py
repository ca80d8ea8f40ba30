"""Unexpected behaviour of libtorrent's Python binding on which the engine relies: one test for each fact.

A new libtorrent that behaves otherwise fails here, and not in the field. Numbers in the names are those of the notes.
"""

import contextlib
import errno
import hashlib
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import libtorrent
import pytest

from engine_proc.libtorrent_adapter.alerts.libtorrent_alerts import FLUSHES_PER_BARRIER, AlertCopier
from engine_proc.libtorrent_adapter.libtorrent_settings import check_settings
from engine_proc.libtorrent_adapter.parsing.libtorrent_sources import METAINFO_LIMITS, RESUME_LIMITS
from engine_proc.resume.part_file import PartFile
from engine_proc.session import session_settings
from engine_proc.session.alerts import (
    Alert,
    FileError,
    Finished,
    Flushed,
    NativeState,
    NativeStateChanged,
    ResumeData,
    SessionStatistics,
    TorrentTrouble,
)
from engine_proc.session.session_port import InvalidSetting
from protocol.internal.settings import OWNED
from tests.engine_proc.loopback import add, address, real_session, seed
from tools.rig.mounts import tmpfs
from tools.rig.probe import DEADLINE_S, LOOPBACK, Probe, eventually, readable
from tools.rig.samples import PIECE_LENGTH, SampleTorrent, noise, two_files

lt: Any = libtorrent
MIB: Final = 1024 * 1024


def native_session(**settings: Any) -> Any:
    """A bare libtorrent session."""
    return lt.session({**LOOPBACK, "alert_mask": lt.alert.category_t.all_categories, **settings})


@pytest.fixture
def native() -> Iterator[Any]:
    """A bare libtorrent session."""
    session = native_session()
    yield session
    session.pause()


def params_of(sample: SampleTorrent, save_path: Path) -> Any:
    """libtorrent's parameters for the torrent."""
    params = lt.load_torrent_buffer(sample.metainfo)
    params.save_path = str(save_path)
    params.flags = lt.torrent_flags.update_subscribe
    return params


def alert(session: Any, kind: type, copy: Callable[[Any], Any] = lambda _: None) -> Any:
    """Waits for an alert of a kind, and returns what is copied of it while it is valid."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        session.wait_for_alert(100)
        copies = [copy(found) for found in session.pop_alerts() if isinstance(found, kind)]
        if copies:
            return copies[0]
    raise AssertionError(f"no {kind.__name__} came")


def resume_blob(session: Any, handle: Any) -> bytes:
    """A torrent's resume data as bytes."""
    handle.save_resume_data(lt.save_resume_flags_t.save_info_dict)
    blob = alert(session, lt.save_resume_data_alert, lambda found: lt.write_resume_data_buf(found.params))
    assert isinstance(blob, bytes)
    return blob


# -- 1: what is finished may not be on disk ---------------------------------------------------------------------------


@pytest.mark.network
def test_1_after_the_flush_barrier_the_file_is_whole(tmp_path: Path) -> None:
    """When `Flushed` comes, a reader finds every byte, also with several torrents of several sizes."""
    with real_session() as leech:
        for number, size in enumerate((1, PIECE_LENGTH, 3 * MIB + 1, 8 * MIB)):
            sample = SampleTorrent(f"file{number}", {"": noise(size, number)}, piece_length=256 * 1024, single=True)
            with seed(sample, tmp_path / "seed") as seeding:
                add(leech, sample, sample.desired(tmp_path / "leech", peers=(address(seeding),)))
                leech.take(Finished)
                leech.session.flush(sample.torrent)
                leech.take(Flushed)
                found = (tmp_path / "leech" / sample.name).read_bytes()
                assert hashlib.sha1(found).digest() == hashlib.sha1(sample.contents[sample.name]).digest()


def test_1_libtorrent_flushes_by_itself_when_a_torrent_finishes(native: Any, tmp_path: Path) -> None:
    """So a `cache_flushed_alert` may not be the answer to a request."""
    sample = two_files()
    sample.write(tmp_path)
    native.async_add_torrent(params_of(sample, tmp_path))
    alert(native, lt.cache_flushed_alert)


def test_1_every_request_to_flush_is_answered(native: Any, tmp_path: Path) -> None:
    """The flush barrier relies on it."""
    handle = native.add_torrent(params_of(two_files(), tmp_path))
    for _ in range(5):
        handle.flush_cache()
    found: list[str] = []

    def count() -> bool:
        found.extend(each.what() for each in native.pop_alerts() if isinstance(each, lt.cache_flushed_alert))
        return len(found) >= 5

    eventually(count, "five flushes")


def test_1_a_second_flush_is_not_answered_by_the_first_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written between two requests is on disk when `Flushed` comes; answers to the first request do not count.

    libtorrent answers in order, so at the least one answer more than the first request has is needed.
    """
    sample = two_files()
    answers = 0
    needed: list[int] = []
    copy = AlertCopier.copy

    def counting(copier: AlertCopier, native: Any) -> Alert | None:
        nonlocal answers
        answers += isinstance(native, lt.cache_flushed_alert)
        copied = copy(copier, native)
        if copied == Flushed(sample.torrent):
            needed.append(answers)
        return copied

    monkeypatch.setattr(AlertCopier, "copy", counting)
    with real_session() as probe:
        add(probe, sample, sample.desired(tmp_path))
        probe.session.flush(sample.torrent)
        probe.session.flush(sample.torrent)
        probe.take(Flushed)
        probe.settle()
    assert needed[-1] > FLUSHES_PER_BARRIER


# -- 2: pieces that resume data has are believed ----------------------------------------------------------------------


def test_2_have_pieces_is_padded_to_whole_bytes(native: Any, tmp_path: Path) -> None:
    """There are more bits than pieces; the additional ones mean nothing."""
    sample = two_files()
    sample.write(tmp_path)
    handle = native.add_torrent(params_of(sample, tmp_path))
    eventually(lambda: handle.status().is_seeding, "seeding")
    params = lt.read_resume_data(resume_blob(native, handle))
    assert params.ti.layout().num_pieces() == 6
    assert len(params.have_pieces) == 8
    assert all(params.have_pieces[:6])


def test_2_a_finished_torrent_comes_back_without_hashing(tmp_path: Path) -> None:
    """Its pieces are trusted by the sizes of the files; other content of the same size is not noticed."""
    sample = two_files()
    sample.write(tmp_path)
    with real_session() as probe:
        add(probe, sample, sample.desired(tmp_path))
        probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
        probe.session.save_resume(sample.torrent, only_if_modified=False)
        blob = probe.take(ResumeData).blob
    (tmp_path / "sample" / "a.bin").write_bytes(bytes(3 * PIECE_LENGTH))
    with real_session() as probe:
        assert add(probe, sample, sample.desired(tmp_path), resume=blob)
        row = probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)
        assert row.progress == 1.0
        assert NativeState.CHECKING_FILES not in [found.state for found in probe.waiting(NativeStateChanged)]


# -- 3: limits ---------------------------------------------------------------------------------------------------------

CAP_BPS: Final = 1_000_000
MEASURED_S: Final = 3.0


def payload(seeding: Probe, leech: Probe, where: str) -> int:
    """Bytes at the limited side: bytes in sockets have been sent, but not received."""
    probe = seeding if where.endswith("upload") else leech
    probe.session.post_statistics()
    statistics = probe.take(SessionStatistics)
    return statistics.uploaded if where.endswith("upload") else statistics.downloaded


@pytest.mark.network
def test_3_limits_hold_for_local_peers(tmp_path: Path) -> None:
    """Limits of a session and of a torrent, in both directions: the rate is near the limit.

    Downloads come in bursts: over three seconds they are up to a third above it, over ten a few percent.
    """
    sample = SampleTorrent("big", {"": noise(16 * MIB)}, piece_length=256 * 1024, single=True)
    with ExitStack() as stack:
        pairs: dict[str, tuple[Probe, Probe]] = {}
        for where in ("session upload", "session download", "torrent upload", "torrent download"):
            caps = {where: CAP_BPS}
            seeding = stack.enter_context(
                seed(sample, tmp_path / "seed", upload_bps=caps.get("session upload", 0)),
            )
            seeding.session.set_limits(sample.torrent, 0, caps.get("torrent upload", 0))
            leech = stack.enter_context(real_session(download_bps=caps.get("session download", 0)))
            limit = caps.get("torrent download", 0)
            add(leech, sample, sample.desired(tmp_path / where, peers=(address(seeding),), download_bps=limit))
            pairs[where] = seeding, leech

        # Counters change a few times a second only, so the time between two changes is measured.
        moves: dict[str, list[tuple[float, int]]] = {where: [] for where in pairs}

        def measured() -> bool:
            for where, pair in pairs.items():
                now, total = time.monotonic(), payload(*pair, where)
                if total > (moves[where][-1][1] if moves[where] else CAP_BPS // 10):
                    moves[where].append((now, total))
            return all(seen and seen[-1][0] - seen[0][0] >= MEASURED_S for seen in moves.values())

        eventually(measured, "transfers of some seconds")
    rates = {}
    for where, seen in moves.items():
        (began, before), (ended, after) = seen[0], seen[-1]
        rates[where] = (after - before) / (ended - began) / CAP_BPS
    assert all(0.5 <= rate <= 1.5 for rate in rates.values()), rates


@pytest.mark.network
def test_3_a_bare_session_spares_local_peers_its_limits(tmp_path: Path) -> None:
    """This is why every address is put into the global peer class: here the limit has no effect."""
    sample = SampleTorrent("big", {"": noise(8 * MIB)}, piece_length=256 * 1024, single=True)
    sample.write(tmp_path / "seed")
    seeding = native_session(upload_rate_limit=CAP_BPS, enable_outgoing_utp=False, enable_incoming_utp=False)
    leech = native_session(enable_outgoing_utp=False, enable_incoming_utp=False)
    try:
        source = seeding.add_torrent(params_of(sample, tmp_path / "seed"))
        eventually(lambda: source.status().is_seeding, "seeding")
        handle = leech.add_torrent(params_of(sample, tmp_path / "leech"))
        began = time.monotonic()
        handle.connect_peer(("127.0.0.1", seeding.listen_port()))
        eventually(lambda: handle.status().is_seeding, "the download")
        assert sample.size / (time.monotonic() - began) > 1.5 * CAP_BPS
    finally:
        seeding.pause()
        leech.pause()


# -- 4, 8, 12: settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*session_settings.DEFAULTS, *sorted(OWNED)])
def test_4_12_ouzels_settings_are_ones_that_libtorrent_has(name: str) -> None:
    """Defaults have libtorrent's types, and differ from its own values."""
    known = lt.default_settings()
    assert name in known
    if name in session_settings.DEFAULTS:
        assert type(known[name]) is type(session_settings.DEFAULTS[name])
        assert known[name] != session_settings.DEFAULTS[name]


def test_8_what_does_not_fit_into_32_bits_becomes_another_number(native: Any) -> None:
    """Silently, and 0 means no limit; so Ouzel refuses such values first."""
    native.apply_settings({"download_rate_limit": 1000, "connections_limit": 1000})
    native.apply_settings({"download_rate_limit": 2**40})
    assert native.get_settings()["download_rate_limit"] == 0
    with pytest.raises(InvalidSetting):
        check_settings({"connections_limit": 2**40}, 0)


def test_8_unknown_settings_are_an_error_of_another_kind(native: Any) -> None:
    """A KeyError; Ouzel's own check comes before it."""
    with pytest.raises(KeyError):
        native.apply_settings({"no_such_setting": 1})


# -- 6: the descriptor ------------------------------------------------------------------------------------------------


def test_6_one_byte_is_written_on_the_edge(native: Any) -> None:
    """Once until the alerts are popped, however many come; then again for the next ones."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        native.apply_settings({"alert_mask": 0})  # among the rest, statistics come on request
        native.get_settings()
        native.pop_alerts()
        native.set_alert_fd(theirs.fileno())
        for _ in range(3):
            while readable(ours.fileno()):
                ours.recv(4096)
            for _ in range(5):
                native.post_session_stats()
            assert readable(ours.fileno(), DEADLINE_S)
            assert len(ours.recv(4096)) == 1
            answered = 0
            while answered < 5:
                native.wait_for_alert(1000)
                answered += sum(isinstance(alert, lt.session_stats_alert) for alert in native.pop_alerts())
        native.set_alert_fd(-1)


def test_6_an_eventfd_never_wakes(native: Any) -> None:
    """It needs eight bytes at a time, and libtorrent writes one."""
    event = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        native.pop_alerts()
        native.set_alert_fd(event)
        native.pop_alerts()
        native.post_session_stats()
        assert native.wait_for_alert(int(DEADLINE_S * 1000)) is not None
        assert select.select([event], [], [], 0.1)[0] == []
    finally:
        native.set_alert_fd(-1)
        os.close(event)


# -- 9, 10: reading and writing ---------------------------------------------------------------------------------------


def test_9_two_writers_raise_for_binary_data() -> None:
    """`bencode` the results of `generate` and `write_torrent_file` instead. Resume data has a writer that works."""
    params = lt.load_torrent_buffer(two_files().metainfo)
    with pytest.raises(UnicodeDecodeError):
        lt.write_torrent_file_buf(params, 0)
    assert lt.load_torrent_buffer(lt.bencode(lt.write_torrent_file(params))).ti is not None
    params.save_path = "/srv"
    assert lt.read_resume_data(lt.write_resume_data_buf(params)).save_path == "/srv"


def test_9_the_buffer_of_a_new_torrent_raises_too(tmp_path: Path) -> None:
    """Piece hashes are not UTF-8."""
    two_files().write(tmp_path)
    made = lt.create_torrent(lt.list_files(str(tmp_path / "sample")), PIECE_LENGTH, lt.create_torrent.v1_only)
    lt.set_piece_hashes(made, str(tmp_path), lambda _: None)
    with pytest.raises(UnicodeDecodeError):
        made.generate_buf()
    parsed = lt.load_torrent_buffer(lt.bencode(made.generate()))
    assert str(parsed.info_hashes.v1) == two_files().torrent


TINY: Final = {"max_pieces": 2, "max_decode_depth": 2, "max_decode_tokens": 5}


@pytest.mark.parametrize("limits", [METAINFO_LIMITS, RESUME_LIMITS])
def test_10_limits_are_ones_that_are_tried_here(limits: dict[str, int]) -> None:
    """All limits but that of the size, which libtorrent applies only to files and not to memory."""
    assert limits.keys() == {*TINY, "max_buffer_size"}
    assert lt.load_torrent_buffer(two_files().metainfo, {"max_buffer_size": 10}).ti is not None


@pytest.mark.parametrize("limit", TINY)
def test_10_every_limit_of_metainfo_is_one_that_libtorrent_knows(limit: str) -> None:
    """An unknown limit would be ignored silently; with a tiny value, a known one refuses."""
    metainfo = two_files().metainfo
    assert lt.load_torrent_buffer(metainfo, METAINFO_LIMITS).ti is not None
    with pytest.raises(RuntimeError):
        lt.load_torrent_buffer(metainfo, {**METAINFO_LIMITS, limit: TINY[limit]})


@pytest.mark.parametrize("limit", TINY)
def test_10_every_limit_of_resume_data_is_one_that_libtorrent_knows(limit: str) -> None:
    """As for metainfo."""
    params = lt.load_torrent_buffer(two_files().metainfo)
    blob = lt.bencode(lt.write_resume_data(params))
    assert lt.read_resume_data(blob, RESUME_LIMITS) is not None
    with pytest.raises(RuntimeError):
        lt.read_resume_data(blob, {**RESUME_LIMITS, limit: TINY[limit]})


def test_10_unknown_limits_are_ignored() -> None:
    """This is why the tests above exist."""
    assert lt.load_torrent_buffer(two_files().metainfo, {"max_directory_depth": 0}).ti is not None


# -- 11, 13, 14: handles and alerts -----------------------------------------------------------------------------------


def test_11_a_duplicate_is_an_error_only_by_its_flag(native: Any, tmp_path: Path) -> None:
    """Without the flag, the result is the existing torrent, with its own options."""
    sample = two_files()
    first = native.add_torrent(params_of(sample, tmp_path))
    assert native.add_torrent(params_of(sample, tmp_path / "other")) == first
    params = params_of(sample, tmp_path)
    params.flags |= lt.torrent_flags.duplicate_is_error
    with pytest.raises(RuntimeError, match="already exists"):
        native.add_torrent(params)


def test_11_a_removed_handle_raises(native: Any, tmp_path: Path) -> None:
    """The error is not Ouzel's own, so the session may not let it through.

    The handle may be valid briefly after its alert.
    """
    handle = native.add_torrent(params_of(two_files(), tmp_path))
    native.remove_torrent(handle)
    alert(native, lt.torrent_removed_alert)

    def raises() -> bool:
        try:
            handle.flush_cache()
        except RuntimeError as error:
            return "invalid torrent handle" in str(error)
        return False

    eventually(raises, "an invalid handle")


def test_13_not_modified_is_a_failure_with_a_number(native: Any, tmp_path: Path) -> None:
    """It is no failure."""
    params = params_of(two_files(), tmp_path)
    params.flags |= lt.torrent_flags.paused
    handle = native.add_torrent(params)
    alert(native, lt.torrent_checked_alert)
    resume_blob(native, handle)
    handle.save_resume_data(lt.save_resume_flags_t.only_if_modified)
    code = alert(native, lt.save_resume_data_failed_alert, lambda found: found.error.value())
    assert code == 143


def test_14_priorities_hold_when_their_alert_comes(native: Any, tmp_path: Path) -> None:
    """The call returns before the alert; resume data that is made after the alert has them."""
    handle = native.add_torrent(params_of(two_files(), tmp_path))
    alert(native, lt.torrent_checked_alert)
    handle.prioritize_files([0, 7])
    alert(native, lt.file_prio_alert)
    assert handle.get_file_priorities() == [0, 7]
    assert list(lt.read_resume_data(resume_blob(native, handle)).file_priorities)[:2] == [0, 7]


def test_14_checked_may_come_with_added(tmp_path: Path) -> None:
    """In one batch: alerts are handled in order, and nothing is lost between the two."""
    sample = two_files()
    sample.write(tmp_path)
    with real_session() as probe:
        metainfo, save_path = sample.metainfo, tmp_path
        probe.session.add(sample.desired(save_path, seed_mode=True), metainfo=metainfo, resume=None)
        eventually(lambda: readable(probe.session.fileno(), 0.1), "alerts")
        probe.take(Finished, sample.torrent)
        probe.status(sample.torrent, lambda row: row.state is NativeState.SEEDING)


# -- not numbered ------------------------------------------------------------------------------------------------------


def test_default_dont_download_cannot_be_changed_later(native: Any, tmp_path: Path) -> None:
    """The flag counts only when a torrent is added. Setting or clearing it later has no effect and no error."""
    flag = lt.torrent_flags.default_dont_download
    for added_with in (False, True):
        params = lt.parse_magnet_uri(two_files(f"{added_with}").magnet)
        params.save_path = str(tmp_path)
        params.flags = flag if added_with else lt.torrent_flags.update_subscribe
        handle = native.add_torrent(params)
        assert not handle.flags() & flag
        handle.set_flags(flag)
        assert not handle.flags() & flag


def test_the_largest_limit_of_a_torrent_is_no_limit(native: Any, tmp_path: Path) -> None:
    """2**31 - 1 means unlimited, and reads back as unlimited; one less is a limit."""
    handle = native.add_torrent(params_of(two_files(), tmp_path))
    handle.set_download_limit(2**31 - 1)
    assert handle.download_limit() <= 0
    handle.set_download_limit(2**31 - 2)
    assert handle.download_limit() == 2**31 - 2


# -- storage that misbehaves ------------------------------------------------------------------------------------------


@contextmanager
def leeching(sample: SampleTorrent, root: Path, size: int) -> Iterator[tuple[Probe, Path]]:
    """A session that downloads the torrent onto a file system of this size."""
    with seed(sample, root / "seed") as seeding, tmpfs(root / "disk", size) as disk, real_session() as leech:
        add(leech, sample, sample.desired(disk.path, peers=(address(seeding),)))
        yield leech, disk.path


def claimed(probe: Probe, sample: SampleTorrent) -> list[int]:
    """The pieces that resume data would claim now."""
    probe.session.save_resume(sample.torrent, only_if_modified=False)
    have = lt.read_resume_data(probe.take(ResumeData).blob).have_pieces
    return [piece for piece in range(-(-sample.size // sample.piece_length)) if have[piece]]


def there(sample: SampleTorrent, save_path: Path) -> set[int]:
    """The pieces of a single-file torrent that are on disk."""
    found, length = (save_path / sample.name).read_bytes(), sample.piece_length
    content = sample.contents[sample.name]
    return {
        piece
        for piece in range(-(-sample.size // length))
        if found[piece * length : (piece + 1) * length] == content[piece * length : (piece + 1) * length]
    }


@pytest.mark.network
@pytest.mark.mounts
def test_without_space_libtorrent_stops_downloading_and_says_so_by_a_file_error_alone(tmp_path: Path) -> None:
    """There is no torrent error and no pause. It claims what was written, and continues when it is resumed."""
    sample = SampleTorrent("one", {"": noise(8 * MIB)}, piece_length=256 * 1024, single=True)
    with leeching(sample, tmp_path, 4 * MIB) as (leech, save_path):
        error = leech.take(FileError)
        assert (error.errno, error.out_of_space) == (errno.ENOSPC, True)
        status = leech.status(sample.torrent, lambda row: row.upload_mode)
        assert (status.error, status.paused, status.state) == (None, False, NativeState.DOWNLOADING)
        leech.settle()
        assert leech.waiting(TorrentTrouble) == []
        leech.session.set_paused(sample.torrent, True)
        leech.session.flush(sample.torrent)
        leech.take(Flushed)
        assert set(claimed(leech, sample)) <= there(sample, save_path)
        failed = len(leech.waiting(FileError))
        leech.session.set_paused(sample.torrent, False)
        # Its seed may be there at once, and then the write has failed again before the check.
        leech.status(sample.torrent, lambda row: not row.upload_mode or len(leech.waiting(FileError)) > failed)


@pytest.mark.network
@pytest.mark.mounts
def test_a_write_that_fails_after_the_last_piece_was_checked_is_forgotten(tmp_path: Path) -> None:
    """The torrent stays a seed, and its resume data claims what was never written: SPOILED in the translator.

    The error comes after the torrent has finished, and before the flush that was asked for then is confirmed. Where the
    disk is faster than the last pieces it comes earlier, and the torrent just stops; then this is tried again.
    """
    sample = SampleTorrent("one", {"": noise(8 * MIB)}, piece_length=256 * 1024, single=True)
    for attempt in range(10):
        with leeching(sample, tmp_path / str(attempt), 8 * MIB - 128 * 1024) as (leech, save_path):
            row = leech.status(sample.torrent, lambda row: row.upload_mode or row.state is NativeState.SEEDING)
            if row.state is not NativeState.SEEDING:
                continue
            leech.session.flush(sample.torrent)
            leech.take(Flushed)
            assert leech.waiting(FileError)
            assert leech.status(sample.torrent).state is NativeState.SEEDING
            assert len(claimed(leech, sample)) == 32
            assert len(there(sample, save_path)) < 32
            return
    pytest.fail("the disk was always faster than the last pieces")


def test_resume_data_of_an_unfinished_torrent_is_believed_whatever_the_size_of_its_files(
    native: Any, tmp_path: Path
) -> None:
    """For a seed the sizes are compared, and all is hashed if one differs.

    Otherwise only the file's existence is checked.
    """
    sample = two_files()
    sample.write(tmp_path)
    (tmp_path / "sample" / "a.bin").write_bytes(b"short")
    for have, counted in ([True] * 6, 3), ([True] * 5 + [False], 5):
        params = params_of(sample, tmp_path)
        params.have_pieces = have
        handle = native.add_torrent(params)
        alert(native, lt.torrent_checked_alert)
        assert handle.status().num_pieces == counted
        native.remove_torrent(handle)
        alert(native, lt.torrent_removed_alert)


def test_files_that_are_not_verified_are_believed_until_they_are_checked(native: Any, tmp_path: Path) -> None:
    """`no_verify_files` applies to one addition: resume data does not contain it, and a check finds missing files."""
    sample = two_files()
    params = params_of(sample, tmp_path)
    params.have_pieces = [True] * 6
    params.flags |= lt.torrent_flags.no_verify_files
    handle = native.add_torrent(params)
    alert(native, lt.torrent_checked_alert)
    assert handle.status().num_pieces == 6
    assert not lt.read_resume_data(resume_blob(native, handle)).flags & lt.torrent_flags.no_verify_files
    handle.force_recheck()
    alert(native, lt.torrent_checked_alert)
    assert handle.status().num_pieces == 0


@pytest.mark.network
def test_a_seed_whose_files_are_not_verified_gives(native: Any, tmp_path: Path) -> None:
    """No check has opened its storage, which is opened when a peer requests a piece."""
    sample = two_files()
    sample.write(tmp_path / "seed")
    params = params_of(sample, tmp_path / "seed")
    params.have_pieces = [True] * 6
    params.flags |= lt.torrent_flags.no_verify_files
    native.add_torrent(params)
    with real_session() as leech:
        peer = f"127.0.0.1:{native.listen_port()}"
        add(leech, sample, sample.desired(tmp_path / "leech", peers=(peer,)))
        leech.take(Finished)


# -- what lies on the disk is blamed on peers -------------------------------------------------------------------------


@pytest.mark.network
def test_a_peer_is_banned_for_what_lay_on_the_disk(native: Any, tmp_path: Path) -> None:
    """At the fourth wrong piece or soon after. So unproven blocks are offered of fewer pieces than that."""
    sample = SampleTorrent("one.bin", {"": noise(40 * 4 * PIECE_LENGTH)}, piece_length=4 * PIECE_LENGTH, single=True)
    (tmp_path / "one.bin").write_bytes(bytes(sample.size))
    with seed(sample, tmp_path / "seed") as giver:
        params = params_of(sample, tmp_path)
        params.have_pieces = [False] * 40
        params.unfinished_pieces = {piece: [True, False, False, False] for piece in range(40)}
        host, port = address(giver).split(":")
        params.peers = [(host, int(port))]
        handle = native.add_torrent(params)
        with contextlib.suppress(AssertionError):  # on a busy machine the first connection may end before the ban
            assert alert(native, lt.peer_ban_alert, lambda found: found.endpoint[0]) == host
            return
        handle.connect_peer((host, int(port)))
        assert alert(native, lt.peer_ban_alert, lambda found: found.endpoint[0]) == host


# -- the part file ----------------------------------------------------------------------------------------------------


@pytest.mark.network
def test_a_part_file_is_what_ouzel_takes_it_for(native: Any, tmp_path: Path) -> None:
    """After a flush, the header names the shared piece, and its slot has the unwanted file's bytes."""
    content = {"a.bin": noise(PIECE_LENGTH + 10, 1), "b.bin": noise(PIECE_LENGTH, 2), "c.bin": noise(PIECE_LENGTH, 3)}
    sample = SampleTorrent("set", content)
    with seed(sample, tmp_path / "seed") as giver:
        params = params_of(sample, tmp_path / "dl")
        params.file_priorities = [4, 0, 4]
        params.piece_priorities = [4, 4, 0, 0]
        host, port = address(giver).split(":")
        params.peers = [(host, int(port))]
        handle = native.add_torrent(params)
        alert(native, lt.torrent_finished_alert)
        part_file = PartFile(str(tmp_path / f"dl/.{sample.torrent}.parts"), 4, PIECE_LENGTH)
        handle.flush_cache()
        alert(native, lt.cache_flushed_alert)
        handle.flush_cache()
        alert(native, lt.cache_flushed_alert)
        flushed = Path(part_file.path).read_bytes()
    slots = part_file.slots(flushed)
    assert list(slots) == [1]
    assert flushed[slots[1] + 10 : slots[1] + PIECE_LENGTH] == content["b.bin"][: PIECE_LENGTH - 10]
