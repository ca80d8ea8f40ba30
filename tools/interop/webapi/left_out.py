"""The tests that are not run, and why."""

from typing import Final

INTERNET: Final = "fetches a file from the Internet"
ROOT: Final = "expects that a file is unreadable, but the suite runs as root"
HTTPS: Final = "switches the server to HTTPS by a preference; the gateway's configuration has the certificate"
NO_RSS: Final = "needs RSS, which Ouzel does not have"
NO_SEARCH: Final = "starts a search; a qBittorrent without Python refuses that, too"

TIMING: Final = "passes only if a timeout of 1e-100 s strikes at one of several requests"
NO_STOPPED: Final = "moves a stopped torrent in the queue, and stopped torrents have no place in Ouzel's queue"

FILES: Final = {"tests/test_rss.py": NO_RSS}
"""Whole files."""

TESTS: Final = {
    "tests/test_request.py::test_both_https_http_not_working": HTTPS,
    "tests/test_request.py::test_requests_timeout": TIMING,
    "tests/test_search.py::test_delete": NO_SEARCH,
    "tests/test_search.py::test_download_torrent": INTERNET,
    "tests/test_search.py::test_install_uninstall_plugin": INTERNET,
    "tests/test_search.py::test_search": NO_SEARCH,
    "tests/test_search.py::test_stop": NO_SEARCH,
    "tests/test_torrent.py::test_priority": NO_STOPPED,
    "tests/test_torrents.py::test_priority": NO_STOPPED,
    "tests/test_torrents.py::test_add_delete": INTERNET,
    "tests/test_torrents.py::test_add_torrent_file_fail": ROOT,
}
"""Tests by the beginning of their ids: all parameters of a test."""


def arguments() -> list[str]:
    """The arguments of pytest that leave these tests out."""
    return [*(f"--ignore={file}" for file in FILES), *(f"--deselect={test}" for test in TESTS)]
