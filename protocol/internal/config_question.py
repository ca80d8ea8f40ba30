"""The input of `engine_proc.judge`. That process checks a configuration without a running engine."""

import msgspec


class ConfigQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The request to `engine_proc.judge`, as JSON: whether an engine would accept this configuration.

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
