"""The package's files, as far as they can be tested without a build."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools.debian.build import ROOT, SOURCES

DEBIAN = ROOT / "packaging" / "debian"


def test_the_sources_are_there() -> None:
    """All of them, and the rules are executable."""
    assert all((ROOT / name).exists() for name in SOURCES)
    assert os.access(DEBIAN / "rules", os.X_OK)


@pytest.mark.parametrize("script", ["ouzel.postinst", "ouzel.postrm", "ouzel.prerm", "ouzel.preinst.in", "ouzel.sh"])
def test_a_script_of_the_package_is_valid(script: str) -> None:
    """The shell can parse it."""
    done = subprocess.run(["sh", "-n", str(DEBIAN / script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_rules_find_the_format() -> None:
    """They read it from the source by a pattern, for the script that refuses a downgrade."""
    [pattern] = re.findall(r"FORMAT = \$\(shell sed -n '([^']+)' (\S+)\)", (DEBIAN / "rules").read_text())
    done = subprocess.run(["sed", "-n", *pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().isdigit()


@pytest.mark.parametrize(("found", "code"), [(None, 0), (3, 0), (4, 1)])
def test_a_downgrade_to_an_earlier_format_is_refused(tmp_path: Path, found: int | None, code: int) -> None:
    """Before anything is unpacked. Without the file, the records have no newer format."""
    resume = tmp_path / "resume"
    resume.mkdir()
    config = tmp_path / "ouzel.toml"
    config.write_text(f'[paths]\nresume_dir = "{resume}"       # records\n')
    if found is not None:
        (resume / "format.json").write_text(
            f'{{\n  "checksum": "0",\n  "format": {found},\n  "written_by": "9.9"\n}}\n'
        )
    script = (
        (DEBIAN / "ouzel.preinst.in").read_text().replace("@FORMAT@", "3").replace("/etc/ouzel/ouzel.toml", f"{config}")
    )
    for action, wanted in (("upgrade", code), ("install", 0)):
        done = subprocess.run(["sh", "-c", script, "preinst", action], capture_output=True, text=True, check=False)
        assert done.returncode == wanted, done.stderr
        assert ("Ouzel 9.9 in format 4" in done.stderr) == bool(wanted)


@pytest.mark.parametrize("kept", ["downloads/film.mkv", "resume-old/x"])
def test_a_purge_removes_files_of_ouzel_only(tmp_path: Path, kept: str) -> None:
    """Somebody may have put downloads below its directory."""
    for name in (
        "lib/ouzel/resume/a.json",
        "lib/ouzel/crashes/b",
        "lib/ouzel-gateway/gateway.sqlite-wal",
        f"lib/ouzel/{kept}",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    script = (
        (DEBIAN / "ouzel.postrm")
        .read_text()
        .replace("/var/lib", f"{tmp_path}/lib")
        .replace("/etc/", f"{tmp_path}/etc/")
    )
    for action, there in (("remove", 4), ("purge", 1)):
        subprocess.run(["sh", "-c", script, "postrm", action], check=True)
        assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == there
    assert (tmp_path / "lib/ouzel" / kept).exists()
    assert not (tmp_path / "lib/ouzel-gateway").exists()
