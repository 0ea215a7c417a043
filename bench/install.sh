#!/usr/bin/env bash
# Installs what a run of the benchmark needs beside fastmlp: Debian's packages where there is apt,
# then R packages from CRAN into a library of their own. What cannot be installed is named, here and
# by the run; nothing is fatal.
source "$(dirname "$0")/common.sh"

packages=(
  gcc libc6-dev
  python3-numpy python3-torch python3-sklearn libopenblas0-openmp dataset-fashion-mnist
  r-base-dev r-cran-nnet r-cran-rcpp r-cran-rcpparmadillo r-cran-amore
)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_debian_packages() {
  local package missing=() known=()
  for package in "${packages[@]}"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  as_root apt-get update -q
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  say "Installing with apt: ${known[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${known[@]}"
}

if command -v apt-get >/dev/null; then
  install_debian_packages || say "apt-get could not install all of these; going on."
fi
mkdir -p "$PEERS_LIBRARY"
Rscript install_peers.R "$PEERS_LIBRARY"
