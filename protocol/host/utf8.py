"""UTF-8 file names, whatever locale a process was started in: in Python, and in the C library.

Python decides at its start how it encodes paths. libtorrent uses bytes unchanged if LANG, at its first path, ends in
`.UTF-8`, and otherwise converts by the C library each time, by the process's locale. A character that this cannot
encode becomes a dot, so that a folder of two such letters is `..` (arvidn/libtorrent#7179). So each process sets all of
these before it uses a path. ADR 024.
"""

import ctypes
import locale
import os
import sys
from collections.abc import Sequence
from typing import Final

LOCALES: Final = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "")
"""The locales to try, until one uses UTF-8. C.UTF-8 comes with the C library; the last is the environment's."""

_PAGES: Final = [page for page in range(0x100, 0x110000, 0x100) if not 0xD800 <= page < 0xE000]
_SAMPLE: Final = (
    "".join(chr(page) + chr(page + 0xFF) for page in _PAGES)
    + "\x01\x7f\x80\xa0\xff\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
)
"""Of every 256 characters the first and the last, and the edges of the encoding's lengths."""


class NotUtf8(Exception):
    """Names would be written in another encoding; the message has the remedy."""


def use_utf8_locale(locales: Sequence[str] = LOCALES) -> str:
    """Gives this process a locale whose encoding is UTF-8: before there are threads, and before libtorrent is loaded.

    Returns:
        its name.

    Raises:
        NotUtf8: there is none.
    """
    for name in locales:
        try:
            found = locale.setlocale(locale.LC_CTYPE, name)
        except locale.Error:
            continue
        if c_library_writes_utf8():
            os.environ["LANG"] = "C.UTF-8"
            return found
    raise NotUtf8(
        "no UTF-8 locale is available, and file names would be written in another encoding; "
        f"the C library has none of {', '.join(name for name in locales if name)}: install one"
    )


def c_library_writes_utf8() -> bool:
    """Whether the C library turns characters into UTF-8 and back, in this process and now."""
    libc = ctypes.CDLL(None)
    encoded = _SAMPLE.encode()
    written = ctypes.create_string_buffer(len(encoded) + 1)
    libc.wcstombs.restype = libc.mbstowcs.restype = ctypes.c_size_t
    if libc.wcstombs(written, ctypes.c_wchar_p(_SAMPLE), ctypes.c_size_t(len(written))) != len(encoded):
        return False
    read = ctypes.create_unicode_buffer(len(_SAMPLE) + 1)
    libc.mbstowcs(read, written, ctypes.c_size_t(len(read)))
    return written.value == encoded and read.value == _SAMPLE


def require_python_utf8() -> None:
    """Raises NotUtf8 if Python encodes paths otherwise than in UTF-8."""
    if sys.getfilesystemencoding() != "utf-8":
        raise NotUtf8(f"Python writes paths in {sys.getfilesystemencoding()}, not in UTF-8; start it with -X utf8")


def restart_in_utf8() -> None:
    """Re-executes this program, in this process, if Python encodes paths otherwise than in UTF-8.

    That is so in locales such as de_DE.ISO-8859-1, if they are installed. Bytes of arguments are unchanged.
    """
    if sys.getfilesystemencoding() != "utf-8" and "utf8" not in sys._xoptions:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  # no shell is meant
