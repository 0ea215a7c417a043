# From the user's predictors to what the engine reads (columns.R), at fit and at predict.
#
# A design is list(x, y, blueprint, predictors = list(names, named), interface, args); args is what
# messages call x and y, a formula's has `outcomes`, the blueprint that makes outcomes of other
# rows, and a recipe's `weights`. A recipe's predictors remember a blueprint of their own. Numbers are never
# copied on their way: only a header without rows goes through hardhat, for the blueprint.

# Of predictors and outcome by themselves, whatever holds the predictors.
design_xy <- function(x, y, call, args = xy_args) {
  x <- join_sparse_columns(x)
  if (is.data.frame(x)) return(design_frame(x, y, call, args))
  if (isS4(x) && takes_sparse()) design_sparse(x, y, call) else design_matrix(x, y, call, args)
}

takes_sparse <- function() exists("mlp_fit.dgCMatrix", mode = "function")

# A data frame of numbers with sparse columns, as recipes and parsnip make them, as one sparse matrix, where
# it would be large as a dense one and nine in ten values are zero. Others are better off dense: nobody may
# have asked for sparse columns, and dense ones know no limits.
join_sparse_columns <- function(x, large = 2e7) {
  may_be_sparse <- is.data.frame(x) && prod(dim(x)) >= large && takes_sparse() &&
    isNamespaceLoaded("sparsevctrs")
  if (!may_be_sparse || !all(vapply(x, is_plain_numeric, NA))) return(x)
  of <- asNamespace("sparsevctrs")
  if (of$has_sparse_elements(x) && of$sparsity(x) >= 0.9) of$coerce_to_sparse_matrix(x) else x
}

xy_args <- list(x = "x", y = "y")

design_matrix <- function(x, y, call, args = xy_args) {
  check_matrix(x, args$x, call = call)
  check_some_columns(x, args$x, call)
  named <- !is.null(colnames(x))
  names <- if (named) check_column_names(colnames(x), args$x, call) else paste0("V", seq_len(ncol(x)))
  header <- matrix(0, 0, ncol(x), dimnames = list(NULL, names))
  blueprint <- hardhat::mold(header, numeric())$blueprint
  new_design(x, y, blueprint, names, named, "xy", args)
}

design_frame <- function(x, y, call, args = xy_args) {
  check_some_columns(x, args$x, call)
  check_column_names(names(x), args$x, call)
  check_column_types(x, names(x), args$x, call)
  check_factors(x, names(x), args$x, call)
  x <- new_columns(lapply(as.list(x), plain_column), nrow(x))
  if (!any(vapply(x, is.factor, NA))) {
    blueprint <- hardhat::mold(columns_header(x), numeric())$blueprint
    return(new_design(x, y, blueprint, names(x), TRUE, "xy", args))
  }
  molded <- mold_predictors(~ ., x, args$x, call)
  new_design(molded$x, y, molded$blueprint, molded$names, TRUE, "xy", args)
}

new_design <- function(x, y, blueprint, names, named, interface, args) {
  list(
    x = x, y = y, blueprint = blueprint,
    predictors = list(names = names, named = named), interface = interface, args = args
  )
}

is_usable_column <- function(column) {
  is.factor(column) || is.null(dim(column)) && !is.object(column) &&
    (is.numeric(column) || is.logical(column) || is.character(column))
}

check_column_types <- function(data, names, arg, call) {
  bad <- names[!vapply(names, function(name) is_usable_column(data[[name]]), NA)]
  if (length(bad) == 0) return(invisible())
  got <- sprintf("column `%s`, %s", bad[1], describe(data[[bad[1]]]))
  abort_argument(arg, "have numeric, logical, factor or character columns", got, "columns",
                 hint = "Turn it into numbers or a factor first, or leave it out.", call = call)
}

# Missing levels are found here, under the user's name of the column; missing numbers in the matrix. A
# factor of one level has no indicators to learn from.
check_factors <- function(data, names, arg, call) {
  for (name in names) {
    column <- data[[name]]
    if (!is.factor(column) && !is.character(column)) next
    check_complete(column, paste0(arg, "$", name), call)
    check_two_levels(column, paste0(arg, "$", name), call)
  }
}

check_two_levels <- function(column, arg, call) {
  levels <- if (is.factor(column)) levels(column) else unique(column)
  if (length(levels) != 1) return(invisible())
  hint <- "Leave the column out: it is the same in every row."
  abort_argument(arg, "have two levels or more", paste("only", enumerate(levels)), "columns", hint, call)
}

check_complete <- function(column, arg, call) {
  if (!anyNA(column)) return(invisible())
  bad <- which(is.na(column))
  hint <- if (length(bad) > 1) sprintf("Rows with missing values: %s.", enumerate(bad))
  got <- sprintf("NA in row %d", bad[1])
  abort_argument(arg, "have no missing values", got, "missing", hint, call)
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

# ---- new rows ----

# The predictors of new rows, encoded columns as at the fit.
forge_predictors <- function(new_data, blueprint, predictors, arg, call) {
  if (!is.matrix(new_data) && !is.data.frame(new_data)) {
    one_row <- is_plain_vector(new_data) && length(new_data) == length(predictors$names)
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
  if (is.data.frame(new_data)) {
    columns <- as.list(new_data)[columns]
    for (name in names(columns)) check_numeric_column(columns[[name]], name, arg, call)
    return(new_columns(columns, nrow(new_data)))
  }
  check_matrix(new_data, arg, call = call)
  if (identical(columns, seq_len(ncol(new_data)))) new_data else new_data[, columns, drop = FALSE]
}

# Where the columns of the fit are in the new data: by name if the fit had names, else by position.
match_columns <- function(new_data, predictors, arg, call) {
  if (predictors$named) {
    check_columns_present(colnames(new_data), predictors$names, arg, call)
    return(match(predictors$names, colnames(new_data)))
  }
  if (ncol(new_data) != length(predictors$names)) {
    columns <- count_of(length(predictors$names), "column")
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
  abort_argument(arg, "have the columns of the training data", got, "columns", call = call)
}

check_numeric_column <- function(column, name, arg, call) {
  if ((is_plain_numeric(column) || is.logical(column)) && NCOL(column) == 1) return(column)
  abort_column(column, name, "numeric", arg, call)
}

abort_column <- function(column, name, expected, arg, call) {
  abort_argument(paste0(arg, "$", name), expected, describe(column), "columns", call = call)
}

# The columns of new rows that a formula's blueprint knows, each as in training.
known_columns <- function(new_data, known, arg, call) {
  check_columns_present(colnames(new_data), names(known), arg, call)
  if (is.matrix(new_data)) new_data <- as.data.frame(new_data)
  columns <- lapply(rlang::set_names(names(known)), function(name) {
    match_column(new_data[[name]], known[[name]], name, arg, call)
  })
  new_columns(columns, nrow(new_data))
}

match_column <- function(column, known, name, arg, call) {
  if (is.factor(known)) {
    if (!is.factor(column) && !is.character(column) && !all(is.na(column))) {
      abort_column(column, name, "a factor or character", arg, call)
    }
    check_complete(column, paste0(arg, "$", name), call)
    return(match_levels(column, levels(known), paste0(arg, "$", name), call))
  }
  if (is_plain_numeric(known)) check_numeric_column(column, name, arg, call) else column
}
