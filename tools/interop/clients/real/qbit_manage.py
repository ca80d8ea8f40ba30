"""qbit-manage: one run over three torrents."""

from typing import Final

from tools.interop.clients.play import Scene
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

CONFIG: Final = """
commands:
  recheck: true
  cat_update: true
  tag_update: true
  rem_unregistered: false
  tag_tracker_error: true
  rem_orphaned: true
  tag_nohardlinks: true
  share_limits: true
qbt:
  host: http://127.0.0.1:{port}
  user: {user}
  pass: {password}
settings:
  force_auto_tmm: false
  tracker_error_tag: issue
  nohardlinks_tag: noHL
  share_limits_tag: ~share_limit
  share_limits_min_seeding_time_tag: MinSeedTimeNotReached
  share_limits_min_num_seeds_tag: MinSeedsNotMet
  share_limits_last_active_tag: LastActiveLimitNotReached
directory:
  root_dir: {root}
  recycle_bin: {more}/bin
  orphaned_dir: {more}/orphans
cat:
  films: {root}/films
  other: {root}
tracker:
  127.0.0.1:
    cat: films
    tag: local
  other:
    tag: other
nohardlinks:
  - films
share_limits:
  local:
    priority: 1
    include_all_tags: [local]
    max_ratio: 5.0
    max_seeding_time: 90d
    limit_upload_speed: 300
    add_group_to_tag: true
recyclebin:
  enabled: true
  empty_after_x_days: 60
orphaned:
  empty_after_x_days: 60
  min_file_age_minutes: 0
"""
NAME: Final = "A documentary"


def play(scene: Scene) -> None:
    """Categories, tags, share limits, files without hard links, orphaned files, and a recheck."""
    stage, step = scene.stage, scene.steps.step
    made = stage.make(NAME)
    config = stage.home / "config"
    config.mkdir()
    values = {"port": stage.port, "user": USERNAME, "password": PASSWORD}
    root = stage.daemon.downloads
    (config / "config.yml").write_text(CONFIG.format(**values, root=root, more=stage.more))
    films = root / "films"
    films.mkdir()

    def manage() -> str:
        argv = [scene.venv.program("qbit-manage"), "--run", "--web-server=False", "--config-dir", str(config)]
        said = stage.run(argv, QBT_RUN="true")
        bad = [line for line in said.splitlines() if "ERROR" in line or "CRITICAL" in line or "Traceback" in line]
        assert not bad, bad
        return said

    stage.daemon.client.add_torrent(metainfo=made.metainfo, save_path=str(films))
    with step("one run with the engine killed half way"):
        stage.kill_half_way(made)
        manage()
        stage.complete(made)
    with step("category and tags"):
        manage()
        row = stage.row(made)
        assert row.category == "films"
        assert {"local", "noHL"} <= set(row.labels), row.labels
        assert "issue" not in row.labels
    with step("share limits"):
        options = stage.daemon.client.get_torrent(made.torrent).options
        assert (options.ratio_goal, options.seeding_time_goal_s) == (5.0, 90 * 86_400)
        assert stage.row(made).upload_limit_bps == 300 * 1024
    with step("an orphaned file"):
        (films / "orphan.txt").write_text("nobody has it")
        manage()
        assert not (films / "orphan.txt").exists()
        assert list(stage.more.rglob("orphan.txt"))
        assert (films / NAME / "film.mkv").exists()
    with step("a recheck of a stopped torrent, which is resumed"):
        stage.daemon.client.pause(made.torrent)
        stage.until_row(made, lambda row: row.paused and row.state == "paused", "it is paused")
        manage()
        until(lambda: not stage.row(made).paused, "it runs")
