"""Entering the sandbox with a kernel that can do less, or nothing: the test processes are not confined."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from engine_proc.process import landlock, sandbox, seccomp
from engine_proc.process.landlock import READ, Right, Rule
from engine_proc.process.sandbox import enter
from protocol.durable.resume_dir import ResumeDir


class Kernel:
    """A kernel's capabilities and the calls to it; nothing is confined."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.version: int | OSError = 7
        self.filter: OSError | None = None
        self.rules: dict[str, Right] = {}
        monkeypatch.setattr(landlock, "abi", self._abi)
        monkeypatch.setattr(landlock, "restrict", self._restrict)
        monkeypatch.setattr(seccomp, "install", self._install)
        monkeypatch.setattr(sandbox, "_require_one_thread", lambda: None)
        monkeypatch.setattr(sandbox, "_forbid_new_privileges", lambda: None)

    def _abi(self) -> int:
        if isinstance(self.version, OSError):
            raise self.version
        return self.version

    def _restrict(self, version: int, rules: Iterable[Rule]) -> None:
        self.rules = {str(Path(f"/proc/self/fd/{fd}").readlink()): rights for fd, rights in rules}

    def _install(self, machine: str, pid: int) -> None:
        if self.filter is not None:
            raise self.filter


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """A kernel with all capabilities."""
    return Kernel(monkeypatch)


@pytest.fixture
def resume_dir(tmp_path: Path) -> ResumeDir:
    """A resume directory."""
    made = ResumeDir(tmp_path / "resume")
    made.root.mkdir()
    made.make_engine_dir()
    return made


@pytest.fixture
def roots(tmp_path: Path) -> list[str]:
    """An existing root, a root that is a link, and a missing root."""
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    return [str(tmp_path / name) for name in ("one", "link", "missing")]


def test_it_writes_below_the_roots_and_its_own_directory_alone(
    kernel: Kernel, resume_dir: ResumeDir, roots: list[str]
) -> None:
    """Neither a link's target nor the records can be written; a missing root has no rule."""
    entered = enter("require", roots, resume_dir)
    own = str(resume_dir.fastresume_dir)
    assert entered.places.keys() == {roots[0], own}
    assert {path for path, rights in kernel.rules.items() if rights & ~READ} == {roots[0], own, "/dev/null"}
    assert kernel.rules[str(resume_dir.root)] == READ
    assert kernel.rules[roots[0]] & (Right.MAKE_SYM | Right.EXECUTE | Right.MAKE_SOCK | Right.IOCTL_DEV) == Right(0)
    assert "/" not in kernel.rules
    assert not any(Path.home().is_relative_to(path) for path in kernel.rules if path != str(Path.home()))
    report = entered.report
    assert (entered.refusal, report.mode, report.landlock, report.seccomp) == (None, "require", 7, True)
    assert report.problem is None


def test_certificates_are_read_where_the_environment_says(
    kernel: Kernel, resume_dir: ResumeDir, tmp_path: Path
) -> None:
    """And in the targets of links in these directories."""
    certificates, elsewhere = tmp_path / "certificates", tmp_path / "elsewhere"
    certificates.mkdir()
    elsewhere.mkdir()
    for name in ("file.pem", "linked.pem", "relative.pem"):
        (elsewhere / name).touch()
    (certificates / "hash.0").symlink_to(elsewhere / "linked.pem")
    (certificates / "hash.1").symlink_to("../elsewhere/relative.pem")
    (certificates / "hash.2").symlink_to("hash.1")
    environ = {"SSL_CERT_FILE": str(elsewhere / "file.pem"), "SSL_CERT_DIR": f"{certificates}:{tmp_path / 'missing'}"}
    enter("auto", [], resume_dir, environ)
    wanted = {certificates, *(elsewhere / f"{name}.pem" for name in ("file", "linked", "relative"))}
    assert {kernel.rules.get(str(path)) for path in wanted} == {READ}


@pytest.mark.parametrize("mode", ["auto", "require"])
@pytest.mark.parametrize(
    ("version", "refused", "words"),
    [
        (OSError(38, "not implemented"), True, "the kernel does not have it"),
        (OSError(95, "not supported"), True, "switched off"),
        (1, True, "links into other directories, truncation, devices, abstract sockets"),
        (2, True, "truncation"),
        (3, False, "devices, abstract sockets"),
        (5, False, "abstract sockets"),
        (6, False, ""),
    ],
)
def test_an_older_kernel_is_told_of_and_refused_only_where_it_is_required(
    kernel: Kernel,
    resume_dir: ResumeDir,
    roots: list[str],
    mode: str,
    version: int | OSError,
    refused: bool,
    words: str,
) -> None:
    """What it can do is in force."""
    kernel.version = version
    entered = enter(mode, roots, resume_dir)
    assert (entered.refusal is not None) == (refused and mode == "require")
    assert words in (entered.report.problem or "")
    assert (entered.report.problem is None) == (words == "")
    assert bool(entered.places) == bool(kernel.rules) == isinstance(version, int)


def test_a_machine_without_a_filter_is_told_of(kernel: Kernel, resume_dir: ResumeDir, roots: list[str]) -> None:
    """Files are confined all the same; `require` needs both."""
    kernel.filter = OSError(38, "there is no filter for riscv64")
    report = enter("auto", roots, resume_dir).report
    assert (report.landlock, report.seccomp) == (7, False)
    assert "riscv64" in (report.problem or "")
    assert "riscv64" in (enter("require", roots, resume_dir).refusal or "")


def test_records_in_a_root_cannot_be_kept_from_the_engine(
    kernel: Kernel, resume_dir: ResumeDir, tmp_path: Path
) -> None:
    """This is reported, and `require` refuses it."""
    assert "resume directory lies in" in (enter("auto", [str(tmp_path)], resume_dir).report.problem or "")
    assert enter("require", [str(tmp_path)], resume_dir).refusal is not None
    assert enter("require", [str(resume_dir.root / "below")], resume_dir).refusal is None


def test_off_is_off(kernel: Kernel, resume_dir: ResumeDir, roots: list[str]) -> None:
    """The kernel is not called, and no problem is reported."""
    entered = enter("off", roots, resume_dir)
    assert kernel.rules == {}
    assert (entered.report.landlock, entered.report.problem, entered.places, entered.refusal) == (0, None, {}, None)


def test_threads_that_are_there_already_would_not_be_confined(
    monkeypatch: pytest.MonkeyPatch, resume_dir: ResumeDir, roots: list[str]
) -> None:
    """Then no thread is confined, and this is reported: half a sandbox would pass for a whole one."""
    require_one_thread = sandbox._require_one_thread
    kernel = Kernel(monkeypatch)
    monkeypatch.setattr(sandbox, "_require_one_thread", require_one_thread)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        report = enter("auto", roots, resume_dir).report
        assert (report.landlock, kernel.rules) == (0, {})
        assert "threads were started before" in (report.problem or "")
        assert enter("require", roots, resume_dir).refusal is not None
    finally:
        done.set()
        thread.join()
