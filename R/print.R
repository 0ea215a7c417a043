# print() and summary() of fits and networks.

#' @export
print.mlp_network <- function(x, ...) {
  check_no_dots(...)
  check_network(x, "x")
  show_lines(c(
    sprintf("<mlp_network>: %s, %s", count_of(x$inputs, "input"), count_of(x$outputs, "output")),
    network_lines(x)
  ))
  invisible(x)
}

# Layers 4-5-3 (relu), 43 parameters
network_lines <- function(network) {
  sizes <- c(network$inputs, network$hidden_units, network$outputs)
  hidden <- hidden_activations(network)
  activations <- if (length(hidden)) paste(unique(hidden), collapse = ", ") else "no hidden layer"
  c(
    sprintf("Layers: %s (%s)", sizes_text(sizes), activations),
    dress_line(network),
    sprintf("Parameters: %s", format(sum(layer_table(network)$parameters), big.mark = ","))
  )
}

# 4-5-3; of many layers the first and the last.
sizes_text <- function(sizes, most = 12) {
  if (length(sizes) <= most) return(paste(sizes, collapse = "-"))
  ends <- c(utils::head(sizes, 4), "...", utils::tail(sizes, 4))
  sprintf("%s, %d hidden", paste(ends, collapse = "-"), length(sizes) - 2L)
}

# One row a layer.
layer_table <- function(network) {
  inputs <- vapply(network$layers, function(layer) nrow(layer$weight), 1L)
  units <- vapply(network$layers, function(layer) ncol(layer$weight), 1L)
  normalized <- vapply(network$layers, function(layer) !is.null(layer$norm), NA)
  data.frame(
    layer = seq_along(network$layers),
    inputs = inputs,
    units = units,
    activation = vapply(network$layers, function(layer) layer$activation, ""),
    parameters = (inputs + 1L + ifelse(normalized, 2L, 0L)) * units +
      lengths(lapply(network$layers, `[[`, "slope")) +
      lengths(lapply(network$layers, `[[`, "input_scale")) +
      vapply(network$layers, embedding_count, 1L)
  )
}

#' @export
print.fastmlp <- function(x, ...) {
  check_no_dots(...)
  check_model(x, "x")
  show_lines(c(
    sprintf("<fastmlp>: %s", purpose(x$outcome)),
    ensemble_line(x),
    network_lines(x$network),
    noise_line(x$arguments, x$network),
    rows_line(x$training, several = !is.null(x$members) && !isTRUE(x$arguments$share_weights)),
    training_line(x$training),
    if (isTRUE(x$training$refit)) "Trained again on all rows",
    if (!is.null(x$outcome$scaling$transform)) {
      sprintf("Learned: the %s of the outcome", outcome_transform(x$outcome$scaling)$title)
    },
    if (!is.null(x$outcome$temperature)) {
      sprintf("Probabilities calibrated at temperature %s", format(x$outcome$temperature, digits = 3))
    },
    metric_lines(x)
  ))
  invisible(x)
}

# What stands before the one network that is shown, or NULL.
ensemble_line <- function(x) {
  if (is.null(x$members)) return(NULL)
  sharing <- if (isTRUE(x$arguments$share_weights)) " that share weights"
  sprintf("Ensemble of %d networks%s, each with", length(x$members), sharing %||% "")
}

purpose <- function(outcome) {
  if (outcome$type == "class") {
    return(sprintf("classification with %d classes", length(outcome$levels)))
  }
  if (outcome$type == "labels") {
    return(sprintf("classification of %d labels", length(outcome$names)))
  }
  if (length(outcome$names) == 1) return("regression")
  sprintf("regression with %d outcomes", length(outcome$names))
}

rows_line <- function(training, several) {
  validation <- if (training$validation_rows > 0) {
    sprintf(", %s to validate", format(training$validation_rows, big.mark = ","))
  }
  sprintf("%s on %s%s", if (several) "Each trained" else "Trained", count_of(training$rows, "row"),
          validation %||% "")
}

# How an end other than the planned one is told.
endings <- c(
  finished = "", stopped = ", stopped early", callback = ", stopped by a callback",
  converged = ", converged", stuck = ", stuck", diverged = ", diverged", interrupted = ", interrupted"
)

training_line <- function(training) {
  kept <- if (training$kept_epoch != training$epochs) {
    sprintf(", kept %s", if (training$kept_epoch == 0) "the initial weights" else
      paste("epoch", training$kept_epoch))
  }
  sprintf("%s in %s s on %s%s%s", count_of(training$epochs, "epoch"),
          format(signif(training$seconds, 3)), count_of(training$threads, "thread"),
          endings[[training$stopped]], kept %||% "")
}

# Train loss 0.31, accuracy 0.92: one line a set, of the kept epoch.
metric_lines <- function(x) {
  last <- x$history[x$history$epoch == x$training$kept_epoch & x$history$metric != "learn_rate", ]
  vapply(unique(last$set), function(set) {
    rows <- last[last$set == set, ]
    values <- paste(rows$metric, format_metric(rows$value), collapse = ", ")
    paste0(toupper(substr(set, 1, 1)), substring(set, 2), ": ", values)
  }, "", USE.NAMES = FALSE)
}

#' Summary of a fit
#'
#' Shows the arguments that a fit was made with, those that came from the preset included, and its
#' layers.
#'
#' @param object A fit by [mlp_fit()].
#' @param ... Not used.
#' @return An object of class `summary.fastmlp`: a list with the `fit`, its `layers` (a data frame
#'   with `inputs`, `units`, `activation` and `parameters`) and its `arguments` (a named character
#'   vector).
#' @examples
#' summary(mlp_fit(Species ~ ., iris, hidden_units = 5, epochs = 2))
#' @export
summary.fastmlp <- function(object, ...) {
  check_no_dots(...)
  check_model(object)
  structure(
    list(
      fit = object,
      layers = layer_table(object$network),
      arguments = vapply(object$arguments, format_setting, "")
    ),
    class = "summary.fastmlp"
  )
}

#' @export
print.summary.fastmlp <- function(x, ...) {
  check_no_dots(...)
  print(x$fit)
  show_lines(c("", "Layers"))
  print(x$layers, row.names = FALSE)
  rule <- x$fit$training$preset_rule
  chosen <- if (!is.null(rule)) sprintf("The preset was chosen %s.", rule)
  show_lines(c("", "Arguments", argument_lines(x$arguments), chosen))
  invisible(x)
}

# One argument a line, long values folded below themselves.
argument_lines <- function(arguments) {
  names <- sprintf("  %s = ", format(names(arguments)))
  unlist(Map(folded, arguments, names, strrep(" ", nchar(names))), use.names = FALSE)
}

# What all printing goes through: lines too long for the console are folded.
show_lines <- function(lines) {
  width <- getOption("width")
  lines <- lapply(lines, function(line) {
    if (nchar(line, "width") > width) folded(line, "", "  ", width + 1) else line
  })
  writeLines(as.character(unlist(lines)))
}

# Text folded between words, but not within `name = value`; the first line begins with one string, the others
# with another.
folded <- function(text, first, others, width = 0.9 * getOption("width")) {
  unbroken <- gsub(" = ", "\u00a0=\u00a0", text, fixed = TRUE)
  gsub("\u00a0", " ", strwrap(unbroken, width, initial = first, prefix = others), fixed = TRUE)
}

# An argument's value in one line.
format_setting <- function(value) {
  if (is.null(value)) return("NULL")
  if (is.object(value)) return(format(value))
  if (length(value) == 0) return(sprintf("%s()", typeof(value)))
  text <- vapply(value, format_value, "")
  text <- paste(if (is.null(names(value))) text else paste(names(value), "=", text), collapse = ", ")
  if (length(value) > 1) sprintf("c(%s)", text) else text
}
