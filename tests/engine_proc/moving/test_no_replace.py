"""Renames that never replace a file."""

from pathlib import Path

import pytest

from engine_proc.moving import no_replace


@pytest.mark.parametrize("supported", [True, False])
def test_nothing_is_replaced(tmp_path: Path, supported: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a file nor a dangling link, with the system call or without."""
    if not supported:
        monkeypatch.setattr(no_replace, "_renameat2", None)
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"a")
    for make in (lambda: target.write_bytes(b"b"), lambda: target.symlink_to("nothing")):
        make()
        with pytest.raises(FileExistsError):
            no_replace.rename(str(source), str(target))
        target.unlink()
    no_replace.rename(str(source), str(target))
    assert target.read_bytes() == b"a"
    target.unlink()
    with pytest.raises(FileNotFoundError):
        no_replace.rename(str(source), str(target))
