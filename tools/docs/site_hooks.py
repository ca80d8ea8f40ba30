"""Hooks for MkDocs: files outside of docs/, and the form of links to other hosts.

A link to a file outside of docs/ becomes a link to a copy in the site. A link to a folder becomes plain text.
"""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
LOG: Final = logging.getLogger("mkdocs.hooks.site_hooks")
PAGES: Final = {"CHANGELOG.md": "changelog.md", "README.md": "index.md"}
"""Pages of the site, by the file outside of docs/ that they show or replace."""

_LINK: Final = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]+)\)")
_CODE: Final = re.compile(r"(?ms)^(?P<fence> *```+).*?^(?P=fence)|`[^`\n]+`")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the changelog, and a copy of each file outside of docs/ that a page links to."""
    files.append(File.generated(config, "changelog.md", content=(ROOT / "CHANGELOG.md").read_text()))
    copies = {
        copy: path
        for page in files.documentation_pages()
        for target in targets(page.content_string)
        if (path := outside(page.src_uri, target)) is not None and (copy := copy_of(path)) is not None
    }
    for copy, path in sorted(copies.items()):
        files.append(File.generated(config, copy, content=path.read_bytes()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replaces links to files and folders outside of docs/. Reports malformed links to other hosts."""

    def replaced(link: re.Match[str]) -> str:
        target = link["target"]
        if problem := malformed(target):
            LOG.warning("%s: the link '%s' %s", page.file.src_uri, target, problem)
        path = outside(page.file.src_uri, target)
        if path is None:
            return link[0]
        if not path.exists():
            LOG.warning("%s: there is no file '%s'", page.file.src_uri, target)
        inside = PAGES.get(str(path.relative_to(ROOT))) or copy_of(path)
        if inside is None:
            return link["text"]
        return f"[{link['text']}]({os.path.relpath(inside, Path(page.file.src_uri).parent)})"

    return apart_from_code(markdown, replaced)


def apart_from_code(markdown: str, replaced: Callable[[re.Match[str]], str]) -> str:
    """Replaces the links of a page, except in code. A link's text may have code."""
    parts, at = [], 0
    fences = [found.span() for found in _CODE.finditer(markdown) if found["fence"]]
    for start, end in [*fences, (len(markdown), len(markdown))]:
        parts += [_LINK.sub(replaced, markdown[at:start]), markdown[start:end]]
        at = end
    return "".join(parts)


def targets(markdown: str) -> list[str]:
    """The targets of all links of a page."""
    found: list[str] = []

    def noted(link: re.Match[str]) -> str:
        found.append(link["target"])
        return link[0]

    apart_from_code(markdown, noted)
    return found


def outside(page: str, target: str) -> Path | None:
    """The file or folder that a link leads to; None for another host, an anchor, and everything in docs/."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    path = Path(os.path.normpath((DOCS / page).parent / parts.path))
    if not path.is_relative_to(ROOT):
        return None
    return None if path.is_relative_to(DOCS) and not path.is_dir() else path


def copy_of(path: Path) -> str | None:
    """The place of a file's copy in the site. None for a folder. The name makes browsers show text files as text."""
    name = path.relative_to(ROOT)
    return f"source/{name}.txt" if path.is_file() and str(name) not in PAGES else None


def malformed(target: str) -> str | None:
    """What is wrong with the form of a link to another host. None if the form is right."""
    try:
        parts = urlsplit(target)
        _ = parts.port
    except ValueError as error:
        return f"is not a URL: {error}"
    if not parts.scheme:
        return None
    if parts.scheme not in ("http", "https"):
        return f"has the scheme {parts.scheme}"
    return None if parts.hostname and "." in parts.hostname else "has no host"
