# Formulas: what they may hold, and the way through hardhat to a numeric matrix.

design_formula <- function(formula, data, call) {
  check_class(data, "data", "data.frame", "a data frame", call)
  check_column_names(names(data), "data", call)
  data <- as.data.frame(data)
  terms <- check_formula(formula, data, call)
  bare <- bare_predictors(terms, data)
  check_column_types(data, bare, "data", call)
  check_factors(data, bare, "data", call)
  data[bare] <- lapply(data[bare], plain_column)
  data[] <- lapply(data, integer_to_double)
  molded <- mold_formula(formula, data, "formula", call)
  check_no_inner_factors(molded$blueprint, bare, call)
  check_some_columns(molded$x, "formula", call)
  args <- list(x = "data", y = outcome_label(formula))
  new_design(molded$x, plain_outcomes(molded$outcomes, formula), molded$blueprint,
             colnames(molded$x), TRUE, "formula", args)
}

# What a formula must be, how it is found not to be, and what to do then. hardhat would refuse some
# of these in words of its own, and misread others.
formula_rules <- list(
  list(
    broken = function(formula, terms) is.null(rlang::f_lhs(formula)),
    expected = "two-sided, such as `y ~ .`"
  ),
  list(
    broken = function(formula, terms) {
      attr(terms, "intercept") == 0 || identical(rlang::f_rhs(formula), 1)
    },
    expected = "without terms for an intercept (`- 1`, `+ 0`, `~ 1`)",
    hint = "There is no intercept column; drop the term."
  ),
  list(
    broken = function(formula, terms) rlang::is_call(rlang::f_rhs(formula), "|"),
    expected = "without `|`",
    hint = "For a logical predictor, write `(a | b)`."
  ),
  list(
    broken = function(formula, terms) !is.null(attr(terms, "offset")),
    expected = "without an offset"
  )
)

# The terms of a formula that keeps to the rules.
check_formula <- function(formula, data, call) {
  unknown <- setdiff(all.vars(formula), c(names(data), "."))
  if (length(unknown)) {
    rlang::abort(
      c(sprintf("`formula` uses `%s`, which is not a column of `data`.", unknown[1]),
        i = suggest(unknown[1], names(data))),
      class = condition_class("error", "formula"), call = call
    )
  }
  terms <- explain_hardhat(stats::terms(formula, data = data), "formula", call)
  for (rule in formula_rules) {
    if (!rule$broken(formula, terms)) next
    abort_argument("formula", rule$expected, deparse1(formula), "formula", rule$hint, call)
  }
  terms
}

# Names of the columns that the right-hand side uses as they are, not inside a call.
bare_predictors <- function(terms, data) {
  variables <- as.list(attr(terms, "variables"))[-1]
  if (attr(terms, "response") > 0) variables <- variables[-attr(terms, "response")]
  symbols <- vapply(Filter(is.symbol, variables), as.character, "")
  intersect(symbols, names(data))
}

# The levels of a factor made inside the formula would be found anew in other data, and columns then
# mean something else.
check_no_inner_factors <- function(blueprint, bare, call) {
  classes <- attr(blueprint$terms$predictors, "dataClasses")
  inner <- setdiff(names(classes)[classes %in% c("factor", "ordered", "character")], bare)
  if (length(inner) == 0) return(invisible())
  rlang::abort(
    c(sprintf("`formula` must not make factors inside: `%s`.", inner[1]),
      i = "Make it a factor column of `data` first."),
    class = condition_class("error", "formula"), call = call
  )
}

# What messages call the outcome.
outcome_label <- function(formula) {
  label <- deparse1(rlang::f_lhs(formula))
  if (is.symbol(rlang::f_lhs(formula))) paste0("data$", label) else label
}

# The columns of cbind(a, b) are named a and b.
plain_outcomes <- function(outcomes, formula) {
  prefix <- paste0(deparse1(rlang::f_lhs(formula)), ".")
  embedded <- startsWith(names(outcomes), prefix)
  names(outcomes)[embedded] <- substring(names(outcomes)[embedded], nchar(prefix) + 1)
  outcomes
}

# ---- hardhat ----

# Factors become one indicator a level; there is no intercept.
mold_formula <- function(formula, data, arg, call) {
  blueprint <- hardhat::default_formula_blueprint(indicators = "one_hot")
  molded <- explain_hardhat(hardhat::mold(formula, data, blueprint = blueprint), arg, call,
                            hint = "Compute it as a column of `data` first.")
  list(
    x = encoded_matrix(molded$predictors), outcomes = molded$outcomes, blueprint = molded$blueprint
  )
}

# New rows in the encoding of the fit: list(x, y).
forge_formula <- function(new_data, blueprint, predictors, arg, call, outcomes = FALSE) {
  data <- new_data_frame(new_data, blueprint, arg, call)
  forged <- explain_hardhat(hardhat::forge(data, blueprint, outcomes = outcomes), arg, call)
  x <- encoded_matrix(forged$predictors)
  if (!identical(colnames(x), predictors$names)) {
    abort_argument(arg, sprintf("encoded as in training (%s)", enumerate(predictors$names, Inf)),
                   enumerate(colnames(x), Inf), "columns", call = call)
  }
  list(x = x, y = forged$outcomes)
}

encoded_matrix <- function(predictors) {
  x <- as.matrix(predictors)
  colnames(x) <- gsub("`", "", colnames(x), fixed = TRUE)
  x
}

# Errors of functions in formulas, and hardhat's, under this package's classes.
explain_hardhat <- function(expr, arg, call, hint = NULL) {
  tryCatch(expr, error = function(cnd) {
    rlang::abort(
      c(sprintf("`%s` could not be used with the data.", arg), x = conditionMessage(cnd), i = hint),
      class = condition_class("error", "formula"), call = call
    )
  })
}
