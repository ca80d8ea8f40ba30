"""Writes `format.json` in the resume directory: its format, and the version that has opened it."""

from importlib import metadata

from protocol.durable import durable
from protocol.durable.format_version import FORMAT, DirectoryFormat, check_format, read_format
from protocol.durable.integrity import encode_record
from protocol.durable.resume_dir import ResumeDir


def write_format(directory: ResumeDir) -> None:
    """Makes `format.json` name this version and its format. Call `write_format` before the first record is written.

    Raises OSError if the file cannot be written, or if the directory has a newer format (NewerFormat).
    """
    directory.check()
    check_format(directory.root)
    wanted = DirectoryFormat(format=FORMAT, written_by=metadata.version("ouzel"))
    if read_format(directory.format) != wanted:
        durable.write(directory.format, encode_record(wanted))
