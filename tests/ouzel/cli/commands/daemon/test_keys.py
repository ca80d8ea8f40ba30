import json
import os
import stat
from pathlib import Path

import pytest

from ouzel.cli import keys
from ouzel.cli.main import run
from protocol.wire.key_file import Role, parse


def test_nobody_else_can_read_the_secret(tmp_path: Path) -> None:
    """Whatever the umask is; both files belong to one pair."""
    before = os.umask(0)
    try:
        pair = keys.make("laptop", Role.READ, tmp_path)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (pair.public_file, pair.secret_file)]
    assert modes == [0o644, 0o600]
    public, secret = (parse(file.read_bytes()) for file in (pair.public_file, pair.secret_file))
    assert (public.public_key, public.role, public.secret_key) == (pair.public_key, Role.READ, None)
    assert (secret.public_key, secret.secret_key is not None) == (pair.public_key, True)


def test_the_directory_is_made(tmp_path: Path) -> None:
    """A new user has none yet."""
    assert keys.make("server", None, tmp_path / "etc" / "ouzel").secret_file.exists()


@pytest.mark.parametrize("suffix", [".key", ".key_secret"])
def test_a_key_that_is_there_stays(tmp_path: Path, suffix: str) -> None:
    """It may be the only one, so it is not overwritten, and no other file is made."""
    (tmp_path / f"a{suffix}").write_text("precious")
    with pytest.raises(FileExistsError):
        keys.make("a", Role.ADMIN, tmp_path)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


def test_the_command_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For the client and the daemon. Programs get names and the public key; the secret key is never shown."""
    out = ["--out", str(tmp_path)]
    assert run(["keys", "new", "laptop", "--role", "read", *out]) == 0
    assert run(["keys", "new", "--server", *out]) == 0
    text = capsys.readouterr().out
    assert all(
        word in text for word in ("laptop.key_secret", "authorized_keys", "curve_secret_key_file", "tcp_commands")
    )
    assert run(["keys", "new", "other", *out, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert parse(Path(shown["secret_file"]).read_bytes()).public_key == shown["public_key"]
    assert parse((tmp_path / "server.key").read_bytes()).role is None
    for file in tmp_path.glob("*.key_secret"):
        secret = parse(file.read_bytes()).secret_key
        assert secret is not None
        assert secret not in text


@pytest.mark.parametrize("argv", [["../x"], [""], ["a", "--out", "/dev/null/at/all"], ["a", "--role", "root"]])
def test_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    """The exit code is 2, and no file is made."""
    monkeypatch.chdir(tmp_path)
    assert run(["keys", "new", *argv]) == 2
    assert list(tmp_path.iterdir()) == []
