# What butcher can take off a fit.

#' Make a fit smaller
#'
#' `butcher::butcher()` takes off what [mlp_continue()] needs (`state`: the moments of the optimizer, a
#' multiple of the weights), and nothing else: a fit holds neither its training data nor the call.
#' Predictions stay as they are.
#'
#' @param x A fit by [mlp_fit()].
#' @param verbose Whether butcher says how much smaller the fit became.
#' @param ... Not used.
#' @return The fit without its `state`.
#' @name butcher-fastmlp
#' @examplesIf rlang::is_installed("butcher")
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "plain", optimizer = opt_adam())
#' small <- butcher::butcher(fit)
#' c(object.size(fit), object.size(small))
NULL

#' @rdname butcher-fastmlp
#' @exportS3Method butcher::axe_ctrl
axe_ctrl.fastmlp <- function(x, verbose = FALSE, ...) { # nolint: object_name_linter.
  check_model(x, "x")
  before <- x
  x["state"] <- list(NULL)
  if (verbose) {
    saved <- utils::object.size(before) - utils::object.size(x)
    cli::cli_alert_success("Memory released: {.val {format(saved, units = 'auto')}}")
  }
  x
}
