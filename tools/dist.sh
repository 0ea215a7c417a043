#!/usr/bin/env bash
# Builds fastmlp_<version>.tar.gz, with the vignettes, in the root of the checkout.
source "$(dirname "$0")/common.sh"
lacking=$(missing_for_vignettes)
[ -z "$lacking" ] || die "The tarball carries the vignettes, and these need what is not installed:" $lacking
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tarball=$(build_package "$work")
cp "$tarball" .
say "Built $(basename "$tarball")."
