"""`scripts/bench`: the list of benchmarks."""

import typer

from tools.bench.backup.backup import backup
from tools.bench.engine.crash import crash
from tools.bench.engine.failover import failover
from tools.bench.engine.flight import flight
from tools.bench.engine.hangs import hangs
from tools.bench.engine.kills import kills
from tools.bench.engine.poison import poison
from tools.bench.engine.sandbox import sandbox
from tools.bench.gateway.gateway import gateway
from tools.bench.gateway.metrics import metrics
from tools.bench.many.many import many
from tools.bench.service.acknowledged import acknowledged
from tools.bench.service.globs import globs
from tools.bench.service.leaks import leaks
from tools.bench.service.limit import limit
from tools.bench.service.limits import limits
from tools.bench.service.log import log
from tools.bench.service.moves import moves
from tools.bench.service.names import names
from tools.bench.service.store import store
from tools.bench.service.throughput import throughput
from tools.bench.wire.fuzz import fuzz
from tools.bench.wire.wire import wire
from tools.rig.scratch import unwinding

app = typer.Typer(
    help="Benchmarks of Ouzel on this machine, over loopback, in a temporary directory (below TMPDIR).\n\n"
    "`scripts/bench compare` compares Ouzel with other programs. It has its own `--help`.",
    epilog="Exit code 0 when all is right, whatever the figures; 1 when something is wrong, such as a SHA-1.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for benchmark in (
    throughput,
    limit,
    limits,
    kills,
    crash,
    acknowledged,
    many,
    flight,
    leaks,
    failover,
    sandbox,
    poison,
    hangs,
    wire,
    fuzz,
    names,
    moves,
    log,
    globs,
    store,
    gateway,
    metrics,
    backup,
):
    app.command()(benchmark)

if __name__ == "__main__":
    with unwinding():
        app(prog_name="scripts/bench")
