"""`scripts/bench`: the list of benchmarks."""

import typer

from tests.bench.acknowledged import acknowledged
from tests.bench.crash import crash
from tests.bench.failover import failover
from tests.bench.flight import flight
from tests.bench.fuzz import fuzz
from tests.bench.globs import globs
from tests.bench.hangs import hangs
from tests.bench.kills import kills
from tests.bench.leaks import leaks
from tests.bench.limit import limit
from tests.bench.log import log
from tests.bench.many import many
from tests.bench.names import names
from tests.bench.poison import poison
from tests.bench.sandbox import sandbox
from tests.bench.store import store
from tests.bench.throughput import throughput
from tests.bench.wire import wire
from tests.rig.scratch import unwinding

app = typer.Typer(
    help="Measures Ouzel on this machine, over loopback, in a temporary directory (TMPDIR says where).",
    epilog="Exit code 0 when all is right, whatever the figures; 1 when something is wrong, such as a SHA-1.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for benchmark in (
    throughput,
    limit,
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
    log,
    globs,
    store,
):
    app.command()(benchmark)

if __name__ == "__main__":
    with unwinding():
        app(prog_name="scripts/bench")
