# Offsets: what is added to predictions, from an argument or from terms of the formula.

# Where a loss has it added: to the "outputs" before a link, by the engine; or, where the loss depends on the
# distance from the outcome alone, to the "outcome": what is left of it without the offset is learned. NULL
# where a number a row has no place.
offset_place <- function(loss) {
  if (standardizable(loss)) return("outcome")
  if (losses[[loss$name]]$link %in% c("log", "sigmoid")) "outputs"
}

# What a fit adds: list(values, valid, source, place, validation). values and valid are NULL or doubles, one
# a training row and a row of validation data; source is what the fit remembers: NULL, "argument" or
# the formula's terms; validation is the setting without the offset in it.
fit_offset <- function(settings, design, outcome, call) {
  terms <- design$offset
  validation <- settings$validation
  if (design$interface == "formula" && !is.null(settings$offset)) {
    abort_argument("offset", "a term `offset()` of the formula here", describe(settings$offset),
                   hint = "Write it into the formula: `y ~ x + offset(column)`.", call = call)
  }
  if (is.null(terms) && is.null(settings$offset)) return(list(validation = validation))
  check_takes_offset(outcome$info$loss, call)
  given <- if (is.null(terms)) offset_argument(settings$offset, validation, nrow(design$x), call) else
    offset_of_terms(terms, validation, design$data, call)
  c(given, place = offset_place(outcome$info$loss))
}

offset_of_terms <- function(terms, validation, data, call) {
  valid <- if (is.data.frame(validation)) offset_values(terms, validation, "validation", call)
  list(values = offset_values(terms, data, "data", call), valid = valid, source = terms,
       validation = validation)
}

offset_argument <- function(offset, validation, rows, call) {
  values <- check_offset(offset, rows, "offset", call)
  valid <- if (is.list(validation)) {
    check_offset(validation$offset, NROW(validation$x), "validation$offset", call)
  }
  if (is.list(validation)) validation$offset <- NULL
  list(values = values, valid = valid, source = "argument", validation = validation)
}

# Whether outputs of a fit are joined by an offset before their link.
has_offset_before_link <- function(outcome) {
  !is.null(outcome$offset) && identical(offset_place(outcome$loss), "outputs")
}

check_takes_offset <- function(loss, call) {
  if (!is.null(offset_place(loss))) return(invisible())
  takes <- Filter(function(name) !is.null(offset_place(new_loss(name))), names(losses))
  hint <- if (loss$name == "cross_entropy") {
    "Of two classes `loss = \"binary_cross_entropy\"` has one logit, to which it can be added."
  }
  abort_argument("loss", sprintf("one of %s with an offset", enumerate(takes, Inf, "or")), format(loss),
                 hint = hint, call = call)
}

check_offset <- function(offset, rows, arg, call) {
  check_finite_values(check_numeric(offset, arg, rows, call, column_hint(offset, arg)), arg, call)
}

# The sets with what each adds: `offset` to outputs, `shift` to what is left of the outcome.
with_offset <- function(sets, offset, kind) {
  if (is.null(offset$source)) return(sets)
  add <- function(set, values) {
    if (offset$place == "outputs") return(c(set, list(offset = values)))
    set$target <- set$target - values
    c(set, list(shift = values))
  }
  sets$train <- add(sets$train, offset$values)
  if (kind == "data") sets$valid <- add(sets$valid, offset$valid)
  if (kind %in% c("share", "rows")) sets$valid <- add(sets$valid, offset$values)
  sets
}

# A network's outputs for the rows of a set, with what the engine adds to them as it trains.
offset_outputs <- function(output, set) if (is.null(set$offset)) output else output + offset_of(set)

# What is added to the outputs for the rows of a set, or NULL.
offset_of <- function(set) if (is.null(set$rows)) set$offset else set$offset[set$rows]

# Outputs, or numbers in the units of the outcome, with an offset that joins them there.
plus_offset <- function(values, offset, outcome, place) {
  if (is.null(offset) || offset_place(outcome$loss) != place) values else values + offset
}

# The offset of new rows; NULL where the type does not need one.
predict_offset <- function(offset, source, new_data, type, call) {
  needed <- identical(source, "argument") && type != "raw"
  if (!is.null(offset) && !needed) {
    expected <- "left out unless the fit had the argument `offset` and `type` is not \"raw\""
    abort_argument("offset", expected, describe(offset), call = call)
  }
  if (needed && is.null(offset)) {
    abort_argument("offset", "given for a fit with an offset", "NULL", call = call)
  }
  if (needed) return(check_offset(offset, nrow(new_data), "offset", call))
  if (is.list(source) && type != "raw") offset_values(source, new_data, "new_data", call)
}

# ---- terms of a formula ----

# list(formula, terms): the formula without the offsets added on its right side, and these, as calls.
formula_offset <- function(formula, data, call) {
  terms <- offset_terms(rlang::f_rhs(formula))
  if (length(terms) == 0 || length(formula) < 3) return(list(formula = formula))
  check_variables(formula, data, call)
  side <- without_offsets(rlang::f_rhs(formula))
  if (is.null(side)) {
    abort_argument("formula", "have at least one predictor", deparse1(formula), "formula", call = call)
  }
  rlang::f_rhs(formula) <- side
  list(formula = formula, terms = lapply(terms, function(term) term[[2]]))
}

is_offset <- function(side) rlang::is_call(side, "offset", n = 1)

is_sum <- function(side) rlang::is_call(side, "+", n = 2)

offset_terms <- function(side) {
  if (is_offset(side)) return(list(side))
  if (is_sum(side)) c(offset_terms(side[[2]]), offset_terms(side[[3]]))
}

without_offsets <- function(side) {
  if (is_offset(side)) return(NULL)
  if (!is_sum(side)) return(side)
  left <- without_offsets(side[[2]])
  right <- without_offsets(side[[3]])
  if (is.null(left)) right else if (is.null(right)) left else call("+", left, right)
}

# The sum of the terms for the rows of data. As for predictors, functions of the user's are not found.
offset_values <- function(terms, data, arg, call) {
  needed <- unique(unlist(lapply(terms, all.vars)))
  check_columns_present(colnames(data), needed, arg, call)
  columns <- as.list(as.data.frame(data)[needed])
  values <- explain_hardhat(Reduce(`+`, lapply(terms, eval, columns, baseenv())), arg, call)
  if (length(values) == 1) values <- rep(values, nrow(data))
  label <- sprintf("offset(%s)", paste(vapply(terms, deparse1, ""), collapse = " + "))
  check_offset(values, nrow(data), label, call)
}
