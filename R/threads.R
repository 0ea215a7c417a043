#' Threads and machine
#'
#' `mlp_threads()` says how many threads the package uses unless an argument `threads` says
#' otherwise, and sets a cap on them. `mlp_info()` tells what the engine runs on.
#'
#' The default is the machine's number of cores, capped by the environment variables
#' `OMP_NUM_THREADS` and `OMP_THREAD_LIMIT`, by the core limit of `R CMD check`, by
#' `mlp_threads(n)` and by `options(fastmlp.threads = n)`. Results do not depend on the number of
#' threads.
#'
#' A forked child (`parallel::mclapply()`, `future::multicore`) has one thread. Workers that are R processes
#' of their own (`future::multisession`, mirai, clusters of the parallel package) do not know of each other,
#' and each may take as many threads as the machine has cores. Training notices where its threads get in each
#' other's way, and goes on with one, so nothing has to be done; to decide by yourself, start workers with
#' `OMP_NUM_THREADS=1` or give `threads = 1`.
#'
#' The engine's loops are compiled for several instruction sets: `"avx512"` and `"avx2"` (with
#' multiply-add) on x86-64, `"neon"` on arm64, and everywhere `"portable"`, which asks for nothing.
#' When the package is loaded it takes the best that the processor has, or the one that the
#' environment variable `FASTMLP_SIMD` names; a name that cannot run here changes nothing. Results
#' of two instruction sets differ by rounding.
#'
#' @param n The cap: a whole number of at least 1, or `Inf` to lift it. `NULL` changes nothing.
#' @param ... Must be empty.
#' @return `mlp_threads()`: the number of threads in force, invisibly if `n` was given.
#'   `mlp_info()`: a list of class `fastmlp_info` with the package's `version`, the instruction
#'   set in use (`simd`) and those `available`, whether OpenMP is compiled in (`openmp`), the
#'   machine's `cores` and the `threads` in force.
#' @examples
#' mlp_threads()
#' mlp_info()
#' @export
mlp_threads <- strict(function(n = NULL) {
  call <- environment()
  if (is.null(n)) return(threads_in_force(call))
  cap <- if (identical(n, Inf)) NA_integer_ else check_count(n, "n")
  .Call(fastmlp_threads, cap)
  invisible(threads_in_force(call))
})

#' @rdname mlp_threads
#' @export
mlp_info <- function() {
  info <- .Call(fastmlp_info)
  info$threads <- threads_in_force(environment())
  structure(c(list(version = package_version_string()), info), class = "fastmlp_info")
}

#' @export
print.fastmlp_info <- function(x, ...) {
  check_no_dots(...)
  show_lines(c(
    sprintf("fastmlp %s", x$version),
    sprintf("Instruction set: %s (available: %s)", x$simd, paste(x$available, collapse = ", ")),
    sprintf("OpenMP: %s", if (x$openmp) "yes" else "no"),
    sprintf("Threads: %d of %s", x$threads, count_of(x$cores, "core"))
  ))
  invisible(x)
}

threads_in_force <- function(call) {
  min(.Call(fastmlp_info)$threads, resolve_threads(NULL, call), na.rm = TRUE)
}

# What the engine takes: a count, or NA for its own default.
resolve_threads <- function(threads, call = rlang::caller_env()) {
  arg <- "threads"
  if (is.null(threads)) {
    arg <- "options(fastmlp.threads)"
    threads <- getOption("fastmlp.threads")
  }
  if (is.null(threads)) NA_integer_ else check_count(threads, arg, call = call)
}

package_version_string <- function() getNamespaceVersion("fastmlp")[["version"]]
