#!/usr/bin/env bash
# Installs what run.sh needs beside fastmlp: Debian's packages where there is apt, then what R lacks from
# CRAN, into the peers' library. Nothing is fatal: what cannot be installed is named by the run. (brulee
# needs libtorch and is left to whoever has it.)
source "$(dirname "$0")/../common.sh"

r_packages=(mlbench "modeldata (>= 1.3.0)" mlr3data ggplot2 nnet ranger lightgbm)
names=("${r_packages[@]%% *}")

install_debian_packages \
  python3-numpy python3-torch python3-sklearn python3-xgboost libopenblas0-openmp \
  dataset-fashion-mnist r-base-dev cmake \
  "${names[@]/#/r-cran-}"

cd "$root"
mkdir -p "$PEERS_LIBRARY"
export R_LIBS=$PEERS_LIBRARY
for package in $(Rscript tools/missing.R "${r_packages[@]}"); do
  say "Installing $package from CRAN."
  Rscript tools/install_cran.R "$package" || say "$package could not be installed."
done
