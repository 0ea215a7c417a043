# What explanations of a fit share: the user's predictors one by one, rows in which they can be changed,
# and predictions as numbers, one column for each thing that is predicted.

# ---- predictors ----

# The predictors as the user knows them: columns of the data, those of a recipe before its steps.
predictor_columns <- function(object) {
  if (inherits(object$blueprint, "xy_blueprint")) return(source_names(object$predictors))
  names(object$blueprint$ptypes$predictors)
}

# Where the predictors that the network reads are numbers, or factors that stand for indicators: their
# prototypes (of a scored factor that of a number), which after a recipe are those of what it makes. NULL
# where a formula makes columns of its own.
plain_prototypes <- function(object) {
  blueprint <- encoding_of(object)
  if (inherits(blueprint, "xy_blueprint")) return(NULL)
  known <- encoded_factors(blueprint$ptypes$predictors, object$predictors)
  if (identical(encoded_names(known), source_names(object$predictors))) known
}

# For each input of the network the predictor it belongs to, or its own name where a formula made it. What
# tells of missing values belongs to the column that lacks them.
input_owners <- function(object) {
  known <- plain_prototypes(object)
  predictors <- object$predictors
  owners <- if (is.null(known)) source_names(predictors) else rep(names(known), encoded_widths(known))
  lacking <- names(predictors$indicators)
  c(owners, ifelse(lacking %in% owners, lacking, unname(predictors$indicators)))
}

# ---- rows ----

# New rows for an explanation, as predict() takes them but for sparse ones: list(columns = <a data frame of
# the user's predictors, which may be changed>, levels = <of those that are factors to the fit>, forge = <what
# makes of it what the engine reads>, offset = <what makes of it, and of the offset of the rows as they are,
# the offset>).
rows_to_change <- function(object, new_data, call) {
  explained_predictors(object, new_data, call)
  known <- object$blueprint$ptypes$predictors
  by_recipe <- inherits(object$blueprint, "recipe_blueprint")
  columns <- user_columns(object, new_data, call)
  whole <- if (by_recipe) names(known)[vapply(known, is.integer, NA)]
  whole_numbers <- function(column) as.integer(floor(column + 0.5))
  columns[whole] <- lapply(columns[whole], whole_numbers)
  forge <- function(columns) {
    columns[whole] <- lapply(columns[whole], whole_numbers)
    if (by_recipe) columns <- with_other_columns(columns, new_data)
    suppressWarnings(forge_predictors(columns, object$blueprint, object$predictors, "new_data", call),
                     classes = condition_class("warning", "missing")[1]) # it has been given before
  }
  terms <- object$outcome$offset
  changed_offset <- function(columns, offset) {
    if (is.null(offset) || !is.list(terms)) return(offset)
    offset_values(terms, with_other_columns(columns, new_data), "new_data", call)
  }
  list(columns = columns, levels = lapply(known, levels), forge = forge, offset = changed_offset)
}

# Training on whole numbers forbids no others between them, but a recipe's steps may.
user_columns <- function(object, new_data, call) {
  given <- as.list(as.data.frame(new_data))
  names <- predictor_columns(object)
  at <- if (inherits(object$blueprint, "xy_blueprint")) {
    match_columns(new_data, object$predictors, "new_data", call)
  } else {
    match(names, names(given))
  }
  new_columns(lapply(rlang::set_names(given[at], names), integer_to_double), nrow(new_data))
}

# A recipe or an offset may read columns that are no predictors.
with_other_columns <- function(columns, new_data) {
  rows <- rep_len(seq_len(nrow(new_data)), nrow(columns))
  others <- as.list(as.data.frame(new_data))[setdiff(colnames(new_data), names(columns))]
  new_columns(c(as.list(columns), lapply(others, `[`, rows)), nrow(columns))
}

# Forged and checked.
explained_predictors <- function(object, new_data, call, arg = "new_data") {
  if (!is.matrix(new_data) && !is.data.frame(new_data)) {
    hint <- if (is_matrix_object(new_data)) dense_rows_hint
    abort_argument(arg, "a matrix or a data frame", describe(new_data), "type", hint, call)
  }
  check_some_rows(new_data, arg, call)
  if (omits(object$predictors)) check_no_gaps(object, new_data, arg, call)
  x <- forge_predictors(new_data, object$blueprint, object$predictors, arg, call)
  check_pairs(check_finite(x, arg, call), object$predictors$pairs, arg, call)
}

# What predict() makes NA has no explanation.
check_no_gaps <- function(object, new_data, arg, call) {
  gaps <- part_gaps(new_data, arg, nrow(new_data), needed_columns(object))
  gaps <- Filter(function(gap) any(gap$at), gaps)
  if (length(gaps) == 0) return(invisible())
  got <- paste("some in", enumerate_columns(vapply(gaps, `[[`, "", "name")))
  abort_argument(arg, "have no missing values", got, "missing",
                 sprintf("Leave such rows out: `na.omit(%s)`.", arg), call)
}

# Permuting thousands of predictors one by one takes a prediction of all rows each.
dense_rows_hint <- paste(
  "Give some of the rows, `as.matrix(new_data[1:100, ])`;",
  "of many predictors `mlp_attribution()` takes least time."
)

# ---- what is predicted ----

# Types of prediction that are numbers of their own, the first that a fit gives being the default.
explained_types <- c("prob", "numeric", "quantile", "raw")

# What an explanation is of: list(type, output = <its names>, request = <as predict() has it>).
explained_quantity <- function(object, type, output, new_data, offset, call) {
  quantity <- quantity_without_offset(object, type, output, call)
  quantity$request$offset <- predict_offset(offset, object$outcome$offset, new_data, quantity$type, call)
  quantity
}

# The same where no offset is added.
quantity_without_offset <- function(object, type, output, call) {
  outcome <- object$outcome
  fits <- intersect(explained_types, names(types_of_fit(outcome)))
  type <- if (is.null(type)) fits[1] else check_choice(type, "type", fits, call = call)
  given <- c(level = FALSE, levels = FALSE)
  request <- c(check_request(type, outcome, NULL, NULL, given, call), list(call = call))
  quantity <- list(type = type, request = request)
  some <- matrix(0, 1, object$network$outputs)
  labels <- colnames(quantity_of(object, quantity, function(link) linked(some, link)))
  quantity$output <- explained_output(output, labels, type, outcome, call)
  quantity
}

# By default all of them, but of two classes the second alone: the other is the same picture upside down.
explained_output <- function(output, labels, type, outcome, call) {
  if (!is.null(output)) return(unique(check_choice(output, "output", labels, length = NULL, call = call)))
  if (type == "prob" && outcome$type == "class" && length(labels) == 2) labels[2] else labels
}

# What predict() gives of a quantity, as a matrix whose columns are named by what they stand for, from
# run(link), the outputs of the fit after a link.
quantity_of <- function(object, quantity, run) {
  outcome <- object$outcome
  type <- types_of_fit(outcome)[[quantity$type]]
  predicted <- type$of(object, run, quantity$request, links[[outcome$link]])
  labels <- sub("^[.](pred|raw)_?", "", names(predicted))
  if (length(labels) == 1) labels <- if (quantity$type == "raw") output_labels(outcome) else outcome$names
  values <- as.matrix(predicted)
  dimnames(values) <- list(NULL, labels)
  if (is.null(quantity$output)) values else values[, quantity$output, drop = FALSE]
}

# The same for predictors as the engine reads them.
predicted_quantity <- function(object, quantity, x, threads, call) {
  offset <- quantity$request$offset
  quantity_of(object, quantity, function(link) network_outputs(object, x, link, threads, call, offset))
}

explained_tibble <- function(columns, class, ...) {
  tibble::new_tibble(columns, nrow = length(columns[[1]]), class = class, ...)
}

# ---- pictures ----

# Room between panels, and beside the last, for the numbers at their ends.
roomy_theme <- function() {
  plot_theme() +
    ggplot2::theme(panel.spacing = ggplot2::unit(1.2, "lines"), plot.margin = ggplot2::margin(6, 12, 6, 6))
}

# A bar of colours with room for its numbers; of probabilities it is whole.
fill_by_number <- function(type) {
  list(
    ggplot2::scale_fill_viridis_c(n.breaks = 4, labels = big_numbers, limits = if (type == "prob") 0:1),
    ggplot2::theme(legend.key.width = ggplot2::unit(2.5, "lines"))
  )
}

# What the axis of predictions is called.
quantity_words <- function(type, outputs) {
  words <- c(prob = "probability", numeric = "prediction", quantile = "quantile", raw = "output")[[type]]
  if (length(outputs) > 1) return(words)
  if (type == "prob") paste(words, "of", outputs) else outputs
}
