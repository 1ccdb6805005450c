#!/usr/bin/env bash
# Times the way from nothing to a first output: a clone, empty caches of cargo and pip, no build, no environment.
#
# usage: benches/fresh.sh [FOLDER]
#
# Prints a line a phase, in seconds since `cargo run --release -- lab` was typed; then the same for a second start.
# FOLDER (a temporary one otherwise) is where all of it happens; it must be empty, and is left there if it was named.
# Of cargo's own folder only the configuration is taken over, since that may name a mirror.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -gt 0 ]; then
    place=$1
    mkdir -p "$place"
else
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
fi
[ -z "$(ls -A "$place")" ] || { echo "$place is not empty" >&2; exit 2; }
place=$(cd "$place" && pwd)

git clone --quiet "$checkout" "$place/akari"
mkdir "$place/cargo" "$place/jupyter"
cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$place/cargo/" 2>/dev/null || true
export CARGO_HOME="$place/cargo" AKARI_HOME="$place/home" PIP_CACHE_DIR="$place/pip" XDG_CACHE_HOME="$place/cache"
export JUPYTER_DATA_DIR="$place/jupyter/data" JUPYTER_CONFIG_DIR="$place/jupyter/config"
export JUPYTER_RUNTIME_DIR="$place/jupyter/runtime"
# A JupyterLab of this machine would be taken instead of a private one.
PATH=$(printf %s "$PATH" | tr : '\n' | while read -r it; do [ -x "$it/jupyter-lab" ] || printf '%s:' "$it"; done)
unset JUPYTER_PATH AKARI_SHARED VIRTUAL_ENV CARGO_TARGET_DIR

now() { date +%s.%N; }
say() { printf '%-52s %7.1f s\n' "$1" "$(echo "$(now) $begin" | awk '{ print $1 - $2 }')"; }
seen() { grep -q -- "$1" "$log"; }
wait_for() {
    until seen "$1"; do
        kill -0 "$lab" 2>/dev/null || { cat "$log" >&2; echo "it ended before «$1»" >&2; exit 1; }
        sleep 0.1
    done
    say "$2"
}

start() {
    log="$place/$1.log"
    : >"$log"
    begin=$(now)
    (cd "$place/akari" && exec cargo run --release -- lab --no-browser >"$log" 2>&1) &
    lab=$!
    wait_for 'Finished `release` profile' "$1: the kernel is built"
    wait_for 'opening JupyterLab\|JupyterLab を' "$1: the prelude and JupyterLab are there"
    wait_for 'is running at' "$1: JupyterLab serves the lessons"
    "$AKARI_HOME/python/bin/python" - "$place/akari/notebooks/en/01-activations-losses-optimizers.ipynb" <<'PYTHON'
import json, sys
from jupyter_client.manager import start_new_kernel
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
code = next("".join(it["source"]) for it in cells if it["cell_type"] == "code")
manager, client = start_new_kernel(kernel_name="akari")
said = []
reply = client.execute_interactive(code, output_hook=lambda it: said.append(it["content"].get("text", "")))
assert reply["content"]["status"] == "ok" and "tensor(" in "".join(said), (reply["content"], said)
client.stop_channels()
manager.shutdown_kernel()
PYTHON
    say "$1: the first cell of the lesson has run"
    kill "$lab"
    wait "$lab" 2>/dev/null || true
    # What JupyterLab leaves to do in the background would slow the next phase.
    pkill -f "$place/akari/target/release/akari" || true
}

start first
start second
