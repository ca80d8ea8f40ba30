"""Flexget: sends the entries of a feed on loopback to qBittorrent and to Transmission."""

import re
from typing import Final

from tools.interop.clients.play import Scene
from tools.interop.clients.real.feed import Feed
from tools.rig.gateway import PASSWORD, USERNAME
from tools.rig.waiting import until

CONFIG: Final = """
tasks:
  to-qbittorrent:
    rss: {feed}
    regexp: {{accept: ["For qBittorrent"]}}
    qbittorrent:
      {login}
      path: {path}
      label: films
      tags: [flexget, feed]
      maxupspeed: 500
      ratio_limit: 1.5
      seeding_time_limit: 2 hours
      fail_html: no
  to-transmission:
    rss: {feed}
    regexp: {{accept: ["For Transmission"]}}
    transmission:
      {login}
      path: {path}
      labels: [flexget]
      ratio: 1.5
      bandwidth_priority: 1
  from-qbittorrent:
    from_qbittorrent: {{{flow}}}
    accept_all: yes
    disable: [seen, seen_info_hash]
    exec: "true"
  from-transmission:
    from_transmission: {{{flow}}}
    accept_all: yes
    disable: [seen, seen_info_hash]
    exec: "true"
  purge:
    from_transmission: {{{flow}}}
    accept_all: yes
    disable: [seen, seen_info_hash]
    transmission:
      {login}
      action: purge
"""


def play(scene: Scene) -> None:
    """Runs each plugin once."""
    stage, step = scene.stage, scene.steps.step
    first, second = stage.make("For qBittorrent"), stage.make("For Transmission")
    values = {"host": "127.0.0.1", "port": str(stage.port), "username": USERNAME, "password": PASSWORD}
    login = "\n      ".join(f"{name}: {value}" for name, value in values.items())
    flow = ", ".join(f"{name}: {value}" for name, value in values.items())

    def execute(task: str) -> str:
        said = stage.run(
            [scene.venv.program("flexget"), "-c", str(stage.home / "config.yml"), "--loglevel", "verbose",
             "execute", "--tasks", task, "--now", "--dump", "accepted"],
        )  # fmt: skip
        bad = [line for line in said.splitlines() if re.search("ERROR|CRITICAL|WARNING|Traceback", line)]
        assert not bad, bad
        return said

    with Feed({made.name: made.metainfo for made in (first, second)}) as feed:
        (stage.home / "config.yml").write_text(CONFIG.format(feed=feed.url, path=stage.more, login=login, flow=flow))
        with step("a feed's entry to qBittorrent"):
            execute("to-qbittorrent")
            row = stage.row(first)
            assert (row.category, set(row.labels)) == ("films", {"flexget", "feed"})
            assert (row.save_path, row.upload_limit_bps) == (str(stage.more), 500 * 1024)
            assert not stage.knows(second)
        with step("the engine killed half way"):
            stage.kill_half_way(first)
            stage.complete(first)
        with step("a feed's entry to Transmission"):
            execute("to-transmission")
            row = stage.row(second)
            assert (row.labels, row.save_path) == (["flexget"], str(stage.more))
        with step("nothing is added twice"):
            for task in ("to-qbittorrent", "to-transmission"):
                execute(task)
            assert len(list(stage.daemon.client.list_ids())) == 2
        with step("entries from qBittorrent"):
            said = execute("from-qbittorrent")
            assert first.name in said
            assert second.name in said
        with step("entries from Transmission, the engine killed half way"):
            stage.kill_half_way(second)
            said = execute("from-transmission")
            assert first.name in said
            assert second.name in said
            stage.complete(second)
        with step("purge them all"):
            said = execute("purge")
            assert f"purged {first.name}" in said, said[-1500:]
            assert f"purged {second.name}" in said, said[-1500:]
            until(lambda: not list(stage.daemon.client.list_ids()), "all are removed")
            until(lambda: not (stage.more / first.name).exists(), "the files are deleted")
