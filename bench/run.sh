#!/usr/bin/env bash
# Measures fastmlp against its peers and the processor's FMA peak, in one run and taking turns, and
# writes results, tables and pictures. README.md says what is measured and how; install.sh installs
# what this needs. fastmlp is the one that R finds (`make bench` installs the checkout's); the C programs
# are built from the checkout. Settings, from the environment, with their defaults:
SECTIONS=${SECTIONS:-steps share features profile forward call memory gradient scaling growth peers}
WORKS=${WORKS:-.}                             # which works of these sections: a regular expression
ENGINES=${ENGINES:-fastmlp PyTorch}
THREADS=${THREADS:-1 $(nproc)}
REPETITIONS=${REPETITIONS:-5}
SCALING_REPETITIONS=${SCALING_REPETITIONS:-3}
PEER_REPETITIONS=${PEER_REPETITIONS:-3}
PEER_SECONDS=${PEER_SECONDS:-60}              # the most that a peer gets
LEAST_SECONDS=${LEAST_SECONDS:-0.5}           # a measurement lasts at least so long,
MOST_SECONDS=${MOST_SECONDS:-2}               # and PyTorch's at most so long if an epoch is longer
FASHION=${FASHION:-/usr/share/datasets/fashion-mnist}
OUTPUT=$(realpath "${OUTPUT:-$(dirname "$0")}") # the folder of README.md, results/ and pictures/
export SECTIONS PEER_REPETITIONS LEAST_SECONDS MOST_SECONDS PYTHONDONTWRITEBYTECODE=1

source "$(dirname "$0")/common.sh"
mkdir -p "$OUTPUT/results"
THREADS=$(printf '%s\n' $THREADS | sort -nu)
most_threads=$(tail -n 1 <<<"$THREADS")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
trap '' PIPE

describe() { machine_line "$@" >>"$work/machine.csv"; }

progress() { say "$(date +%T) $1, load $(cut -d' ' -f1 /proc/loadavg)" >&2; }

# ---- engines: processes that measure what they are asked to, one turn at a time ----------------

declare -A asks answers

run_engine() { # engine, threads
  case $1 in
    fastmlp) with_threads "$2" Rscript fastmlp.R "$work" "$2" ;;
    PyTorch) with_threads "$2" at_its_best "$torch_python" pytorch.py "$work" "$2" ;;
    *) die "run.sh: no engine '$1'" ;;
  esac
}

start_engine() { # engine, threads
  local name=$1-$2 ask answer line
  mkfifo "$work/$name.in" "$work/$name.out"
  run_engine "$1" "$2" <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.log" &
  exec {ask}>"$work/$name.in" {answer}<"$work/$name.out"
  asks[$name]=$ask answers[$name]=$answer
  read -r line <&"$answer" || engine_failed "$name" "to start"
  [ "$2" != "$most_threads" ] || describe "$1" "$line"
}

start_engines() {
  local engine threads
  torch_python=$(python_with torch) || [[ $ENGINES != *PyTorch* ]] ||
    die "run.sh: no Python with PyTorch; install.sh installs it, ENGINES=fastmlp does without."
  if [[ $ENGINES == *PyTorch* ]]; then # whose choice the peers share
    choose_blas "$torch_python"
    describe "OpenBLAS kernels" "${blas_kernels:-its own choice}"
  fi
  for engine in $ENGINES; do
    for threads in $THREADS; do start_engine "$engine" "$threads"; done
  done
}

ask() { # engine-threads, section, work: prints the answer
  local line
  say "$2 $3" >&"${asks[$1]}" 2>/dev/null || engine_failed "$1" "before $3"
  while read -r line <&"${answers[$1]}"; do
    [ "$line" != done ] || return 0
    say "$line"
  done
  engine_failed "$1" "at $3"
}

engine_failed() { # engine-threads, when
  cat "$work/$1.log" >&2
  die "run.sh: $1 failed $2"
}

# ---- sections: each writes results/<section>.csv when it is complete ---------------------------

works_of() { # section
  awk -F, -v section="$1" '$1 == section { print $2 }' works.csv | grep -E "$WORKS" || true
}

take_turns() { # section, repetitions, engines
  local repetition name threads engine
  say "repetition,engine,threads,work,part,rows,steps,seconds,detail" >"$work/$1.csv"
  for repetition in $(seq "$2"); do
    "$work/peak" "$most_threads" | sed "s/^/$1,$repetition,/" >>"$work/peak.csv"
    for name in $(works_of "$1"); do
      for threads in $THREADS; do
        for engine in $3; do
          ask "$engine-$threads" "$1" "$name" >"$work/answer"
          sed "s/^/$repetition,/" "$work/answer" >>"$work/$1.csv"
        done
      done
    done
    progress "$1, repetition $repetition of $2"
  done
}

run_steps() { take_turns steps "$REPETITIONS" "$ENGINES"; }
run_forward() { take_turns forward "$REPETITIONS" "$ENGINES"; }
run_scaling() { take_turns scaling "$SCALING_REPETITIONS" "$ENGINES"; }
run_call() { take_turns call "$REPETITIONS" fastmlp; }
run_profile() { take_turns profile "$REPETITIONS" fastmlp; }

run_memory() {
  local repetition
  say "repetition,threads,work,mib_above,mib_data" >"$work/memory.csv"
  for repetition in $(seq "$REPETITIONS"); do
    with_threads "$most_threads" Rscript memory.R "$work" "$most_threads" |
      sed "s/^/$repetition,/" >>"$work/memory.csv"
  done
  progress memory
}

# A C program on the engine's core, without R.
compile_with_core() { # program
  # shellcheck disable=SC2046
  "$CC" -O2 -std=gnu11 -ffp-contract=fast -fopenmp -I../src "$1.c" $(core_files) -lm -o "$work/$1"
}

run_gradient() {
  local repetition
  compile_with_core gradient
  say "repetition,simd,part,microseconds" >"$work/gradient.csv"
  for repetition in $(seq "$REPETITIONS"); do
    "$work/gradient" | sed "s/^/$repetition,/" >>"$work/gradient.csv"
  done
  progress gradient
}

run_in_turns() { # program, columns
  local repetition threads
  compile_with_core "$1"
  say "repetition,$2" >"$work/$1.csv"
  for repetition in $(seq "$REPETITIONS"); do
    for threads in $THREADS; do
      "$work/$1" "$threads" | sed "s/^/$repetition,/" >>"$work/$1.csv"
    done
  done
  progress "$1"
}

run_share() { run_in_turns share work,threads,us_a_step,share,barrier_ns; }
run_growth() { run_in_turns growth curve,size,weights,threads,ns_a_row,ratio,products,gather; }
run_features() { run_in_turns features feature,threads,us_a_step,ratio; }

run_peers() {
  local file threads
  say "peer,threads,version,status,seconds,text" >"$work/peers.csv"
  for file in peers/*.R peers/*.py; do
    for threads in $THREADS; do measure_peer "$file" "$threads" >>"$work/peers.csv"; done
    progress "$file"
  done
}

# The peer's lines and, if it did not come to its end, how it ended.
measure_peer() { # file, threads
  local name command status=0
  name=$(basename "${1%.*}")
  case $1 in
    *.R) command=(Rscript peer.R) ;;
    *.py) command=("$(python_with numpy)" peer.py) ;;
  esac
  with_threads "$2" at_its_best timeout --kill-after=5 "$PEER_SECONDS" \
    "${command[@]}" "$name" "$work" "$2" >"$work/answer" 2>"$work/peer.log" || status=$?
  grep "^$name," "$work/answer" || true
  case $status in
    0) ;;
    124 | 137) say "$name,$2,,over,$PEER_SECONDS,\"\"" ;;
    *) say "$name,$2,,failed,,\"$(tail -n 1 "$work/peer.log" | tr -d '"')\"" ;;
  esac
}

# Peaks of sections that this run leaves out stay.
keep_peaks() {
  local old=$OUTPUT/results/peak.csv ran
  [ -e "$work/peak.csv" ] || return 0
  ran=$(cut -d, -f1 "$work/peak.csv" | sort -u | paste -sd'|')
  {
    say "section,repetition,threads,gflops"
    if [ -e "$old" ]; then tail -n +2 "$old" | grep -vE "^($ran)," || true; fi
    cat "$work/peak.csv"
  } >"$work/peaks.csv"
  mv "$work/peaks.csv" "$old"
}

# ---- the run -----------------------------------------------------------------------------------

describe_machine >"$work/machine.csv"
"$CC" -O2 -ffp-contract=fast -pthread peak.c -o "$work/peak"
Rscript data.R "$work" "$FASHION"
start_engines
for section in $SECTIONS; do
  "run_$section"
  mv "$work/$section.csv" "$OUTPUT/results/$section.csv"
done
keep_peaks
mv "$work/machine.csv" "$OUTPUT/results/machine.csv"
if [[ $ENGINES == *fastmlp* ]]; then sort -u "$work"/fastmlp-*.log >&2; fi
Rscript summary.R "$OUTPUT"
Rscript pictures.R "$OUTPUT"
