"""A container with the Debian package: its commands, and what its daemon says."""

import json
from typing import Any, Final

from tools.systemd.container import CommandFailed, Container

SHOWN_MAX: Final = 6
"""How many lines of a command's output are in a transcript."""


class PackagedHost:
    """One host.

    Args:
        container: a booted container with the packages in `/mnt`.
        name: its name in a transcript.
    """

    def __init__(self, container: Container, name: str) -> None:
        self.container = container
        self.name = name

    def apt(self, action: str, *words: str) -> str:
        """Runs apt-get. A word that ends in `.deb` is a file in `/mnt`. Raises CommandFailed."""
        named = [f"/mnt/{word}" if word.endswith(".deb") else word for word in words]
        options = ("-y", "-q", "--no-install-recommends", "-o", "APT::Sandbox::User=root")
        return self.container.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", action, *options, *named)

    def shown(self, command: str) -> str:
        """Runs a command. Returns the command and its output, as on a terminal. Raises CommandFailed."""
        lines = self.container.run("sh", "-e", "-c", command).splitlines()
        hidden = [f"... ({len(lines) - SHOWN_MAX} more lines)"] if len(lines) > SHOWN_MAX else []
        return "\n".join([f"root@{self.name}:~# {command}", *lines[:SHOWN_MAX], *hidden])

    def ouzel(self, *args: str) -> Any:
        """Runs the command line. Returns its JSON document. Raises CommandFailed."""
        return json.loads(self.container.run("ouzel", *args, "--json"))

    def health(self) -> dict[str, Any]:
        """The daemon's health. Raises CommandFailed."""
        found: dict[str, Any] = self.ouzel("health")
        return found

    def is_healthy(self) -> bool:
        """Whether the daemon is healthy, and has restored all torrents."""
        try:
            health = self.health()
        except CommandFailed:
            return False
        return bool(health["status"] == "healthy" and health["restore"]["done"] == health["restore"]["total"])

    def rows(self) -> dict[str, dict[str, Any]]:
        """All torrents by their ids. Raises CommandFailed."""
        return {row["torrent"]: row for row in self.ouzel("ls")["torrents"]}

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.container.run("systemctl", "show", unit, "--value", "-p", name)
