#!/bin/bash
# From a fresh Debian 12 to a running sweep: packages, build, mount, submit, follow, terminate. Leaves the mount for you.
# usage: doc/quickstart.sh [MOUNTPOINT]      default ~/nn; running it again is fine
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
mnt=${1:-$HOME/nn}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

# Waits until a command succeeds: wait_for SECONDS WHAT COMMAND...
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "quickstart: $what did not happen; see $mnt/events and ${XDG_STATE_HOME:-$HOME/.local/state}/neronet/log" >&2
            exit 1
        fi
        sleep 0.1
    done
}
has_lines() { [ "$(wc -l <"$2")" -ge "$1" ]; }
state_is() { grep -q "^state: $2" "$mnt/runs/$1/status"; }

say "1. Packages and build"
"$top/doc/packages.sh" build
[ -d "$top/build" ] || meson setup "$top/build" "$top" --buildtype=release >/dev/null
ninja -C "$top/build" fs/neronetfs agent/neronet-agent | tail -n 1

say "2. Mount"
if mountpoint -q "$mnt" 2>/dev/null && [ -e "$mnt/queue" ]; then
    echo "$mnt is mounted already"
else
    mkdir -p "$mnt"
    run "$top/build/fs/neronetfs" "$mnt"
fi
run ls "$mnt"

say "3. Submit: three runs from one spec"
run cat "$top/doc/example/sweep.yaml"
before=$(ls "$mnt/runs")
run cp "$top/doc/example/sweep.yaml" "$mnt/queue/"
mapfile -t runs < <(comm -13 <(sort <<<"$before") <(ls "$mnt/runs" | sort))
[ "${#runs[@]}" = 3 ] || { echo "quickstart: three runs were expected in $mnt/runs, ${#runs[@]} appeared" >&2; exit 1; }
run ls "$mnt/runs"
first=${runs[0]} last=${runs[2]}

say "4. Follow: status, log and metrics are plain files that grow"
wait_for 60 "the start of $first" state_is "$first" running
run cat "$mnt/runs/$first/status"
wait_for 30 "a line in the log" has_lines 4 "$mnt/runs/$first/log"
printf '$ tail -f %s    (a few lines of it)\n' "$mnt/runs/$first/log"
timeout 3 tail -f "$mnt/runs/$first/log" || true
wait_for 30 "a row in metrics.csv" has_lines 5 "$mnt/runs/$first/metrics.csv"
run tail -n 3 "$mnt/runs/$first/metrics.csv"

say "5. Terminate one"
wait_for 60 "the start of $last" state_is "$last" running
printf '$ echo terminate > %s\n' "$mnt/runs/$last/control"
echo terminate >"$mnt/runs/$last/control"
wait_for 30 "the end of $last" state_is "$last" terminated
run grep -E '^(state|reason)' "$mnt/runs/$last/status"
run tail -n 5 "$mnt/events"

say "It is yours now"
cat <<TXT
  cat $mnt/README                              how to use this tree
  tail -f $mnt/runs/$first/log
  cat $mnt/status
  mkdir $mnt/clusters/HOST                     add a node: any host that ssh knows
  cp spec.yaml $mnt/clusters/HOST/queue/       run there
  fusermount3 -u $mnt                          unmount; runs go on
TXT
