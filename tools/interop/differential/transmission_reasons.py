"""Why answers of the gateway differ from those of transmission-daemon 3.00. The first matching row counts."""

from typing import Any, Final

from tools.interop.differential.reason import Reason, near, one_of, only_here, only_there, pair

NEWER: Final = "4.0.6 has it, 3.00 does not"


def _number(theirs: Any, ours: Any) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in (theirs, ours))


REASONS: Final[tuple[Reason, ...]] = (
    # the version
    Reason("session-get", "body.arguments.version | body.arguments.rpc-version*", "the version"),
    Reason("session-get torrent-get free-space", "body.arguments.*", NEWER, only_here),
    Reason("group-get", "body*", NEWER),
    Reason("torrent-set", "body.result", "the texts of 4.0.6", pair("invalid argument", "error setting announce list")),
    Reason("torrent-set", "body.result", "a replacement needs a URL", pair("invalid argument", "success")),
    Reason("torrent-rename-path", "body.result", "the texts of the system",
           pair("Invalid argument", "No such file or directory")),
    Reason("torrent-add", "body.result", "the texts of 4.0.6",
           one_of(("invalid or corrupt torrent file", "unrecognized info"),
                  ("invalid or corrupt torrent file", "no filename or metainfo specified"))),
    Reason("transport", "content type | body*", "a list is a batch of JSON-RPC",
           lambda theirs, ours: "absent" in (theirs, ours) or ours == "application/json"),
    # the transport
    Reason("transport", "body", "the pages of errors have other words",
           lambda theirs, ours: isinstance(theirs, str) and theirs.startswith("<h1>")),
    Reason("transport", "content type", "the pages of errors are in UTF-8",
           lambda theirs, ours: theirs == "text/html;charset=iso-8859-1"),
    # the moment
    Reason("session-stats transport", "*.secondsActive", "the moment", _number),
    Reason("session-get free-space", "*.download-dir-free-space | *.size-bytes", "the moment", _number),
    # the configuration
    Reason("session-get", "*.config-dir | *.peer-port | *.session-id | *.utp-enabled",
           "the configuration of this test"),
    Reason("session-get", "*.peer-limit-global | *.rename-partial-files",
           "Ouzel has another default"),
    # what differs
    Reason("session-get", "*.pex-enabled", "peer exchange is always on", pair(False, True)),
    Reason("session-get", "*.incomplete-dir", "switched off; it is the download directory"),
    Reason("session-get", "*.queue-stalled-minutes", "always 30", pair(20, 30)),
    Reason("session-stats", "*.filesAdded", "Ouzel has the number of torrents", pair(0, 9)),
    Reason("blocklist-update", "body*", "the daemon loads the file of the IP filter by itself"),
    Reason("torrent-get", "*.queuePosition", "torrents in libtorrent's queue come first", _number),
    Reason("torrent-set", "body.result", "Ouzel does not know the files of a magnet link",
           pair("file index out of range", "success")),
    Reason("torrent-set", "body.result", "4.0.6 says so of an address that is none",
           pair("invalid argument", "Invalid tracker list")),
    Reason("torrent-rename-path", "body*", "a file is never renamed to the name of another",
           lambda theirs, ours: ours in ("absent", "args.path: the torrent has 'other root/z.nfo' already")),
    Reason("torrent-get", "*.nonsense", "3.00 shows unknown fields as 0", only_there),
    Reason("torrent-get", "body.arguments.torrents.*.* | body.arguments.torrents.* | body.arguments.torrents.*.length",
           "3.00 has a column for unknown fields", lambda theirs, ours: theirs in (0, 3) or theirs[1] == "nonsense"),
    Reason("torrent-get", "*.addedDate | *.startDate | *.activityDate | *.secondsDownloading | *.secondsSeeding",
           "the moment", near),
    Reason("torrent-get", "*.doneDate", "of complete data, Transmission has no date",
           lambda theirs, ours: theirs == 0 < ours),
    Reason("torrent-get", "*.downloadLimit | *.uploadLimit", "a limit that is off is 0",
           one_of((100, 0), (50, 0))),
    Reason("torrent-get", "*.seedRatioLimit | *.seedIdleLimit", "Ouzel keeps a goal only while it is in force",
           one_of((3.5, 2), (90, 30))),
    Reason("torrent-get", "*.seedRatioMode", "3.00 stores unknown modes", pair(9, 0)),
    Reason("torrent-set", "body.result", "4.0.6 allows duplicates of labels",
           pair("labels cannot contain duplicates", "success")),
    Reason("torrent-get", "*.labels", "4.0.6 allows duplicates of labels", pair([], ["a"])),
    Reason("torrent-get", "*.errorString", "other words",
           lambda theirs, ours: theirs.startswith("No data found!") and bool(ours)),
    Reason("torrent-get", "*.errorString", "Ouzel also names the tracker", lambda theirs, ours: theirs in ours),
    Reason("torrent-get", "*.eta", "Ouzel does not know whether the peers have all data", pair(-1, -2)),
    Reason("torrent-get", "*.haveValid | *.sizeWhenDone", "Ouzel does not count what is not wanted",
           lambda theirs, ours: theirs > ours),
    Reason("torrent-get", "*.magnetLink", "Ouzel's list has no web seeds",
           lambda theirs, ours: theirs.startswith("magnet:") and ours.startswith("magnet:")),
    Reason("torrent-get", "*.torrentFile", "each names a file below its own directory",
           lambda theirs, ours: theirs.rpartition("/torrents/")[2] == ours.rpartition("/torrents/")[2] != ""),
    Reason("torrent-get", "*.trackerStats.*.lastAnnouncePeerCount", "Ouzel has the count of the swarm", pair(0, 8)),
    Reason("torrent-get", "*.trackerStats.*.last*Time | *.trackerStats.*.next*Time", "Ouzel knows the next announce",
           _number),
    Reason("torrent-get", "*.trackerStats.*.announceState | *.trackerStats.*.scrapeState", "the moment", _number),
    Reason("torrent-get", "*.trackerStats.*.hasScraped | *.trackerStats.*.lastScrape*", "Ouzel only announces"),
    Reason("torrent-get", "*.trackerStats.*.hasAnnounced | *.trackerStats.*.lastAnnounce* | *.trackerStats.*.isBackup |"
           " *.trackerStats.*.leecherCount | *.trackerStats.*.seederCount",
           "the trackers of a tier are tried in random order, and by Ouzel only the first tier that works"),
    Reason("torrent-add torrent-get", "*.name | body.arguments.torrents.*.*",
           "libtorrent reads a plus sign as a space", pair("A+magnet+link", "A magnet link")),
)  # fmt: skip
