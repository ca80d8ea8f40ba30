"""What a restore puts back outside of the resume directory: the gateway's store, the configuration, and the keys."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ouzel.cli.backup import gateway_store
from ouzel.cli.backup.archive import STORE, Member, Unusable
from ouzel.cli.backup.gateway_store import BadStore
from ouzel.cli.backup.secret_files import Secrets

_SECRETS: Final = "secrets/"


class Outside:
    """Collects the files, and puts them in place at the end.

    Args:
        store: where the gateway's store is. If None, the store is not restored.
        secrets: where the configuration and the keys are collected. If None, they are not restored.
    """

    def __init__(self, store: Path | None, secrets: Secrets | None) -> None:
        self._store = store
        self._secrets = secrets
        self._content: bytes | None = None
        self._has_secrets = False
        self.kept: list[Path] = []
        """The former files."""

    def add(self, member: Member) -> bool:
        """Adds a file. Returns False if files of this kind are not collected here. Raises Unusable."""
        try:
            if member.name == STORE:
                gateway_store.check(member.content)
                self._content = member.content
            elif member.name.startswith(_SECRETS):
                self._has_secrets = True
                if self._secrets is not None:
                    self._secrets.add(member)
            else:
                return False
        except (BadStore, ValueError) as error:
            raise Unusable(f"{member.name}: {error}") from None
        return True

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Keeps the gateway stopped during the context, if its store is restored. Raises GatewayRuns and OSError."""
        with contextlib.nullcontext() if self._target is None else gateway_store.stopped(self._target):
            yield

    def take_effect(self, directory: Path) -> None:
        """Puts all files in place. Each file replaces the former file in one step. Raises OSError.

        Args:
            directory: the resume directory. New files with secrets get the owner of this directory.
        """
        if self._secrets is not None:
            self.kept += self._secrets.replace(directory)
        if self._target is not None and self._content is not None:
            kept = gateway_store.replace(self._target, self._content)
            self.kept += [] if kept is None else [kept]

    def not_restored(self) -> Iterator[str]:
        """Sentences about the parts of the backup that are not restored."""
        if self._has_secrets and self._secrets is None:
            yield "the configuration and the keys are in the backup, and stay as they are here; see --with-secrets"
        if self._content is not None and self._store is None:
            yield "the gateway's state is in the backup, and is not restored; name the configuration with --config"

    @property
    def _target(self) -> Path | None:
        return None if self._content is None else self._store
