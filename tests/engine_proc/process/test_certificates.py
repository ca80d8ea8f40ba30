"""A bundle that libtorrent reads in any case is not read a second time."""

from pathlib import Path

import libtorrent
import pytest

from engine_proc.process import certificates
from engine_proc.process.certificates import BUNDLES, VARIABLE, read_once


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system bundle."""
    file = tmp_path / "bundle.crt"
    file.write_text("certificates")
    monkeypatch.setattr(certificates, "BUNDLES", (str(tmp_path / "missing"), str(file)))
    return file


def test_libtorrent_reads_the_bundles() -> None:
    """Its library has their paths. Otherwise the removal of the variable would remove certificates."""
    library = Path(libtorrent.__file__)
    found = library if library.suffix == ".so" else next(library.parent.glob("*.so"))
    content = found.read_bytes()
    assert all(each.encode() in content for each in BUNDLES)


def test_the_bundle_is_not_named_again(bundle: Path, tmp_path: Path) -> None:
    """A link to it is the same file. Other variables stay."""
    link = tmp_path / "link"
    link.symlink_to(bundle)
    for named in (bundle, link):
        environ = {VARIABLE: str(named), "SSL_CERT_DIR": "/certificates"}
        read_once(environ)
        assert environ == {"SSL_CERT_DIR": "/certificates"}


def test_a_link_that_is_replaced_is_another_file(bundle: Path, tmp_path: Path) -> None:
    """Each session looks anew."""
    link, own = tmp_path / "link", tmp_path / "own.crt"
    link.symlink_to(bundle)
    own.write_bytes(bundle.read_bytes())
    link.unlink()
    link.symlink_to(own)
    environ = {VARIABLE: str(link)}
    read_once(environ)
    assert environ == {VARIABLE: str(link)}


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("named", ["", "missing", "/nowhere\0", "/etc/hostname"])
def test_other_files_are_kept(named: str) -> None:
    """So are files that do not exist."""
    environ = {VARIABLE: named}
    read_once(environ)
    assert environ == {VARIABLE: named}


def test_no_variable_is_no_error() -> None:
    """Most services have none."""
    read_once({})
