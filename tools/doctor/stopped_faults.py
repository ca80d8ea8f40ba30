"""Faults of files, mounts and ports, without a running daemon."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools.doctor.fault import Planted, stopped
from tools.rig import mounts

SIZE: Final = 64 << 20
STRANGER: Final = 12345


@contextmanager
def nothing(root: Path) -> Iterator[Planted]:
    """No fault: everything is in order."""
    yield Planted(stopped(root).config)


@contextmanager
def wrong_owner(root: Path) -> Iterator[Planted]:
    """The resume directory belongs to another user."""
    daemon = stopped(root)
    os.chown(daemon.resume_dir, STRANGER, STRANGER)
    yield Planted(daemon.config)


@contextmanager
def read_only_disk(root: Path) -> Iterator[Planted]:
    """The disk of a download root is mounted read-only."""
    daemon = stopped(root)
    with mounts.tmpfs(daemon.downloads, SIZE) as mount, mount.read_only():
        yield Planted(daemon.config)


@contextmanager
def full_disk(root: Path) -> Iterator[Planted]:
    """The disk of a download root is full."""
    daemon = stopped(root)
    with mounts.loop_ext4(daemon.downloads, SIZE) as mount, mount.full():
        yield Planted(daemon.config)


@contextmanager
def no_inodes(root: Path) -> Iterator[Planted]:
    """The disk of a download root has no free inodes."""
    daemon = stopped(root)
    with mounts.loop_ext4(daemon.downloads, SIZE) as mount:
        free = os.statvfs(mount.path).f_favail
        for number in range(free):
            (mount.path / str(number)).touch()
        yield Planted(daemon.config)


@contextmanager
def missing_disk(root: Path) -> Iterator[Planted]:
    """/etc/fstab has a mount at the download root, and it is not mounted."""
    daemon = stopped(root)
    fstab = root / "fstab"
    fstab.write_text(f"LABEL=films {daemon.downloads} ext4 defaults 0 2\n")
    with _over(fstab, Path("/etc/fstab")):
        yield Planted(daemon.config)


@contextmanager
def disk_at_custom_place(root: Path) -> Iterator[Planted]:
    """The download root is below /mnt, on the disk of the root file system."""
    place = Path(f"/mnt/ouzel-{os.getpid()}")
    daemon = stopped(root, roots=[place])
    place.mkdir()
    try:
        yield Planted(daemon.config)
    finally:
        place.rmdir()


@contextmanager
def hung_mount(root: Path) -> Iterator[Planted]:
    """The download root is a mount whose server does not answer."""
    daemon = stopped(root)
    fd = os.open("/dev/fuse", os.O_RDWR)
    try:
        options = f"fd={fd},rootmode=40000,user_id=0,group_id=0"
        subprocess.run(
            ["mount", "-i", "-t", "fuse", "-o", options, "silent", str(daemon.downloads)],
            check=True,
            pass_fds=[fd],
            timeout=10,
        )
        try:
            yield Planted(daemon.config)
        finally:
            os.close(fd)  # now each waiting call fails
            fd = -1
            subprocess.run(["umount", "-l", str(daemon.downloads)], check=True, timeout=10)
    finally:
        if fd >= 0:
            os.close(fd)


@contextmanager
def port_taken(root: Path) -> Iterator[Planted]:
    """Another program listens on the port for peers."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        yield Planted(stopped(root, engine={"listen_interfaces": f"127.0.0.1:{port}"}).config)


@contextmanager
def memory_resume_dir(root: Path) -> Iterator[Planted]:
    """The resume directory is in memory."""
    daemon = stopped(root)
    with mounts.tmpfs(daemon.resume_dir, SIZE):
        yield Planted(daemon.config)


@contextmanager
def missing_bundle(root: Path) -> Iterator[Planted]:
    """SSL_CERT_FILE names a file that does not exist."""
    yield Planted(stopped(root).config, {"SSL_CERT_FILE": str(root / "missing.pem")})


@contextmanager
def expired_authority(root: Path) -> Iterator[Planted]:
    """The only CA in SSL_CERT_FILE has expired."""
    file = root / "expired.pem"
    expired_ca(root / "ca", file)
    yield Planted(stopped(root).config, {"SSL_CERT_FILE": str(file)})


@contextmanager
def open_key(root: Path) -> Iterator[Planted]:
    """Everybody can read the daemon's secret key."""
    keys = root / "keys"
    keys.mkdir(mode=0o755)
    secret = root / "server.key_secret"
    secret.write_text("never read")
    secret.chmod(0o644)
    api = {"curve_secret_key_file": str(secret), "authorized_keys_dir": str(keys)}
    yield Planted(stopped(root, api=api).config)


@contextmanager
def mistyped_key(root: Path) -> Iterator[Planted]:
    """A key of the configuration is misspelt."""
    daemon = stopped(root)
    daemon.config.write_text(daemon.config.read_text().replace("[restart]", "[restart]\nbudgte = 3"))
    yield Planted(daemon.config)


@contextmanager
def torn_record(root: Path) -> Iterator[Planted]:
    """A torrent's record ends in the middle."""
    daemon = stopped(root)
    (daemon.resume_dir / f"{'a' * 40}.json").write_text('{"source": {"magnet": "magnet:?xt=')
    yield Planted(daemon.config)


@contextmanager
def future_files(root: Path) -> Iterator[Planted]:
    """A file of the resume directory is from tomorrow: the clock was set back."""
    daemon = stopped(root)
    file = daemon.resume_dir / "session.json"
    file.write_text("{}")
    tomorrow = time.time() + 86_400
    os.utime(file, (tomorrow, tomorrow))
    yield Planted(daemon.config)


@contextmanager
def long_socket_path(root: Path) -> Iterator[Planted]:
    """The path of the sockets is too long."""
    daemon = stopped(root)
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace(str(daemon.runtime_dir), str(daemon.runtime_dir / ("r" * 100))))
    yield Planted(daemon.config)


@contextmanager
def overriding_unit(root: Path) -> Iterator[Planted]:
    """A drop-in of the unit hides a download root. systemctl is played, because systemd does not run here."""
    daemon = stopped(root)
    program = root / "bin" / "systemctl"
    program.parent.mkdir()
    rows = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=0\nProtectSystem=strict"
    program.write_text(
        f"#!/bin/sh\ncat <<'END'\n{rows}\nDropInPaths=/etc/systemd/system/ouzel.service.d/mine.conf\nEND\n"
    )
    program.chmod(0o755)
    yield Planted(daemon.config, {"PATH": f"{program.parent}:{os.environ['PATH']}"})


def expired_ca(directory: Path, file: Path) -> None:
    """Makes a CA's certificate that expired in 2021, by the openssl command."""
    directory.mkdir()
    (directory / "index").touch()
    (directory / "serial").write_text("01\n")
    config = directory / "openssl.cnf"
    config.write_text(
        f"[ca]\ndefault_ca = me\n[me]\nnew_certs_dir = {directory}\ndatabase = {directory}/index\n"
        f"serial = {directory}/serial\ndefault_md = sha256\npolicy = any\nx509_extensions = ca_ext\n"
        "[any]\ncommonName = supplied\n[ca_ext]\nbasicConstraints = critical,CA:true\n"
        "[req]\ndistinguished_name = dn\n[dn]\n"
    )
    key, request = directory / "key", directory / "request"
    _openssl("req", "-new", "-config", config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-subj", "/CN=Expired CA", "-keyout", key, "-out", request)  # fmt: skip
    _openssl("ca", "-batch", "-config", config, "-selfsign", "-keyfile", key, "-in", request, "-out", file, "-notext",
             "-startdate", "20200101000000Z", "-enddate", "20210101000000Z")  # fmt: skip


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@contextmanager
def _over(source: Path, point: Path) -> Iterator[None]:
    """A context within which a file is mounted over another file."""
    with contextlib.ExitStack() as undo:
        subprocess.run(["mount", "--bind", str(source), str(point)], check=True, timeout=10)
        undo.callback(subprocess.run, ["umount", str(point)], check=True, timeout=10)
        yield
