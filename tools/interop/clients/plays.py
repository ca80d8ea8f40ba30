"""The list of all plays, with one row for each program."""

from typing import Final

from tools.interop.clients.play import Play
from tools.interop.clients.played import autobrr, cross_seed, sonarr
from tools.interop.clients.real import (
    exporters,
    flexget,
    home_assistant_qbittorrent,
    home_assistant_transmission,
    qbit_manage,
    remote_gtk,
    transmission_remote,
    tremc,
)

PLAYS: Final = (
    Play("transmission-remote", transmission_remote.play, debian="transmission-cli"),
    Play("transmission-remote-gtk", remote_gtk.play, debian="transmission-remote-gtk"),
    Play("tremc", tremc.play, pypi=("tremcf==0.9.6.2",)),
    Play("qbit-manage", qbit_manage.play, pypi=("qbit-manage==4.14.0",)),
    Play("Flexget", flexget.play, pypi=("flexget==3.22.8", "transmission-rpc==7.0.12", "qbittorrent-api")),
    Play(
        "prometheus-qbittorrent-exporter",
        exporters.play_qbittorrent,
        pypi=("prometheus-qbittorrent-exporter==1.7.0",),
    ),
    Play(
        "downloader-exporter",
        exporters.play_transmission,
        pypi=(
            "downloader-exporter==0.4.2",  # later ones are without their modules
            "attrdict3",
            "deluge-client",
            "loguru",
            "prometheus-client",
            "pyyaml",
            "qbittorrent-api",
            "transmission-rpc<4",
        ),
        bare=True,
    ),
    Play("qbittorrent-api as in Home Assistant", home_assistant_qbittorrent.play, pypi=("qbittorrent-api",)),
    Play("transmission-rpc as in Home Assistant", home_assistant_transmission.play, pypi=("transmission-rpc==7.0.12",)),
    Play("Sonarr", sonarr.play),
    Play("autobrr", autobrr.play),
    Play("cross-seed", cross_seed.play),
)
