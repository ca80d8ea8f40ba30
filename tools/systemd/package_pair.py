"""Two packages for a test of an upgrade: one of an earlier commit, and one of this checkout."""

from pathlib import Path
from typing import Final, NamedTuple

from tools.debian.build import CannotBuild, build
from tools.systemd.host import CannotRun

BEFORE: Final = "3c2daa20bf2f132de3662e1099baedaaa97fb756"
"""The last commit without a format of the resume directory."""

VERSION_BEFORE: Final = "0.1.0"
VERSION_AFTER: Final = "0.1.1~rc1"


class Packages(NamedTuple):
    """Two packages in one directory.

    Fields:
        before, after: the names of their files.
    """

    directory: Path
    before: str
    after: str


def provide(directory: Path, scratch: Path) -> Packages:
    """Builds the packages that are not in the directory yet. Raises CannotRun.

    Args:
        scratch: a directory in which the builds take place.
    """
    found = []
    for version, commit in ((VERSION_BEFORE, BEFORE), (VERSION_AFTER, None)):
        built = sorted(directory.glob(f"ouzel_{version}_*.deb"))
        if not built:
            place = scratch / f"build-{version}"
            place.mkdir()
            try:
                built = [build(place, directory, version=version, commit=commit)]
            except CannotBuild as error:
                raise CannotRun(f"the package cannot be built: {error}") from error
        found.append(built[0].name)
    return Packages(directory, *found)
