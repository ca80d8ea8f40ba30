"""Builds the Debian package: `scripts/package`.

- A *tree* is a copy of the sources with `debian/` at its root. The sources may be of an earlier commit.
- The *wheels* are all packages in requirements.txt for the Python of this Debian. The build itself needs no network.
- The *build* runs Debian's own tools in the tree, and moves the package to a directory.
"""
