# Formulas: what they may hold, and the way through hardhat to predictors and outcome.

design_formula <- function(formula, data, call, policy = values_policy(NULL)) {
  check_data_frame(data, "data", call)
  check_column_names(names(data), "data", call)
  offset <- formula_offset(formula, data, call)
  formula <- offset$formula
  used <- without_removed(formula, data)
  terms <- check_formula(used$formula, used$data, call)
  bare <- bare_predictors(terms, used$data)
  check_column_types(data, bare, "data", call)
  check_factors(data, bare, "data", call, policy)
  side <- right_side(used$formula, terms, call)
  variables <- all.vars(rlang::f_rhs(if (has_dot(side)) terms else side))
  bare <- intersect(bare, variables)
  columns <- formula_columns(data, variables, bare)
  encode <- function(columns) mold_predictors(side, columns, "formula", call, bare)
  molded <- encode(provisional(columns, policy, "data", call))
  check_no_inner_factors(molded$blueprint, bare, call)
  outcomes <- mold_outcomes(formula, data, call)
  y <- plain_outcomes(outcomes$outcomes, formula)
  blueprint <- with_outcomes(molded$blueprint, outcomes$blueprint, formula)
  args <- list(x = "data", y = outcome_label(formula))
  design <- new_design(molded$x, y, blueprint, molded$names, TRUE, "formula", args)
  design <- finished_design(design, columns, function(columns) encode(columns)$x, policy, call)
  offset <- if (!is.null(offset$terms)) list(offset = offset$terms, data = data)
  c(design, list(outcomes = outcomes$blueprint), offset)
}

# The predictors of a formula by themselves. A dot stays one, as hardhat cannot take thousands of
# terms written out, unless it could come to mean the outcome too, or what is taken away again is the outcome.
right_side <- function(formula, terms, call) {
  outcome <- all.vars(rlang::f_lhs(formula))
  labels <- attr(terms, "term.labels")
  if (length(labels) == 0) {
    abort_argument("formula", "have at least one predictor", deparse1(formula), "formula",
                   "Name predictors on its right side, or write `.` for all other columns.", call)
  }
  named <- any(outcome %in% all.vars(rlang::f_rhs(terms)))
  side <- if (named) stats::reformulate(labels) else formula
  rlang::new_formula(NULL, rlang::f_rhs(side), rlang::f_env(formula))
}

# A formula and its data as if the columns that it takes away had never been there: list(formula, data). Those
# that another term uses stay, as do all where what is taken away is no column.
without_removed <- function(formula, data) {
  as_they_are <- list(formula = formula, data = data)
  if (!"-" %in% all.names(rlang::f_rhs(formula))) return(as_they_are)
  terms <- list()
  removed <- character()
  for (part in side_parts(rlang::f_rhs(formula))) {
    name <- if (is.symbol(part$term)) as.character(part$term) else ""
    if (part$added) {
      terms <- c(terms, list(part$term))
      removed <- setdiff(removed, name)
    } else {
      if (!name %in% names(data)) return(as_they_are)
      terms <- Filter(function(term) !identical(term, part$term), terms)
      removed <- c(removed, name)
    }
  }
  in_terms <- unlist(lapply(Filter(is.call, terms), all.vars))
  gone <- setdiff(removed, in_terms)
  if (length(gone) == 0 || length(terms) == 0 || "." %in% in_terms) return(as_they_are)
  side <- Reduce(function(left, right) call("+", left, right), terms)
  still <- lapply(intersect(removed, in_terms), as.symbol)
  rlang::f_rhs(formula) <- Reduce(function(left, right) call("-", left, right), still, side)
  kept <- setdiff(names(data), setdiff(gone, all.vars(rlang::f_lhs(formula))))
  list(formula = formula, data = as.data.frame(data)[kept])
}

# What a side of a formula adds and takes away, from left to right: each list(term, added).
side_parts <- function(side, added = TRUE) {
  if (added && is_sum(side)) return(c(side_parts(side[[2]]), side_parts(side[[3]])))
  if (added && rlang::is_call(side, "-", n = 2)) {
    return(c(side_parts(side[[2]]), side_parts(side[[3]], added = FALSE)))
  }
  if (!added && rlang::is_call(side, "(")) return(side_parts(side[[2]], added))
  if (!added && is_sum(side)) return(c(side_parts(side[[2]], added), side_parts(side[[3]], added)))
  list(list(term = side, added = added))
}

has_dot <- function(formula) "." %in% all.vars(rlang::f_rhs(formula))

# The columns of data that one side of a formula uses, those in `bare` as the engine takes them.
formula_columns <- function(data, names, bare = character()) {
  columns <- lapply(rlang::set_names(intersect(names(data), names)), function(name) {
    if (name %in% bare) plain_column(data[[name]]) else integer_to_double(data[[name]])
  })
  new_columns(columns, nrow(data))
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
    broken = function(formula, terms) is_computed(rlang::f_lhs(formula)),
    expected = "without `-` and numbers on its left side, where `+` stands between several outcomes",
    hint = "To compute the outcome, write it inside `I()`: `I(a - b) ~ x`."
  ),
  list(
    broken = function(formula, terms) deparse1(rlang::f_lhs(formula)) %in% attr(terms, "term.labels"),
    expected = "without its outcome among the predictors",
    hint = "Write `.` for all other columns."
  ),
  list(
    broken = function(formula, terms) has_groups(rlang::f_rhs(formula)),
    expected = "without `|`",
    hint = "Groups are predictors like others: `x + group`. For a logical predictor, write `(a | b)`."
  ),
  list(
    broken = function(formula, terms) !is.null(attr(terms, "offset")),
    expected = "with `offset()` only as a term of its own, added to others"
  )
)

# x | group, or a term (1 | group) as packages for mixed models have it.
has_groups <- function(side) {
  if (rlang::is_call(side, "|")) return(TRUE)
  if (rlang::is_call(side, "(")) return(rlang::is_call(side[[2]], "|") && is.numeric(side[[2]][[2]]))
  is_sum(side) && (has_groups(side[[2]]) || has_groups(side[[3]]))
}

# hardhat would leave such parts of the left side out, or take them for outcomes.
is_computed <- function(side) {
  if (is.numeric(side) || rlang::is_call(side, "-")) return(TRUE)
  rlang::is_call(side, c("+", "(")) && any(vapply(as.list(side)[-1], is_computed, NA))
}

columns_alone_hint <- "Make it one first; a number is written out in the formula, as in `poly(x, 2)`."

# All variables are columns of data.
check_variables <- function(formula, data, call) {
  unknown <- setdiff(all.vars(formula), c(names(data), "."))
  if (length(unknown)) {
    rlang::abort(
      c(sprintf("`formula` uses `%s`, which is not a column of `data`.", unknown[1]),
        i = if ("$" %in% all.names(formula)) "Name columns alone: `y ~ x`, not `data$y ~ data$x`." else
          suggest(unknown[1], names(data)) %||% columns_alone_hint),
      class = condition_class("error", "formula"), call = call
    )
  }
}

# The terms of a formula that keeps to the rules.
check_formula <- function(formula, data, call) {
  check_variables(formula, data, call)
  # R warns that `log(a) ~ . - a` has changed its own list of variables.
  terms <- explain_hardhat(suppressWarnings(stats::terms(formula, data = data)), "formula", call)
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

# Predictors and their blueprint: list(x, names, blueprint). Where the formula only names columns, x
# are these columns; otherwise it is hardhat's model matrix. `bare` are the columns that the formula
# uses as they are.
mold_predictors <- function(formula, columns, arg, call, bare = names(columns)) {
  molded <- if (setequal(names(columns), bare)) mold_columns(formula, columns)
  if (!is.null(molded)) return(molded)
  columns[bare] <- lapply(columns[bare], formula_column)
  mold_formula(formula, columns, arg, call)
}

# What mold_formula() would make, without a model matrix; NULL where there are functions, interactions
# or terms taken away again, and where the model matrix has names of its own.
mold_columns <- function(formula, columns) {
  names <- encoded_names(columns)
  if (anyDuplicated(names) || any(grepl("[`\\\\]", names))) return(NULL)
  if (!only_names(stats::terms(formula, data = columns))) return(NULL)
  header <- columns_header(columns)
  terms <- header_terms(formula, header)
  if (length(attr(terms, "term.labels")) < length(columns)) return(NULL)
  x <- columns[variable_names(terms)]
  blueprint <- hardhat::new_default_formula_blueprint(
    formula = no_intercept(formula), indicators = "one_hot",
    ptypes = list(predictors = tibble::as_tibble(header[names(x)]), outcomes = tibble::tibble()),
    terms = list(predictors = terms, outcomes = header_terms(~ NULL, header))
  )
  # From hardhat 1.4 on it has the levels of text, which is made factors before.
  if ("levels" %in% names(blueprint)) {
    blueprint <- hardhat::update_blueprint(blueprint, levels = rlang::set_names(list(), character()))
  }
  list(x = x, names = encoded_names(x), blueprint = blueprint)
}

# The terms that hardhat remembers, of a formula that calls no functions.
header_terms <- function(formula, header) {
  terms <- stats::terms(stats::model.frame(no_intercept(formula, baseenv()), header))
  structure(terms, .Environment = NULL)
}

variable_names <- function(terms) vapply(as.list(attr(terms, "variables"))[-1], as.character, "")

# As hardhat writes a formula, and remembers it.
no_intercept <- function(formula, env = rlang::empty_env()) {
  rlang::new_formula(rlang::f_lhs(formula), call("+", rlang::f_rhs(formula), 0), env)
}

# Whether the terms of a formula are columns, without functions and interactions.
only_names <- function(terms) {
  variables <- as.list(attr(terms, "variables"))[-1]
  all(vapply(variables, is.symbol, NA)) && all(attr(terms, "order") == 1)
}

# Factors become one indicator a level; there is no intercept.
mold_formula <- function(formula, data, arg, call) {
  blueprint <- hardhat::default_formula_blueprint(indicators = "one_hot")
  molded <- explain_hardhat(
    hardhat::mold(formula, data, blueprint = blueprint), arg, call, mold_hint
  )
  x <- encoded_matrix(molded$predictors)
  list(x = x, names = colnames(x), blueprint = molded$blueprint)
}

mold_hint <- "Compute it as a column of `data` first."

# The outcomes by themselves: list(outcomes, blueprint).
mold_outcomes <- function(formula, data, call) {
  left <- rlang::new_formula(rlang::f_lhs(formula), NULL, rlang::f_env(formula))
  columns <- formula_columns(data, all.vars(rlang::f_lhs(formula)))
  molded <- explain_hardhat(hardhat::mold(left, columns), "formula", call, mold_hint)
  molded[c("outcomes", "blueprint")]
}

# The blueprint of a whole formula, from those of its sides.
with_outcomes <- function(predictors, outcomes, formula) {
  both <- function(part) {
    list(predictors = predictors[[part]]$predictors, outcomes = outcomes[[part]]$outcomes)
  }
  hardhat::update_blueprint(
    predictors, formula = no_intercept(formula), ptypes = both("ptypes"), terms = both("terms")
  )
}

# The predictors of new rows in the encoding of the fit.
forge_formula <- function(new_data, blueprint, predictors, arg, call) {
  columns <- known_columns(new_data, blueprint$ptypes$predictors, predictors, arg, call)
  encode <- function(columns) {
    columns <- encoded_factors(columns, predictors)
    forge_columns(columns, blueprint, source_names(predictors), arg, call)
  }
  impute_new(columns, predictors, encode, arg, call)
}

# Complete columns in the encoding of the fit, whose columns have these names.
forge_columns <- function(columns, blueprint, names, arg, call) {
  plain <- only_names(blueprint$terms$predictors)
  if (plain && identical(encoded_names(columns), names)) return(columns)
  numeric <- vapply(blueprint$ptypes$predictors, is_plain_numeric, NA)
  columns[numeric] <- lapply(columns[numeric], as.double)
  x <- forge_known(columns, function(columns) {
    explain_hardhat(encoded_matrix(hardhat::forge(columns, blueprint)$predictors), arg, call)
  })
  if (!identical(colnames(x), names)) {
    abort_argument(arg, sprintf("encoded as in training (%s)", enumerate(names, Inf)),
                   enumerate(colnames(x), Inf), "columns", call = call)
  }
  x
}

# A model matrix in which levels that are not known are none of the known ones: what depends on which of them
# stands in their place is 0.
forge_known <- function(columns, forge) {
  unknown <- lapply(columns, function(column) is.factor(column) & as.integer(column) %in% 0L)
  standing <- function(code) {
    forge(new_columns(Map(function(column, unknown) {
      if (!any(unknown)) return(column)
      column[unknown] <- levels(column)[code]
      column
    }, columns, unknown), nrow(columns)))
  }
  x <- standing(1)
  if (any(unlist(unknown))) x[x != standing(2)] <- 0
  x
}

forge_outcomes <- function(new_data, blueprint, arg, call) {
  names <- names(blueprint$ptypes$outcomes)
  check_columns_present(names(new_data), names, arg, call)
  columns <- if (inherits(blueprint, "recipe_blueprint")) {
    check_outcome_alike(blueprint, arg, call)
    with_known_levels(new_data, c(blueprint$ptypes$predictors, blueprint$ptypes$outcomes))
  } else {
    formula_columns(new_data, names)
  }
  explain_hardhat(hardhat::forge(columns, blueprint, outcomes = TRUE), arg, call)$outcomes
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
