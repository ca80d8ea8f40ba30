"""The configuration and keys in a backup."""

from pathlib import Path

import pytest

from ouzel.cli.backup.archive import CONFIG, KEYS, Member
from ouzel.cli.backup.secret_files import Secrets, secret_members


def configured(root: Path) -> Path:
    """A configuration that names files with secrets."""
    (root / "authorized").mkdir(parents=True)
    (root / "authorized/laptop.key").write_text("public")
    (root / "authorized/README").write_text("no key")
    for name in ("server.key_secret", "hook", "gateway.env"):
        (root / name).write_text(name)
    (root / "server.key_secret").chmod(0o600)
    config = root / "ouzel.toml"
    config.write_text(
        f'[api]\ncurve_secret_key_file = "{root}/server.key_secret"\nauthorized_keys_dir = "{root}/authorized"\n'
        f'[gateway]\ntls_key = "{root}/missing.pem"\n'
        f'[[hooks.post]]\nevents = ["completed"]\nurl = "http://h/"\nsecret_file = "{root}/hook"\n'
    )
    return config


def test_all_files_that_the_configuration_names_are_put_back(tmp_path: Path) -> None:
    """Changed files keep their modes, and their former content under another name. Missing ones are made private."""
    config = configured(tmp_path / "etc")
    found = list(secret_members(config))
    [problem] = [each for each in found if isinstance(each, str)]
    assert "missing.pem" in problem
    members = [each for each in found if isinstance(each, Member)]
    before = {path: path.read_text() for path in config.parent.rglob("*") if path.is_file() and path.name != "README"}
    assert len(members) == len(before)
    secrets = Secrets(config)
    for member in members:
        secrets.add(member)
    (config.parent / "server.key_secret").write_text("another")
    (config.parent / "hook").unlink()
    (config.parent / "authorized/laptop.key").unlink()
    [kept] = secrets.replace(tmp_path)
    assert kept.read_text() == "another"
    assert {path: path.read_text() for path in before} == before
    modes = {name: (config.parent / name).stat().st_mode & 0o777 for name in ("server.key_secret", "hook")}
    assert set(modes.values()) == {0o600}
    assert secrets.replace(tmp_path) == []


@pytest.mark.parametrize("path", ["etc/shadow", "etc/ouzel/../shadow", "{root}/authorized/x.txt"])
def test_a_file_that_the_configuration_does_not_name_is_refused(tmp_path: Path, path: str) -> None:
    """Otherwise a backup could overwrite any file."""
    config = configured(tmp_path / "etc")
    secrets = Secrets(config)
    secrets.add(Member(CONFIG, config.read_bytes()))
    with pytest.raises(ValueError, match="does not name"):
        secrets.add(Member(KEYS + path.format(root=str(config.parent).lstrip("/")), b"x"))
    with pytest.raises(ValueError, match="does not name"):
        Secrets(config).add(Member(KEYS + f"{config.parent}/hook".lstrip("/"), b"x"))  # no configuration before it
