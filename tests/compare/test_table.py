import pytest

from tools.compare.metrics import OUZEL, WORKS
from tools.compare.programs import cargo
from tools.compare.programs.table import ROWS, Row, chosen, ready
from tools.interop import packages
from tools.interop.packages import CannotRun


def test_each_program_is_chosen_by_its_first_word() -> None:
    """In the order of the table, whatever the order of the names."""
    assert [row.key for row in ROWS] == ["ouzel", "libtorrent", "qbittorrent", "transmission", "aria2", "rqbit"]
    assert chosen("") == list(ROWS)
    assert [row.name for row in chosen("rqbit, Ouzel")] == [OUZEL, "rqbit"]
    with pytest.raises(ValueError, match="no program deluge; there are ouzel"):
        chosen("deluge")


def test_each_program_knows_its_works() -> None:
    """And names none that does not exist."""
    assert all(set(row.works) <= set(WORKS) for row in ROWS)


def test_what_cannot_be_installed_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on."""

    def absent() -> str:
        raise CannotRun("cargo is missing")

    def none(only: object) -> dict[str, str]:
        return {}

    monkeypatch.setattr(packages, "prepare", none)
    rows = [Row("here", ROWS[0].start, lambda: "1.0"), Row("away", ROWS[0].start, absent)]
    assert ready(rows) == ({"here": "1.0"}, {"away": "cargo is missing"})


def test_without_cargo_there_is_a_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """The comparison goes on without rqbit."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRun, match="cargo is missing"):
        cargo.build()
