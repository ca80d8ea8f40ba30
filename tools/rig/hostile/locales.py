"""Environments for processes in certain locales."""

import os
from collections.abc import Mapping
from typing import Final

LOCALES: Final = ("C", "POSIX", "C.UTF-8", "en_US.UTF-8-not-installed")


def environment(lc_all: str | None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with another locale or without a locale."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return {**found, **({} if lc_all is None else {"LC_ALL": lc_all}), **(more or {})}
