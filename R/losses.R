# The registry of losses in R, and their targets.

# What R needs to know of each loss: the kind of its targets (a row of `target_kinds`), the link that
# turns outputs into predictions (a row of `links`) and what its score is called. Where there is
# something to set: the constructor's argument, the default object, and `parts`, the names of the
# outputs that belong to one number of the outcome, where these are several. `by_name = FALSE`: it
# cannot be chosen by name.
losses <- list(
  cross_entropy = list(target = "classes", link = "softmax", metric = "accuracy",
                       setting = "label_smoothing"),
  binary_cross_entropy = list(target = "probability", link = "sigmoid", metric = "accuracy",
                              setting = "label_smoothing"),
  squared = list(target = "numbers", link = "none", metric = "rmse"),
  absolute = list(target = "numbers", link = "none", metric = "rmse"),
  huber = list(target = "numbers", link = "none", metric = "rmse", setting = "delta",
               default = function() loss_huber()),
  log_cosh = list(target = "numbers", link = "none", metric = "rmse"),
  quantile = list(target = "numbers", link = "quantile", metric = "pinball", setting = "levels",
                  default = function() loss_quantile(),
                  parts = function(loss) paste0("q", format_plainly(loss$levels))),
  poisson = list(target = "counts", link = "log", metric = "deviance"),
  gamma = list(target = "positive", link = "log", metric = "deviance"),
  tweedie = list(target = "nonnegative", link = "log", metric = "deviance", setting = "power",
                 default = function() loss_tweedie()),
  negative_binomial = list(target = "counts", link = "log", metric = "deviance", setting = "size",
                           default = function() loss_negative_binomial()),
  gaussian = list(target = "numbers", link = "gaussian", metric = "rmse",
                  parts = function(loss) c("mean", "variance")),
  focal = list(target = "classes", link = "softmax", metric = "accuracy", setting = "gamma",
               default = function() loss_focal()),
  binary_focal = list(target = "probability", link = "sigmoid", metric = "accuracy",
                      setting = "gamma", default = function() loss_binary_focal()),
  hinge = list(target = "classes", link = "margin", metric = "accuracy"),
  binary_hinge = list(target = "probability", link = "margin", metric = "accuracy"),
  ordinal = list(target = "ordered", link = "ordinal", metric = "accuracy"),
  custom = list(target = "numbers", link = "none", metric = "value", by_name = FALSE,
                parts = function(loss) if (length(loss$levels) > 1) as.character(loss$levels)),
  custom_classes = list(target = "classes", link = "softmax", metric = "value", by_name = FALSE)
)

as_loss <- function(loss, arg = "loss", call = rlang::caller_env()) {
  if (inherits(loss, "fastmlp_loss")) {
    expected <- "a loss such as `loss_huber()`"
    return(check_made(loss, arg, expected, "loss", names(losses), call, make_loss_again))
  }
  name <- check_choice(loss, arg, loss_names(), call = call)
  default <- losses[[name]]$default
  if (is.null(default)) new_loss(name) else default()
}

# See make_again(); some losses have no constructor of their own.
make_loss_again <- function(prefix, parts) {
  name <- parts$name
  if (!is.null(losses[[name]]$setting)) {
    setting <- rlang::set_names(list(parts$levels %||% parts$parameter), losses[[name]]$setting)
    return(make_again(prefix, c(list(name = name), setting)))
  }
  if (!startsWith(name, "custom")) return(new_loss(name))
  loss_custom(parts$fn, losses[[name]]$target, max(1, length(parts$levels)))
}

# The loss that a kind of target asks for where none was chosen.
default_loss <- function(y, outputs = NULL) {
  if (!is.factor(y)) return(new_loss("squared"))
  new_loss(if (identical(outputs, 1L)) "binary_cross_entropy" else "cross_entropy")
}

# Outputs that belong to each number of the outcome, by name; NULL where there is one.
loss_parts <- function(loss) {
  parts <- losses[[loss$name]]$parts
  if (!is.null(parts)) parts(loss)
}

loss_heads <- function(loss) max(length(loss_parts(loss)), 1L)

# 0.1, 0.25: no zeros at the end.
format_plainly <- function(x) vapply(x, format, "", digits = 10)

# ---- targets ----

# A target in the engine's form: integer classes, or a double matrix rows x numbers.
as_loss_target <- function(target, loss, rows, outputs, arg, call) {
  if (outputs %% loss_heads(loss) != 0) {
    expected <- sprintf("one for %s (this one has %d for each number of the target)",
                        count_of(outputs, "output"), loss_heads(loss))
    abort_argument("loss", expected, format(loss), "shape", call = call)
  }
  convert <- target_kinds[[losses[[loss$name]]$target]]$convert
  target <- convert(target, loss, outputs, arg, call)
  n <- if (is.matrix(target)) nrow(target) else length(target)
  if (n != rows) {
    abort_argument(arg, sprintf("have %s, one a row", count_of(rows, "value")), describe(target),
                   "shape", call = call)
  }
  target
}

class_target <- function(target, classes, arg, call) {
  if (is.factor(target)) {
    if (nlevels(target) != classes) {
      expected <- sprintf("a factor with one level a class (%d)", classes)
      abort_argument(arg, expected, sprintf("%d levels", nlevels(target)), "shape", call = call)
    }
    target <- as.integer(target)
    if (!anyNA(target)) return(target)
  }
  check_count(target, arg, 1, classes, length = NULL, call = call)
}

probability_target <- function(target, loss, outputs, arg, call) {
  if (is.factor(target) && nlevels(target) != 2) {
    abort_argument(arg, "a factor with two levels", sprintf("%d levels", nlevels(target)),
                   "shape", call = call)
  }
  if (is.factor(target)) target <- as.integer(target) - 1
  if (is.logical(target)) target <- target + 0
  target <- target_matrix(target, outputs, arg, call)
  bad <- which(target < 0 | target > 1)
  if (length(bad)) abort_argument(arg, "within [0, 1]", describe(target[bad[1]]), call = call)
  target
}

number_target <- function(target, loss, outputs, arg, call) {
  if (is.factor(target)) {
    abort_argument(arg, sprintf("numeric for loss \"%s\"", loss$name), describe(target), "type",
                   call = call)
  }
  target <- target_matrix(target, outputs %/% loss_heads(loss), arg, call)
  check_target_values(target, loss, arg, call)
}

target_matrix <- function(target, columns, arg, call) {
  if (is_plain_numeric(target) && is.null(dim(target))) target <- matrix(target)
  target <- check_matrix(target, arg, columns = columns, call = call)
  check_finite_values(target, arg, call)
  as_double(target)
}

# By kind: the types of outcome that have such targets; how one becomes the engine's; the outputs of
# a network for it; and, for numbers, what they have to be.
target_kinds <- list(
  classes = list(
    outcomes = "class", outputs = function(values, loss) nlevels(values),
    convert = function(target, loss, outputs, arg, call) class_target(target, outputs, arg, call)
  ),
  ordered = list(
    outcomes = "class", outputs = function(values, loss) nlevels(values) - 1L,
    convert = function(target, loss, outputs, arg, call) class_target(target, outputs + 1L, arg, call)
  ),
  probability = list(
    outcomes = c("class", "labels"),
    outputs = function(values, loss) NCOL(values), # one logit serves two classes
    convert = probability_target
  )
)

number_kind <- function(...) {
  outputs <- function(values, loss) ncol(values) * loss_heads(loss)
  list(outcomes = "numeric", outputs = outputs, convert = number_target, ...)
}

target_kinds$numbers <- number_kind()
target_kinds$counts <- number_kind(
  allows = function(x) x >= 0 & x == trunc(x), expected = "whole numbers of at least 0"
)
target_kinds$positive <- number_kind(allows = function(x) x > 0, expected = "numbers above 0")
target_kinds$nonnegative <- number_kind(
  allows = function(x) x >= 0, expected = "numbers of at least 0"
)

# Refuses numbers that the loss cannot take.
check_target_values <- function(values, loss, arg, call) {
  kind <- target_kinds[[losses[[loss$name]]$target]]
  bad <- if (!is.null(kind$allows)) which(!kind$allows(values))
  if (length(bad) == 0) return(values)
  got <- sprintf("%s in row %d (%s in all)", format_value(values[bad[1]]),
                 (bad[1] - 1L) %% nrow(values) + 1L, count_of(length(bad), "such value"))
  abort_argument(arg, sprintf("%s for loss \"%s\"", kind$expected, loss$name), got, "outcome",
                 call = call)
}
