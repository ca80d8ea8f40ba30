"""An example of each command, for `--help` and the manual page."""

from collections.abc import Iterator, Mapping
from typing import Final

import typer

from ouzel.cli.failure import EXIT_CODES_HELP

EXAMPLES: Final[Mapping[str, str]] = {
    "add": "ouzel add debian.torrent --save-path /srv/torrents/linux --label linux --wait",
    "ls": "ouzel ls --state downloading --sort eta",
    "show": "ouzel show 72fb69",
    "peers": "ouzel peers debian --add 192.0.2.7:6881",
    "pieces": "ouzel pieces 72fb69",
    "watch": "ouzel watch 72fb69",
    "top": "ouzel top",
    "pause": "ouzel pause --label linux",
    "resume": "ouzel resume 72fb69 8a3c12",
    "recheck": "ouzel recheck debian",
    "announce": "ouzel announce --all",
    "trackers": "ouzel trackers 72fb69 --add udp://tracker.example.org:6969/announce --tier 1",
    "webseeds": "ouzel webseeds 72fb69 --add https://example.org/files/",
    "rm": "ouzel rm 72fb69 --delete-files",
    "release": "ouzel release 72fb69",
    "limit": "ouzel limit --down 10M --up 1M",
    "files": "ouzel files 72fb69 --include '*.mkv' --sequential",
    "move": "ouzel move 72fb69 debian /srv/torrents/linux --wait",
    "rename": "ouzel rename 72fb69 debian/a.iso debian/images/a.iso",
    "relocate": "ouzel relocate --from /mnt/old --to /srv/torrents --dry-run",
    "options": "ouzel options 72fb69 --max-uploads 4 --first-last-piece-first",
    "queue": "ouzel queue 72fb69 8a3c12 top",
    "deadline": "ouzel deadline 72fb69 0 --offset 10M --length 4M --within 3",
    "goals": "ouzel goals 72fb69 --ratio 2 --seeding-time 7d --action remove",
    "export": "ouzel export 72fb69 -o debian.torrent",
    "create": "ouzel create /srv/torrents/album --tracker udp://tracker.example.org:6969/announce --seed",
    "jobs": "ouzel jobs",
    "cancel": "ouzel cancel 5c1e07ab",
    "ban": "ouzel ban 203.0.113.7",
    "unban": "ouzel unban 203.0.113.7",
    "health": "ouzel health --json",
    "doctor": "ouzel doctor --config /etc/ouzel/ouzel.toml",
    "events": "ouzel events --progress --torrent 72fb69",
    "logs": "ouzel logs --follow --level warning",
    "log-level": "ouzel log-level libtorrent debug",
    "ping": "ouzel ping",
    "stats": "ouzel stats --counters 'peer.*'",
    "backup": "ouzel backup ouzel.tar.gz --config /etc/ouzel/ouzel.toml",
    "restore": "ouzel restore ouzel.tar.gz --config /etc/ouzel/ouzel.toml --map /data=/srv/data --dry-run",
    "categories": "ouzel categories",
    "categories put": "ouzel categories put films --save-path /srv/torrents/films",
    "categories remove": "ouzel categories remove films",
    "categories assign": "ouzel categories assign films 72fb69",
    "groups": "ouzel groups",
    "groups put": "ouzel groups put night --down 10M --up 1M",
    "groups remove": "ouzel groups remove night",
    "groups assign": "ouzel groups assign night 72fb69",
    "keys new": "ouzel keys new laptop --role read",
    "crashes": "ouzel crashes",
    "crashes show": "ouzel crashes show 20261130T120000Z-7",
    "damaged list": "ouzel damaged list",
    "damaged restore": "ouzel damaged restore 72fb69a1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7.json",
    "import qbittorrent": "ouzel import qbittorrent ~/.local/share/qBittorrent --map /downloads=/srv --dry-run",
    "import transmission": "ouzel import transmission /var/lib/transmission-daemon/.config/transmission-daemon",
    "settings": "ouzel settings --changed",
    "settings set": "ouzel settings set connections_limit 500 enable_dht false",
    "settings reset": "ouzel settings reset connections_limit",
}
"""The example of each command, by its words after `ouzel`."""


def add_to(app: typer.Typer) -> None:
    """Shows the example of each command, and the exit codes, at the end of its help."""
    for words, info in commands(app):
        info.epilog = f"Example: {EXAMPLES[words]}\n\n{EXIT_CODES_HELP}"


_Info = typer.models.CommandInfo | typer.models.TyperInfo


def commands(app: typer.Typer, before: str = "") -> Iterator[tuple[str, _Info]]:
    """All commands below an application, by their words. A group is a command if it does something by itself."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield before + (command.name or command.callback.__name__), command
    for group in app.registered_groups:
        inner = group.typer_instance
        assert inner is not None
        assert group.name is not None
        if inner.info.invoke_without_command:
            yield before + group.name, group
        yield from commands(inner, f"{before}{group.name} ")
