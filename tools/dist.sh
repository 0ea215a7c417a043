#!/usr/bin/env bash
# Builds fastmlp_<version>.tar.gz in the root of the checkout.
source "$(dirname "$0")/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tarball=$(build_package "$work" $(vignette_option))
cp "$tarball" .
say "Built $(basename "$tarball")."
