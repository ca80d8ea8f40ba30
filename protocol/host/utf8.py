"""Makes Python and the C library encode file names in UTF-8, in every locale.

Python fixes the encoding of paths when it starts. libtorrent checks LANG when it first uses a path. If LANG ends in
`.UTF-8`, libtorrent uses bytes unchanged. Otherwise the C library converts each path to the encoding of the process's
locale. A character that this encoding lacks becomes a dot. So a folder name of two such characters becomes `..`
(arvidn/libtorrent#7179). Therefore each process sets LANG, the locale and Python's encoding before it uses a path. See
ADR 024.
"""

import ctypes
import locale
import os
import sys
from collections.abc import Sequence
from typing import Final

LOCALES: Final = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "")
"""The locales to try, until one uses UTF-8.

C.UTF-8 is part of the C library; the empty name is the environment's locale.
"""

_PAGES: Final = [page for page in range(0x100, 0x110000, 0x100) if not 0xD800 <= page < 0xE000]
_SAMPLE: Final = (
    "".join(chr(page) + chr(page + 0xFF) for page in _PAGES)
    + "\x01\x7f\x80\xa0\xff\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
)
"""Test characters: the first and last of each block of 256, and the limits between UTF-8's encoded lengths."""


class NotUtf8(Exception):
    """File names would not be encoded in UTF-8; the message has the remedy."""


def use_utf8_locale(locales: Sequence[str] = LOCALES) -> str:
    """Sets a locale with UTF-8 encoding for this process. Call it before threads are started and libtorrent is loaded.

    Returns:
        The locale's name.

    Raises:
        NotUtf8: no such locale is installed.
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
    """Whether the C library currently converts characters to UTF-8 and back in this process."""
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
    """Raises NotUtf8 if Python does not encode paths in UTF-8."""
    if sys.getfilesystemencoding() != "utf-8":
        raise NotUtf8(f"Python writes paths in {sys.getfilesystemencoding()}, not in UTF-8; start it with -X utf8")


def restart_in_utf8() -> None:
    """Re-executes this program in the same process if Python does not encode paths in UTF-8.

    Python uses another encoding in locales such as de_DE.ISO-8859-1. The bytes of the arguments are passed on
    unchanged.
    """
    if sys.getfilesystemencoding() != "utf-8" and "utf8" not in sys._xoptions:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  # without a shell
