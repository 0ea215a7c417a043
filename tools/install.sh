#!/usr/bin/env bash
# Installs what is missing to run the package (`install.sh demo`), to build its tarball (`install.sh dist`),
# to check it (`install.sh test`) or to build its site (`install.sh site`).
# Debian's packages come first, prebuilt; what they lack or have too old comes from CRAN.
source "$(dirname "$0")/common.sh"
goal=${1:-demo}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_use_apt() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; }
}

updated=
apt_install() { # Debian packages; those that this release lacks are passed over
  [ $# -gt 0 ] && can_use_apt || return 0
  [ -n "$updated" ] || as_root apt-get update -q || say "apt-get update failed; going on without it."
  updated=yes
  local package known=()
  for package in "$@"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  [ ${#known[@]} -gt 0 ] || return 0
  say "Installing with apt: ${known[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${known[@]}" ||
    say "apt-get could not install all of these."
}

missing=()
need() { # a command or file that shows that it is there; the Debian package that has it
  command -v "$1" >/dev/null || [ -e "$1" ] || dpkg -s "$2" >/dev/null 2>&1 || missing+=("$2")
}

need_system_packages() {
  need Rscript r-base-core
  need make make
  need gcc gcc
  need /usr/include/stdio.h libc6-dev
  need /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz dataset-fashion-mnist
  [ "$goal" != demo ] || return 0
  need pandoc pandoc
  [ "$goal" = test ] || return 0
  need clang clang
  need omp.h libomp-dev
  need qpdf qpdf
  need tidy tidy
  [ "$(uname -m)" = x86_64 ] || return 0
  need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  need /usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross
  need qemu-aarch64 qemu-user
}

install_system_packages() {
  need_system_packages
  apt_install ${missing[@]+"${missing[@]}"}
  local command lacking=
  for command in Rscript make cc; do
    command -v "$command" >/dev/null || lacking+=" $command"
  done
  [ -z "$lacking" ] || die "Not installed:$lacking. This needs R, make and a C compiler;" \
    "on Debian, as root or with sudo: apt-get install ${missing[*]}"
}

missing_r_packages() {
  case $goal in
    test) Rscript tools/missing.R Imports Suggests lintr ;;
    dist) Rscript tools/missing.R Imports knitr rmarkdown ;;
    site) Rscript tools/missing.R Imports Suggests pkgdown ;;
    *) Rscript tools/missing.R Imports ;;
  esac
}

# Debian's r-cran-* packages, where R itself is Debian's.
install_r_packages_from_debian() {
  local names
  names=$(missing_r_packages)
  if [ -z "$names" ] || ! dpkg -s r-base-core >/dev/null 2>&1; then return 0; fi
  # shellcheck disable=SC2046
  apt_install $(say "$names" | tr '[:upper:]' '[:lower:]' | sed 's/^/r-cran-/')
}

install_r_packages_from_cran() {
  local names
  names=$(missing_r_packages)
  [ -n "$names" ] || return 0
  command -v g++ >/dev/null || apt_install r-base-dev
  use_writable_library
  say "Installing from CRAN:" $names
  Rscript tools/install_cran.R $names || true
}

install_system_packages
install_r_packages_from_debian
install_r_packages_from_cran
lacking=$(missing_r_packages)
[ -z "$lacking" ] || say "R packages that could not be installed:" $lacking
[ -z "$(Rscript tools/missing.R Imports)" ] || die "The package needs its imports to run."
