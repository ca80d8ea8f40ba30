# Sourced by each client's `build` and `run`: finds compilers and package managers, or installs them where this user may.
# The caller says `set -euo pipefail` and stands in its own folder.
#
#   need COMMAND PACKAGE…               COMMAND is found, or Debian's PACKAGEs are installed, or the build is not run
#   need_library PC_NAME PACKAGE…       the same for what pkg-config knows
#   need_version NAME FOUND LEAST HOW   FOUND is LEAST or later, or the build is not run; HOW says what to install
#   not_run WHY…                        exit 69, with one line for the matrix
#   up_to_date FILE…                    whether mark_built was said about these very files, in this folder; waits for
#                                       another build of the same client, and keeps others waiting until this one ends
#   mark_built FILE…

# Toolchains outside of PATH, below the home of the password database too: HOME may be another one, or not be set.
_home=$(getent passwd "$EUID" | cut -d: -f6 || true)
_home=${_home:-${HOME-}}
PATH=$PATH:/usr/local/go/bin:$_home/.cargo/bin
if [[ -d $_home/.rustup ]]; then
    export RUSTUP_HOME=${RUSTUP_HOME:-$_home/.rustup} CARGO_HOME=${CARGO_HOME:-$_home/.cargo}
fi
export PATH
_lock=${BASH_SOURCE[0]} # the lock needs no file of its own

say() { echo "$(basename "$PWD"): $*" >&2; }
not_run() { echo "not run: $*" >&2 && exit 69; }

install_packages() ( # one caller of apt-get at a time: clients are built beside one another, and beside scripts/setup
    ((EUID == 0)) && command -v apt-get >/dev/null || return 0
    exec 8<"$(command -v apt-get)"
    flock 8
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } >&2 || true
)

need() {
    local command=$1 && shift
    command -v "$command" >/dev/null || install_packages "$@"
    hash -r
    command -v "$command" >/dev/null || not_run "no $command; on Debian and Ubuntu: apt-get install $*"
}

need_library() {
    local name=$1 && shift
    need pkg-config pkg-config
    pkg-config --exists "$name" || install_packages "$@"
    pkg-config --exists "$name" || not_run "no library $name; on Debian and Ubuntu: apt-get install $*"
}

need_version() {
    local name=$1 found=$2 least=$3 how=$4
    [[ "$(printf '%s\n%s\n' "$least" "$found" | sort -V | head -n 1)" == "$least" ]] ||
        not_run "$name $found is older than $least; $how"
}

_stamp() { pwd && sha256sum "$_lock" "$@"; } # compiled files may hold their own path
up_to_date() {
    exec 9<build
    flock 9
    [[ -f .built && "$(<.built)" == "$(_stamp "$@")" ]]
}
mark_built() { _stamp "$@" >.built; }
