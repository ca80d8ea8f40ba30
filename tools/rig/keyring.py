"""Real keys for a daemon on tcp and its clients, in a separate directory."""

from collections.abc import Mapping
from pathlib import Path

import ouzel
from ouzel.cli import keys
from protocol.wire.key_file import Role
from tools.rig.daemon import Daemon
from tools.rig.waiting import until


class Keyring:
    """The daemon's key, and the keys of clients. Some of these are authorized.

    Args:
        root: the directory for the keys.
    """

    def __init__(self, root: Path) -> None:
        self.root = root / "keyring"
        self.authorized = root / "authorized"
        self.root.mkdir()
        self.authorized.mkdir()
        self.server = keys.make("server", None, self.root)

    @property
    def api(self) -> Mapping[str, str]:
        """The `[api]` settings with which a daemon listens on free ports."""
        return {
            "tcp_commands": "tcp://127.0.0.1:*",
            "tcp_events": "tcp://127.0.0.1:0",
            "curve_secret_key_file": str(self.server.secret_file),
            "authorized_keys_dir": str(self.authorized),
        }

    def new(self, name: str, role: Role = Role.ADMIN, *, authorized: bool = True) -> Path:
        """Generates a client's key. Returns the file with the secret key."""
        pair = keys.make(name, role, self.root)
        if authorized:
            self.authorize(name)
        return pair.secret_file

    def authorize(self, name: str) -> None:
        """Authorizes a key."""
        (self.authorized / f"{name}.key").write_bytes((self.root / f"{name}.key").read_bytes())

    def revoke(self, name: str) -> None:
        """Revokes the authorization of a key."""
        (self.authorized / f"{name}.key").unlink()

    def give(self, name: str, role: Role) -> None:
        """Gives an authorized key another role."""
        file = self.authorized / f"{name}.key"
        other = Role.READ if role is Role.ADMIN else Role.ADMIN
        file.write_text(file.read_text().replace(f'"{other.value}"', f'"{role.value}"'))

    def place(self, daemon: Daemon, name: str, *, server_key: str | None = None) -> ouzel.Server:
        """The `Server` of the daemon for a client with the key of this name."""
        return ouzel.Server(
            endpoint(daemon, "tcp_commands"),
            events=endpoint(daemon, "tcp_events"),
            server_key=server_key or str(self.server.public_file),
            key=self.root / f"{name}.key_secret",
        )


def endpoint(daemon: Daemon, key: str) -> str:
    """The endpoint on which the daemon listens. The log has it, because the daemon has chosen the port."""
    found = until(lambda: [each for each in daemon.logged("listening") if each["socket"] == key], "it listens")
    return str(found[-1]["endpoint"])
