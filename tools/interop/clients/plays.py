"""All plays. A program is one row."""

from typing import Final

from tools.interop.clients.play import Play
from tools.interop.clients.played import sonarr
from tools.interop.clients.real import transmission_remote

PLAYS: Final = (
    Play("transmission-remote", transmission_remote.play, debian="transmission-cli"),
    Play("Sonarr", sonarr.play),
)
