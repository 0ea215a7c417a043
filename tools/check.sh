#!/usr/bin/env bash
# Runs every check and counts them; the last line is "N passed, N failed, N skipped", where each
# expectation of a unit test counts as one and so does every other check.
source "$(dirname "$0")/common.sh"
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)) && say "ok       $1"; }
fail() { failed=$((failed + 1)) && say "FAILED   $1"; }
skip() { skipped=$((skipped + 1)) && say "skipped  $1: $2"; }

# One check; what it prints is shown if it fails.
check() { # name, command ...
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    pass "$name"
  else
    fail "$name"
    sed 's/^/    /' "$work/log"
  fi
}

have() { command -v "$1" >/dev/null; }

# What runs a command that fails if it hangs, where the machine can tell: a run of the tests takes minutes.
limited=(env)
if have timeout; then limited=(timeout -k 30 40m); fi

is_arm64() { [[ $(uname -m) == @(aarch64|arm64) ]]; }

check_style() {
  check "house rules" Rscript tools/lint.R
  if [ -z "$(Rscript tools/missing.R lintr)" ]; then
    check "lintr" Rscript -e 'lints <- lintr::lint_dir("R"); print(lints); quit(status = length(lints) > 0)'
  else
    skip "lintr" "the R package lintr is not installed"
  fi
}

# Every file of the engine, without a warning, by every compiler, with and without OpenMP.
compile() { # compiler, flags ...
  local file
  for file in src/*.c; do
    "$@" -O2 -std=gnu11 -Wall -Wextra -pedantic -Werror -isystem "$r_headers" \
      -c "$file" -o "$work/object.o" || return 1
  done
}

check_documentation() {
  check "documentation" env R_LIBS="$work/library" Rscript tools/check_docs.R
  if [ -z "$(Rscript tools/missing.R spelling)" ]; then
    check "spelling" Rscript -e 'words <- spelling::spell_check_package("."); print(words)' \
      -e 'quit(status = nrow(words) > 0)'
  else
    skip "spelling" "the R package spelling is not installed"
  fi
  if [ -z "$(Rscript tools/missing.R pkgdown)" ]; then
    check "index of the site" Rscript -e 'pkgdown::check_pkgdown(".")'
  else
    skip "index of the site" "the R package pkgdown is not installed"
  fi
}

check_warnings() {
  local compiler
  r_headers=$(Rscript -e 'cat(R.home("include"))')
  for compiler in gcc clang; do
    if ! have $compiler; then
      skip "$compiler" "it is not installed"
      continue
    fi
    check "$compiler without warnings" compile $compiler -fopenmp
    check "$compiler without OpenMP" compile $compiler
  done
}

# A program of these sources and the engine's core, which is compiled once for all.
program() { # program, sources ...
  local program=$1 cc=(cc -O2 -std=gnu11 -Wall -Wextra -Werror -fopenmp -pthread -I"$root/src")
  shift
  if [ ! -d "$work/core" ]; then
    mkdir "$work/core"
    # shellcheck disable=SC2046
    (cd "$work/core" && "${cc[@]}" -c $(core_files)) || { rm -r "$work/core" && return 1; }
  fi
  "${cc[@]}" "$@" "$work"/core/*.o -lm -o "$program"
}

# The benchmark's programs, against the engine as it is.
check_bench() {
  check "bench programs" bench_programs
}

bench_programs() {
  local file
  for file in bench/*.c; do
    program "$work/bench" "$file" || return 1
  done
}

# The vector functions outside R, on every 1009th float, at each vector width of this machine.
check_vector_math() {
  check "vector math, 16 bytes" vector_math -DVECTOR_BYTES=16
  if grep -qsw avx2 /proc/cpuinfo; then
    check "vector math, 32 bytes" vector_math -DVECTOR_BYTES=32 -mavx2 -mfma
  else
    skip "vector math, 32 bytes" "no AVX2"
  fi
  if grep -qsw avx512f /proc/cpuinfo; then
    check "vector math, 64 bytes" vector_math -DVECTOR_BYTES=64 -mavx512f -mavx2 -mfma
  else
    skip "vector math, 64 bytes" "no AVX-512"
  fi
}

vector_math() { # flags ...
  cc -O2 -std=gnu11 -fopenmp -Isrc "$@" tools/check_vector_math.c tools/check_report.c -lm \
    -o "$work/vector_math" && "$work/vector_math" 1009
}

# Every table of kernels that this machine can run, and NEON's with the whole core compiled for arm64, in an
# emulator where there is one; floats in a coarse stride there. Teams that train come to what one member does.
check_kernels() {
  check "kernels" kernels
  check "teams" teams
  if is_arm64; then
    skip "kernels, arm64" "they need no emulator here"
  elif ! have aarch64-linux-gnu-gcc || ! have qemu-aarch64; then
    skip "kernels, arm64" "aarch64-linux-gnu-gcc and qemu-aarch64 are not both installed"
  else
    check "kernels, arm64" emulated_kernels
    check "teams, arm64" emulated_teams
    check "vector math, arm64" emulated_vector_math
  fi
}

kernels() {
  program "$work/kernels" tools/check_kernels*.c tools/check_report.c && "$work/kernels" 1009
}

teams() {
  program "$work/teams" tools/check_teams.c tools/check_report.c && "$work/teams"
}

arm64_cc() { # program, sources and options ...
  local program=$1
  shift
  aarch64-linux-gnu-gcc -static -O2 -std=gnu11 -Wall -Wextra -pedantic -Werror -Wno-unknown-pragmas -Isrc \
    "$@" tools/check_report.c -lm -o "$program"
}

# The program made for arm64, with its arguments; it has to find NEON.
on_neon() {
  qemu-aarch64 "$work/arm64" "$@" | tee "$work/arm64.log" && grep -q '^neon: ' "$work/arm64.log"
}

emulated_kernels() {
  # shellcheck disable=SC2046
  arm64_cc "$work/arm64" tools/check_kernels*.c $(core_files) &&
    on_neon 10007
}

emulated_teams() {
  # shellcheck disable=SC2046
  arm64_cc "$work/arm64" -fopenmp tools/check_teams.c $(core_files) &&
    on_neon
}

emulated_vector_math() {
  arm64_cc "$work/arm64" -DVECTOR_BYTES=16 tools/check_vector_math.c && qemu-aarch64 "$work/arm64" 10007
}

# The random number generator against its published known answers.
check_rng() {
  check "random numbers" rng_answers
}

rng_answers() {
  program "$work/rng" tools/check_rng.c && "$work/rng"
}

# The tarball as the README installs it, into an empty library.
check_readme_install() {
  local line
  line=$(grep -o 'install.packages("fastmlp_.*type = "source")' README.md)
  mkdir "$work/readme" && cp "$work"/fastmlp_*.tar.gz "$work/readme" &&
    (cd "$work/readme" && mkdir empty && R_LIBS_USER="$work/readme/empty" \
      Rscript -e '.libPaths(c("empty", .libPaths()))' -e "$line" -e 'library(fastmlp, lib.loc = "empty")')
}

# A tarball without vignettes is none to hand on: `make dist` says what is missing.
check_dist() {
  mkdir "$work/poor" && printf '#!/bin/sh\necho knitr\n' >"$work/poor/Rscript" &&
    chmod +x "$work/poor/Rscript" && ! PATH="$work/poor:$PATH" tools/dist.sh 2>"$work/dist.log" &&
    grep -q 'not installed:.* knitr$' "$work/dist.log"
}

install_into_work() {
  mkdir -p "$work/library" && R CMD INSTALL --library="$work/library" "$work"/fastmlp_*.tar.gz
}

installed() { [ -d "$work/library/fastmlp" ]; }

# The instruction sets that a machine of this kind may have.
instruction_sets() {
  if is_arm64; then say portable neon; else say portable avx2 avx512; fi
}

# The unit tests, once for every instruction set of this machine, side by side and beside the checks that
# follow; each on a copy, as snapshots write files.
start_units() {
  local simd
  for simd in $(instruction_sets); do
    mkdir -p "$work/$simd"
    cp -r tests tools "$work/$simd"
    [ ! -e README.md ] || cp README.md "$work/$simd"
    (cd "$work/$simd" && FASTMLP_SIMD=$simd R_LIBS="$work/library" \
      exec "${limited[@]}" Rscript tools/test.R counts >log 2>&1) &
  done
}

finish_units() {
  local simd available p f s
  available=$(R_LIBS="$work/library" Rscript -e 'cat(fastmlp::mlp_info()$available)') || available=
  wait
  for simd in $(instruction_sets); do
    if [[ " $available " != *" $simd "* ]]; then
      skip "unit tests ($simd)" "not among this machine's instruction sets (${available:-none})"
      continue
    fi
    say "unit tests ($simd)"
    cat "$work/$simd/log"
    if [ -e "$work/$simd/counts" ] && read -r p f s <"$work/$simd/counts"; then
      passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    else
      fail "unit tests ($simd): R stopped, or was stopped, before the end"
    fi
  done
}

# R CMD check as CRAN runs it, less what needs the network (incoming checks, the time) or LaTeX (the
# PDF manual), and less the vignettes, which R CMD build has run where they can be built. Debian builds R with
# three flags that are not portable; they are not this package's. Anything but OK is a failure: there is no
# note to put up with.
r_cmd_check() {
  _R_CHECK_FORCE_SUGGESTS_=false \
    _R_CHECK_CRAN_INCOMING_=false \
    _R_CHECK_CRAN_INCOMING_REMOTE_=false \
    _R_CHECK_SYSTEM_CLOCK_=false \
    _R_CHECK_COMPILATION_FLAGS_KNOWN_="-Wdate-time -Werror=format-security -Wformat" \
    "${limited[@]}" R CMD check --as-cran --no-manual --no-vignettes -o "$work" "$work"/fastmlp_*.tar.gz &&
    grep -qx 'Status: OK' "$work/fastmlp.Rcheck/00check.log"
}

# The unit tests take longest, so they begin as soon as there is something to test.
# shellcheck disable=SC2046
check "R CMD build" build_package "$work" $(vignette_option)
[ -z "$(vignette_option)" ] || skip "vignettes" "not installed: $(echo $(missing_for_vignettes))"
check "R CMD INSTALL" install_into_work
if installed; then start_units; fi
check_style
check_warnings
check_bench
check_vector_math
check_kernels
check_rng
check "make dist without knitr" check_dist
check "the README's install.packages()" check_readme_install
if installed; then
  check_documentation
  check "R CMD check --as-cran" r_cmd_check
  finish_units
else
  skip "documentation" "the package is not installed"
  skip "unit tests" "the package is not installed"
  skip "R CMD check" "the package is not installed"
fi

say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
