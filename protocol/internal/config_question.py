"""The input of `engine_proc.judge`. That process checks a configuration without a running engine."""

import msgspec


class ConfigQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Asks `engine_proc.judge` whether an engine would accept a configuration. Encoded as JSON.

    Fields:
        settings: libtorrent settings, by libtorrent's names.
        sandbox: the sandbox mode: `auto`, `require` or `off`.
        roots: the download roots, with links resolved.
        resume_dir: the resume directory, as configured.
    """

    settings: dict[str, int | str | bool]
    sandbox: str
    roots: list[str]
    resume_dir: str
