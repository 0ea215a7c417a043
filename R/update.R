# Fitting again with other arguments.

#' Fit again with other arguments
#'
#' `update()` of a fit is the call of [mlp_fit()] that made it, with some arguments changed, on data given
#' again: a fit holds neither the data nor the call, but remembers the arguments that it was given. Those that
#' were not given come from the preset anew, as they may depend on data and changed arguments. To add epochs
#' to the training that there was, use [mlp_continue()].
#'
#' After [mlp_continue()] `epochs` is the number of all. `checkpoint` is not taken over.
#'
#' @param object A fit by [mlp_fit()].
#' @param ... The data, as for `mlp_fit()`: `x` and `y`, or for a fit by a formula or a recipe `data`; and
#'   arguments of `mlp_fit()` to change, by name. `NULL` stands for what the preset says. `formula` and
#'   `recipe` may be given, too, to fits that were made by such. Needed again, where the fit had them:
#'   `weights`, an `offset` that is an argument, validation rows or data, `callbacks`, `metrics` of your own,
#'   initial values, a [loss_custom()].
#' @return A fit, as `mlp_fit()` returns it.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "fast")
#' update(fit, iris, hidden_units = c(32, 32), learn_rate = 0.02)
#' update(fit, iris, formula = Species ~ Petal.Length + Petal.Width)
#' @importFrom stats update
#' @export
update.fastmlp <- function(object, ...) {
  call <- environment()
  check_whole_names()
  check_model(object)
  if (is.null(object$given)) abort_model("object", "one without its `given`", call)
  interface <- fit_interface(object)
  parts <- c(if (takes_data(interface)) c("data", interface) else c("x", "y"))
  given <- list(...)
  known <- c(parts, names(plain_arguments), "preset")
  unknown <- setdiff(names(given), c(known, ""))
  if (length(unknown)) {
    abort_argument("...", "the data and arguments of `mlp_fit()`",
                   sprintf("the unknown argument `%s`", unknown[1]), "dots", suggest(unknown[1], known), call)
  }
  is_data <- rlang::names2(given) %in% c(setdiff(parts, interface), "")
  data <- named_data(given[is_data], setdiff(parts, interface), call)
  model <- if (interface == "formula") given$formula %||% formula.fastmlp(object) else
    if (interface == "recipe") given$recipe %||% object$blueprint$recipe
  settings <- given[!is_data & names(given) != interface]
  arguments <- updated_settings(object$given, settings, call)
  if (takes_data(interface)) return(rlang::inject(mlp_fit(model, data$data, !!!arguments)))
  rlang::inject(mlp_fit(data$x, data$y, !!!arguments))
}

# The arguments that a fit was given, with changed ones in their place.
updated_settings <- function(given, changed, call) {
  kept <- given[setdiff(names(given), c(names(changed), "checkpoint"))]
  for (arg in names(Filter(is_placeholder, kept))) abort_not_again(arg, call)
  c(kept, changed)
}

# What a fit remembers of what it was given: no data, and no functions of the user's.
remembered_arguments <- function(given) {
  given <- without_data(Filter(Negate(is.null), given))
  if (!all(given$metrics %in% names(known_metrics))) given$metrics <- "given"
  if (inherits(given$loss, "fastmlp_loss") && is.function(given$loss$fn)) given$loss <- "given"
  given
}

# What without_data() and remembered_arguments() put in the place of what is not kept.
is_placeholder <- function(x) rlang::is_string(x, c("given", "data", "rows"))
