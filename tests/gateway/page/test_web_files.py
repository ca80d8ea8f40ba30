"""Files of web interfaces: only regular files inside their folder."""

import os
from pathlib import Path

import pytest

from tests.gateway.page.rig import Rig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A web interface, beside a file that nobody may read."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "ui-other").mkdir()
    (tmp_path / "ui-other" / "x.txt").write_text("secret")
    ui = tmp_path / "ui"
    (ui / "js").mkdir(parents=True)
    (ui / "api").mkdir()
    (ui / "index.html").write_text("<title>mine</title>")
    (ui / "js" / "app.js").write_text("let x")
    (ui / "api" / "index.html").write_text("no answer of an API")
    (ui / "out.txt").symlink_to(tmp_path / "secret.txt")
    (ui / "outside").symlink_to(tmp_path / "ui-other")
    (ui / "in.js").symlink_to(ui / "js" / "app.js")
    os.mkfifo(ui / "fifo")
    return ui


@pytest.mark.parametrize(
    ("target", "kind"),
    [("/", "text/html"), ("/index.html", "text/html"), ("/js/app.js", "javascript"), ("/in.js", "javascript")],
)
def test_files_have_their_type_and_a_validator(folder: Path, target: str, kind: str) -> None:
    """Files have their type and a validator."""
    answer = Rig(webui_dir=str(folder)).get(target)
    assert answer.status == 200
    assert kind in answer.headers["content-type"]
    assert answer.headers["etag"]
    assert answer.headers["last-modified"]


def test_a_known_file_is_not_sent_again(folder: Path) -> None:
    """A known file is not sent again."""
    rig = Rig(webui_dir=str(folder))
    etag = rig.get("/js/app.js").headers["etag"]
    answer = rig.get("/js/app.js", {"if-none-match": etag})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    "target",
    [
        "/out.txt",
        "/outside/x.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/js/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/../ui-other/x.txt",
        "/fifo",
        "/js",
        "/js/",
        "/js/app.js/",
        "/js/app.js/x",
        "/missing",
        "/a%00b",
        "/" + "x" * 300,
        "/index.html/../../secret.txt",
    ],
)
def test_all_else_is_unknown(folder: Path, target: str) -> None:
    """All else is unknown."""
    answer = Rig(webui_dir=str(folder)).get(target)
    assert b"secret" not in answer.body
    if target != "/js/app.js/":  # a slash at the end does not matter
        assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("target", ["/api", "/api/", "/api/index.html", "/api/v2/nothing", "/transmission/rpc"])
def test_no_file_answers_for_an_api(folder: Path, target: str) -> None:
    """No file answers for an api."""
    for app in (Rig(webui_dir=str(folder)), Rig()):
        assert app.get(target).status == 404
        assert app.post(target, {}).status == 404


def test_a_folder_that_is_missing_is_no_failure(tmp_path: Path) -> None:
    """A folder that is missing is no failure."""
    assert Rig(webui_dir=str(tmp_path / "missing")).get("/").status == 404


def test_the_built_in_page_loads_nothing_from_elsewhere() -> None:
    """The built in page loads nothing from elsewhere."""
    rig = Rig()
    answer = rig.get("/")
    assert b"<title>Ouzel</title>" in answer.body
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    for name in ("main.js", "style.css", "mark.svg"):
        body = rig.get(f"/{name}").body
        assert body
        assert b"http" not in body.replace(b"http://www.w3.org/2000/svg", b"")
    assert rig.get("/__init__.py").status == 404
