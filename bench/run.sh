#!/bin/sh
# Measures fastmlp against PyTorch and the processor's FMA peak, in one run, and prints Markdown.
#
# Needs fastmlp where Rscript finds it, a C compiler, Python with PyTorch and NumPy, and the data set (Debian:
# python3-torch, libopenblas0-openmp, dataset-fashion-mnist). Installs nothing. Settings and their defaults:
#   PYTHON=python3 CC=cc REPETITIONS=5 THREADS="1 2" BATCH_SIZES="256 32"
#   DATA=/usr/share/datasets/fashion-mnist
#   OPENBLAS=<folder of an OpenMP build of OpenBLAS; found under /usr/lib if there is one>
set -eu

PYTHON=${PYTHON:-python3}
CC=${CC:-cc}
REPETITIONS=${REPETITIONS:-5}
THREADS=${THREADS:-1 2}
BATCH_SIZES=${BATCH_SIZES:-256 32}
DATA=${DATA:-/usr/share/datasets/fashion-mnist}
OPENBLAS=${OPENBLAS:-$(ls -d /usr/lib/*/openblas-openmp 2>/dev/null | head -n 1)}

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

collect() { # name command ...: appends the command's output to name.csv, keeps its messages in name.log
  name=$1
  shift
  "$@" >>"$work/$name.csv" 2>"$work/$name.log" && return
  echo "run.sh: this fails: $*" >&2
  cat "$work/$name.log" >&2
  exit 1
}

# PyTorch's threads are OpenMP's; an OpenBLAS that brings its own kind of threads would fight them for cores.
pytorch() { # threads
  OMP_NUM_THREADS=$1 OPENBLAS_NUM_THREADS=$1 LD_LIBRARY_PATH=$OPENBLAS${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
    "$PYTHON" "$here/pytorch.py" "$DATA" "$1" $BATCH_SIZES
}

fastmlp() { # threads
  Rscript "$here/fastmlp.R" "$DATA" "$1" $BATCH_SIZES
}

collect compile "$CC" -O2 -ffp-contract=fast -pthread "$here/peak.c" -o "$work/peak"
most_threads=$(for n in $THREADS; do echo "$n"; done | sort -n | tail -n 1)
for repetition in $(seq "$REPETITIONS"); do
  collect peak "$work/peak" "$most_threads"
  for threads in $THREADS; do
    collect pytorch pytorch "$threads"
    collect fastmlp fastmlp "$threads"
  done
  echo "repetition $repetition of $REPETITIONS, load $(cut -d' ' -f1-3 /proc/loadavg)" >&2
done

lscpu | grep -E "^(Model name|CPU\(s\)|CPU family|Thread|L[123])" | sed 's/:  */: /; s/^/- /'
sed 's/^/- /' "$work/pytorch.log" "$work/fastmlp.log"
echo
cat "$work/pytorch.csv" "$work/fastmlp.csv" >"$work/results.csv"
Rscript "$here/summary.R" "$work/results.csv" "$work/peak.csv"
