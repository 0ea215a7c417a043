#!/usr/bin/env bash
# Measures how accurate fastmlp and its peers are on data sets with fixed rows for the test. README.md
# says what is measured; install.sh installs what this needs. fastmlp is the one that R finds.
#
#   run.sh            scores, then the page and its pictures
#   run.sh scores     a line of results/scores.csv for each method, data set and seed that has none yet
#   run.sh seconds    a line of results/seconds.csv for the first seeds: on a machine that does nothing else
#   run.sh parts      what the parts of the recipe give, into results/parts.csv
#   run.sh page       tables and pictures from results/
#
# To measure something anew, delete its lines. Settings, from the environment, with their defaults:
METHODS=${METHODS:-.}                         # which methods and data sets: regular expressions
DATA=${DATA:-.}
SEEDS=${SEEDS:-10}                            # the most seeds; methods.csv has each method's number
TIMED_SEEDS=${TIMED_SEEDS:-1}                 # how many of them `seconds` times
THREADS=${THREADS:-$(nproc)}
FASHION=${FASHION:-/usr/share/datasets/fashion-mnist}
SETS=${SETS:-${XDG_CACHE_HOME:-$HOME/.cache}/fastmlp-accuracy} # where the data sets are written once
export PYTHONDONTWRITEBYTECODE=1

source "$(dirname "$0")/../common.sh"
cd accuracy
mkdir -p results "$SETS"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

progress() { say "$(date +%T) $*" >&2; }

# ---- data sets ---------------------------------------------------------------------------------

data_sets() { head -n 1 methods.csv | tr , '\n' | tail -n +4; }

# Those that are not there, or older than what writes them, are written. A run sees links to them.
write_sets() {
  local name missing=()
  for name in $(data_sets | grep -E "$DATA"); do
    [ "$SETS/$name.csv" -nt data.R ] && [ "$SETS/$name.csv" -nt common.R ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] || Rscript data.R "$SETS" "$FASHION" "${missing[@]}"
  ln -s "$SETS"/* "$work"
}

describe_versions() {
  describe_machine
  machine_line "R packages" "$(Rscript versions.R)"
  machine_line Python "$("$(python_with torch)" versions.py)"
}

# ---- one method on one data set with one seed --------------------------------------------------

# The Python module that a method is made of.
module_of() {
  if [ "$1" = xgboost ]; then say xgboost; else say sklearn; fi
}

run_program() { # program, folder, data, method, seed, threads
  case $1 in
    td_s.py) run_python torch "$@" ;;
    *.py) run_python "$(module_of "$4")" "$@" ;;
    *.R) with_threads "$THREADS" Rscript "$@" ;;
  esac
}

run_python() { # module that it needs, program, arguments
  local python
  python=$(python_with "$1") || {
    say "no Python with $1"
    return 3
  }
  with_threads "$THREADS" at_its_best "$python" "${@:2}"
}

train_and_predict() { # program, data, method, seed: prints the seconds
  local status=0
  run_program "$1" "$work" "$2" "$3" "$4" "$THREADS" >"$work/answer" 2>"$work/log" || status=$?
  case $status in
    0) tail -n 1 "$work/answer" ;;
    3) note_missing "$2" "$3" "$(tail -n 1 "$work/answer")" ;;
    *)
      progress "$3 failed on $2:"
      cat "$work/log" >&2
      note_missing "$2" "$3" "failed: $(tail -n 1 "$work/log" | tr -d '"')"
      ;;
  esac
  return "$status"
}

# What could not be run, and why.
note_missing() { # data, method, reason
  forget_missing "$1" "$2"
  say "$1,$2,\"$3\"" >>results/missing.csv
}

forget_missing() { # data, method
  [ -e results/missing.csv ] || say data,method,reason >results/missing.csv
  sed -i "/^$1,$2,/d" results/missing.csv
}

add_score() { # program, data, method, seed
  local load seconds score
  load=$(cut -d' ' -f1 /proc/loadavg)
  seconds=$(train_and_predict "$@") || return
  score=$(Rscript score.R "$work" "$2") || die "run.sh: $3 has no score on $2"
  forget_missing "$2" "$3"
  say "$2,$3,$4,$score,$seconds,$load" >>results/scores.csv
  progress "$2 $3 $4: $score in $seconds s"
}

add_seconds() { # program, data, method, seed
  local load seconds
  load=$(cut -d' ' -f1 /proc/loadavg)
  seconds=$(train_and_predict "$@") || return
  say "$2,$3,$4,$seconds,$load" >>results/seconds.csv
  progress "$2 $3 $4: $seconds s"
}

# What TD-S has to compute on each data set that it is measured on, and how fast the processor can at best.
measure_bound() {
  local program data method
  [ -e results/work.csv ] || say data,inputs,outputs,train,validation >results/work.csv
  while read -r program data method; do
    grep -q "^$data," results/work.csv || Rscript work.R "$work" "$data" >>results/work.csv
  done < <(METHODS='^fastmlp_td_s$' wanted 1)
  "$CC" -O2 -ffp-contract=fast -pthread ../peak.c -o "$work/peak"
  {
    say threads,gflops
    "$work/peak" "$THREADS"
  } >results/peak.csv
}

# ---- all of them -------------------------------------------------------------------------------

# Lines of "program data method" for which methods.csv wants so many seeds.
wanted() { # seed
  Rscript -e '
    wants <- commandArgs(TRUE)
    methods <- read.csv("methods.csv")
    methods <- methods[grepl(wants[2], methods$method), ]
    for (data in grep(wants[3], names(methods)[-(1:3)], value = TRUE)) {
      of <- methods[methods[[data]] >= as.integer(wants[1]), ]
      cat(sprintf("%s %s %s\n", of$program, data, of$method), sep = "")
    }' "$1" "$METHODS" "$DATA"
}

# Calls `add` for each seed, data set and method that the file has no line of yet. One that cannot be
# run is not tried with further seeds.
fill() { # file, columns, most seeds, add
  local seed program data method
  [ -e "$1" ] || say "$2" >"$1"
  for seed in $(seq "$3"); do
    while read -r program data method; do
      ! grep -q "^$data,$method,$seed," "$1" || continue
      ! grep -qx "$data $method" "$work/given_up" 2>/dev/null || continue
      "$4" "$program" "$data" "$method" "$seed" </dev/null || say "$data $method" >>"$work/given_up"
    done < <(wanted "$seed")
  done
}

run_scores() {
  write_sets
  describe_versions >results/machine.csv
  fill results/scores.csv data,method,seed,score,log_loss,calibration,seconds,load "$SEEDS" add_score
}

run_seconds() {
  write_sets
  measure_bound
  fill results/seconds.csv data,method,seed,seconds,load "$TIMED_SEEDS" add_seconds
}

run_parts() {
  write_sets
  Rscript parts.R "$work" "$SEEDS"
}

run_page() {
  Rscript summary.R .
  Rscript pictures.R .
}

case ${1:-all} in
  all)
    run_scores
    run_page
    ;;
  scores | seconds | parts | page) "run_$1" ;;
  *) die "run.sh: scores, seconds, parts or page, not '$1'" ;;
esac
