# Predictors as the engine reads them, where they lie: a numeric matrix, or columns, which are a
# data frame of numeric and logical columns and factors. A factor stands for one indicator a level.
# The engine encodes while it converts; here are only the names of what it makes, and single columns
# for messages.

new_columns <- function(columns, rows) {
  structure(columns, class = "data.frame", row.names = .set_row_names(rows))
}

# A column of the user's as one of these. Text becomes a factor, so that its levels are remembered;
# ordered factors are encoded like others.
plain_column <- function(column) {
  if (is.character(column)) return(factor(column, sort(unique(column), method = "radix")))
  if (is.ordered(column)) unordered(column) else column
}

unordered <- function(factor) {
  class(factor) <- "factor"
  factor
}

# The same as formulas take it: logicals count as 0 and 1.
formula_column <- function(column) {
  if (is.logical(column)) as.double(column) else integer_to_double(column)
}

# Training on whole numbers shall not forbid others later.
integer_to_double <- function(column) {
  if (is.integer(column) && !is.object(column)) as.double(column) else column
}

# Columns without rows, with the levels and types to remember.
columns_header <- function(columns) {
  header <- lapply(columns, function(column) {
    if (is.factor(column)) factor(character(), levels(column), exclude = NULL) else double()
  })
  new_columns(header, 0L)
}

# Encoded columns that each column stands for.
encoded_widths <- function(columns) {
  vapply(columns, function(column) if (is.factor(column)) nlevels(column) else 1L, 1L)
}

encoded_names <- function(columns) {
  names <- rep(names(columns), encoded_widths(columns))
  levels <- lapply(columns, function(column) if (is.factor(column)) levels(column) else "")
  paste0(names, unlist(levels, use.names = FALSE))
}

# Whether each is the indicator of a level.
encoded_indicators <- function(x) {
  if (is.matrix(x)) return(logical(ncol(x)))
  rep(unname(vapply(x, is.factor, NA)), encoded_widths(x))
}

# Column j of the encoded predictors, as doubles.
encoded_column <- function(x, j) {
  if (is.matrix(x)) return(as.double(x[, j]))
  widths <- encoded_widths(x)
  last <- cumsum(widths)
  at <- match(TRUE, j <= last)
  column <- x[[at]]
  if (!is.factor(column)) return(as.double(column))
  as.double(as.integer(column) == j - last[[at]] + widths[[at]])
}

# All of them, as a matrix of doubles.
encoded_values <- function(x) {
  if (is.matrix(x)) return(unname(x) + 0)
  encoded <- lapply(x, function(column) {
    if (is.factor(column)) outer(as.integer(column), seq_len(nlevels(column)), `==`) else column
  })
  unname(do.call(cbind, encoded)) + 0
}

# How messages call it.
column_label <- function(x, j) {
  names <- if (is.matrix(x)) colnames(x) else encoded_names(x)
  if (is.null(names)) paste("column", j) else sprintf("column `%s`", names[j])
}
