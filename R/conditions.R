# Every condition that the package raises comes from here, so that all of them carry a class
# and all errors name the argument, what was expected and what came.

#' @section Conditions:
#' Errors have class `fastmlp_error` and warnings class `fastmlp_warning`, beside one of their own. Warnings
#' are
#' * `fastmlp_warning_diverged`: a loss, that of validation rows among them, or a gradient became infinite or
#'   not a number (training ends, and of the epochs after which the loss was finite the last is kept, with
#'   `patience` the best), or a squared error ended above that of the start and at more than a million times
#'   that of outputs of 0;
#' * `fastmlp_warning_interrupted`: the user stopped training. The best completed epoch is kept with
#'   `patience`, else the last one; in the first, the weights so far, or those at the beginning by
#'   [opt_lbfgs()] and of ensembles whose members do not share weights. What belongs to the end of an epoch,
#'   such as metrics, is done before; where training had ended already, the fit is whole;
#' * `fastmlp_warning_stuck`: [opt_lbfgs()] failed to find a lower loss where there is one;
#' * `fastmlp_warning_metric`: the `stop_metric` was not finite after an epoch, such as a function of your own
#'   (training ends; with `patience` the best epoch before is kept, else this one). After the first epoch that
#'   is an error of class `fastmlp_error_metric`;
#' * `fastmlp_warning_checkpoint`: the file of `checkpoint` could no longer be written, and training goes on;
#'   that it cannot be written at first is an error;
#' * `fastmlp_warning_constant`, `fastmlp_warning_duplicated`: columns that are constant, or like others;
#' * `fastmlp_warning_outcome`: a predictor has the outcome's values, or is its classes in another coding,
#'   where chance would make one so in less than one of a hundred data sets of these rows and columns;
#' * `fastmlp_warning_missing`: new data lack values where the training data had all;
#' * `fastmlp_warning_levels`: the outcome has levels without rows;
#' * `fastmlp_warning_validation`: a single number chose one row to validate on.
#'
#' An error in one of `callbacks` or of `metrics` ends training with a `fastmlp_error_callback` or
#' `fastmlp_error_metric`, whose `parent` it is.
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

# `expected` completes "must be" (or "must", where it starts with "have").

abort_argument <- function(arg, expected, got, class = "value", hint = NULL,
                           call = rlang::caller_env()) {
  rlang::abort(
    c(
      sprintf("`%s` must %s%s.", arg, if (startsWith(expected, "have ")) "" else "be ", expected),
      x = sprintf("Got %s.", got),
      if (length(hint)) rlang::set_names(hint, "i")
    ),
    class = condition_class("error", class),
    call = call
  )
}

warn_fastmlp <- function(message, class, call = rlang::caller_env()) {
  rlang::warn(message, class = condition_class("warning", class), call = call)
}

# Its text ends with a newline, as that of base R's messages does: what keeps messages back to show them
# later, such as progressr, adds none.
inform_fastmlp <- function(lines, class) {
  text <- paste0(lines, "\n", collapse = "")
  class <- c(condition_class("message", class), "message", "condition")
  message(structure(class = class, list(message = text, call = NULL)))
}

condition_class <- function(type, kind) {
  c(paste("fastmlp", type, kind, sep = "_"), paste("fastmlp", type, sep = "_"))
}

# What came, in words.
describe <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.data.frame(x)) {
    return(sprintf("a data frame of %s and %s", count_of(nrow(x), "row"), count_of(ncol(x), "column")))
  }
  if (is_sparse(x)) return(sprintf("a sparse matrix of %s", paste(dim(x), collapse = " x ")))
  if (is.function(x)) return("a function")
  if (is.factor(x)) return(sprintf("a factor of length %d", length(x)))
  if (is.object(x)) return(sprintf("an object of class %s", enumerate(class(x))))
  if (is.call(x)) return(sprintf("the call `%s`", deparse(x, nlines = 1)))
  type <- with_article(typeof(x))
  if (length(dim(x)) > 1) {
    return(sprintf("%s %s of %s", type, if (is.matrix(x)) "matrix" else "array",
                   paste(dim(x), collapse = " x ")))
  }
  if (is.atomic(x)) return(describe_vector(x))
  sprintf("%s of length %d", type, length(x))
}

with_article <- function(noun) paste(if (grepl("^[aeiou]", noun)) "an" else "a", noun)

describe_vector <- function(x) {
  if (length(x) == 1) return(format_value(x))
  if (length(x) == 0) return(sprintf("an empty %s vector", typeof(x)))
  type <- with_article(typeof(x))
  sprintf("%s vector of length %d (%s)", type, length(x), enumerate(x, limit = 3))
}

format_value <- function(x) {
  if (is.character(x)) ifelse(is.na(x), "NA", dQuote(x, FALSE)) else format(x, trim = TRUE)
}

# "a", "b" and 3 more.
enumerate <- function(x, limit = 5, conjunction = "and") {
  shown <- vapply(utils::head(x, limit), format_value, "")
  more <- length(x) - length(shown)
  if (more > 0) shown <- c(shown, sprintf("%d more", more))
  if (length(shown) < 2) return(paste(shown))
  last <- length(shown)
  paste(paste(shown[-last], collapse = ", "), conjunction, shown[last])
}

# 1 row, 2 rows.
count_of <- function(n, noun) {
  sprintf("%s %s%s", format(n, big.mark = ",", scientific = FALSE), noun, if (n == 1) "" else "s")
}

# The choice nearest to a mistyped name, as a hint; NULL where none is near. Short names are near to
# anything, and so to nothing.
suggest <- function(name, choices) {
  if (!rlang::is_string(name) || nchar(name) <= 3 || length(choices) == 0) return(NULL)
  distance <- utils::adist(name, choices, ignore.case = TRUE)
  distance[sorted_letters(choices) == sorted_letters(name)] <- 1
  distance[startsWith(tolower(choices), tolower(name))] <- 0
  best <- which.min(distance)
  if (distance[best] > max(1, nchar(name) / 3)) return(NULL)
  sprintf("Did you mean %s?", dQuote(choices[best], FALSE))
}

# Names whose letters were swapped share these.
sorted_letters <- function(x) {
  vapply(strsplit(tolower(x), ""), function(letters) paste(sort(letters), collapse = ""), "")
}
