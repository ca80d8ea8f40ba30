"""Small file systems for tests. They can be filled, frozen, unmounted and mounted again. Needs root.

Every context manager undoes its effects, also after an error. No mount, loop device or file is left. Tests that use
this are marked `mounts`. They are skipped if mounting is not allowed.
"""

import contextlib
import ctypes
import errno
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BLOCK: Final = 64 * 1024
_ADMINISTRATORS: Final = ":/usr/sbin:/sbin"
"""The directories of these programs. Not every user's PATH includes them."""


_CLONE_NEWNS: Final = 0x20000
"""unshare(2): a mount namespace of its own. `os.unshare` exists since Python 3.12 only."""


def enter_own_namespace() -> None:
    """Gives this thread, and the processes and threads that it starts, a mount namespace of their own.

    Other processes then do not see these mounts. When the last process in the namespace ends, the kernel undoes the
    mounts. If the kernel refuses the namespace, nothing happens.
    """
    if ctypes.CDLL(None).unshare(_CLONE_NEWNS) == 0:
        _run("mount", "--make-rprivate", "/")


class Mount:
    """A mounted file system.

    Fields:
        path: its mount point.
        source: the argument for `mount`: a loop device, or a directory to bind.
    """

    def __init__(self, path: Path, source: str, *options: str) -> None:
        self.path = path
        self.source = source
        self._options = options

    def attach(self) -> None:
        """Mounts the file system. It has the same content as before."""
        _run("mount", *self._options, self.source, str(self.path))

    def detach(self) -> None:
        """Unmounts the file system, even with open files (`umount -l`). Then `path` is the empty directory below it."""
        _run("umount", "-l", str(self.path))

    @contextmanager
    def absent(self) -> Iterator[None]:
        """A context within which the file system is not mounted."""
        self.detach()
        try:
            yield
        finally:
            self.attach()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """A context within which `path` is read-only (EROFS).

        A file system with a file that is open for writing, such as a lock, cannot be remounted read-only. So a
        read-only view is mounted over the file system. The view is first made read-only at another path. So nobody can
        write through it.
        """
        with tempfile.TemporaryDirectory(prefix="ouzel-view-") as view:
            _run("mount", "--bind", str(self.path), view)
            try:
                _run("mount", "-o", "remount,bind,ro", view)
                _run("mount", "--bind", view, str(self.path))
            finally:
                _run("umount", "-l", view)
        try:
            yield
        finally:
            _run("umount", "-l", str(self.path))

    @contextmanager
    def full(self) -> Iterator[None]:
        """A context within which the file system has no free space (ENOSPC)."""
        filler = self.path / "filler"
        try:
            with filler.open("wb", buffering=0) as file:
                for block in (_BLOCK, 512):
                    with contextlib.suppress(_NoSpace):
                        while True:
                            _write(file.fileno(), bytes(block))
            yield
        finally:
            filler.unlink(missing_ok=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """A context within which writes and syncs block (`fsfreeze`; ext4 only).

        Do not write to the file system within the context.
        """
        _run("fsfreeze", "-f", str(self.path))
        try:
            yield
        finally:
            _run("fsfreeze", "-u", str(self.path))


class _NoSpace(Exception):
    pass


def _write(fd: int, content: bytes) -> None:
    try:
        os.write(fd, content)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _NoSpace from error


@contextmanager
def tmpfs(path: Path, size: int) -> Iterator[Mount]:
    """A file system in memory of `size` bytes. Creates `path` if it does not exist."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ouzel-tmpfs-") as backing:
        # Bound from another mount point, so that it keeps its files while it is not mounted at `path`.
        _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", backing)
        try:
            with _mounted(Mount(path, backing, "--bind")) as mount:
                yield mount
        finally:
            _run("umount", "-l", backing)


@contextmanager
def loop_ext4(path: Path, size: int) -> Iterator[Mount]:
    """An ext4 file system of `size` bytes (at least 4 MiB) in a file. Creates `path` if it does not exist."""
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ouzel-ext4-") as directory:
        image = Path(directory) / "image"
        with image.open("wb") as file:
            file.truncate(size)
        _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", str(image))
        device = _run("losetup", "--find", "--show", str(image)).strip()
        try:
            with _mounted(Mount(path, device)) as mount:
                yield mount
        finally:
            _run("losetup", "-d", device)


@contextmanager
def _mounted(mount: Mount) -> Iterator[Mount]:
    mount.attach()
    try:
        yield mount
    finally:
        mount.detach()


@functools.cache
def refusal() -> str | None:
    """Tries to mount. Returns why mounting is not possible here, or None if it is possible."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ouzel-try-") as directory,
            loop_ext4(Path(directory) / "ext4", 4 << 20),
            tmpfs(Path(directory) / "tmpfs", 65536),
        ):
            return None
    except (OSError, AssertionError) as error:
        return f"mounts file systems of its own, which takes root and mount(2): {error}"


def _run(program: str, *arguments: str) -> str:
    found = shutil.which(program, path=os.environ.get("PATH", os.defpath) + _ADMINISTRATORS)
    if found is None:
        raise FileNotFoundError(f"{program}; on Debian and Ubuntu: apt-get install e2fsprogs mount util-linux")
    argv = [found, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{' '.join(argv)}: {done.stderr.strip()}"
    return done.stdout
