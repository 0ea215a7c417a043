# Embeddings in front of the first layer, whose list holds `embedding`: an element for each embedded column,
# list(kind, column = <its position among the encoded predictors>, and its parts). Numbers come first. What
# the first layer reads are the columns that go on, and behind them the values of each embedded column.

# For each kind: `parts` are what is learned; `fits` whether a column's parts, all finite, have the right
# shapes; `outputs` how many values the column becomes; `replaces` whether it does not go on itself; `suffix`
# is what the values are called by, `words` what print() calls it.
embedding_kinds <- list(
  periodic = list(
    parts = c("frequency", "phase", "weight", "bias"),
    fits = function(own) {
      shape <- c(length(own$frequency), length(own$bias))
      length(own$phase) == shape[1] && identical(dim(own$weight), shape) && shape[2] <= most_outputs
    },
    outputs = function(own) length(own$bias),
    replaces = FALSE, suffix = "_wave", words = "periodic embeddings of numbers"
  ),
  piecewise = list(
    parts = "weight",
    fits = function(own) {
      edges <- own$edges
      is.double(edges) && all(is.finite(edges)) && all(diff(edges) > 0) && is.matrix(own$weight) &&
        nrow(own$weight) == length(edges) - 1 && ncol(own$weight) <= most_outputs
    },
    outputs = function(own) ncol(own$weight),
    replaces = FALSE, suffix = "_piece", words = "piecewise-linear embeddings of numbers"
  ),
  factor = list(
    parts = "table",
    fits = function(own) is.matrix(own$table),
    outputs = function(own) ncol(own$table),
    replaces = TRUE, suffix = "_value", words = "embeddings of factors"
  )
)

# The engine's limit for functions of a number.
most_outputs <- 16

kind_of <- function(own) embedding_kinds[[own$kind]]

embedding_parameters <- function(own) own[kind_of(own)$parts]

embedding_outputs <- function(embedding) vapply(embedding, function(own) kind_of(own)$outputs(own), 1L)

# Positions of the columns that do not go on.
replaced_columns <- function(embedding) {
  replaced <- Filter(function(own) kind_of(own)$replaces, embedding)
  vapply(replaced, function(own) own$column, 1L)
}

embedding_count <- function(layer) length(unlist(lapply(layer$embedding, embedding_parameters)))

# "periodic embeddings of numbers" and so on, for print().
embedding_words <- function(embedding) {
  unique(vapply(embedding, function(own) kind_of(own)$words, "", USE.NAMES = FALSE))
}

# Predictors that a network of these layers takes.
inputs_of <- function(layers) {
  embedding <- layers[[1]]$embedding
  nrow(layers[[1]]$weight) - sum(embedding_outputs(embedding)) + length(replaced_columns(embedding))
}

# ---- plans ----

# The design with the factors that are to be embedded marked as such.
embed_factor_columns <- function(design, spec, call) {
  if (!embeds(spec) || !has_factors(design$x)) return(design)
  levels <- vapply(design$x, nlevels, 1L)
  design$predictors$embedded <- names(levels)[levels >= spec$min_levels]
  check_tables(levels[design$predictors$embedded], spec, call)
  design$x <- embedded_columns(design$x, design$predictors$embedded)
  design$predictors$names <- encoded_names(design$x)
  design
}

# Codes are exact up to here, and tables must fit.
most_levels <- 2^24

check_tables <- function(levels, spec, call) {
  bytes <- sum(as.double(levels)) * spec$dim * bytes_per_parameter
  if (all(levels <= most_levels) && bytes <= memory_limit()) return(invisible())
  expected <- sprintf("of factors with at most 2^24 levels, whose tables fit into %s",
                      format_bytes(memory_limit()))
  got <- sprintf("%s, which need about %s", count_of(sum(levels), "level"), format_bytes(bytes))
  abort_argument("factor_embedding", expected, got, "size",
                 hint = "Leave such factors out, or raise `options(fastmlp.memory = )` (bytes).", call = call)
}

# Positions among the encoded predictors of those that are numbers.
numeric_positions <- function(x) {
  if (is.matrix(x)) return(if (is.logical(x)) integer() else seq_len(ncol(x)))
  is_number <- vapply(x, function(column) is.numeric(column) && !is.factor(column), NA)
  unname(cumsum(encoded_widths(x))[is_number])
}

# What is embedded: list(numbers = <positions>, numeric = <how>, codes, levels, factor, inputs); NULL where
# nothing is.
embedding_plan <- function(settings, x, inputs) {
  numbers <- if (embeds(settings$numeric_embedding)) numeric_positions(x)
  codes <- code_positions(x)
  if (length(numbers) + length(codes) == 0) return(NULL)
  levels <- if (length(codes)) vapply(Filter(is_embedded, x), nlevels, 1L)
  list(numbers = numbers, numeric = settings$numeric_embedding,
       codes = codes, levels = unname(levels), factor = settings$factor_embedding, inputs = inputs)
}

# The plan of a network of which only the number of inputs is known: all are embedded.
plan_without_data <- function(spec, inputs, call) {
  if (!embeds(spec)) return(NULL)
  if (spec$name == "piecewise") {
    abort_argument("numeric_embedding", "one that needs no data", format(spec), call = call)
  }
  list(numbers = seq_len(inputs), numeric = spec, codes = integer(), inputs = inputs)
}

# Values that the first layer reads.
embedded_width <- function(plan, inputs) {
  more <- if (length(plan$numbers)) length(plan$numbers) * (plan$numeric$dim - 1L)
  values <- if (length(plan$codes)) length(plan$codes) * (plan$factor$dim - 1L)
  as.integer(inputs + sum(more, values))
}

# ---- starts ----

# Layers with the embedding as it starts in a member of an ensemble (its number), unless they bring it; bins
# from the rows of a set.
embed_inputs <- function(layers, plan, set = NULL, scaling = NULL, member = 1) {
  if (is.null(plan) || !is.null(layers[[1]]$embedding)) return(layers)
  numbers <- if (length(plan$numbers)) {
    embedding_starts[[plan$numeric$name]](plan$numeric, plan$numbers, set, scaling, member)
  }
  factors <- Map(
    function(column, levels) {
      dim <- plan$factor$dim
      list(kind = "factor", column = column, table = matrix(stats::rnorm(levels * dim), levels, dim))
    },
    plan$codes, plan$levels
  )
  layers[[1]]$embedding <- c(numbers, factors)
  layers
}

# For embeddings of numbers, by name: the elements for some columns in a member.
embedding_starts <- list(
  periodic = function(spec, columns, set, scaling, member) {
    frequencies <- spec$frequencies
    outputs <- spec$dim - 1L
    limit <- 1 / sqrt(frequencies)
    drawn <- function(rows, draw) matrix(draw(rows * length(columns)), rows)
    uniform <- function(limit) function(n) stats::runif(n, -limit, limit)
    sd <- spec$sd[(member - 1) %% length(spec$sd) + 1]
    frequency <- drawn(frequencies, function(n) stats::rnorm(n, sd = sd))
    phase <- drawn(frequencies, uniform(pi))
    weight <- drawn(frequencies * outputs, uniform(limit))
    bias <- drawn(outputs, uniform(limit))
    lapply(seq_along(columns), function(i) {
      list(kind = "periodic", column = columns[i], frequency = frequency[, i], phase = phase[, i],
           weight = matrix(weight[, i], frequencies), bias = bias[, i])
    })
  },
  piecewise = function(spec, columns, set, scaling, member) {
    counts <- set_counts(set)
    lapply(columns, function(column) {
      edges <- bin_edges(spec$bins, column, set, scaling, counts)
      list(kind = "piecewise", column = column, edges = edges,
           weight = matrix(0, length(edges) - 1, spec$dim - 1))
    })
  }
)

# Quantiles of the set's rows, without repetitions in single precision; a constant column gets one bin.
bin_edges <- function(bins, column, set, scaling, counts) {
  values <- encoded_column(set$x, column)
  if (!is.null(set$rows)) values <- values[set$rows]
  quantiles <- weighted_quantiles(values, counts, seq(0, 1, length.out = bins + 1))
  edges <- unique(signif(standardized(quantiles, scaling, column), 7))
  if (length(edges) > 1) edges else edges + c(0, max(1, abs(edges)))
}

# ---- names ----

# What coef() calls what the first layer reads.
embedded_names <- function(inputs, embedding) {
  values <- lapply(embedding, function(own) {
    paste0(inputs[own$column], kind_of(own)$suffix, seq_len(kind_of(own)$outputs(own)))
  })
  c(inputs[setdiff(seq_along(inputs), replaced_columns(embedding))], unlist(values))
}

# The embedding with the predictors' names, and tables with those of levels: levels[[<predictor>]].
named_embedding <- function(embedding, inputs, levels) {
  if (is.null(embedding)) return(NULL)
  names <- inputs[vapply(embedding, function(own) own$column, 1L)]
  named <- Map(function(own, name) {
    if (own$kind == "factor") rownames(own$table) <- levels[[name]]
    own
  }, embedding, names)
  rlang::set_names(named, names)
}

# ---- checks ----

# What is wrong with layers' embeddings, or NULL.
embedding_fault <- function(layers) {
  has <- !vapply(layers, function(layer) is.null(layer$embedding), NA)
  if (any(has[-1])) return("an `embedding` behind the first layer")
  embedding <- layers[[1]]$embedding
  if (has[1] && !(is_embedding(embedding) && all(columns_of(embedding) %in% seq_len(inputs_of(layers))))) {
    return("an `embedding` that does not fit the first layer")
  }
}

columns_of <- function(embedding) vapply(embedding, function(own) own$column, 1L)

# Whether a list is an embedding by itself.
is_embedding <- function(embedding) {
  rlang::is_bare_list(embedding) && length(embedding) > 0 && all(vapply(embedding, is_embedded_column, NA)) &&
    !anyDuplicated(columns_of(embedding))
}

is_embedded_column <- function(own) {
  if (!is.list(own) || !rlang::is_string(own$kind, names(embedding_kinds)) ||
      !rlang::is_integer(own$column, 1)) {
    return(FALSE)
  }
  is_part <- function(part) is.double(part) && length(part) > 0 && in_single_precision(part)
  all(vapply(kind_of(own)$parts, function(part) is_part(own[[part]]), NA)) && kind_of(own)$fits(own)
}

# An embedding given as an initial value, of the shape that is wanted; or NULL.
check_embedding <- function(given, plan, arg, call) {
  if (is.null(given)) return(NULL)
  if (is.null(plan)) {
    abort_argument(arg, "absent without `numeric_embedding` and `factor_embedding`", describe(given),
                   call = call)
  }
  wanted <- planned_shape(plan)
  if (is_embedding(given) && identical(embedding_shape(given), wanted)) return(unnamed_embedding(given))
  expected <- sprintf("as `coef()` gives it, for %s", count_of(nrow(wanted), "embedded predictor"))
  abort_argument(arg, expected, describe(given), "shape", call = call)
}

# A row for each embedded column. Waves and bins may be more or less.
planned_shape <- function(plan) {
  shape <- function(kind, columns, outputs, levels) {
    n <- length(columns)
    data.frame(kind = rep(kind, n), column = columns, outputs = rep(as.integer(outputs), n), levels = levels)
  }
  rbind(
    if (length(plan$numbers)) {
      shape(plan$numeric$name, plan$numbers, plan$numeric$dim - 1, rep(NA_integer_, length(plan$numbers)))
    },
    if (length(plan$codes)) shape("factor", plan$codes, plan$factor$dim, plan$levels)
  )
}

embedding_shape <- function(embedding) {
  embedding <- unname(embedding)
  data.frame(
    kind = vapply(embedding, function(own) own$kind, ""),
    column = columns_of(embedding),
    outputs = embedding_outputs(embedding),
    levels = vapply(embedding, function(own) if (is.null(own$table)) NA_integer_ else nrow(own$table), 1L)
  )
}

unnamed_embedding <- function(embedding) {
  lapply(unname(embedding), function(own) {
    own$table <- if (!is.null(own$table)) unname(own$table)
    own
  })
}
