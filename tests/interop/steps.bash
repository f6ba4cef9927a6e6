# What the scripts that drive a TPM share: a folder $work that goes at the end, as do the processes $server and $pids; steps
# that are counted. Sourced, not run.
work=$(mktemp -d)
server=
pids=()
cleanup() {
  local pid
  for pid in $server "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

steps=0
failures=0
step_seconds=30
# within COMMAND...: $step_seconds for a program; a function of ours sees to itself
within() {
  if declare -F "$1" >/dev/null; then "$@"; else timeout "$step_seconds" "$@"; fi
}
# step WHAT COMMAND...: it succeeds
step() {
  local what=$1
  shift
  steps=$((steps + 1))
  if within "$@" >"$work/out" 2>&1; then return 0; fi
  failures=$((failures + 1))
  echo "FAILED  $what"
  sed 's/^/        /' "$work/out" | head -20
  return 1
}
say() { printf 'ok      %s\n' "$*"; }
