"""Tests a service under systemd step by step. A step fails by an exception with the unexpected result."""

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from protocol.wire.reports import HealthReport, HealthStatus
from tools.rig import payload
from tools.rig.payload import Torrent
from tools.rig.waiting import until
from tools.systemd import distribution, gateway_unit
from tools.systemd.container import CommandFailed, Container

EXPOSURE_MAX: Final = 2.0
MAGNETS: Final = 20
RELOAD_S: Final = 2.0
CONFIG: Final = "/etc/ouzel/ouzel.toml"
ROOT: Final = "/srv/torrents"
DROP_IN: Final = "/etc/systemd/system/ouzel.service.d/probe.conf"

PROBE: Final = """\
import mmap, os, resource, signal, tempfile
assert os.getuid() != 0
memory = os.memfd_create("probe"); os.ftruncate(memory, 4096); mmap.mmap(memory, 4096)[0] = 1
child = os.posix_spawn("/bin/sleep", ["sleep", "60"], {}, setsid=True)
pidfd = os.pidfd_open(child)
open(f"/proc/{child}/oom_score_adj", "w").write("500")
signal.pidfd_send_signal(pidfd, signal.SIGKILL)
assert os.waitid(os.P_PIDFD, pidfd, os.WEXITED).si_status == signal.SIGKILL
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE); resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
assert "/proc " in open("/proc/self/mountinfo").read()
with tempfile.TemporaryFile(dir="/srv/torrents") as file:
    os.posix_fallocate(file.fileno(), 0, 4096); os.lseek(file.fileno(), 0, os.SEEK_HOLE)
for forbidden in ("/usr/x", "/etc/x", "/opt/ouzel/x", "/home/x", "/proc/sys/kernel/hostname"):
    try:
        open(forbidden, "w")
    except OSError:
        continue
    raise AssertionError(forbidden)
"""
"""A program that checks what the service needs from the kernel, and what the sandbox must deny.

The program is run like the service.
"""


def installation(page: str) -> list[str]:
    """The page's commands for installing Ouzel. The last command starts it."""
    section = page.partition("\n## Installation\n")[2]
    return section.partition("\n```sh\n")[2].partition("\n```\n")[0].splitlines()


OFFLINE: Final = "export PIP_NO_INDEX=1 PIP_FIND_LINKS=/mnt/wheels PIP_QUIET=1"
"""The environment for installing without a registry, because the container cannot reach one."""


def install(container: Container) -> str:
    """Installs Ouzel by the commands of docs/systemd.md. Returns the last command, which starts it."""
    *lines, enable = installation((distribution.ROOT / "docs/systemd.md").read_text())
    prepared = ["umask 077", "cp -r /mnt/source /root/ouzel", "cd /root/ouzel", OFFLINE]
    container.run("sh", "-e", "-c", "\n".join([*prepared, *lines]))
    container.run("systemctl", "daemon-reload")
    return enable


class Story:
    """The steps for one service.

    Args:
        container: a booted container with the distribution as `/mnt`.
        scratch: a directory for a payload.
    """

    def __init__(self, container: Container, scratch: Path) -> None:
        self._in = container
        self._scratch = scratch
        self._torrents: set[str] = set()
        self._enable = ""

    def steps(self) -> list[Callable[[], str]]:
        """All steps in order.

        Each step returns a text about the result. The step's docstring says what the step shows.
        """
        return [
            self.boot,
            self.install,
            self.sandbox,
            self.start,
            self.exposure,
            self.gateway,
            self.add_torrents,
            self.status,
            self.reload,
            self.wrong_file,
            self.engine_killed,
            self.supervisor_stopped,
            self.supervisor_killed,
            self.disk_comes_and_goes,
            self.stop,
            self.start_again,
            self.wrong_configuration,
        ]

    def boot(self) -> str:
        """A container runs systemd."""
        version = self._in.run("systemctl", "--version").splitlines()[0]
        return f"{version}, {self._in.state}"

    def install(self) -> str:
        """Ouzel is installed by the commands of docs/systemd.md, offline, by a root with an unusual umask."""
        run = self._in.run
        self._enable = install(self._in)
        self._edit('format = "auto"', 'format = "json"')  # this test parses the journal
        return f"{run('/opt/ouzel/bin/ouzeld', '--version')}, user {run('id', 'ouzel').split()[0]}"

    def sandbox(self) -> str:
        """The unit's sandbox allows only what Ouzel needs."""
        self._in.write("/opt/probe.py", PROBE)
        self._in.write(DROP_IN, "[Service]\nExecStart=\nExecStart=/opt/ouzel/bin/python /opt/probe.py\nType=oneshot\n")
        self._in.run("systemctl", "daemon-reload")
        try:
            self._in.run("systemctl", "start", "ouzel")
        finally:
            Path(f"/proc/{self._in.leader}/root{DROP_IN}").unlink()
            self._in.run("systemctl", "daemon-reload")
        return (
            "memfd, pidfd, rlimits, oom_score_adj, mountinfo, holes; no writing to /usr, /etc, /opt, /home, /proc/sys"
        )

    def start(self) -> str:
        """`systemctl start` returns once commands are answered."""
        began = time.monotonic()
        self._in.run("sh", "-e", "-c", self._enable)
        seconds = time.monotonic() - began
        assert self._show("ActiveState") == "active"
        health = self._health()
        until(lambda: self._health().status is HealthStatus.HEALTHY, "healthy")
        return f"READY after {seconds:.2f} s, supervisor pid {health.supervisor.pid}"

    def exposure(self) -> str:
        """`systemd-analyze security` gives a good rating."""
        last = self._in.run("systemd-analyze", "security", "--no-pager", "ouzel").splitlines()[-1]
        figure = re.search(r"([0-9.]+) \w+", last)
        assert figure is not None, last
        assert float(figure[1]) <= EXPOSURE_MAX, last
        return f"exposure {figure[1]}, at most {EXPOSURE_MAX:g} wanted"

    def gateway(self) -> str:
        """The gateway's unit is installed by the commands of docs/gateway.md, for a user who owns no other files."""
        return gateway_unit.check(self._in)

    def add_torrents(self) -> str:
        """Torrents can be added."""
        seed = self._make_seed()
        self._torrents.add(self._ouzel("add", "--json", f"{ROOT}/seed.torrent", "--save-path", ROOT)["torrent"])
        assert self._torrents == {seed.torrent}
        for number in range(MAGNETS):
            topic = hashlib.sha1(b"%d" % number, usedforsecurity=False).hexdigest()
            magnet = f"magnet:?xt=urn:btih:{topic}"
            self._torrents.add(self._ouzel("add", "--json", "--paused", magnet, "--save-path", ROOT)["torrent"])
        until(lambda: self._rows().get(seed.torrent) == "seeding", "the torrent whose data is there is seeding")
        return f"{len(self._torrents)}: one seeds, the others are paused magnet links"

    def status(self) -> str:
        """`systemctl status` shows a status line for people."""
        wanted = f"healthy: {len(self._torrents)} torrents, engine generation 1"
        until(lambda: self._show("StatusText") == wanted, f"the status {wanted!r}")
        [line] = [line for line in self._systemctl_status().splitlines() if "Status:" in line]
        return line.strip()

    def reload(self) -> str:
        """`systemctl reload` applies changed limits without a restart."""
        before = self._identity()
        self._edit(r"(?m)^upload_bps = \d+", "upload_bps = 4321000")
        began = time.monotonic()
        self._in.run("systemctl", "reload", "ouzel")
        # The watch of the file may have applied it before the signal did.
        applied = until(lambda: [each for each in self._logged("reloaded") if each["changed"]], "the file is applied")[
            -1
        ]
        seconds = time.monotonic() - began
        assert applied["changed"] == ["limits.upload_bps"], applied
        assert seconds < RELOAD_S, seconds
        until(lambda: self._show("ActiveState") == "active", "the reload is over")
        assert self._identity() == before
        return f"{applied['changed'][0]} within {seconds:.2f} s, same supervisor and engine"

    def wrong_file(self) -> str:
        """A wrong configuration file is refused, and the service continues.

        `journalctl -p err` shows the refusal, and no routine lines.
        """
        before = self._identity()
        self._edit(r"(?m)^upload_bps = \d+", 'upload_bps = "fast"')
        self._in.run("systemctl", "reload", "ouzel")
        status = until(lambda: text if "limits.upload_bps" in (text := self._show("StatusText")) else None, "a status")
        assert self._show("ActiveState") == "active"
        assert self._identity() == before
        errors = self._in.run("journalctl", "-u", "ouzel", "--no-pager", "-o", "cat", "-p", "err").splitlines()
        # The watch of the file may have refused it before the signal did.
        assert {json.loads(line)["event"] for line in errors} == {"config_refused"}, errors
        self._edit(r'upload_bps = "fast"', "upload_bps = 0")
        self._in.run("systemctl", "reload", "ouzel")
        until(lambda: self._health().status is HealthStatus.HEALTHY, "healthy")
        return status

    def engine_killed(self) -> str:
        """SIGKILL to the engine does not affect the unit."""
        before = self._identity()
        began = time.monotonic()
        self._in.run("kill", "-KILL", str(before[1]))
        until(lambda: self._identity()[1] not in (None, before[1]) and self._all_back(), "another engine, all torrents")
        seconds = time.monotonic() - began
        assert self._identity()[0] == before[0]
        assert self._show("NRestarts") == "0"
        generation = f"engine generation {self._health().engine.gen}"
        until(lambda: generation in self._show("StatusText"), "the status says so")
        return f"all torrents back after {seconds:.1f} s, supervisor pid {before[0]} as before, no restart of the unit"

    def supervisor_stopped(self) -> str:
        """A supervisor that hangs (SIGSTOP) is killed by systemd's watchdog, and started again."""
        supervisor, engine = self._identity()
        began = time.monotonic()
        self._in.run("kill", "-STOP", str(supervisor))
        self._restarted(1)
        until(lambda: self._identity()[0] != supervisor and self._all_back(), "all torrents", every_s=0.2)
        seconds = time.monotonic() - began
        self._gone(supervisor, engine)
        journal = self._in.run("journalctl", "-u", "ouzel", "--no-pager", "-o", "cat")
        assert "Watchdog timeout" in journal, journal[-2000:]
        assert "Fatal Python error: Aborted" in journal, journal[-2000:]
        return f"watchdog (20 s), stack in the journal, all torrents back after {seconds:.1f} s"

    def supervisor_killed(self) -> str:
        """SIGKILL to the supervisor also ends the engine, and the unit is restarted."""
        supervisor, engine = self._identity()
        began = time.monotonic()
        self._in.run("kill", "-KILL", str(supervisor))
        self._restarted(2)
        until(lambda: self._identity()[0] != supervisor and self._all_back(), "all torrents")
        seconds = time.monotonic() - began
        self._gone(supervisor, engine)
        return f"all {len(self._torrents)} torrents back after {seconds:.1f} s"

    def disk_comes_and_goes(self) -> str:
        """The unit's sandbox shows disks that are mounted or unmounted later."""
        engine = self._identity()[1]
        mountinfo = Path(f"/proc/{self._in.leader}/root/proc/{engine}/mountinfo")
        assert f" {ROOT} " not in mountinfo.read_text(), "the sandbox itself mounts the download root"
        disk = f"{ROOT}/disk"
        self._in.run("mkdir", "-p", disk)
        self._in.run("mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "disk", disk)
        until(lambda: f" {disk} " in mountinfo.read_text(), "the disk is seen")
        self._in.run("umount", disk)
        until(lambda: f" {disk} " not in mountinfo.read_text(), "the disk is seen to be gone")
        return f"{disk}, mounted and unmounted while the service runs; no mount of the unit's own on {ROOT}"

    def stop(self) -> str:
        """`systemctl stop` ends the service cleanly."""
        supervisor, engine = self._identity()
        began = time.monotonic()
        self._in.run("systemctl", "stop", "ouzel")
        seconds = time.monotonic() - began
        assert self._show("ActiveState") == "inactive"
        assert (self._show("Result"), self._show("ExecMainStatus")) == ("success", "0")
        self._gone(supervisor, engine)
        last = self._logged("engine_exited")[-1]
        assert (last["exit_code"], last["signal"]) == (0, None), last
        assert not Path(f"/proc/{self._in.leader}/root/run/ouzel").exists()
        return f"{seconds:.2f} s, engine and supervisor ended with 0, /run/ouzel is gone"

    def start_again(self) -> str:
        """Nothing was lost by a stop."""
        self._in.run("systemctl", "start", "ouzel")
        until(self._all_back, "all torrents")
        return f"all {len(self._torrents)} torrents back"

    def wrong_configuration(self) -> str:
        """A start with a wrong configuration fails once, and reports why."""
        self._edit(r"(?m)^upload_bps = 0", "upload_bps = -1")
        with contextlib.suppress(CommandFailed):
            self._in.run("systemctl", "restart", "ouzel")
            raise AssertionError("it was started")
        assert self._show("ActiveState") == "failed"
        assert (self._show("ExecMainStatus"), self._show("NRestarts")) == ("78", "0")
        [line] = [line for line in self._systemctl_status().splitlines() if "limits.upload_bps:" in line]
        return line.split("]: ", 1)[-1]

    # -- the service ----------------------------------------------------------------------------------------------

    def _ouzel(self, *args: str) -> Any:
        return json.loads(self._in.run("/opt/ouzel/bin/ouzel", "--runtime-dir", "/run/ouzel", *args))

    def _health(self) -> HealthReport:
        return msgspec.convert(self._ouzel("health", "--json"), HealthReport)

    def _identity(self) -> tuple[int, int | None]:
        """The pids of the supervisor and the engine, after a check that systemd and the service agree."""
        health = self._health()
        assert self._show("MainPID") == str(health.supervisor.pid)
        return health.supervisor.pid, health.engine.pid

    def _rows(self) -> dict[str, str]:
        return {row["torrent"]: row["state"] for row in self._ouzel("ls", "--json")["torrents"]}

    def _all_back(self) -> bool:
        health = self._health()
        if health.status is not HealthStatus.HEALTHY or health.restore.done != health.restore.total:
            return False
        rows = self._rows()
        assert set(rows) == self._torrents, rows
        return sorted(rows.values()) == sorted(["seeding", *["paused"] * MAGNETS])

    def _show(self, name: str) -> str:
        return self._in.run("systemctl", "show", "ouzel", "--value", "-p", name)

    def _restarted(self, times: int) -> None:
        """Waits until systemd has restarted the service this number of times in total."""
        until(
            lambda: self._show("NRestarts") == str(times) and self._show("ActiveState") == "active",
            "the unit is restarted, and ready",
            every_s=0.2,
        )

    def _systemctl_status(self) -> str:
        """The output of `systemctl status`. The exit code is ignored, because it is not 0 if the unit has failed."""
        return self._in.run("sh", "-c", "systemctl status --no-pager --full ouzel || true")

    def _logged(self, event: str) -> list[dict[str, Any]]:
        lines = self._in.run("journalctl", "-u", "ouzel", "--no-pager", "-o", "cat").splitlines()
        records = [json.loads(line) for line in lines if line.startswith("{")]
        return [record for record in records if record["event"] == event]

    def _edit(self, pattern: str, replacement: str) -> None:
        file = Path(f"/proc/{self._in.leader}/root{CONFIG}")
        text, count = re.subn(pattern, replacement, file.read_text())
        assert count == 1, (pattern, count)
        file.write_text(text)

    def _gone(self, *pids: int | None) -> None:
        for pid in pids:
            until(lambda pid=pid: not Path(f"/proc/{self._in.leader}/root/proc/{pid}").exists(), f"{pid} is gone")  # type: ignore[misc]  # mypy sees no default

    def _make_seed(self) -> Torrent:
        """Makes a torrent with its data in the container."""
        made = payload.make(self._scratch / "seed", "payload.bin", {"": 4 * payload.MIB})
        there = Path(f"/proc/{self._in.leader}/root{ROOT}")
        (there / made.name).write_bytes((made.root / made.name).read_bytes())
        (there / "seed.torrent").write_bytes(made.metainfo)
        self._in.run("chown", "-R", "ouzel:ouzel", ROOT)
        return made
