# Missing values: what stands for those of predictors (`na_action = "impute"`), and rows that are left out for
# theirs (`"omit"`).

#' @section Missing values:
#' `na_action` says what becomes of `NA` and `NaN`; infinite values are always errors.
#' * `"error"`: they are refused, at the fit and in new data.
#' * `"impute"`: those of predictors are filled in, numbers by the median of their column's training rows,
#'   factors, text and logicals by the value that most training rows have (of several, the first level,
#'   `FALSE`). Behind the other predictors comes one of 0 and 1 for each column that lacked values at the
#'   fit, if only in rows of weight 0 or held for validation, named like the column with `_missing`, which
#'   tells where: a constant and an indicator, as in Josse et al. (2019). What fills in is learned at the
#'   fit, from the rows that are trained on alone (of an ensemble whose members hold different rows, from
#'   all), and used for validation data, [predict()][predict.fastmlp] and [mlp_continue()], too. A column
#'   that lacks values in new data only is filled in as well, with a warning, as the network has never
#'   learned what that means. In a formula the columns of `data` are filled in before its terms are computed.
#'   Only columns with missing values are copied, of a matrix all. Missing outcomes, `weights` and offsets
#'   stay errors, as do columns without any value.
#' * `"omit"`: at the fit, rows are left out if a predictor, the outcome, the weight or the offset is
#'   missing (of the columns of `data`, those that the formula or the recipe uses, before its steps), as if
#'   they had never been there; a message (`fastmlp_message_omitted`) counts them and names the columns. The
#'   same is done to validation data, and to rows that `validation` lists. In new data such rows stay, and
#'   their predictions are `NA`.
#'
#' `new_levels = "unknown"` takes levels that a factor had not at the fit, and encodes them as none of the
#' known ones: 0 in all of the column's predictors, which for two levels is halfway between them; of an
#' ordered factor that is a number (`ordered_factors`) the one halfway between the first level and the last.
#' In a term with an interaction all its predictors are 0. Nothing is learned of such levels. A missing level
#' is another matter: see above.
#'
#' @param na_action What becomes of missing values: `"error"`; `"impute"`, for those of predictors alone
#'   (median and indicator, Josse et al. 2019); or `"omit"`. See the section on missing values.
#'   `r default_of("na_action")`
#' @param new_levels What becomes of levels of factors in new data that the training data had not: `"error"`;
#'   or `"unknown"`, to encode them as none of the known ones, where a predictor is a factor.
#'   `r default_of("new_levels")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 3
NULL

# What a fit's arguments say of missing values and new levels, as a preset changed by hand may, too.
values_policy <- function(given) {
  preset <- if (is.list(given$preset)) unclass(given$preset)
  of <- function(arg) given[[arg]] %||% preset[[arg]] %||% plain_settings()[[arg]]
  args <- rlang::set_names(c("na_action", "new_levels"))
  lapply(args, of)
}

na_action_hint <-
  "Use `na_action = \"impute\"` to fill missing values in, or `\"omit\"` to leave their rows out."

new_gaps_hint <- "A fit with `na_action = \"impute\"` or `\"omit\"` takes missing values."

infinite_hint <- "Replace infinite values by a large number, or by `NA`, of which `na_action` takes care."

omit_hint <- "Use `na_action = \"omit\"` to leave rows with missing values out."

imputes <- function(policy) identical(policy$na_action, "impute")

omits <- function(policy) identical(policy$na_action, "omit")

# ---- imputing ----
#
# The user's columns are completed before they are encoded. A fit's `predictors` hold `fill`, what stands for
# the missing values of each column, and `indicators`: by the names of the columns that lacked values at the
# fit, the names of the columns of TRUE and FALSE behind all others that tell where.

# A design whose predictors are complete. `columns` are the user's, `encode` makes of them what the engine
# reads. Until the training rows are known, what stands for missing values comes from all rows, and only for
# columns that lack some: see imputed_task().
imputed_design <- function(design, columns, encode, call) {
  columns <- as_columns(columns, design$predictors$names)
  lacking <- names(columns)[vapply(columns, anyNA, NA)]
  names <- make.unique(c(design$predictors$names, sprintf("%s_missing", lacking)), "_")
  indicators <- rlang::set_names(utils::tail(names, length(lacking)), lacking)
  design$predictors[c("names", "indicators", "fill")] <- list(names, indicators, fills(columns[lacking]))
  design$source <- list(columns = columns, encode = encode)
  if (length(lacking)) design$x <- imputed(columns, design$predictors, encode)
  design
}

# Columns whose encoding is to be seen, before what stands for missing values is known for good.
provisional <- function(columns, policy, arg, call) {
  if (!imputes(policy)) return(columns)
  check_some_values(columns, arg, call)
  imputed(columns, list(fill = fills(columns[vapply(columns, anyNA, NA)])), identity)
}

# A design that knows what stands for missing values of every column, from some rows (NULL for all) by their
# weights.
with_fills <- function(design, rows = NULL) {
  if (is.null(design$source)) return(design)
  counts <- set_counts(c(list(rows = rows), design$weighing))
  design$predictors$fill <- fills(design$source$columns, rows, counts)
  design
}

# The task with what stands for missing values from the rows that it trains on.
imputed_task <- function(task) {
  rows <- task$sets$train$rows
  task$design <- with_fills(task$design, rows)
  predictors <- task$design$predictors
  known <- is.null(rows) && is.null(task$design$weighing$weights) # what comes from all rows
  if (known || length(predictors$indicators) == 0) return(task)
  x <- imputed(task$design$source$columns, predictors, task$design$source$encode)
  task$x <- encoded_factors(x, predictors)
  task$sets$train$x <- task$x
  if (!is.null(rows)) task$sets$valid$x <- task$x
  task
}

# The predictors of new rows, in the columns of the fit, complete; `encode` as above.
impute_new <- function(columns, predictors, encode, arg, call) {
  if (is.null(predictors$fill)) return(encode(columns))
  if (is.matrix(columns)) {
    if (!anyNA(columns) && length(predictors$indicators) == 0) return(encode(columns))
    columns <- as_columns(columns, names(predictors$fill))
  }
  lacking <- names(columns)[vapply(columns, anyNA, NA)]
  warn_of_new_gaps(setdiff(lacking, names(predictors$indicators)), arg, call)
  imputed(columns, predictors, encode)
}

warn_of_new_gaps <- function(names, arg, call) {
  if (length(names) == 0) return(invisible())
  text <- sprintf(paste("`%s` lacks values in %s, where the training data had all: the median or mode stands",
                        "for them."), arg, enumerate_columns(names))
  warn_fastmlp(text, "missing", call)
}

imputed <- function(columns, predictors, encode) {
  filled <- columns
  for (name in names(columns)[vapply(columns, anyNA, NA)]) {
    filled[[name]][is.na(filled[[name]])] <- predictors$fill[[name]]
  }
  x <- encode(filled)
  if (length(predictors$indicators) == 0) return(x)
  known <- utils::head(predictors$names, -length(predictors$indicators))
  gaps <- lapply(rlang::set_names(names(predictors$indicators), predictors$indicators),
                 function(name) is.na(columns[[name]]))
  new_columns(c(as.list(as_columns(x, known)), gaps), nrow(columns))
}

# What is wrong with what a fit remembers of missing values, or NULL.
imputing_fault <- function(predictors) {
  fill <- predictors$fill
  indicators <- predictors$indicators
  if (is.null(fill) && !imputes(predictors) && is.null(indicators)) return(NULL)
  filled <- is.list(fill) && all(vapply(fill, function(value) length(value) == 1 && !is.na(value), NA))
  behind <- identical(unname(indicators), utils::tail(predictors$names, length(indicators)))
  if (!filled || !behind || !all(names(indicators) %in% names(fill))) {
    return("`predictors` that do not say how missing values are filled in")
  }
}

# A matrix as columns, which alone may be of different kinds.
as_columns <- function(x, names) {
  if (!is.matrix(x)) return(x)
  columns <- lapply(seq_len(ncol(x)), function(j) as.vector(x[, j]))
  new_columns(rlang::set_names(columns, names), nrow(x))
}

# What stands for missing values of each column, from some rows (NULL for all) and what these count as (NULL:
# each once).
fills <- function(columns, rows = NULL, counts = NULL) {
  lapply(as.list(columns), function(column) {
    if (!is.null(rows)) column <- column[rows]
    there <- !is.na(column) & (counts %||% rep(1, length(column))) > 0
    fill_of(column, there, counts[there])
  })
}

# Of the values that are `there`: the median of numbers, of anything else the value that most rows have, the
# first of several; where none is, what comes first.
fill_of <- function(column, there, counts) {
  if (is_plain_numeric(column)) {
    return(if (any(there)) as.double(weighted_quantiles(column[there], counts, 0.5)) else 0)
  }
  values <- if (is.logical(column)) c(FALSE, TRUE) else
    if (is.factor(column)) factor(levels(column), levels(column), exclude = NULL) else sort(unique(column))
  codes <- if (is.factor(column)) as.integer(column)[there] else match(column[there], values)
  rows <- if (is.null(counts)) tabulate(codes, length(values)) else
    vapply(split(counts, factor(codes, seq_along(values))), sum, 1)
  values[which.max(rows)]
}

# Each column has a value somewhere.
check_some_values <- function(columns, arg, call) {
  empty <- names(columns)[vapply(columns, function(column) all(is.na(column)), NA)]
  if (length(empty) == 0) return(invisible())
  abort_argument(arg, "have a value in each column", sprintf("missing values only in %s",
                                                             enumerate_columns(empty)),
                 "missing", hint = "Leave such columns out.", call = call)
}

# `a`, `b` and 2 more.
enumerate_columns <- function(names) {
  shown <- sprintf("`%s`", utils::head(names, 5))
  more <- length(names) - length(shown)
  words <- c(shown, if (more > 0) sprintf("%d more", more))
  last <- length(words)
  if (last == 1) words else paste(paste(words[-last], collapse = ", "), "and", words[last])
}

# ---- leaving rows out ----

# Leaves rows with missing values out of what a method was given: the data in its `frame`, and what of `given`
# has a value for each row or counts rows. Whatever is of a wrong kind stays as it is, to be refused later.
omit_rows <- function(frame, given, own) {
  if (!omits(values_policy(given))) return(given)
  data <- mget(intersect(own, c("x", "y", "data")), frame)
  used <- used_columns(frame$formula %||% data$x, data$data)
  if (!is.null(data$data)) data <- data["data"]
  check_rows_alike(data[[1]], data$y, given, frame)
  complete <- complete_parts(c(data, given[c("weights", "offset")]), used, frame)
  list2env(complete$parts[names(data)], frame)
  kept <- complete$kept
  for (arg in intersect(c("weights", "offset"), names(given))) given[[arg]] <- complete$parts[[arg]]
  validation <- given$validation
  if (is.list(validation)) {
    given$validation <- complete_validation(validation, used, frame)
  } else if (!all(kept) && is_row_choice(validation)) {
    given$validation <- kept_choice(validation, kept)
  }
  given
}

# The same for what mlp_continue() was given, list(data, weights, offset, validation).
omit_again <- function(fit, given, call) {
  used <- used_columns(fit$blueprint$recipe) %||%
    needed_columns(fit, names(fit$outcome$blueprint$ptypes$outcomes))
  parts <- complete_parts(c(given$data, given[c("weights", "offset")]), used, call)$parts
  validation <- given$validation
  list(
    data = parts[names(given$data)], weights = parts$weights, offset = parts$offset,
    validation = if (is.list(validation)) complete_validation(validation, used, call) else validation
  )
}

# What has a value for each row is counted before rows are left out.
check_rows_alike <- function(data, y, given, call) {
  rows <- NROW(data)
  if (!is.null(y)) check_same_rows(rows, NROW(y), "y", call)
  for (arg in intersect(c("weights", "offset"), names(given))) check_numeric(given[[arg]], arg, rows, call)
}

complete_validation <- function(validation, used, call) {
  as_data <- if (is.data.frame(validation)) list(validation = validation) else validation
  whole <- complete_parts(as_data, used, call, of = "validation")$parts
  if (is.data.frame(validation)) whole[[1]] else whole
}

# list(parts, kept): the parts of data without the rows that lack a value in one of them, of which a message
# tells. `used` are the columns of a data frame that matter, NULL for all.
complete_parts <- function(parts, used, call, of = NULL) {
  rows <- NROW(parts[[1]])
  gaps <- unlist(Map(part_gaps, parts, names(parts), MoreArgs = list(rows = rows, used = used)),
                 recursive = FALSE, use.names = FALSE)
  gaps <- Filter(function(gap) any(gap$at), gaps)
  if (length(gaps) == 0) return(list(parts = parts, kept = rep(TRUE, rows)))
  kept <- !Reduce(`|`, lapply(gaps, `[[`, "at"))
  label <- of %||% names(parts)[1]
  if (!any(kept)) {
    abort_argument(label, "have a row without missing values", "none", "missing",
                   hint = "Leave columns with many missing values out, or use `na_action = \"impute\"`.",
                   call = call)
  }
  tell_of_omitted(gaps, kept, of)
  for (name in names(parts)) {
    if (NROW(parts[[name]]) == rows) parts[name] <- list(rows_of(parts[[name]], kept))
  }
  list(parts = parts, kept = kept)
}

# Where a part lacks values: a list(name, at) for each column.
part_gaps <- function(part, name, rows, used) {
  if (inherits(part, "sparseMatrix")) return(if (NROW(part) == rows) sparse_gaps(part, name, used))
  if (NROW(part) != rows || !anyNA(part, recursive = TRUE)) return(NULL)
  columns <- if (is.data.frame(part)) part else if (is.matrix(part)) {
    as_columns(part, colnames(part) %||% sprintf("%s[, %d]", name, seq_len(ncol(part))))
  } else {
    rlang::set_names(list(part), name)
  }
  if (length(dim(part)) == 2 && !is.null(used)) columns <- as.list(columns)[intersect(names(columns), used)]
  unname(Map(function(column, name) list(name = name, at = gaps_of(column)), columns, names(columns)))
}

# The same for a sparse matrix.
sparse_gaps <- function(part, name, used) {
  x <- unclass(as_sparse(part, name, NULL))
  missing <- which(is.na(x$x))
  of <- findInterval(missing - 1L, x$p)
  names <- x$names %||% sprintf("%s[, %d]", name, seq_len(x$dim[2]))
  chosen <- if (!is.null(used)) which(names %in% used) else unique(of)
  lapply(intersect(unique(of), chosen), function(j) {
    list(name = names[j], at = seq_len(x$dim[1]) %in% (x$i[missing[of == j]] + 1L))
  })
}

gaps_of <- function(column) {
  if (is.atomic(column) && is.null(dim(column))) is.na(column) else logical(NROW(column))
}

# The columns that a formula or a recipe uses; without one all.
used_columns <- function(by, data = NULL) {
  if (inherits(by, "recipe")) return(by$var_info$variable[by$var_info$role %in% fitted_roles])
  if (!inherits(by, "formula")) return(NULL)
  if (is.data.frame(data)) {
    kept <- without_removed(by, data)
    by <- kept$formula
    data <- kept$data
  }
  used <- all.vars(by)
  if ("." %in% used) names(data) else used
}

fitted_roles <- c("predictor", "outcome", "case_weights")

rows_of <- function(x, rows) {
  if (isS4(x)) requireNamespace("Matrix", quietly = TRUE) # has the method
  if (length(dim(x)) == 2) x[rows, , drop = FALSE] else x[rows]
}

# A choice of rows among those that are kept.
kept_choice <- function(choice, kept) {
  if (!is.logical(choice)) {
    if (anyDuplicated(choice) || !all(choice %in% seq_along(kept))) return(choice)
    choice <- seq_along(kept) %in% choice
  }
  if (length(choice) == length(kept)) choice[kept] else choice
}

tell_of_omitted <- function(gaps, kept, of) {
  counts <- vapply(gaps, function(gap) sum(gap$at), 1L)
  columns <- sprintf("`%s` (%d)", vapply(gaps, `[[`, "", "name"), counts)
  shown <- c(utils::head(columns, 5), if (length(columns) > 5) "...")
  text <- sprintf("Left out %s of %d%s with missing values: %s.", count_of(sum(!kept), "row"), length(kept),
                  if (is.null(of)) "" else sprintf(" of `%s`", of), paste(shown, collapse = ", "))
  inform_fastmlp(text, "omitted")
}

# The columns of data frames that a fit needs, beside `others`; NULL for those of a matrix without names.
needed_columns <- function(fit, others = NULL) {
  predictors <- fit$predictors
  if (inherits(fit$blueprint, "xy_blueprint")) return(if (predictors$named) source_names(predictors))
  offset <- fit$outcome$offset
  offset <- if (is.list(offset)) unlist(lapply(offset, all.vars))
  c(names(fit$blueprint$ptypes$predictors), others, offset)
}

# Predictions for all rows, by a function for those without missing values; those of the others are missing.
predict_complete <- function(fit, new_data, offset, predict_rows) {
  gaps <- c(part_gaps(new_data, "new_data", NROW(new_data), needed_columns(fit)),
            part_gaps(offset, "offset", NROW(new_data), NULL))
  gaps <- Filter(function(gap) any(gap$at), gaps)
  if (length(gaps) == 0) return(predict_rows(new_data, offset))
  complete <- !Reduce(`|`, lapply(gaps, `[[`, "at"))
  if (length(offset) == length(complete)) offset <- offset[complete]
  made <- predict_rows(rows_of(new_data, complete), offset)
  made[match(seq_along(complete), which(complete)), ]
}
