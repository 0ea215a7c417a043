#' How predictions depend on one or two predictors
#'
#' Partial dependence (Friedman 2001): the mean prediction over the rows of the data, each with the same value
#' of a predictor, value by value; or the curve of each row by itself, its individual conditional
#' expectation (Goldstein, Kapelner, Bleich and Pitkin 2015), which shows what the mean hides.
#'
#' Predictors are columns of the data, before a recipe's steps. In place of a missing value, too, comes the
#' value that is shown. Rows keep the values of all other predictors, so where predictors hang together some
#' of these rows are unlike any in the data.
#'
#' @inheritParams mlp_attribution
#' @param new_data A matrix or data frame with the predictors of the fit, as for
#'   [predict()][predict.fastmlp]: the rows to average over, and the values to show.
#' @param variables Names of one or two predictors.
#' @param grid_size Values of a number, date or time (`POSIXct`), at most: a whole number of at least 2. Half
#'   of them are quantiles of `new_data`, half lie at equal distances, so that a line says something where
#'   rows are few, too; where there are no more values they are all of them. Factors have all their levels,
#'   and what else a recipe takes all its values. Days, and numbers that a recipe needs whole, are rounded.
#' @param ice Whether to return the curves of single rows instead of their mean: `TRUE` or `FALSE`. For one
#'   predictor.
#' @param center Whether curves are shown as differences from their first value: `TRUE` or `FALSE`. For one
#'   predictor.
#' @param type What is predicted: a type of [predict()][predict.fastmlp] that gives numbers, `"prob"`,
#'   `"numeric"`, `"quantile"` or `"raw"`; by default the first of them that the fit gives.
#' @param weights `NULL`, or one non-negative number a row, for the mean.
#' @param offset As for [predict()][predict.fastmlp]. One in the fit's formula follows the values that are
#'   shown of a predictor that is part of it.
#' @return A tibble of class `fastmlp_partial` with the columns `.row` (if `ice`), one named like each
#'   predictor, `.output` and `.pred`, ordered by them.
#'
#'   `autoplot()` draws lines, of a factor points, with a rug at the deciles of the data; of rows at most
#'   `max_rows` (200 by default, evenly spaced in the data) below the mean of all; of two numbers or two
#'   factors a heat map; of a number and a factor a line for each level. Dates and times count as numbers.
#' @references Friedman JH (2001). "Greedy function approximation: a gradient boosting machine." Annals of
#'   Statistics 29.
#'
#'   Goldstein A, Kapelner A, Bleich J, Pitkin E (2015). "Peeking inside the black box: visualizing
#'   statistical learning with plots of individual conditional expectation." Journal of Computational and
#'   Graphical Statistics 24.
#' @seealso [mlp_importance()], [mlp_attribution()]
#' @examples
#' set.seed(1)
#' cars <- transform(mtcars, cyl = factor(cyl))
#' fit <- mlp_fit(mpg ~ wt + hp + cyl, cars, preset = "fast", hidden_units = c(16, 16))
#' mlp_partial(fit, cars, "wt", grid_size = 5)
#' autoplot(mlp_partial(fit, cars, "wt"))
#' autoplot(mlp_partial(fit, cars, "wt", ice = TRUE, center = TRUE))
#' autoplot(mlp_partial(fit, cars, c("wt", "hp"), grid_size = 10))
#' autoplot(mlp_partial(fit, cars, c("wt", "cyl")))
#' @export
mlp_partial <- function(fit, new_data, variables, grid_size = 20, ice = FALSE, center = FALSE, ...,
                        type = NULL, output = NULL, weights = NULL, offset = NULL, threads = NULL) {
  call <- environment()
  check_no_dots(..., known = names(formals()), synonyms = partial_synonyms)
  if (!missing(fit) && !missing(new_data) && missing(variables)) abort_no_variables(fit, new_data, call)
  check_given(list(new_data = "A fit does not hold its training data."))
  check_evaluates("variables")
  check_model(fit, "fit")
  rows <- rows_to_change(fit, new_data, call)
  variables <- check_variable_names(variables, "variables", 1:2, names(rows$columns), call)
  grid_size <- check_count(grid_size, "grid_size", min = 2)
  single <- c(ice = check_flag(ice, "ice"), center = check_flag(center, "center"))
  if (length(variables) > 1 && any(single)) {
    abort_argument(names(single)[single][1], "FALSE for two predictors", "TRUE")
  }
  weights <- check_case_weights(weights, nrow(new_data)) %||% rep(1, nrow(new_data))
  quantity <- explained_quantity(fit, type, output, new_data, offset, call)
  threads <- resolve_threads(threads)
  check_some_values(rows$columns[variables], "new_data", call)
  grid <- partial_grid(rows$columns[variables], rows$levels[variables], grid_size)
  curves <- partial_curves(grid, rows, function(columns) {
    quantity$request$offset <- rows$offset(columns, quantity$request$offset)
    predicted <- predicted_quantity(fit, quantity, rows$forge(columns), threads, call)
    if (ice) predicted else t(colSums(predicted * weights) / sum(weights))
  })
  if (center) curves <- curves - rep(curves[, , 1], length.out = length(curves))
  about <- list(
    variables = variables, ice = ice, center = center, type = quantity$type, weights = if (ice) weights,
    deciles = lapply(Filter(on_a_line, rows$columns[variables]), decile_values)
  )
  partial_tibble(curves, grid, quantity$output, about)
}

partial_synonyms <- list(
  "Use `variables`." = c("feature", "features", "predictor", "pred.var", "pred_var", "var", "along", "x.var"),
  "Use `grid_size`." = c("grid.resolution", "grid_resolution", "resolution", "n", "n.pt"),
  "Use `new_data`." = c("train", "training", "X"),
  "Use `output`." = c("which.class", "which_class", "class")
)

abort_no_variables <- function(fit, new_data, call) {
  check_model(fit, "fit", call)
  if (is.character(new_data)) {
    hint <- sprintf("A fit does not hold its training data: `mlp_partial(fit, data, %s)`.",
                    format_setting(new_data))
    abort_argument("new_data", "a matrix or a data frame", describe(new_data), "type", hint, call)
  }
  hint <- sprintf("Name one or two of %s.", enumerate(predictor_columns(fit), 10))
  abort_argument("variables", "given", "nothing", "type", hint, call)
}

# Names of some predictors, each once; `count` says how many there may be.
check_variable_names <- function(x, arg, count, known, call) {
  some <- if (length(count) > 1) "one or two" else "two"
  expected <- sprintf("%s of %s", some, enumerate(known, Inf, "and"))
  if (!is.character(x) || !length(x) %in% count || anyDuplicated(x)) {
    abort_argument(arg, expected, describe(x), fault_kind(x, NULL, is.character), call = call)
  }
  check_choice(x, arg, known, length = NULL, call = call)
}

# One row a combination of values, the last predictor fastest.
partial_grid <- function(columns, levels, grid_size) {
  values <- Map(grid_values, columns, levels, grid_size)
  rows <- do.call(expand.grid, c(rev(lapply(values, seq_along)), KEEP.OUT.ATTRS = FALSE))
  grid <- Map(function(value, at) value[at], values, rev(rows))
  new_columns(grid, nrow(rows))
}

# The more where rows are many, but no wide gaps between them. `levels` are those of a factor of the fit.
grid_values <- function(column, levels, grid_size) {
  if (!is.null(levels)) return(factor(levels, levels))
  values <- sort(unique(column))
  if (length(values) <= grid_size || !on_a_line(column)) return(values)
  even <- grid_size %/% 2 + 1
  shares <- seq(0, 1, length.out = grid_size - even + 2)
  ends <- as.numeric(range(values))
  numbers <- c(
    stats::quantile(as.numeric(column), shares, type = 1, names = FALSE, na.rm = TRUE),
    seq(ends[1], ends[2], length.out = even)
  )
  whole <- is.integer(column) || inherits(column, "Date")
  numbers <- as_in_column(sort(unique(if (whole) round(numbers) else numbers)), column)
  # of the user's numbers those alone are integers that must be: see rows_to_change()
  if (is.integer(column) && is.numeric(column)) as.integer(numbers) else numbers
}

# Whether values have distances, as numbers, dates and times do.
on_a_line <- function(x) is.numeric(x) || inherits(x, c("Date", "POSIXct"))

# Numbers as what they stand for in a column.
as_in_column <- function(numbers, column) {
  if (inherits(column, "Date")) return(structure(numbers, class = "Date"))
  if (inherits(column, "POSIXct")) return(.POSIXct(numbers, attr(column, "tzone")))
  numbers
}

decile_values <- function(column) {
  as_in_column(stats::quantile(as.numeric(column), 1:9 / 10, names = FALSE, na.rm = TRUE), column)
}

# What `predict` gives of the rows with each row of the grid in place of their own values: an array <rows or
# 1> x outputs x grid.
partial_curves <- function(grid, rows, predict) {
  curves <- lapply(seq_len(nrow(grid)), function(i) {
    changed <- rows$columns
    for (name in names(grid)) changed[[name]] <- rep(grid[[name]][i], nrow(changed))
    predict(changed)
  })
  array(unlist(curves, use.names = FALSE), c(dim(curves[[1]]), nrow(grid)))
}

partial_tibble <- function(curves, grid, output, about) {
  size <- dim(curves)
  at <- rep(seq_len(size[3]), size[1], each = size[2])
  columns <- c(
    if (about$ice) list(.row = rep(seq_len(size[1]), each = size[2] * size[3])),
    lapply(as.list(grid), `[`, at),
    list(.output = rep(output, size[1] * size[3]), .pred = as.vector(aperm(curves, c(2, 3, 1))))
  )
  do.call(explained_tibble, c(list(columns, "fastmlp_partial"), about))
}
