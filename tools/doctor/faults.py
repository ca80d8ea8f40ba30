"""The table of faults."""

from collections.abc import Sequence
from typing import Final

from tools.doctor import running_faults as running
from tools.doctor import stopped_faults as stopped
from tools.doctor.fault import Fault

_WRONG: Final = frozenset({"warning", "error"})
_ERROR: Final = frozenset({"error"})
_UNKNOWN: Final = frozenset({"unknown"})

FAULTS: Final[Sequence[Fault]] = (
    Fault("wrong owner", "directories", _ERROR, stopped.wrong_owner, "belongs to"),
    Fault("read-only disk", "download_roots", _ERROR, stopped.read_only_disk, "read-only"),
    Fault("full disk", "space", _ERROR, stopped.full_disk, "full"),
    Fault("no inodes", "space", _WRONG, stopped.no_inodes, "inodes"),
    Fault("missing disk", "mounts", _ERROR, stopped.missing_disk, "nothing is mounted"),
    Fault("unmounted /mnt", "mounts", _WRONG, stopped.disk_at_custom_place, "root file system"),
    Fault("hung mount", "download_roots", _UNKNOWN, stopped.hung_mount, "did not finish"),
    Fault("port taken", "listen_port", _ERROR, stopped.port_taken, "is taken by"),
    Fault("resume dir in memory", "directories", _ERROR, stopped.memory_resume_dir, "in memory"),
    Fault("SSL_CERT_FILE missing", "ca_bundle", _ERROR, stopped.missing_bundle, "cannot be read"),
    Fault("expired CA", "ca_bundle", _ERROR, stopped.expired_authority, "expired"),
    Fault("readable secret key", "key_files", _ERROR, stopped.open_key, "everybody can read"),
    Fault("misspelt key", "configuration", _ERROR, stopped.mistyped_key, "budgte"),
    Fault("torn record", "records", _ERROR, stopped.torn_record, "are damaged"),
    Fault("clock set back", "clock_skew", _WRONG, stopped.future_files, "clock"),
    Fault("long socket path", "sockets", _ERROR, stopped.long_socket_path, "bytes"),
    Fault("unit override (played)", "unit_overrides", _ERROR, stopped.overriding_unit, "ProtectSystem=strict"),
    Fault("stale sockets", "sockets", _WRONG, running.stale_sockets, "nobody listens"),
    Fault("few descriptors", "descriptors", _WRONG, running.few_descriptors, "600 files"),
    Fault("second daemon", "instances", _ERROR, running.second_instance, "another ouzeld uses"),
    Fault("locked directory", "instances", _ERROR, running.locked_directory, "has locked"),
    Fault("crash loop", "crashes", _ERROR, running.crash_loop, "crash loop"),
    Fault("hung daemon", "daemon", _ERROR, running.hung_daemon, "did not answer"),
    Fault("damaged record", "damaged", _WRONG, running.put_aside, "put aside"),
    Fault("old code", "versions", _WRONG, running.old_code, "older code"),
    Fault("other user", "daemon", _UNKNOWN, running.other_user, "may not use"),
)
