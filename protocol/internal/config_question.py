"""The question to `engine_proc.judge`, which needs no running engine."""

import msgspec


class ConfigQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The request to `engine_proc.judge`, as JSON: would an engine accept this configuration?

    Fields:
        settings: libtorrent's, by their own names.
        sandbox: the mode of the sandbox.
        roots: the download roots, links resolved.
        resume_dir: as configured.
    """

    settings: dict[str, int | str | bool]
    sandbox: str
    roots: list[str]
    resume_dir: str
