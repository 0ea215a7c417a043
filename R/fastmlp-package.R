#' fastmlp: fast multilayer perceptrons
#'
#' Builds, trains, inspects and plots multilayer perceptrons for classification and regression.
#' [mlp_fit()] trains a network, [predict()][predict.fastmlp] uses it, [mlp_network()] makes an
#' untrained one, and the building blocks ([dense_forward()], [activation_value()], [loss_value()],
#' [sgd_step()] and their gradients) are enough to write a perceptron from scratch.
#'
#' The engine is written in C11 with OpenMP. It computes in single precision, and results do not
#' depend on the number of threads. R's own random numbers ([set.seed()]) decide everything random.
#'
#' @section Options:
#' \describe{
#'   \item{`fastmlp.threads`}{Threads to use unless the `threads` argument says otherwise.}
#'   \item{`fastmlp.preset`}{Name of the preset of fits that do not say theirs; see [mlp_preset()].}
#'   \item{`fastmlp.memory`}{The largest model to allocate, in bytes (default 4 GiB).}
#' }
#'
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "fast")
#' fit
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#' autoplot(fit)
#'
#' @useDynLib fastmlp, .registration = TRUE
#' @importFrom rlang %||%
#' @importFrom stats coef predict
#' @keywords internal
"_PACKAGE"

# Engines of other packages are registered when these are loaded, if they ever are. `autoplot` is ggplot2's
# own generic, as a promise: to load ggplot2 takes several times as long as all the rest, so that waits for
# the first picture.
.onLoad <- function(libname, pkgname) {
  delayedAssign("autoplot", ggplot2::autoplot, assign.env = topenv())
  if (isNamespaceLoaded("parsnip")) register_parsnip()
  setHook(packageEvent("parsnip", "onLoad"), register_parsnip)
}

# The finalizers of what training and prediction held lie in the library, which stays as long as one is to
# come.
.onUnload <- function(libpath) {
  gc()
  if (.Call(fastmlp_owners) == 0) library.dynam.unload("fastmlp", libpath)
}
