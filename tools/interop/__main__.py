"""`scripts/interop`: exchanges torrents with other programs, and reports each transfer."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tools.bench.options import AsJson, Keep
from tools.bench.report import Check, Report, mb, show, tell
from tools.interop import makers, network, packages, servers, transfers
from tools.interop.clients import report as clients
from tools.interop.differential import report as differential
from tools.interop.imports import report as imports
from tools.interop.makers import NAME
from tools.interop.packages import CannotRun
from tools.interop.page import report as page
from tools.interop.programs import PROGRAMS
from tools.interop.servers import Proof
from tools.interop.tracker import ANNOUNCE, OpenTracker
from tools.interop.transfers import FILES, Outcome
from tools.interop.web_uis import report as web_uis
from tools.interop.webapi import place, suite
from tools.interop.webapi import report as webapi
from tools.rig import payload
from tools.rig.daemon import Daemon
from tools.rig.scratch import scratch, unwinding

EXIT_CANNOT_RUN: Final = 77
PAGES: Final = {page.PAGE: page.run, web_uis.NAME: web_uis.run}
"""Parts that use a browser and nothing of the network."""
NAMES: Final = {
    differential.NAME,
    *clients.NAMES,
    imports.IMPORTS,
    *PAGES,
    webapi.NAME,
    *(program.name.lower() for program in PROGRAMS),
}


def interop(
    only: Annotated[str, typer.Option(metavar="NAME", help=f"One part: {', '.join(sorted(NAMES))}.")] = "",
    as_json: AsJson = False,
    keep: Keep = False,
    both: Annotated[bool, typer.Option("--both", help="Run qbittorrent-api against qbittorrent-nox, too.")] = False,
) -> None:
    """Exchange torrents with aria2, qBittorrent and Transmission, found by a real tracker (opentracker).

    Then Ouzel uses a web seed, a SOCKS5 proxy and a tracker over HTTPS. At last `ouzel import` adds profiles of
    qBittorrent and Transmission to a fresh Ouzel. Each profile has 100 half-done torrents. Needs root: each program has
    a network namespace of its own. Missing packages of Debian are installed. Their services are not started, but may be
    at the next boot. Takes four minutes.

    The parts `page` and `web-uis` are run only if they are named. The first uses the gateway's page in Chromium, the
    other one Flood and Transmission's page on the gateway. Each takes four minutes.

    The part `differential` only runs if it is named. It sends the same calls to the gateway, to qbittorrent-nox and to
    transmission-daemon, and compares the answers. It takes three minutes.

    The part qbittorrent-api only runs if it is named. It downloads the test suite of that Python package, and runs the
    suite against the gateway. With --both it compares the outcomes with those against qbittorrent-nox.

    The part `clients` only runs if it, or one of its programs, is named. It uses programs that people have for
    qBittorrent and Transmission against the gateway. Some are installed from PyPI. It takes ten minutes.

    Exit codes: 0 if all files are equal and all imported data is right, 1 if not. 2 for wrong usage. 77 if the programs
    cannot run here.
    """
    if only and only.lower() not in NAMES:
        raise typer.BadParameter(f"it is {' or '.join(sorted(NAMES))}", param_hint="--only")
    if only.lower() == webapi.NAME:
        _run_suite(both=both, as_json=as_json, keep=keep)
        return
    if only.lower() == differential.NAME:
        _run_differential(as_json=as_json, keep=keep)
        return
    try:
        versions = packages.prepare()
        if only.lower() in PAGES:
            with scratch(keep=keep) as root:
                result = PAGES[only.lower()](root)
            show(result, as_json=as_json)
            return
        if only.lower() in clients.NAMES:
            with scratch(keep=keep) as root:
                result = clients.run(root, versions, only.lower())
            show(result, as_json=as_json)
            return
        network.enter()
    except CannotRun as problem:
        tell(f"cannot run here: {problem}")
        raise typer.Exit(EXIT_CANNOT_RUN) from None
    with scratch(keep=keep) as root:
        root.chmod(0o711)  # the tracker runs as another user
        reports: list[Report] = []
        if only.lower() != imports.IMPORTS:
            hashes, outcomes, proofs = _run(root, only.lower())
            reports += [] if only or as_json else [_table_of_servers(proofs)]
            reports.append(_report(versions, hashes, outcomes, proofs))
        if not only or only.lower() == imports.IMPORTS:
            reports.append(imports.report(versions, imports.run(root)))
    show(*reports, as_json=as_json)


def _run_suite(*, both: bool, as_json: bool, keep: bool) -> None:
    with scratch(keep=keep, below=place.OUTSIDE) as root:
        try:
            packages.prepare()
            installed = suite.install(root)
            place.enter()
            outcome = webapi.run(root, installed, both=both)
        except CannotRun as problem:
            tell(f"cannot run here: {problem}")
            raise typer.Exit(EXIT_CANNOT_RUN) from None
    show(outcome, as_json=as_json)


def _run_differential(*, as_json: bool, keep: bool) -> None:
    with scratch(keep=keep, below=place.OUTSIDE) as root:
        try:
            packages.prepare()
            place.enter()
            outcome = differential.run_all(root)
        except CannotRun as problem:
            tell(f"cannot run here: {problem}")
            raise typer.Exit(EXIT_CANNOT_RUN) from None
    show(outcome, as_json=as_json)


def _run(root: Path, only: str) -> tuple[Check, list[Outcome], list[Proof]]:
    tell("making the torrents")
    with Daemon(root / "maker") as daemon:
        content = payload.make(daemon.downloads, NAME, FILES).root / NAME
        cases = transfers.cases(daemon)
        hashes = _piece_hashes(daemon)
    served = root / "tracker"
    served.mkdir()
    outcomes: list[Outcome] = []
    proofs: list[Proof] = []  # none if only one program was asked for
    with OpenTracker(served, {case.made.tracked for case in cases}) as tracker:
        for number, case in enumerate(cases):
            if only and case.program.name.lower() != only:
                continue
            directory = root / f"{number}"
            directory.mkdir()
            outcome = transfers.run(case, directory, content, tracker)
            outcomes.append(outcome)
            tell(f"{_what(outcome)}: {'equal' if outcome.ok else outcome.problem}")
        if not only:
            [case] = (case for case in cases if case.program is PROGRAMS[0] and not case.ouzel_seeds)
            proofs = servers.prove(root / "servers", case.made, content, case.program, tracker)
    return hashes, outcomes, proofs


def _piece_hashes(daemon: Daemon) -> Check:
    """Compares the piece hashes of Ouzel's and Transmission's torrent for the same payload and piece length."""
    ours, theirs = (
        makers.make(maker, daemon, daemon.downloads / f"pieces {maker}.torrent", "v1", ANNOUNCE["http"]).info
        for maker in (makers.OUZEL, "transmission-create")
    )
    same = ours[b"pieces"] == theirs[b"pieces"] and ours[b"files"] == theirs[b"files"]
    found = f"{len(ours[b'pieces']) // 20} hashes, {'equal' if same else 'different'}"
    return Check("piece hashes and files of v1 by Ouzel, and by transmission-create", found, "equal", same)


def _what(outcome: Outcome) -> str:
    case = outcome.case
    seed, download = ("Ouzel", case.program.name) if case.ouzel_seeds else (case.program.name, "Ouzel")
    return f"{case.made.format} by {case.made.maker}, {seed} to {download}"


def _report(versions: dict[str, str], hashes: Check, outcomes: list[Outcome], proofs: list[Proof]) -> Report:
    rows, documents = [], []
    checks = [hashes]
    for outcome in outcomes:
        case = outcome.case
        program = f"{case.program.name} {versions[case.program.package]}"
        seed, download = ("Ouzel", program) if case.ouzel_seeds else (program, "Ouzel")
        seconds = "-" if outcome.seconds is None else f"{outcome.seconds:.1f} s"
        sha1 = "equal" if outcome.ok else "DIFFERENT"
        rows.append((f"{case.made.format} by {case.made.maker}", seed, download, case.tracker, seconds,
                     mb(outcome.payload_bytes), outcome.client or "-", sha1))  # fmt: skip
        document: dict[str, Any] = {
            "format": case.made.format,
            "made_by": case.made.maker,
            "seed": seed,
            "download": download,
            "tracker": case.tracker,
            "seconds": outcome.seconds,
            "payload_bytes": outcome.payload_bytes,
            "client": outcome.client,
            "sha1_equal": outcome.ok,
            "problem": outcome.problem,
        }
        documents.append(document)
    good = sum(outcome.ok for outcome in outcomes)
    checks.append(Check("transfers with equal files", f"{good}", f"{len(outcomes)}", good == len(outcomes)))
    if proofs:
        good = sum(proof.ok for proof in proofs)
        checks.append(Check("other servers that work", f"{good}", f"{len(proofs)}", good == len(proofs)))
    return Report(
        "interop",
        ("TORRENT", "SEED", "DOWNLOAD", "TRACKER", "TIME", "PAYLOAD", "PEER", "SHA-1"),
        rows,
        checks,
        (
            f"The payload has {mb(sum(FILES.values()))} in {len(FILES)} files. PAYLOAD is what Ouzel has counted, PEER"
            " how Ouzel's list_peers names the other program. The tracker is opentracker; there is no other source of"
            " peers. Transmission 3.00 takes ten seconds to unchoke a peer, and over TCP it often sends the last block"
            " ten seconds late; Ouzel makes no uTP connections by default.",
        ),
        {
            "payload": sum(FILES.values()),
            "versions": versions,
            "transfers": documents,
            "servers": [proof._asdict() for proof in proofs],
        },
    )


def _table_of_servers(proofs: list[Proof]) -> Report:
    rows = [(proof.what, proof.server, f"{proof.seconds:.1f} s", proof.seen) for proof in proofs]
    return Report("servers", ("WHAT", "SERVER", "TIME", "SEEN"), rows, (), (), {})


if __name__ == "__main__":
    with unwinding():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(interop)
        app(prog_name="scripts/interop")
