# Statistics by case weights, of which whole numbers are numbers of rows: a weight of 2 is the row twice.

# How many rows a weight of 1 stands for, where `weights` are the products of case weights and class weights
# (either may be NULL). Whole case weights count rows, and whole class weights what these are to count as;
# others are brought to a mean of 1, over the rows that count.
weights_worth <- function(weights, cases, by_class) {
  whole <- function(x) is.null(x) || all(x == round(x))
  if (is.null(weights) || whole(cases) && whole(by_class)) return(1)
  rows <- if (whole(cases)) cases
  sum((rows %||% rep(1, length(weights)))[weights > 0]) / sum(weights)
}

# What the rows of a set count as, or NULL: each once.
set_counts <- function(set) {
  weights <- if (is.null(set$rows)) set$weights else set$weights[set$rows]
  if (!is.null(weights)) weights * set$worth
}

# c(mean, sd), the latter with one less than the rows counted below.
weighted_moments <- function(values, counts) {
  away <- deviations(values, counts)
  c(values[1] - away[1], sqrt(sum(counts * away^2) / (sum(counts) - 1)))
}

# From the mean, by way of the first value: those of a constant are exactly 0.
deviations <- function(values, counts) {
  away <- values - values[1]
  away - sum(counts * away) / sum(counts)
}

weighted_variance <- function(values, counts) sum(counts * deviations(values, counts)^2) / sum(counts)

# The third standardised moment; 0 of values that are all the same. In units of the largest deviation, so that
# no power is too small for a number.
weighted_skewness <- function(values, counts) {
  away <- deviations(values, counts)
  if (all(away == 0)) return(0)
  away <- away / max(abs(away))
  moment <- function(k) sum(counts * away^k) / sum(counts)
  moment(3) / moment(2)^1.5
}

# R's default definition, as if each value stood there as often as it counts.
weighted_quantiles <- function(values, counts, probs) {
  if (is.null(counts)) return(stats::quantile(values, probs, names = FALSE))
  order <- order(values)
  order <- order[counts[order] > 0]
  values <- values[order]
  reached <- cumsum(counts[order])
  nth <- function(k) { # the first to reach k, but for rounding
    values[pmin(findInterval(k - 1e-8, reached, left.open = TRUE) + 1, length(values))]
  }
  at <- 1 + (sum(counts) - 1) * probs
  below <- floor(at)
  share <- at - below
  (1 - share) * nth(below) + share * nth(below + 1)
}

# What a scan tells of the columns, from the rows that count.
weighted_scan <- function(x, rows, counts) {
  rows <- rows %||% seq_len(nrow(x))
  column <- if (is_sparse(x)) counted_entries(x, rows, counts) else counted_values(x, rows, counts)
  summary <- vapply(seq_len(encoded_count(x)), function(j) {
    own <- column(j)
    c(weighted_moments(own$values, own$counts), range(own$values))
  }, numeric(4))
  list(mean = summary[1, ], sd = summary[2, ], minimum = summary[3, ], maximum = summary[4, ])
}

counted_values <- function(x, rows, counts) {
  read <- column_reader(x)
  rows <- rows[counts > 0]
  counts <- counts[counts > 0]
  function(j) list(values = read(j)[rows], counts = counts)
}

# All zeros of a column are one value, which counts as often as they do together.
counted_entries <- function(x, rows, counts) {
  x <- unclass(x)
  of_row <- replace(numeric(x$dim[1]), rows, counts)
  used <- sum(counts > 0)
  total <- sum(counts)
  function(j) {
    at <- entries_at(x, j)
    own <- of_row[x$i[at] + 1L]
    counted <- own > 0
    own <- own[counted]
    zeros <- if (length(own) < used) 0
    list(values = c(x$x[at][counted], zeros), counts = c(own, if (length(zeros)) total - sum(own)))
  }
}
