# Checks of arguments. Each returns the value in its normal form or raises an error that names the
# argument; `call` is the frame of the function that the user called.

# Whole numbers of at least `min`, one or (length = NULL) any number of them; integers.
check_count <- function(x, arg, min = 1, max = .Machine$integer.max, length = 1,
                        call = rlang::caller_env(), hint = NULL) {
  ok <- is_plain_numeric(x) && (is.null(length) || length(x) == length) &&
    !anyNA(x) && all(x == trunc(x)) && all(x >= min & x <= max)
  if (!ok) {
    what <- if (is.null(length)) "whole numbers" else "a whole number"
    expected <- paste(what, describe_limits(x, min, max))
    abort_argument(arg, expected, describe(x), fault_kind(x, length), hint, call)
  }
  as.integer(x)
}

# Units of hidden layers. A grid of several layers to tune over gives each as a list of one.
check_units <- function(x, arg, call = rlang::caller_env()) {
  if (is.list(x) && length(x) == 1) x <- x[[1]]
  none <- is_plain_numeric(x) && any(x == 0, na.rm = TRUE)
  check_count(x, arg, length = NULL, call = call,
              hint = if (none) "For no hidden layer give `integer()`." else
                if (is.list(x) && is_plain_numeric(unlist(x))) sprintf("Use `c(%s)`.", toString(unlist(x))))
}

# The largest integer goes without saying, unless x is above it.
describe_limits <- function(x, min, max) {
  above <- is_plain_numeric(x) && any(x > max, na.rm = TRUE)
  if (above || max < .Machine$integer.max) return(sprintf("from %d to %d", min, max))
  sprintf("of at least %d", min)
}

# One number between `from` and `to`; `open` lists the ends that do not belong ("from", "to").
check_number <- function(x, arg, from = -Inf, to = Inf, open = character(),
                         call = rlang::caller_env(), hint = NULL) {
  inside <- function() {
    (if ("from" %in% open) x > from else x >= from) && (if ("to" %in% open) x < to else x <= to)
  }
  ok <- is_plain_numeric(x) && length(x) == 1 && !is.na(x) && inside()
  if (!ok) {
    hint <- (if (to == 1) share_hint(x)) %||% hint
    abort_argument(arg, describe_range(from, to, open), describe(x), fault_kind(x), hint, call)
  }
  as.double(x)
}

describe_range <- function(from, to, open) {
  number <- if (to == Inf && "to" %in% open) "a finite number" else "a number"
  if (from == -Inf && to == Inf) return(number)
  if (to == Inf) {
    return(paste(number, if ("from" %in% open) "above" else "of at least", format(from)))
  }
  sprintf("a number in %s%s, %s%s", if ("from" %in% open) "(" else "[", format(from), format(to),
          if ("to" %in% open) ")" else "]")
}

# A count, or Inf for no limit.
check_count_or_inf <- function(x, arg, call = rlang::caller_env()) {
  if (identical(x, Inf)) x else check_count(x, arg, call = call)
}

check_flag <- function(x, arg, call = rlang::caller_env()) {
  if (!rlang::is_bool(x)) {
    kind <- fault_kind(x, right_type = is.logical)
    abort_argument(arg, "TRUE or FALSE", describe(x), kind, call = call)
  }
  x
}

# TRUE, FALSE or 2: also the profile.
check_verbose <- function(x, arg, call) {
  if (is_plain_numeric(x) && length(x) == 1 && x %in% 0:2) return(if (x == 2) 2 else x == 1)
  if (rlang::is_bool(x)) return(x)
  abort_argument(arg, "TRUE, FALSE or 2", describe(x), fault_kind(x), call = call)
}

# One of some names, or (length = NULL) several of them. `hint` is given where none is nearer.
check_choice <- function(x, arg, choices, length = 1, call = rlang::caller_env(), hint = NULL) {
  wrong <- if (is.character(x)) x[!x %in% choices] else x
  if (is.character(x) && !length(wrong) && (is.null(length) || length(x) == length)) return(x)
  abort_argument(
    arg, paste0(if (length(choices) > 1) "one of ", enumerate(choices, Inf, "or")),
    describe(if (length(wrong) && is.character(x)) wrong[1] else x),
    fault_kind(x, length, is.character),
    hint = choice_hint(if (is.character(wrong)) wrong else x, arg, choices) %||% hint, call = call
  )
}

# The first choice where the argument still is the vector of all of them, like match.arg().
check_first_choice <- function(x, arg, choices, call = rlang::caller_env()) {
  if (identical(x, choices)) choices[1] else check_choice(x, arg, choices, call = call)
}

# `prefix` is that of functions that make such objects.
check_class <- function(x, arg, class, expected, call = rlang::caller_env(), prefix = NULL) {
  if (inherits(x, class)) return(x)
  hint <- if (!is.null(prefix)) constructor_hint(x, prefix)
  abort_argument(arg, expected, describe(x), "type", hint, call)
}

check_data_frame <- function(x, arg, call, expected = "a data frame") {
  if (is.data.frame(x)) return(x)
  hint <- c(if (is.matrix(x)) sprintf("Use `as.data.frame(%s)`.", arg),
            if (length(dim(x)) == 2) "A matrix goes without a formula: `mlp_fit(x, y)`.")
  abort_argument(arg, expected, describe(x), "type", hint, call)
}

# An object as a function makes it that has the object's name behind a prefix, `names` being such names: one
# that was changed by hand goes through that function's checks.
check_made <- function(x, arg, expected, prefix, names, call, make = make_again) {
  parts <- unclass(x)
  name <- if (is.list(parts)) parts$name
  if (!rlang::is_string(name, names)) {
    abort_argument(arg, paste(expected, "makes it"), "one without a valid name", "model", call = call)
  }
  made <- tryCatch(make(prefix, parts), error = function(cnd) cnd)
  if (inherits(made, class(x)[1]) && identical(names(made), names(parts))) return(made)
  got <- if (inherits(made, "error")) "wrong settings" else "settings that are missing or twice"
  hint <- if (inherits(made, "rlang_error")) made$message
  abort_argument(arg, sprintf("as `%s_%s()` makes it", prefix, name), got, "model", hint, call)
}

# Calls the function with the object's settings.
make_again <- function(prefix, parts) {
  do.call(getExportedValue("fastmlp", paste(prefix, parts$name, sep = "_")), parts[-1], quote = TRUE)
}

# A numeric matrix with `columns` columns (NULL: any number), never copied.
check_matrix <- function(x, arg, rows = NULL, columns = NULL, call = rlang::caller_env(), hint = NULL) {
  if (!is_numeric_matrix(x)) {
    one_row <- is_plain_vector(x) && (is.null(columns) || length(x) == columns)
    if (one_row) hint <- sprintf("For one row, use `matrix(%s, nrow = 1)`.", arg)
    if (is.data.frame(x)) hint <- sprintf("Use `as.matrix(%s)`, if its columns are numbers.", arg)
    abort_argument(arg, "a numeric matrix", describe(x), "type", hint, call)
  }
  if (!is.null(columns) && ncol(x) != columns) {
    abort_argument(arg, paste("a matrix with", count_of(columns, "column")), describe(x), "shape",
                   call = call)
  }
  if (!is.null(rows) && nrow(x) != rows) {
    abort_argument(arg, paste("a matrix with", count_of(rows, "row")), describe(x), "shape",
                   call = call)
  }
  x
}

# A double vector of a given length (NULL: any).
check_numeric <- function(x, arg, length = NULL, call = rlang::caller_env(), hint = NULL) {
  if (!is.numeric(x) || is.object(x)) {
    abort_argument(arg, "a numeric vector", describe(x), "type", hint, call)
  }
  if (!is.null(length) && length(x) != length) {
    abort_argument(arg, sprintf("a numeric vector of length %d", length), describe(x), "shape",
                   call = call)
  }
  as.double(x)
}

check_case_weights <- function(weights, rows, arg = "weights", call = rlang::caller_env()) {
  if (is.null(weights)) return(NULL)
  if (inherits(weights, "hardhat_case_weights")) weights <- as.double(weights)
  weights <- check_numeric(weights, arg, rows, call, column_hint(weights, arg))
  if (in_single_precision(weights) && min(weights) >= 0 && max(weights) > 0) return(weights)
  bad <- which(!is.finite(weights) | weights < 0 | weights > largest_float)
  if (length(bad)) {
    got <- sprintf("%s in row %d", format_value(weights[bad[1]]), bad[1])
    class <- if (is.na(weights[bad[1]])) "missing" else "value"
    abort_argument(arg, sprintf("numbers from 0 to %s", format(largest_float)), got, class,
                   call = call)
  }
  if (!any(weights > 0)) abort_argument(arg, "above 0 in some row", "zeros only", call = call)
  weights
}

# Nothing may be left over: an argument that would be ignored is a mistake, and so is one whose name R would
# complete. `synonyms` has names by the hint to give for them; `unnamed` is the hint where there is no name.
check_no_dots <- function(..., known = character(), synonyms = list(), unnamed = NULL,
                          call = rlang::caller_env()) {
  check_whole_names(synonyms, call, sys.parent())
  if (...length() == 0) return(invisible())
  name <- Filter(nzchar, names(substitute(list(...))))[1]
  if (length(name) && !is.na(name)) abort_unknown(name, argument_hint(name, known, synonyms), call)
  abort_argument("...", "empty", "an argument without a name", "dots", unnamed %||% known_hint(known), call)
}

abort_unknown <- function(name, hint, call) {
  abort_argument("...", "empty", sprintf("the unknown argument `%s`", name), "dots", hint, call)
}

# Names that R could complete to several arguments, which it would refuse in words of its own.
check_unambiguous <- function(given, arguments, synonyms, call = rlang::caller_env()) {
  for (name in setdiff(given, c(arguments, ""))) {
    whole <- arguments[startsWith(arguments, name)]
    if (length(whole) < 2) next
    hint <- argument_hint(name, synonyms = synonyms) %||%
      sprintf("Did you mean %s?", enumerate(whole, Inf, "or"))
    abort_unknown(name, hint, call)
  }
}

# A name in the call of a function that is neither one of its arguments nor among those left over R took for
# the one argument that begins so. `frame` is the number of the function's.
check_whole_names <- function(synonyms = list(), call = rlang::caller_env(), frame = sys.parent()) {
  arguments <- names(formals(sys.function(frame)))
  shortened <- setdiff(names_given(frame), c(arguments, dots_names(sys.frame(frame)), ""))
  if (length(shortened) == 0) return(invisible())
  whole <- arguments[startsWith(arguments, shortened[1])][1]
  hint <- argument_hint(shortened[1], synonyms = synonyms) %||% sprintf("Did you mean \"%s\"?", whole)
  abort_unknown(shortened[1], hint, call)
}

# The names in the call of a function, with those that its caller handed on by `...`: its own or, as R looks
# them up, those of a function around it.
names_given <- function(frame) {
  written <- sys.call(frame)
  handed_on <- any(vapply(as.list(written), identical, NA, quote(...)))
  c(names(written), if (handed_on) dots_names(dots_frame(sys.frame(sys.parents()[frame]))))
}

dots_frame <- function(frame) {
  while (!exists("...", frame, inherits = FALSE) && !identical(frame, emptyenv())) frame <- parent.env(frame)
  frame
}

# The names in a frame's `...`, none of which is evaluated.
dots_names <- function(frame) names(eval(quote(substitute(list(...))), frame))

# All arguments without a default are given. `hints` may say more, by argument.
check_given <- function(hints = NULL, call = rlang::caller_env()) {
  required <- Filter(rlang::is_missing, formals(sys.function(sys.parent())))
  for (arg in setdiff(names(required), "...")) {
    if (!eval(call("missing", as.name(arg)), call)) next
    abort_argument(arg, "given", "nothing", "type", hints[[arg]], call)
  }
}

# Arguments are evaluated here, so that an error is that of the argument and not of the first
# function to look at it.
check_evaluates <- function(args, call = rlang::caller_env()) {
  for (arg in args) {
    tryCatch(get(arg, call), error = function(cnd) {
      if (inherits(cnd, "rlang_error")) stop(cnd)
      hint <- unknown_object_hint(arg, eval(call("substitute", as.name(arg)), call))
      rlang::abort(
        c(sprintf("`%s` could not be evaluated.", arg), x = conditionMessage(cnd), i = hint),
        class = condition_class("error", "type"), call = call
      )
    })
  }
}

is_plain_numeric <- function(x) is.numeric(x) && !is.object(x)

is_plain_vector <- function(x) is_plain_numeric(x) && is.null(dim(x))

is_numeric_matrix <- function(x) is.matrix(x) && (is.numeric(x) || is.logical(x)) && !is.object(x)

# Why a value of the wrong kind was refused; the length does not matter where it is NULL.
fault_kind <- function(x, length = 1, right_type = is_plain_numeric) {
  if (!right_type(x)) return("type")
  if (!is.null(length) && length(x) != length) "shape" else "value"
}
