#!/usr/bin/env bash
# Instructions of index and judge on a plan of 300 changes, held against those that were recorded: they are the same on
# every run, where times are not. More than a tenth above the record fails. The hash is left out: whether a processor has
# instructions for it is not our doing.
#
#   benches/instructions.sh [dev|release] [--record]
#
# `release`, the default, counts what users run. `dev` counts what the tests have built already, so it costs a gate nothing
# but seconds: a loop too many is seen there as well.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "SKIPPED instructions: valgrind is not on PATH"; exit 0; }

profile=release record=no
for argument in "$@"; do
  case $argument in
    dev | release) profile=$argument ;;
    --record) record=yes ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

# As the tests build it: without what they ask of libraries half of it would be compiled anew.
case $profile in
  dev) cargo test --no-run --test readme --locked --quiet ;;
  release) cargo build --release --locked --quiet ;;
esac
directory=${profile/dev/debug}
undersign=$(realpath "${CARGO_TARGET_DIR:-target}/$directory/undersign")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$undersign" yardstick plan 300 > "$work/plan.json"

recorded=benches/instructions.txt
for step in index judge; do
  valgrind --tool=callgrind --callgrind-out-file="$work/$step" "$undersign" yardstick "$step" "$work/plan.json" > /dev/null 2>&1
  all=$(sed -n 's/^totals: //p' "$work/$step")
  hash=$(callgrind_annotate --auto=no --threshold=100 "$work/$step" 2>/dev/null | awk '/sha2::/ { gsub(",", "", $1); sum += $1 } END { printf "%d", sum }')
  now=$((all - hash))
  if [ "$record" = yes ]; then
    grep -v "^$profile $step " "$recorded" > "$work/recorded" || true
    echo "$profile $step $now" | cat "$work/recorded" - | sort > "$recorded"
    continue
  fi
  before=$(sed -n "s/^$profile $step //p" "$recorded")
  [ -n "$before" ] || { echo "nothing is recorded yet: benches/instructions.sh $profile --record"; exit 1; }
  echo "$step, $profile: $now instructions, recorded $before ($((now * 100 / before)) %)"
  [ $((now * 10)) -le $((before * 11)) ] || { echo "$step takes more than a tenth more than recorded"; exit 1; }
done
[ "$record" = no ] || cat "$recorded"
