"""Sample messages: the arguments, results and events of the examples and vectors.

Ids, times and figures are consistent. They show one daemon, a moment after its second engine has started.
"""

import hashlib
from typing import Any, Final

import msgspec

from protocol.wire import goals, making_results, peer_rows, reports, results, rows
from protocol.wire.codec import MAX_FRAME_BYTES
from protocol.wire.crashes import CrashReport, CrashSummary
from protocol.wire.desired import TorrentOptions
from protocol.wire.envelope import EventFrame, Request
from protocol.wire.events import event, job_events, session_events, torrent_events
from protocol.wire.log import log_results
from protocol.wire.metrics.metrics_report import EventLogReport, HistogramReport, MemoryReport, MetricsReport
from protocol.wire.metrics.spans_report import SpanRow, SpansPage
from protocol.wire.operations import OPERATIONS
from protocol.wire.peer_rows import TrackerStatus
from protocol.wire.reports import EngineState, HealthStatus, SettingSource
from protocol.wire.rows import HindranceCause, TorrentState
from protocol.wire.session import group_results
from protocol.wire.session.desired_session import ScheduleWindow

CONTENT: Final = b"hello ouzel"
INFO: Final = b"d6:lengthi11e4:name9:hello.txt12:piece lengthi16384e6:pieces20:%se" % hashlib.sha1(CONTENT).digest()
METAINFO: Final = b"d4:info%se" % INFO
"""A minimal .torrent file: one file of one piece."""

TORRENT: Final = hashlib.sha1(INFO).hexdigest()
OTHER: Final = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
MAGNET: Final = f"magnet:?xt=urn:btih:{OTHER}&dn=big"

EPOCH: Final = "9f2c4e6a8b0d1f35"
GEN: Final = 2
SEQ: Final = 41
NOW_US: Final = 1_795_368_000_000_000
SAVE_PATH: Final = "/srv/torrents"
FILMS: Final = "/srv/torrents/films"
JOB: Final = "5c1e07ab"
CRASH: Final = "20261122T155959.500000Z-gen1"

ROW: Final = rows.TorrentRow(
    torrent=TORRENT,
    name="hello.txt",
    state=TorrentState.DOWNLOADING,
    progress=0.5,
    bytes_done=16_384,
    bytes_total=32_768,
    size=65_536,
    downloaded=17_000,
    uploaded=0,
    wasted=616,
    download_bps=120_000,
    upload_bps=0,
    peers=3,
    seeds=1,
    save_path=SAVE_PATH,
    labels=["greetings"],
    paused=False,
    sequential=False,
    download_limit_bps=0,
    upload_limit_bps=50_000,
    error=None,
    added_us=NOW_US - 60_000_000,
    age_ms=12,
    category="films",
    goals=goals.GoalsReport(ratio=2.0, seeding_time_s=None, inactive_time_s=86_400, action="pause"),
    content="hello.txt",
    swarm_seeds=12,
    swarm_leeches=5,
    tracker="udp://tracker.example:6969/announce",
)
WAITING: Final = rows.TorrentRow(
    torrent=OTHER,
    name="big",
    state=TorrentState.FETCHING_METADATA,
    progress=0.0,
    bytes_done=0,
    bytes_total=0,
    size=0,
    downloaded=0,
    uploaded=0,
    wasted=0,
    download_bps=0,
    upload_bps=0,
    peers=0,
    seeds=0,
    save_path=SAVE_PATH,
    labels=[],
    paused=False,
    sequential=True,
    download_limit_bps=0,
    upload_limit_bps=0,
    error=None,
    added_us=NOW_US - 30_000_000,
    age_ms=None,
    hindrance=rows.Hindrance(
        cause=HindranceCause.TRACKERS_FAILING,
        message="no peer is connected, and no tracker works: udp://tracker.example:6969/announce: timed out",
    ),
    stalled_since_us=NOW_US - 20_000_000,
)
TRACKER: Final = peer_rows.TrackerRow(
    url="udp://tracker.example:6969/announce",
    tier=0,
    status=TrackerStatus.WORKING,
    next_announce_us=NOW_US + 1_800_000_000,
    seeds=12,
    leeches=3,
    downloads=700,
)
DEAD_TRACKER: Final = peer_rows.TrackerRow(
    url="http://tracker.example/0123456789abcdef/announce",
    tier=1,
    status=TrackerStatus.ERROR,
    message="unregistered torrent",
    next_announce_us=NOW_US + 30_000_000,
    failing_since_us=NOW_US - 20_000_000,
)
PEER: Final = peer_rows.PeerRow(
    endpoint="[2001:db8::7]:6881",
    client="libtorrent 2.1.1",
    flags=[
        peer_rows.PeerFlag.SEED,
        peer_rows.PeerFlag.OUTGOING,
        peer_rows.PeerFlag.INTERESTED,
        peer_rows.PeerFlag.REMOTE_UNCHOKED,
    ],
    progress=1.0,
    download_bps=120_000,
    upload_bps=0,
    downloaded=16_384,
    uploaded=0,
    connection=peer_rows.PeerConnection.TCP,
)
REASON: Final = reports.Reason(
    component="engine",
    subject="restore",
    message="1 of 2 torrents are back",
    since_us=NOW_US - 100_000,
    severity=reports.Severity.ERROR,
)
HEALTH: Final = reports.HealthReport(
    status=HealthStatus.DEGRADED,
    reasons=[REASON],
    engine=reports.EngineReport(state=EngineState.RUNNING, pid=4242, gen=GEN, restarts=1, uptime_ms=800),
    engines=[
        reports.EngineSlotReport(
            slot=0, state=EngineState.RUNNING, pid=4242, gen=GEN, restarts=1, uptime_ms=800, torrents=2
        )
    ],
    supervisor=reports.SupervisorReport(pid=4200, version="0.1.0", uptime_ms=3_600_000),
    restore=reports.RestoreReport(done=1, total=2),
    sandbox=reports.SandboxReport(mode="auto", landlock=7, seccomp=True),
)
SETTINGS: Final = reports.SettingsReport(
    download_bps=0,
    upload_bps=1_000_000,
    alternative=reports.AlternativeReport(
        download_bps=500_000,
        upload_bps=50_000,
        in_force=True,
        scheduled=True,
        switch=None,
        schedule=[ScheduleWindow(days=["mon", "tue"], start="22:00", to="06:00")],
        sources={
            "download_bps": SettingSource.FILE,
            "upload_bps": SettingSource.CLIENT,
            "schedule": SettingSource.CLIENT,
        },
    ),
)
LOG_LEVELS: Final = log_results.LogLevels(
    levels={
        "supervisor": log_results.LogLevelReport(level="info", source="default"),
        "engine": log_results.LogLevelReport(level="warning", source="file"),
        "libtorrent": log_results.LogLevelReport(level="debug", source="client"),
    }
)

GOALS: Final = reports.GlobalGoals(
    ratio=reports.RatioSetting(value=2.0, source=SettingSource.CLIENT),
    seeding_time_s=reports.TimeSetting(value=None, source=SettingSource.CLIENT),
    inactive_time_s=reports.TimeSetting(value=86_400, source=SettingSource.FILE),
    action=reports.ActionSetting(value="pause", source=SettingSource.CLIENT),
)
GROUP: Final = group_results.GroupReport(name="night", download_bps=10_000_000, upload_bps=1_000_000)

_DEATH: Final[dict[str, Any]] = {
    "name": CRASH,
    "time_us": NOW_US - 500_000,
    "gen": 1,
    "pid": 4201,
    "exit_code": None,
    "signal": "SIGSEGV",
    "killed_for": None,
    "uptime_ms": 3_599_000,
}

ARGUMENTS: Final[dict[str, dict[str, Any]]] = {
    "hello": {},
    "ping": {},
    "health": {},
    "stats": {},
    "get_counters": {},
    "get_metrics": {},
    "get_spans": {"after": 310, "limit": 100, "ratio": 0.5},
    "get_settings": {},
    "get_goals": {},
    "get_log": {
        "after": 1200,
        "limit": 100,
        "level": "warning",
        "component": "engine",
        "torrent": TORRENT,
        "request": "web-1/7",
        "text": "disk",
        "since_us": NOW_US - 3_600_000_000,
        "until_us": NOW_US,
    },
    "get_log_levels": {},
    "update_log_levels": {"levels": {"libtorrent": "debug", "engine": None}},
    "snapshot": {"cursor": TORRENT, "limit": 500},
    "list_torrents": {
        "ids": [TORRENT, OTHER],
        "fields": ["state", "progress"],
        "state": "downloading",
        "label": "greetings",
        "category": "films",
        "cursor": None,
        "limit": 100,
    },
    "get_torrent": {"torrent": TORRENT},
    "list_files": {"torrent": TORRENT, "cursor": "10000", "limit": 10_000},
    "list_trackers": {"torrent": TORRENT},
    "list_peers": {"torrent": TORRENT},
    "piece_map": {"torrent": TORRENT},
    "list_bans": {},
    "export_torrent": {"torrent": TORRENT},
    "list_web_seeds": {"torrent": TORRENT},
    "list_categories": {},
    "list_groups": {},
    "replay": {"epoch": EPOCH, "after_seq": 39, "limit": 1000},
    "list_crashes": {},
    "list_damaged": {},
    "get_crash": {"name": CRASH},
    "add_torrent": {
        "magnet": None,
        "metainfo": METAINFO,
        "upload": None,
        "save_path": SAVE_PATH,
        "paused": True,
        "sequential": False,
        "rules": {"include": ["*.txt"], "exclude": ["*sample*"], "skip_fluff": True},
        "priorities": {"0": 7},
        "download_bps": 0,
        "upload_bps": 50_000,
        "trackers": ["udp://tracker.example:6969/announce"],
        "web_seeds": ["https://mirror.example/"],
        "labels": ["greetings"],
        "seed_mode": False,
        "peers": ["192.0.2.7:6881", "[2001:db8::7]:6881"],
        "resume": None,
        "content_layout": "original",
        "merge": False,
        "added_us": NOW_US - 60_000_000,
        "category": "films",
        "options": {
            "max_connections": 50,
            "max_uploads": 4,
            "super_seeding": False,
            "auto_managed": True,
            "force_start": False,
            "first_last_piece_first": True,
            "pex": True,
            "dht": False,
            "lsd": False,
            "name": "Greetings",
            "ratio_goal": 2.0,
            "seeding_time_goal_s": None,
            "inactive_time_goal_s": "global",
            "goal_action": "pause",
            "group": "night",
        },
        "queue_position": 0,
    },
    "remove_torrent": {"torrent": TORRENT, "delete_files": True},
    "pause": {"torrent": TORRENT},
    "resume": {"torrent": TORRENT},
    "set_sequential": {"torrent": TORRENT, "sequential": True},
    "update_limits": {
        "torrent": None,
        "download_bps": 0,
        "upload_bps": 50_000,
        "alternative": None,
        "alternative_limits": {
            "upload_bps": 50_000,
            "download_bps": "file",
            "schedule": [{"days": ["mon", "tue"], "from": "22:00", "to": "06:00"}],
        },
    },
    "update_goals": {"ratio": 2.0, "seeding_time_s": None, "inactive_time_s": "file", "action": "pause"},
    "update_settings": {"settings": {"user_agent": "example/1.0", "connections_limit": 500, "enable_dht": None}},
    "update_selection": {
        "torrent": TORRENT,
        "include": ["*.txt"],
        "exclude": [],
        "skip_fluff": False,
        "priorities": [4],
    },
    "update_options": {
        "torrent": TORRENT,
        "max_connections": 50,
        "max_uploads": 4,
        "super_seeding": False,
        "auto_managed": True,
        "force_start": False,
        "first_last_piece_first": True,
        "pex": True,
        "dht": False,
        "lsd": False,
        "labels": ["greetings"],
        "name": "Greetings",
        "category": "films",
        "ratio_goal": 2.0,
        "seeding_time_goal_s": None,
        "inactive_time_goal_s": 86_400,
        "goal_action": "pause",
        "group": "night",
    },
    "move_in_queue": {"torrents": [TORRENT, OTHER], "where": "top"},
    "set_piece_deadlines": {"torrent": TORRENT, "file": 0, "offset": 0, "length": 65_536, "deadline_ms": 2_000},
    "recheck": {"torrent": TORRENT},
    "reannounce": {"torrent": TORRENT, "tracker": TRACKER.url},
    "update_trackers": {
        "torrent": TORRENT,
        "replace": [{"url": TRACKER.url, "tier": 0}],
        "add": [{"url": DEAD_TRACKER.url, "tier": 1}],
        "remove": ["udp://old.example:6969/announce"],
    },
    "update_web_seeds": {
        "torrent": TORRENT,
        "add": ["https://mirror.example/"],
        "remove": ["https://old.example/"],
    },
    "move_storage": {"torrent": TORRENT, "save_path": f"{SAVE_PATH}/greetings"},
    "relocate_storage": {"torrent": TORRENT, "save_path": f"{SAVE_PATH}/greetings", "dry_run": True, "force": False},
    "rename_file": {"torrent": TORRENT, "index": 0, "path": "greetings/hello.txt"},
    "rename_folder": {"torrent": TORRENT, "path": "greetings", "new_path": "hello"},
    "list_jobs": {},
    "create_torrent": {
        "path": f"{SAVE_PATH}/hello.txt",
        "format": "v1",
        "piece_length": 16_384,
        "trackers": [[TRACKER.url], [DEAD_TRACKER.url]],
        "web_seeds": ["https://mirror.example/"],
        "private": True,
        "source": "EXAMPLE",
        "comment": "a greeting",
        "exclude": ["*.nfo"],
        "output": f"{SAVE_PATH}/hello.torrent",
        "seed": True,
    },
    "cancel_job": {"job": JOB},
    "upload_part": {"upload": "large", "offset": 0, "data": METAINFO},
    "add_peers": {"torrent": TORRENT, "peers": ["192.0.2.7:6881"]},
    "ban_peer": {"peer": "[2001:db8::7]:6881"},
    "unban_peer": {"peer": "192.0.2.7"},
    "put_category": {"name": "films", "save_path": FILMS},
    "remove_category": {"name": "films"},
    "put_group": {"name": "night", "download_bps": 10_000_000, "upload_bps": 1_000_000},
    "remove_group": {"name": "night"},
    "release_torrent": {"torrent": TORRENT},
    "restore_damaged": {"name": f"{OTHER}.json"},
}
"""For each command, all arguments."""

NEEDED: Final[dict[str, dict[str, Any]]] = {"add_torrent": {"magnet": MAGNET}}
"""Arguments that a command needs, although none is required alone."""

RESULTS: Final[dict[str, msgspec.Struct]] = {
    "hello": results.ServerInfo(
        server="ouzel",
        version="0.1.0",
        protocol=1,
        libtorrent="2.1.1.0",
        ops=list(OPERATIONS),
        max_frame_bytes=MAX_FRAME_BYTES,
    ),
    "ping": results.Nothing(),
    "health": HEALTH,
    "stats": reports.StatsReport(
        session=reports.SessionReport(
            download_bps=120_000,
            upload_bps=0,
            downloaded=17_000,
            uploaded=0,
            peers=3,
            listen_port=6881,
            age_ms=250,
        ),
        supervisor=reports.ProcessReport(rss_bytes=52_428_800, cpu_ms=900, fds=31),
        engine=reports.ProcessReport(rss_bytes=33_554_432, cpu_ms=120, fds=24),
        torrents={"downloading": 1, "fetching_metadata": 1},
        ip_filter=reports.IpFilterReport(file="/etc/ouzel/ip_filter.p2p", rules=250_000, bad_lines=1),
        roots=[
            reports.RootReport(
                path="/srv/torrents", free_bytes=750_000_000_000, size_bytes=2_000_000_000_000, age_ms=2100
            )
        ],
    ),
    "get_counters": reports.CountersReport(
        counters={"net.recv_payload_bytes": 17_000, "peer.num_peers_connected": 3}, age_ms=120
    ),
    "get_log": log_results.LogPage(
        lines=[
            log_results.LogRow(
                number=1201,
                time_us=NOW_US,
                level="warning",
                component="engine",
                event="move_delayed",
                fields={"torrent": TORRENT, "problem": "the disk is not mounted", "request": "web-1/7", "gen": 2},
            )
        ],
        cursor=1214,
        more=False,
    ),
    "get_log_levels": LOG_LEVELS,
    "update_log_levels": LOG_LEVELS,
    "get_metrics": MetricsReport(
        categories={"": 3, "films": 40},
        quarantined=1,
        unreadable=0,
        download_limit_bps=0,
        upload_limit_bps=1_000_000,
        requests={"ok": 5120, "unknown_torrent": 2},
        acks=HistogramReport(bounds_s=[0.01, 0.1], counts=[118, 2, 0], sum_s=0.31),
        writes=HistogramReport(bounds_s=[0.01, 0.1], counts=[60, 1, 0], sum_s=0.25),
        changes_written=120,
        failovers=HistogramReport(bounds_s=[0.05, 1.0], counts=[1, 0, 0], sum_s=0.027),
        restores=HistogramReport(bounds_s=[0.05, 1.0], counts=[0, 2, 0], sum_s=0.9),
        loop_lag=HistogramReport(bounds_s=[0.01, 0.1], counts=[3598, 1, 0], sum_s=1.4),
        engine_ends={"crash": 1},
        events=EventLogReport(head=41, kept=41, replays=1, replayed=12, subscribers_lost=0),
        log_lines_lost={"supervisor": 0, "engine": 0},
        hooks={"ok": 4, "failed": 0, "dropped": 0},
        memory=[
            MemoryReport(process="supervisor", held_bytes=52_428_800),
            MemoryReport(process="engine", held_bytes=33_554_432, limit_bytes=3_000_000_000),
        ],
    ),
    "get_spans": SpansPage(
        spans=[
            SpanRow(
                name="durable_write",
                kind="internal",
                trace="4bf92f3577b34da6a3ce929d0e0e4736",
                span="53995c3f42cd8ad8",
                parent="00f067aa0ba902b7",
                start_us=1_767_225_600_000_000,
                end_us=1_767_225_600_004_100,
            )
        ],
        cursor=311,
        more=False,
        dropped=0,
    ),
    "get_goals": GOALS,
    "update_goals": GOALS,
    "get_settings": results.SettingList(
        settings={
            "connections_limit": reports.SettingReport(value=800, default=1000, source=SettingSource.FILE),
            "enable_dht": reports.SettingReport(value=True, default=True, source=SettingSource.DEFAULT),
            "proxy_password": reports.SettingReport(value="(hidden)", default="", source=SettingSource.CLIENT),
        },
        limits=SETTINGS,
    ),
    "snapshot": results.SnapshotPage(health=HEALTH, settings=SETTINGS, torrents=[ROW, WAITING], cursor=None),
    "list_torrents": results.TorrentPage(torrents=[ROW], cursor=TORRENT),
    "get_torrent": rows.TorrentDetail(
        **msgspec.structs.asdict(ROW),
        source="metainfo",
        magnet=None,
        rules=rows.RulesReport(include=["*.txt"], exclude=["*sample*"], skip_fluff=True),
        priorities={"0": 7},
        trackers=["udp://tracker.example:6969/announce"],
        web_seeds=["https://mirror.example/"],
        seed_mode=False,
        files=1,
        piece_length=16_384,
        pieces=4,
        private=False,
        comment="says hello",
        created_by="mktorrent 1.1",
        created_us=NOW_US - 86_400_000_000,
        revision=3,
        applied_revision=2,
        tracker_status=[TRACKER, DEAD_TRACKER],
        bad_data=rows.BadDataReport(
            pieces=1,
            last_piece=2,
            metadata=0,
            metadata_problem=None,
            last_us=NOW_US - 20_000_000,
            banned_peers=["192.0.2.7:6881"],
        ),
        options=TorrentOptions(max_connections=50, first_last_piece_first=True, lsd=False),
    ),
    "list_files": results.FilePage(
        files=[rows.FileRow(index=0, path="hello.txt", size=65_536, priority=7, bytes_done=16_384)],
        cursor=None,
        age_ms=12,
    ),
    "list_web_seeds": results.WebSeedList(web_seeds=[peer_rows.WebSeedRow(url="https://mirror.example/")]),
    "list_trackers": results.TrackerList(trackers=[TRACKER, DEAD_TRACKER], age_ms=12),
    "piece_map": results.PieceReport(pieces=4, have=b"\xa0", availability=bytes([3, 255, 2, 0]), age_ms=3),
    "export_torrent": making_results.TorrentExport(
        metainfo=METAINFO, magnet=f"magnet:?xt=urn:btih:{TORRENT}&dn=hello.txt"
    ),
    "list_jobs": making_results.JobList(
        jobs=[
            making_results.JobRow(
                job=JOB,
                path=f"{SAVE_PATH}/hello.txt",
                state=making_results.JobState.RUNNING,
                bytes_done=16_384,
                bytes_total=65_536,
                created_us=NOW_US - 1_000_000,
                output=f"{SAVE_PATH}/hello.torrent",
            )
        ]
    ),
    "create_torrent": making_results.JobAccepted(job=JOB),
    "cancel_job": making_results.JobAccepted(job=JOB),
    "list_bans": results.BanList(addresses=["192.0.2.7", "2001:db8::7"]),
    "list_categories": results.CategoryList(categories=[results.CategoryReport(name="films", save_path=FILMS)]),
    "list_groups": group_results.GroupList(groups=[GROUP]),
    "list_peers": results.PeerList(peers=[PEER], connected=1, age_ms=3),
    "replay": results.Replayed(
        events=[
            EventFrame(
                epoch=EPOCH,
                seq=40,
                gen=GEN,
                ts_us=NOW_US - 800_000,
                type="engine_started",
                data={"pid": 4242, "restarts": 1},
            ),
            EventFrame(
                epoch=EPOCH,
                seq=41,
                gen=GEN,
                ts_us=NOW_US - 12_000,
                type="state_changed",
                torrent=TORRENT,
                data={"state": "downloading", "previous": "downloading"},
            ),
        ],
        head=41,
    ),
    "list_damaged": results.DamagedList(
        files=[
            results.DamagedReport(
                name=f"{OTHER}.json",
                torrent=OTHER,
                kind="record",
                size=512,
                put_aside_us=NOW_US,
                problem="it is damaged: its checksum does not fit; delete that line if the file was edited on purpose",
            )
        ]
    ),
    "list_crashes": results.CrashList(crashes=[CrashSummary(**_DEATH)]),
    "get_crash": CrashReport(
        **_DEATH,
        stacks='Current thread 0x00007f (most recent call first):\n  File "engine.py", line 7 in run\n',
        log=["engine: ready"],
        flight=[{"what": "command ensure_torrent", "torrent": TORRENT, "age_us": 180}],
        versions={"ouzel": "0.1.0", "libtorrent": "2.1.1.0"},
        settings={"engine": {"listen_interfaces": "0.0.0.0:6881"}},
    ),
    "add_torrent": results.AddAccepted(torrent=TORRENT, duplicate=False),
    "remove_torrent": results.TorrentAccepted(torrent=TORRENT),
    "pause": results.TorrentAccepted(torrent=TORRENT),
    "resume": results.TorrentAccepted(torrent=TORRENT),
    "set_sequential": results.SequentialAccepted(torrent=TORRENT, sequential=True),
    "update_limits": reports.SettingsReport(download_bps=0, upload_bps=50_000, alternative=SETTINGS.alternative),
    "update_settings": results.SettingList(
        settings={
            "connections_limit": reports.SettingReport(value=500, default=1000, source=SettingSource.CLIENT),
            "enable_dht": reports.SettingReport(value=True, default=True, source=SettingSource.DEFAULT),
            "user_agent": reports.SettingReport(
                value="example/1.0", default="libtorrent/2.1.1.0", source=SettingSource.CLIENT
            ),
        }
    ),
    "update_selection": results.TorrentAccepted(torrent=TORRENT),
    "update_options": results.TorrentAccepted(torrent=TORRENT),
    "move_in_queue": results.QueueMoved(torrents=[TORRENT, OTHER]),
    "set_piece_deadlines": results.TorrentAccepted(torrent=TORRENT),
    "recheck": results.TorrentAccepted(torrent=TORRENT),
    "reannounce": results.TorrentAccepted(torrent=TORRENT),
    "update_trackers": results.TorrentAccepted(torrent=TORRENT),
    "update_web_seeds": results.TorrentAccepted(torrent=TORRENT),
    "move_storage": results.TorrentAccepted(torrent=TORRENT),
    "relocate_storage": results.StorageRelocated(
        torrent=TORRENT, save_path=f"{SAVE_PATH}/greetings", files=2, missing=["greetings/hello.txt"]
    ),
    "rename_file": results.TorrentAccepted(torrent=TORRENT),
    "rename_folder": results.TorrentAccepted(torrent=TORRENT),
    "upload_part": results.PartAccepted(upload="large", size=len(METAINFO)),
    "add_peers": results.PeersAccepted(torrent=TORRENT, added=1),
    "ban_peer": results.BanAccepted(address="2001:db8::7"),
    "unban_peer": results.BanAccepted(address="192.0.2.7"),
    "put_category": results.CategoryReport(name="films", save_path=FILMS),
    "remove_category": results.CategoryRemoved(name="films"),
    "put_group": GROUP,
    "remove_group": group_results.GroupRemoved(name="night"),
    "release_torrent": results.TorrentAccepted(torrent=TORRENT),
    "restore_damaged": results.DamagedRestored(torrent=OTHER, files=[f"{OTHER}.json"]),
}

CUT: Final = results.CutPage(
    torrents=[results.CutRow(torrent=TORRENT, state=TorrentState.DOWNLOADING, progress=0.5)], cursor=None
)

EVENTS: Final[tuple[event.Event, ...]] = (
    torrent_events.TorrentAdded(
        torrent=TORRENT,
        name="hello.txt",
        save_path=SAVE_PATH,
        paused=False,
        labels=["greetings"],
        added_us=NOW_US - 60_000_000,
        category="films",
    ),
    torrent_events.TorrentRemoved(torrent=TORRENT, delete_files=True),
    torrent_events.MetadataUpdated(torrent=TORRENT, name="hello.txt", size=65_536, piece_length=16_384, files=1),
    torrent_events.FilesDiscovered(
        torrent=TORRENT, files=[torrent_events.FileEntry(0, "hello.txt", 65_536, 7)], truncated=False
    ),
    torrent_events.StateChanged(torrent=TORRENT, state=TorrentState.DOWNLOADING, previous=TorrentState.CHECKING),
    torrent_events.Completed(torrent=TORRENT, bytes_done=32_768),
    torrent_events.FileCompleted(torrent=TORRENT, index=0),
    torrent_events.TorrentError(
        torrent=TORRENT,
        name="engine_lost",
        message="the engine was lost; the torrent goes on as soon as the next one is up",
        recoverable=True,
    ),
    torrent_events.ErrorCleared(torrent=TORRENT),
    torrent_events.TrackerStatusChanged(
        torrent=TORRENT, url=DEAD_TRACKER.url, status=TrackerStatus.ERROR, message=DEAD_TRACKER.message
    ),
    torrent_events.SelectionChanged(torrent=TORRENT, selected=1, files=1),
    torrent_events.StorageMoved(torrent=TORRENT, save_path=f"{SAVE_PATH}/greetings"),
    torrent_events.FilesRenamed(torrent=TORRENT, files={"0": "greetings/hello.txt"}),
    torrent_events.GoalReached(torrent=TORRENT, goal="ratio", action="pause"),
    torrent_events.Quarantined(torrent=TORRENT, reason="two engines crashed while they loaded it", crash_report=CRASH),
    torrent_events.Released(torrent=TORRENT),
    session_events.LimitsApplied(torrent=None, download_bps=0, upload_bps=1_000_000),
    session_events.LimitsStale(torrent=TORRENT, download_bps=0, upload_bps=50_000, message="upload_bps is 0"),
    session_events.SettingsChanged(changed=["limits.upload_bps"], overridden=[], restart_needed=["paths.runtime_dir"]),
    session_events.SessionError(name="disk_full", message="/srv: no room (torrents that wait: 1, bytes free: 0)"),
    session_events.HealthChanged(status=HealthStatus.DEGRADED, reasons=[REASON]),
    session_events.EngineStarted(pid=4242, restarts=1),
    session_events.EngineLost(pid=4201, exit_code=None, signal="SIGSEGV", retry_ms=0, killed_for=None),
    session_events.Reconciled(torrent=TORRENT, what="it was paused in the session", done="resumed"),
    job_events.JobFinished(job=JOB, torrent=TORRENT, output=f"{SAVE_PATH}/hello.torrent"),
    torrent_events.Progress(
        torrent=TORRENT,
        state=TorrentState.DOWNLOADING,
        progress=0.5,
        bytes_done=16_384,
        bytes_total=32_768,
        size=65_536,
        downloaded=17_000,
        uploaded=0,
        wasted=616,
        download_bps=120_000,
        upload_bps=0,
        peers=3,
        seeds=1,
    ),
    job_events.JobProgress(job=JOB, bytes_done=16_384, bytes_total=65_536),
    session_events.Tick(head=SEQ, status=HealthStatus.HEALTHY),
)
"""One event of each type."""


def needed(op: str) -> dict[str, Any]:
    """The minimal arguments of a command."""
    required = {field.name for field in msgspec.structs.fields(OPERATIONS[op].arguments) if field.required}
    return NEEDED.get(op) or {name: value for name, value in ARGUMENTS[op].items() if name in required}


def request(number: int, op: str, args: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The map of a request."""
    assert set(more) <= set(Request.__struct_fields__)
    return {"v": 1, "id": f"example-{number}", "op": op, **({"args": args} if args else {}), **more}
