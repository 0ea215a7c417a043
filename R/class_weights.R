# Class weights: factors of the case weights, one a class.

# What the argument may be; that it fits the outcome is seen where the outcome is known.
check_class_weights <- function(x, arg, call) {
  if (is.null(x) || identical(x, "balanced")) return(x)
  if (!is_plain_vector(x) || is.null(names(x))) {
    abort_argument(arg, "\"balanced\", or a numeric vector with a name for each class", describe(x),
                   fault_kind(x, NULL), "Such as `c(no = 1, yes = 5)`, with the levels of the outcome.", call)
  }
  bad <- which(!is.finite(x) | x < 0 | x > largest_float)
  if (length(bad)) {
    got <- sprintf("%s for `%s`", format_value(unname(x[bad[1]])), names(x)[bad[1]])
    abort_argument(arg, sprintf("numbers from 0 to %s", format(largest_float)), got, call = call)
  }
  if (!any(x > 0)) abort_argument(arg, "above 0 for some class", "zeros only", call = call)
  rlang::set_names(as.double(x), names(x))
}

# One weight a class of the outcome, in the order of its levels; NULL for none.
weights_by_class <- function(class_weights, values, case_weights, call) {
  if (is.null(class_weights)) return(NULL)
  if (!is.factor(values)) {
    abort_argument("class_weights", "NULL where the outcome is not one factor", describe(class_weights),
                   call = call)
  }
  if (identical(class_weights, "balanced")) return(balanced_weights(values, case_weights))
  check_class_names(names(class_weights), levels(values), call)
  unname(class_weights[levels(values)])
}

# rows / (classes * rows of the class), where classes without rows do not count, and rows as their weights.
balanced_weights <- function(values, case_weights = NULL) {
  rows <- if (is.null(case_weights)) tabulate(values, nlevels(values)) else
    vapply(split(case_weights, values), sum, 1, USE.NAMES = FALSE)
  ifelse(rows > 0, sum(rows) / (sum(rows > 0) * rows), 0)
}

check_class_names <- function(names, levels, call) {
  wrong <- c(setdiff(names, levels), names[duplicated(names)])
  missing <- setdiff(levels, names)
  if (!length(wrong) && !length(missing)) return(invisible())
  got <- if (length(wrong)) paste("the names", enumerate(names)) else
    paste("none for", enumerate(missing, conjunction = "or"))
  abort_argument("class_weights", sprintf("have each class once as a name (%s)", enumerate(levels)), got,
                 hint = if (length(wrong)) suggest(wrong[1], levels), call = call)
}

# Case weights times class weights, NULL where there are neither, and what they are worth.
weighing <- function(cases, by_class, values) {
  weights <- if (is.null(by_class)) cases else (cases %||% 1) * by_class[as.integer(values)]
  list(weights = weights, worth = weights_worth(weights, cases, by_class))
}
