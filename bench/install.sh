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

install_debian_packages "${packages[@]}"
mkdir -p "$PEERS_LIBRARY"
Rscript install_peers.R "$PEERS_LIBRARY"
