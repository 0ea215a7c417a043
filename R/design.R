# From the user's predictors to what the engine reads (columns.R), at fit and at predict.
#
# A design is list(x, y, blueprint, predictors = list(names, named), interface, args); args is what
# messages call x and y, a formula's has `outcomes`, the blueprint that makes outcomes of other
# rows, and a recipe's `weights`. A recipe's predictors remember a blueprint of their own. Numbers are never
# copied on their way: only a header without rows goes through hardhat, for the blueprint.

# Of predictors and outcome by themselves, whatever holds the predictors. `policy` is what values_policy()
# gives.
design_xy <- function(x, y, call, policy, args = xy_args) {
  x <- join_sparse_columns(x)
  design <- if (is.data.frame(x)) design_frame else if (is_matrix_object(x)) design_sparse else design_matrix
  design(x, y, call, policy, args)
}

# A data frame of numbers with sparse columns, as recipes and parsnip make them, as one sparse matrix, where
# there are many columns and nine in ten values are zero. Others are better off dense: nobody may have asked
# for sparse columns, and dense ones know no limits. The number of rows has no say, so that a resample is
# fitted as all rows are.
join_sparse_columns <- function(x, many = 1000) {
  may_be_sparse <- is.data.frame(x) && ncol(x) >= many && isNamespaceLoaded("sparsevctrs")
  if (!may_be_sparse || !all(vapply(x, is_plain_numeric, NA))) return(x)
  sparse <- sparsevctrs::has_sparse_elements(x) && sparsevctrs::sparsity(x) >= 0.9
  if (sparse) sparsevctrs::coerce_to_sparse_matrix(x) else x
}

xy_args <- list(x = "x", y = "y")

design_matrix <- function(x, y, call, policy = values_policy(NULL), args = xy_args) {
  if (!is_sparse(x)) {
    check_matrix(x, args$x, call = call, hint = "For columns of several kinds give a data frame.")
  }
  check_some_columns(x, args$x, call)
  named <- !is.null(colnames(x))
  names <- if (named) check_column_names(colnames(x), args$x, call) else paste0("V", seq_len(ncol(x)))
  header <- matrix(0, 0, ncol(x), dimnames = list(NULL, names))
  blueprint <- hardhat::mold(header, numeric())$blueprint
  finished_design(new_design(x, y, blueprint, names, named, "xy", args), x, identity, policy, call)
}

design_frame <- function(x, y, call, policy = values_policy(NULL), args = xy_args) {
  check_some_columns(x, args$x, call)
  check_column_names(names(x), args$x, call)
  check_column_types(x, names(x), args$x, call)
  check_factors(x, names(x), args$x, call, policy)
  x <- new_columns(lapply(as.list(x), plain_column), nrow(x))
  if (!has_factors(x)) {
    blueprint <- hardhat::mold(columns_header(x), numeric())$blueprint
    design <- new_design(x, y, blueprint, names(x), TRUE, "xy", args)
    return(finished_design(design, x, identity, policy, call))
  }
  encode <- function(columns) mold_predictors(~ ., columns, args$x, call)
  molded <- encode(provisional(x, policy, args$x, call))
  design <- new_design(molded$x, y, molded$blueprint, molded$names, TRUE, "xy", args)
  finished_design(design, x, function(columns) encode(columns)$x, policy, call)
}

new_design <- function(x, y, blueprint, names, named, interface, args) {
  list(
    x = x, y = y, blueprint = blueprint,
    predictors = list(names = names, named = named), interface = interface, args = args
  )
}

# The design that remembers what becomes of missing values and new levels. `columns` are the user's, `encode`
# makes of complete ones what the engine reads.
finished_design <- function(design, columns, encode, policy, call) {
  design$predictors[names(policy)] <- policy
  if (imputes(policy)) imputed_design(design, columns, encode, call) else design
}

# The design whose ordered factors are numbers, if they are to be `scores`.
score_ordered_factors <- function(design, how) {
  scored <- if (identical(how, "scores") && is.data.frame(design$x)) names(Filter(may_be_scored, design$x))
  if (length(scored) == 0) return(design)
  design$predictors$scored <- scored
  design$x <- scored_columns(design$x, scored)
  design$predictors$names <- encoded_names(design$x)
  design
}

is_usable_column <- function(column) {
  is.factor(column) || is.null(dim(column)) && !is.object(column) &&
    (is.numeric(column) || is.logical(column) || is.character(column))
}

check_column_types <- function(data, names, arg, call) {
  bad <- names[!vapply(names, function(name) is_usable_column(data[[name]]), NA)]
  if (length(bad) == 0) return(invisible())
  got <- sprintf("column `%s`, %s", bad[1], describe(data[[bad[1]]]))
  hint <- plain_hint(data[[bad[1]]], sprintf("%s$%s", arg, bad[1]))
  abort_argument(arg, "have numeric, logical, factor or character columns", got, "columns", hint, call)
}

# How values of another kind, called `name`, become usable.
plain_hint <- function(x, name) {
  if (length(dim(x)) > 1) return("Give each of its columns as a column of its own.")
  if (is.complex(x)) return(sprintf("Use its parts: `Re(%s)` and `Im(%s)`.", name, name))
  if (inherits(x, "POSIXlt") || is.atomic(x) && (is.numeric(unclass(x)) || is.raw(x))) {
    return(sprintf("Turn it into numbers first: `as.numeric(%s)`.", name))
  }
  if (is.list(x)) "Make a column of each part first, or leave it out." else
    "Turn it into numbers or a factor first, or leave it out."
}

# Missing levels are found here, under the user's name of the column; missing numbers in the matrix. A
# factor of one level has no indicators to learn from.
check_factors <- function(data, names, arg, call, policy) {
  for (name in names) {
    column <- data[[name]]
    if (!is.factor(column) && !is.character(column)) next
    if (!imputes(policy)) check_complete(column, paste0(arg, "$", name), call, na_action_hint)
    check_two_levels(column, paste0(arg, "$", name), call)
  }
}

check_two_levels <- function(column, arg, call) {
  levels <- if (is.factor(column)) levels(column) else setdiff(unique(column), NA)
  if (length(levels) != 1) return(invisible())
  hint <- "Leave the column out: it is the same in every row."
  abort_argument(arg, "have two levels or more", paste("only", enumerate(levels)), "columns", hint, call)
}

check_complete <- function(column, arg, call, hint = NULL) {
  if (!anyNA(column)) return(invisible())
  bad <- which(is.na(column))
  rows <- if (length(bad) > 1) sprintf("Rows with missing values: %s.", enumerate(bad))
  got <- sprintf("NA in row %d", bad[1])
  abort_argument(arg, "have no missing values", got, "missing", c(rows, hint), call)
}

check_column_names <- function(names, arg, call) {
  bad <- is.na(names) | names == "" | duplicated(names)
  if (!any(bad)) return(names)
  got <- sprintf("%s as the name of column %d", format_value(names[bad][1]), which(bad)[1])
  abort_argument(arg, "have a name for each column, all different", got, "columns", call = call)
}

check_some_columns <- function(x, arg, call) {
  if (ncol(x) == 0) abort_argument(arg, "have at least one predictor", "none", "shape", call = call)
}

# The blueprint that knows the columns as they were before they were encoded, of a recipe those that it makes;
# of a design or a fit.
encoding_of <- function(object) object$predictors$blueprint %||% object$blueprint

# ---- new rows ----

# The predictors of new rows, encoded columns as at the fit.
forge_predictors <- function(new_data, blueprint, predictors, arg, call) {
  if (is_matrix_object(new_data) && inherits(blueprint, "xy_blueprint")) {
    new_data <- as_sparse(new_data, arg, call)
    columns <- match_columns(new_data, predictors, arg, call)
    in_order <- identical(columns, seq_len(ncol(new_data)))
    return(if (in_order) new_data else sparse_columns(new_data, columns))
  }
  if (!is.matrix(new_data) && !is.data.frame(new_data)) {
    one_row <- is_plain_vector(new_data) && length(new_data) == length(source_names(predictors))
    hint <- if (one_row) sprintf("For one row, use `t(%s)`.", arg)
    abort_argument(arg, "a matrix or a data frame", describe(new_data), "type", hint, call)
  }
  if (inherits(blueprint, "recipe_blueprint")) {
    return(forge_recipe(new_data, blueprint, predictors, arg, call))
  }
  if (inherits(blueprint, "xy_blueprint")) return(forge_matrix(new_data, predictors, arg, call))
  forge_formula(new_data, blueprint, predictors, arg, call)
}

forge_matrix <- function(new_data, predictors, arg, call) {
  columns <- match_columns(new_data, predictors, arg, call)
  impute_new(chosen_columns(new_data, columns, predictors, arg, call), predictors, identity, arg, call)
}

chosen_columns <- function(new_data, columns, predictors, arg, call) {
  if (is.data.frame(new_data)) {
    columns <- rlang::set_names(as.list(new_data)[columns], source_names(predictors))
    for (name in names(columns)) check_numeric_column(columns[[name]], name, arg, call)
    return(new_columns(columns, nrow(new_data)))
  }
  check_matrix(new_data, arg, call = call)
  if (identical(columns, seq_len(ncol(new_data)))) new_data else new_data[, columns, drop = FALSE]
}

# The columns of a fit's matrix, before those that tell where values are missing.
source_names <- function(predictors) {
  utils::head(predictors$names, length(predictors$names) - length(predictors$indicators))
}

# Where the columns of the fit are in the new data: by name if the fit had names, else by position.
match_columns <- function(new_data, predictors, arg, call) {
  names <- source_names(predictors)
  if (predictors$named) {
    check_columns_present(colnames(new_data), names, arg, call)
    return(match(names, colnames(new_data)))
  }
  if (ncol(new_data) != length(names)) {
    columns <- count_of(length(names), "column")
    abort_argument(arg, sprintf("have %s, like the training data", columns), describe(new_data),
                   "columns", call = call)
  }
  seq_len(ncol(new_data))
}

check_columns_present <- function(names, needed, arg, call) {
  missing <- setdiff(needed, names)
  if (length(missing) == 0) return(invisible())
  got <- if (is.null(names)) "columns without names" else
    sprintf("no column %s", enumerate(missing, conjunction = "or"))
  hint <- if (is.null(names)) sprintf("They are %s.", enumerate_columns(needed))
  abort_argument(arg, "have the columns of the training data", got, "columns", hint, call)
}

check_numeric_column <- function(column, name, arg, call) {
  if ((is_plain_numeric(column) || is.logical(column)) && NCOL(column) == 1) return(column)
  abort_column(column, name, "numeric", arg, call)
}

abort_column <- function(column, name, expected, arg, call) {
  name <- paste0(arg, "$", name)
  turned <- sprintf(if (is.factor(column)) "as.character(%s)" else "%s", name) # not its codes
  turned <- sprintf(if (expected == "numeric") "as.numeric(%s)" else "as.character(%s)", turned)
  vector <- is.atomic(column) && is.null(dim(column)) && expected %in% c("numeric", "a factor or character")
  hint <- if (vector) sprintf("As in the training data: `%s`?", turned)
  abort_argument(name, expected, describe(column), "columns", hint, call)
}

# The columns of new rows that a formula's blueprint knows, each as in training.
known_columns <- function(new_data, known, predictors, arg, call) {
  check_columns_present(colnames(new_data), names(known), arg, call)
  if (is.matrix(new_data)) new_data <- as.data.frame(new_data)
  columns <- lapply(rlang::set_names(names(known)), function(name) {
    match_column(new_data[[name]], known[[name]], name, predictors, arg, call)
  })
  new_columns(columns, nrow(new_data))
}

# `policy` are a fit's predictors, which say what becomes of missing values and new levels.
match_column <- function(column, known, name, policy, arg, call) {
  if (is.factor(known)) {
    if (!is.factor(column) && !is.character(column) && !all(is.na(column))) {
      abort_column(column, name, "a factor or character", arg, call)
    }
    if (!imputes(policy)) check_complete(column, paste0(arg, "$", name), call, new_gaps_hint)
    if (identical(policy$new_levels, "unknown")) return(known_levels(column, levels(known)))
    return(match_levels(column, levels(known), paste0(arg, "$", name), call,
                        hint = "A fit with `new_levels = \"unknown\"` takes new levels."))
  }
  if (is_plain_numeric(known) || is.logical(known)) return(check_numeric_column(column, name, arg, call))
  # what a formula's functions take: dates, for one
  if (is.object(known) && !inherits(column, class(known)[1])) {
    abort_column(column, name, sprintf("of class \"%s\"", class(known)[1]), arg, call)
  }
  column
}
