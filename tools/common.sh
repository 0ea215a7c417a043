# Shared by the scripts of this directory; source it from any working directory.
set -eu -o pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s\n' "$*"; }

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Makes sure that R's first library can be written to: the user's own where the site's cannot.
use_writable_library() {
  local library
  library=$(Rscript -e 'cat(.libPaths()[1])')
  [ -w "$library" ] || mkdir -p "$(Rscript -e 'cat(path.expand(Sys.getenv("R_LIBS_USER")))')"
}

# Builds the source package in a directory outside the checkout and prints its path.
build_package() { # directory, options of R CMD build
  local directory=$1
  shift
  if ! (cd "$directory" && R CMD build "$@" "$root" >build.log 2>&1); then
    cat "$directory/build.log" >&2
    return 1
  fi
  ls "$directory"/fastmlp_*.tar.gz
}

# What building vignettes needs and this machine lacks.
missing_for_vignettes() {
  command -v pandoc >/dev/null || say pandoc
  Rscript tools/missing.R knitr rmarkdown
}

# The option of R CMD build without which it fails where vignettes cannot be built.
vignette_option() {
  if [ -n "$(missing_for_vignettes)" ]; then say --no-build-vignettes; fi
}

# The engine's sources that know no R.
core_files() { ls "$root"/src/*.c | grep -Ev '/(init|r_[a-z]*)\.c$'; }
