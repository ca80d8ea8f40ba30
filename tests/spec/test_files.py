import re
import shutil
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tools.spec import files
from tools.spec.__main__ import app
from tools.spec.files import PAGE, ROOT, PageBroken, generated, stale, with_regions

pytestmark = pytest.mark.slow


def test_nothing_is_stale() -> None:
    """The page, the schemas and the vectors match the message types; otherwise run scripts/spec."""
    assert stale() == []


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all generated files, and of the decisions that one of them lists."""
    shutil.copytree(ROOT / "docs/adr", tmp_path / "docs/adr")
    for path, text in generated().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr(files, "ROOT", tmp_path)
    return tmp_path


def test_what_differs_is_missing_or_left_over_is_named_and_mended(copy: Path) -> None:
    """Text that is written by hand stays."""
    assert stale() == []
    page = copy / PAGE
    before = page.read_text()
    page.write_text(before.replace("| `v` |", "| `version` |", 1) + "By hand.\n")
    (copy / "docs/schema/reply.json").unlink()
    (copy / "docs/schema/event.gone.json").write_text("{}")
    (copy / "tests/vectors/events.json").write_text("{}")
    wrong = ["docs/protocol.md", "docs/schema/event.gone.json", "docs/schema/reply.json", "tests/vectors/events.json"]
    assert stale() == wrong
    files.write()
    assert stale() == []
    assert page.read_text() == before + "By hand.\n"


def test_a_page_without_a_region_is_no_page() -> None:
    """Neither is a page with an unknown region."""
    page = "<!-- generated: a -->\nold\n<!-- end of a -->\n"
    assert with_regions(page, {"a": "new"}) == "<!-- generated: a -->\n\nnew\n\n<!-- end of a -->\n"
    with pytest.raises(PageBroken):
        with_regions(page, {})
    with pytest.raises(PageBroken):
        with_regions(page, {"a": "", "b": ""})


def test_links_within_the_page_lead_somewhere() -> None:
    """To a heading or an anchor; linked files exist."""
    text = (ROOT / PAGE).read_text()
    headings = {
        re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^#+ (.+)$", text, re.M)
    }
    anchors = headings | set(re.findall(r'<a id="([^"]+)"', text))
    links = set(re.findall(r"\]\(([^)]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)))
    assert {link for link in links if link.startswith("#") and link[1:] not in anchors} == set()
    local = [link for link in links if not link.startswith(("#", "https://"))]
    assert local
    assert [link for link in local if not (ROOT / "docs" / link).exists()] == []


def test_the_command_tells_by_its_exit_code(copy: Path) -> None:
    """`--check` writes nothing."""
    run = partial(CliRunner().invoke, app)
    assert (run(["--check"]).exit_code, run(["--check"]).output) == (0, "")
    (copy / "docs/schema/reply.json").unlink()
    checked = run(["--check"])
    assert (checked.exit_code, checked.output.split(":")[0]) == (1, "docs/schema/reply.json")
    written = run([])
    assert (written.exit_code, written.output) == (0, "docs/schema/reply.json: written\n")
    assert run(["--check"]).exit_code == 0
