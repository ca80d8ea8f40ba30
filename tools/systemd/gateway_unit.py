"""Tests the gateway's unit: its installation, a login, its sandbox, a restart and a stop."""

import re
from typing import Final

from tools.rig.waiting import until
from tools.systemd import distribution
from tools.systemd.container import Container

UNIT: Final = "ouzel-gateway"
EXPOSURE_MAX: Final = 2.0
LOGIN: Final = """\
import http.client, sys
client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=10)
form = {"Content-Type": "application/x-www-form-urlencoded"}
client.request("POST", "/api/v2/auth/login", f"username=admin&password={sys.argv[1]}", form)
print(client.getresponse().read().decode())
"""
"""A program that logs in with a password, and prints the answer."""


def installation(page: str) -> list[str]:
    """The page's commands for installing the gateway's unit. The last command finds the password."""
    section = page.partition("\n## With systemd\n")[2]
    return section.partition("\n```sh\n")[2].partition("\n```\n")[0].splitlines()


def check(container: Container) -> str:
    """Installs the unit by the commands of docs/gateway.md, and checks it. Returns a text about the result.

    Raises:
        AssertionError: something is wrong.
        CommandFailed: a command has failed.
    """
    *lines, find = installation((distribution.ROOT / "docs/gateway.md").read_text())
    container.run("sh", "-e", "-c", "\n".join(["cd /root/ouzel", *lines]))
    told = until(lambda: container.run("sh", "-c", f"{find} || true"), "the password is in the journal")
    password = re.search(r"the password of 'admin' is (\S+)", told)
    assert password is not None, told
    answer = container.run("/opt/ouzel/bin/python", "-c", LOGIN, password[1]).strip()
    assert answer == "Ok.", answer
    process = f"/proc/{_show(container, 'MainPID')}"
    assert container.run("stat", "-c", "%U %G", process).split() == ["ouzel-gateway", "ouzel"]
    last = container.run("systemd-analyze", "security", "--no-pager", UNIT).splitlines()[-1]
    figure = re.search(r"([0-9.]+) \w+", last)
    assert figure is not None, last
    assert float(figure[1]) <= EXPOSURE_MAX, last
    container.run("systemctl", "restart", UNIT)
    assert container.run("/opt/ouzel/bin/python", "-c", LOGIN, password[1]).strip() == "Ok."
    container.run("systemctl", "disable", "--now", UNIT)
    assert (_show(container, "Result"), _show(container, "ExecMainStatus")) == ("success", "0")
    return f"a login with the password of the journal, also after a restart; exposure {figure[1]}"


def _show(container: Container, name: str) -> str:
    return container.run("systemctl", "show", UNIT, "--value", "-p", name).strip()
