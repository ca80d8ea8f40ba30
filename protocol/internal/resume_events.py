"""The engine's events about its files in the resume directory."""

from protocol.internal.link_messages import EventMessage


class FilePutAside(EventMessage, frozen=True, kw_only=True, tag="file_put_aside"):
    """A torrent's file in the resume directory is damaged.

    Fields:
        what: the problem of the file.
        done: what the engine has done about the problem.
        staged: the file's name in `ResumeDir.staged`; null if the file is not there. The supervisor moves the file from
            there to `damaged/`.
    """

    torrent: str
    file: str
    what: str
    done: str
    staged: str | None = None


class MetainfoDamaged(EventMessage, frozen=True, kw_only=True, tag="metainfo_damaged"):
    """A torrent's .torrent file is damaged.

    The supervisor has to put the file aside, because the engine must not write to the file's directory.
    """

    torrent: str
    problem: str


class ResumeHandedOver(EventMessage, frozen=True, kw_only=True, tag="resume_handed_over"):
    """The content of a torrent's resume data file; see `SaveAll`."""

    torrent: str
    content: bytes


class AllHandedOver(EventMessage, frozen=True, kw_only=True, tag="all_handed_over"):
    """All resume data was handed over. A torrent for which libtorrent cannot make resume data is left out."""


class ResumeStoreState(EventMessage, frozen=True, kw_only=True, tag="resume_store_state"):
    """Whether fast-resume data can be written. `problem` says why not. It is null once writing works again."""

    problem: str | None
