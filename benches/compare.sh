#!/usr/bin/env bash
# undersign beside whatever of other programs is on PATH, on the same plan: alternating, at least seven rounds, medians of
# pairwise ratios, peak memory. Big files live in a directory that goes away.
#
#   benches/compare.sh [--changes 10000,100000 | --plan FILE] [--rounds 7] [--limit]
#
# --plan: on this plan in place of one that is made up.
# --limit: one more run of `check` on a plan of 300,000 changes (2.5 GB) with an address space of 1 GiB.
set -euo pipefail
cd "$(dirname "$0")/.."

changes=10000 given= rounds=7 limit=no
while [ $# -gt 0 ]; do
  case $1 in
    --changes) changes=$2; shift 2 ;;
    --plan) given=$(realpath "$2"); shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --limit) limit=yes; shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
[ "$rounds" -ge 7 ] || { echo "fewer than seven rounds say nothing"; exit 2; }
command -v python3 >/dev/null || { echo "python3 takes the times, and is not on PATH"; exit 2; }

cargo build --release --locked --quiet
undersign=$(realpath "${CARGO_TARGET_DIR:-target}/release/undersign")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rows() { "$undersign" yardstick index "$1" | sed -n 's/.* rows \([0-9]*\) .*/\1/p'; }
[ -z "$given" ] || changes=$(rows "$given")
for count in ${changes//,/ }; do
  plan=${given:-$work/plan.json}
  [ -n "$given" ] || "$undersign" yardstick plan "$count" > "$plan"
  python3 - "$undersign" "$plan" "$rounds" "$count" <<'PYTHON'
import fcntl, os, platform, pty, re, select, shutil, signal, statistics, struct, subprocess, sys, tempfile, termios, time

undersign, plan, rounds, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
# The yardstick first: every ratio is to it.
commands = {
    "hash alone (the yardstick)": [undersign, "yardstick", "hash", plan],
    "undersign: index and hash": [undersign, "yardstick", "index", plan],
    "undersign: index, hash, judge": [undersign, "yardstick", "judge", plan],
    "undersign check --format json": [undersign, "check", "--format", "json", plan],
}
others = {
    "sha256sum": ["sha256sum", plan],
    "openssl": ["openssl", "sha256", plan],
    "jq": ["jq", "-r", ".resource_changes[].address", plan],
    "jaq": ["jaq", "-r", ".resource_changes[].address", plan],
    "python3": ["python3", "-c", "import json,sys; print(len(json.load(open(sys.argv[1]))['resource_changes']))", plan],
    "tf-summarize": ["tf-summarize", plan],
    "jless": ["jless", "--mode", "line", plan],
}
commands |= {name: command for name, command in others.items() if shutil.which(command[0])}

def once(command):
    # jless draws on a terminal: it gets one, and a key that ends it once everything is loaded.
    if command[0] == "jless":
        command = ["script", "-qec", " ".join(command), "/dev/null"]
    tells = command[1:2] == ["yardstick"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE if tells else subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if command[0] == "script":
        process.stdin.write(b"q")
    process.stdin.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    # A yardstick tells when its first row was there, and all of them with the hash; a process has begun before that.
    told = re.findall(r"(first|read|all) ([0-9.]+) s", process.stdout.read().decode()) if tells else []
    told = {what: float(seconds) for what, seconds in told}
    told = {what: wall - told["all"] + seconds for what, seconds in told.items()}
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss, told

def review():
    """The most memory that a review holds: on a terminal of 200 by 50, until nothing is drawn any more."""
    with tempfile.TemporaryDirectory() as home:
        child, screen = pty.fork()
        if child == 0:
            os.environ.update(TERM="xterm-256color", HOME=home, XDG_STATE_HOME=home)
            os.execv(undersign, [undersign, "review", plan])
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        # While a plan is read the screen says how far it is.
        while select.select([screen], [], [], 2)[0]:
            try:
                os.read(screen, 1 << 16)
            except OSError:
                break
        with open(f"/proc/{child}/status") as status:
            peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return peak[0] / 1024 if peak else None

# Once for the page cache. A command that takes long is run seven times, the others as often as asked.
runs = {name: [] for name in commands}
for command in commands.values():
    once(command)
for _ in range(rounds):
    for name, command in commands.items():
        runs[name].append(once(command))

def median(values):
    return statistics.median(values)

# A small process is charged with the memory of the one that started it, before it has any of its own; so the floor
# of this is about 14 MiB, which is Python's.
size = os.path.getsize(plan)
yardstick = runs["hash alone (the yardstick)"]
print(f"{count} changes, {size / 1e6:.0f} MB, {rounds} rounds, {os.cpu_count()} cores, {platform.machine()}")
print(f"| {'what':34} | wall s | x hash (pairwise median, min-max) | CPU s | x hash, CPU | peak MiB | of file |")
print("| --- | --- | --- | --- | --- | --- | --- |")
for name, own in runs.items():
    pairs = [mine[0] / hash[0] for mine, hash in zip(own, yardstick)]
    cpu = [mine[1] / hash[1] for mine, hash in zip(own, yardstick)]
    peak = max(run[2] for run in own) / 1024
    print(f"| {name:34} | {median([run[0] for run in own]):.3f} | {median(pairs):.2f} ({min(pairs):.2f}-{max(pairs):.2f}) "
          f"| {median([run[1] for run in own]):.3f} | {median(cpu):.2f} | {peak:.1f} | {peak * 1048576 / size:.3f} |")
for name, own in runs.items():
    for what, words in [("first", "the first row"), ("read", "every row and the hash")]:
        pairs = [mine[3][what] / hash[0] for mine, hash in zip(own, yardstick) if what in mine[3]]
        if pairs:
            seconds = median([mine[3][what] for mine in own])
            print(f"{name}: {words} after {seconds:.3f} s, {median(pairs):.2f} x hash ({min(pairs):.2f}-{max(pairs):.2f})")
if os.path.exists("/proc/self/status") and (peak := review()):
    bound = 16 + int(count) * 300 / 1048576
    print(f"undersign review: peak {peak:.1f} MiB, {peak * 1048576 / size:.3f} of the file; 16 MiB and 300 B a change are {bound:.1f} MiB")
PYTHON
  for step in index judge; do
    "$undersign" yardstick "$step" "$plan" | sed "s/^[0-9a-f]* /$step: /"
  done
done

if [ "$limit" = yes ]; then
  "$undersign" yardstick plan 300000 > "$work/plan.json"
  # 1 GiB of address space for a file of more than 2 GiB: threads, code and all rows included.
  code=0
  (ulimit -v 1048576; "$undersign" check --format json "$work/plan.json" > "$work/report.json") || code=$?
  [ "$code" -eq 3 ] || { echo "check of 300,000 changes under 1 GiB of address space ended with $code"; exit 1; }
  echo "300000 changes, $(stat -c %s "$work/plan.json") bytes: judged under 1 GiB of address space"
fi
