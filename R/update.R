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
#'   arguments of `mlp_fit()` to change, by name. `NULL` stands for what the preset says. A `formula`, which
#'   needs no name, and a `recipe` may be given, too, to fits that were made by such; in the formula `.`
#'   stands for what the fit's has on that side, as in [stats::update.formula()]. Needed again, where the fit
#'   had them: `weights`, an `offset` that is an argument, validation rows or data, `callbacks`,
#'   `metrics` of your own, initial values, a [loss_custom()].
#' @return A fit, as `mlp_fit()` returns it.
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, preset = "fast")
#' update(fit, iris, hidden_units = c(32, 32), learn_rate = 0.02)
#' update(fit, . ~ . - Sepal.Length, iris)
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
  given <- rlang::set_names(given, named_formula(given))
  check_updated(given, c(parts, names(plain_arguments), "preset"), call)
  is_data <- rlang::names2(given) %in% c(setdiff(parts, interface), "")
  data <- named_data(given[is_data], setdiff(parts, interface), call)
  model <- if (interface == "formula") updated_formula(given$formula, formula.fastmlp(object)) else
    if (interface == "recipe") given$recipe %||% object$blueprint$recipe
  settings <- given[!is_data & names(given) != interface]
  arguments <- updated_settings(object$given, settings, call)
  if (takes_data(interface)) return(rlang::inject(mlp_fit(model, data$data, !!!arguments)))
  rlang::inject(mlp_fit(data$x, data$y, !!!arguments))
}

check_updated <- function(given, known, call) {
  unknown <- setdiff(names(given), c(known, ""))
  if (length(unknown) == 0) return(invisible())
  hint <- if (unknown[1] == "formula") "This fit was not made by one: change its data, or its recipe." else
    argument_hint(unknown[1], known, fit_synonyms)
  abort_argument("...", "the data and arguments of `mlp_fit()`",
                 sprintf("the unknown argument `%s`", unknown[1]), "dots", hint, call)
}

# The names of arguments, where a formula needs none.
named_formula <- function(given) {
  names <- rlang::names2(given)
  names[names == "" & vapply(given, inherits, NA, "formula")] <- "formula"
  names
}

# A formula in which a dot, or no left side, stands for what there was on that side, as for other models:
# update.formula() itself takes no dot in the one that there was.
updated_formula <- function(new, old) {
  if (!inherits(new, "formula")) return(new %||% old)
  side <- function(new, old) eval(call("substitute", new, list(. = old)))
  left <- side(rlang::f_lhs(new) %||% quote(.), rlang::f_lhs(old))
  rlang::new_formula(left, side(rlang::f_rhs(new), rlang::f_rhs(old)), rlang::f_env(new))
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
