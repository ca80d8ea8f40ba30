#!/bin/sh
# The command line of Ouzel. Without another choice it uses the daemon of this system.
OUZEL_PATHS_RUNTIME_DIR=${OUZEL_PATHS_RUNTIME_DIR-/run/ouzel}
export OUZEL_PATHS_RUNTIME_DIR
exec /usr/lib/ouzel/bin/ouzel "$@"
