#!/usr/bin/env bash
# Instructions of index and judge on a plan of 300 changes, held against those that were recorded: they are the same on
# every run, where times are not. More than a tenth above the record fails. The hash is left out: whether a processor has
# instructions for it is not our doing.
#
#   benches/instructions.sh [--record]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "SKIPPED instructions: valgrind is not on PATH"; exit 0; }

cargo build --release --locked --quiet
undersign=$(realpath "${CARGO_TARGET_DIR:-target}/release/undersign")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$undersign" yardstick plan 300 > "$work/plan.json"

record=benches/instructions.txt
[ -e "$record" ] || [ "${1:-}" = --record ] || { echo "nothing is recorded yet: benches/instructions.sh --record"; exit 1; }
found=$work/instructions.txt
for step in index judge; do
  valgrind --tool=callgrind --callgrind-out-file="$work/$step" "$undersign" yardstick "$step" "$work/plan.json" > /dev/null 2>&1
  all=$(sed -n 's/^totals: //p' "$work/$step")
  hash=$(callgrind_annotate --threshold=100 "$work/$step" 2>/dev/null | sed -n '/sha2::/s/^ *\([0-9,]*\).*/\1/p' | tr -d , | paste -sd+ | bc)
  echo "$step $((all - ${hash:-0}))" >> "$found"
done

if [ "${1:-}" = --record ]; then
  cp "$found" "$record"
  cat "$record"
  exit 0
fi
while read -r step now; do
  before=$(sed -n "s/^$step //p" "$record")
  echo "$step: $now instructions, recorded $before ($((now * 100 / before)) %)"
  [ $((now * 10)) -le $((before * 11)) ] || { echo "$step takes more than a tenth more than recorded"; exit 1; }
done < "$found"
