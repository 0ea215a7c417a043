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

# ---- installing --------------------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Those of Debian's packages that are missing; those that this release lacks are passed over.
apt_install_missing() {
  local package missing=() known=()
  for package in "$@"; do
    dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  as_root apt-get update -q
  for package in "${missing[@]}"; do
    if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); fi
  done
  [ ${#known[@]} -gt 0 ] || return 0
  say "Installing with apt: ${known[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${known[@]}"
}

install_debian_packages() { # names
  command -v apt-get >/dev/null || return 0
  apt_install_missing "$@" || say "apt-get could not install all of these; going on."
}

# ---- the machine -------------------------------------------------------------------------------

CC=${CC:-cc}

machine_line() { [ -z "$2" ] || say "\"$1\",\"$2\""; } # what, value; nothing of what is not known

processor() { # field of lscpu
  lscpu | sed -n "s/^ *$1: *//p"
}

describe_machine() { # prints a table of what a reader should know
  local level
  say "what,value"
  machine_line Date "$(date +%F)"
  machine_line Processor "$(processor 'Model name') (family $(processor 'CPU family')), $(nproc) cores"
  for level in L1d L2 L3; do machine_line "$level cache" "$(processor "$level cache")"; done
  machine_line System "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
  machine_line Compiler "$("$CC" --version | head -n 1)"
  machine_line R "$(Rscript -e 'cat(as.character(getRversion()), "with", basename(La_library()))')"
}

# ---- surroundings ------------------------------------------------------------------------------

# The folder of OpenBLAS for OpenMP; empty where it is not installed.
openblas_folder() {
  local folder
  for folder in /usr/lib/*/openblas-openmp; do
    if [ -d "$folder" ]; then say "$folder" && break; fi
  done
}
OPENBLAS=${OPENBLAS:-$(openblas_folder)}

with_threads() { # threads, command ...
  OMP_NUM_THREADS=$1 OPENBLAS_NUM_THREADS=$1 "${@:2}"
}

# What PyTorch needs to be at its best. Its threads are OpenMP's: an OpenBLAS that brings its own
# kind of threads would fight them for the cores, and its choice of kernels may be a bad one
# (choose_blas), as may be one that the surroundings make. The C library by default gives large blocks
# back to the system at once, and every step would get them anew, page by page; from 2.35 on it asks
# for large pages if told to. And some versions use AVX-512 in their own loops only when told to.
at_its_best() { # command ...
  local libraries=$OPENBLAS${LD_LIBRARY_PATH:+${OPENBLAS:+:}$LD_LIBRARY_PATH}
  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE ${blas_kernels:+OPENBLAS_CORETYPE=$blas_kernels} \
    MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824 \
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 ${libraries:+LD_LIBRARY_PATH=$libraries} "$@"
}

# Sets blas_kernels to the fastest for that Python on all cores, by the best of three goes in turns; empty
# where OpenBLAS chooses best.
choose_blas() { # python with torch
  local kernels seconds round goes=
  for round in 1 2 3; do
    for kernels in own Haswell Zen SkylakeX Cooperlake SapphireRapids; do
      blas_kernels=${kernels#own}
      seconds=$(with_threads "$(nproc)" at_its_best "$1" blas.py 2>&1) || {
        say "OpenBLAS kernels $kernels: $seconds" >&2
        continue
      }
      goes+="$seconds $kernels"$'\n'
    done
  done
  goes=$(sort -g <<<"${goes%$'\n'}")
  say "OpenBLAS kernels, seconds: ${goes//$'\n'/, }" >&2
  blas_kernels=${goes%%$'\n'*}
  blas_kernels=${blas_kernels##* }
  blas_kernels=${blas_kernels#own}
}

if grep -qw avx512vl /proc/cpuinfo; then export ATEN_CPU_CAPABILITY=avx512; fi
