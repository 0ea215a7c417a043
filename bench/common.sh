# What the benchmark's shell scripts share; source it from any working directory. It leaves the
# shell in this folder.
source "$(dirname "${BASH_SOURCE[0]}")/../tools/common.sh"
cd bench

# The peers' own library: they must not change what the user has installed.
library_here='cat(tools::R_user_dir("fastmlp-bench", "cache"))'
export PEERS_LIBRARY=${PEERS_LIBRARY:-$(Rscript -e "$library_here")}

# The first Python that has a module, which need not be the first on the path.
python_with() { # module
  local python
  for python in ${PYTHON:-python3 /usr/bin/python3}; do
    if "$python" -c "import $1" 2>/dev/null; then
      say "$python"
      return
    fi
  done
  return 1
}
