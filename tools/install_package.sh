#!/usr/bin/env bash
# Installs this checkout into R's library; nothing is built inside the checkout.
source "$(dirname "$0")/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
use_writable_library
tarball=$(build_package "$work" --no-build-vignettes)
R CMD INSTALL --no-test-load "$tarball" >"$work/install.log" 2>&1 || {
  cat "$work/install.log" >&2
  die "The package could not be installed."
}
say "Installed $(basename "$tarball" .tar.gz)."
