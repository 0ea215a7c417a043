# What hidden layers may have beside weights, bias and activation: normalisation, dropout, a residual
# connection. A layer's list holds `norm` and `residual` where it has them; dropout is a matter of
# training.

normalizations <- c("none", "batch", "layer")

# Rows that the engine takes at once: larger batches are normalised in pieces of as many.
pass_rows <- 1024L

check_normalization <- function(x, arg, call = rlang::caller_env()) {
  check_choice(x, arg, normalizations, length = NULL, call = call)
}

# Shares in [0, 1), any number of them.
check_shares <- function(x, arg, call = rlang::caller_env()) {
  ok <- is_plain_numeric(x) && length(x) > 0 && !anyNA(x) && all(x >= 0 & x < 1)
  if (!ok) {
    kind <- fault_kind(x, length = NULL)
    abort_argument(arg, "numbers in [0, 1)", describe(x), kind, share_hint(x[!x %in% 0][1]), call)
  }
  as.double(x)
}

# One value a hidden layer, from one value or one a layer.
per_layer <- function(x, arg, noun, hidden_units, call) {
  if (!length(x) %in% c(1L, length(hidden_units))) {
    expected <- sprintf("one %s, or one a hidden layer (%d)", noun, length(hidden_units))
    abort_argument(arg, expected, describe(x), "shape", call = call)
  }
  rep_len(x, length(hidden_units))
}

# What the settings of hidden layers come to, one value a layer.
per_layer_settings <- function(settings, call) {
  hidden <- settings$hidden_units
  settings$activation <- per_layer(settings$activation, "activation", "name", hidden, call)
  settings$normalization <- per_layer(settings$normalization, "normalization", "name", hidden, call)
  settings$dropout <- per_layer(settings$dropout, "dropout", "number", hidden, call)
  settings
}

# Which hidden layers are as wide as their inputs; sizes = c(inputs, units ..., outputs).
residual_layers <- function(sizes) {
  hidden <- utils::head(sizes, -1)
  utils::head(hidden, -1) == hidden[-1]
}

check_residual <- function(residual, sizes, call) {
  if (!residual || any(residual_layers(sizes))) return(residual)
  expected <- "FALSE where no hidden layer is as wide as its inputs"
  abort_argument("residual", expected, "TRUE", call = call)
}

# One row has no spread to normalise by.
check_batches <- function(settings, rows, call) {
  if (!"batch" %in% settings$normalization) return(invisible())
  size <- min(settings$batch_size, rows)
  lone_row <- function(batch) batch %% pass_rows == 1
  kept <- settings$incomplete_batch == "keep"
  if (!lone_row(size) && !(kept && lone_row(rows %% size))) return(invisible())
  abort_argument(
    "batch_size", "such that no batch has a single row, for batch normalisation",
    sprintf("%s for %s", format(settings$batch_size), count_of(rows, "training row")),
    hint = c(
      if (!lone_row(size)) "`incomplete_batch = \"drop\"` leaves out a last batch of fewer rows.",
      sprintf("Batches of more than %d rows are normalised in pieces of as many.", pass_rows)
    ),
    call = call
  )
}

# Layers of list(weight, bias), with the normalisation and the slopes of parametric activations (as they
# start, unless they bring them) and the residual connections asked for.
dress_layers <- function(layers, normalization, parametric, residual) {
  sizes <- c(nrow(layers[[1]]$weight), vapply(layers, function(layer) ncol(layer$weight), 1L))
  joined <- residual & residual_layers(sizes)
  for (l in seq_along(normalization)) {
    if (normalization[l] != "none" && is.null(layers[[l]]$norm)) {
      layers[[l]]$norm <- new_norm(normalization[l], sizes[l + 1])
    }
    if (parametric && is.null(layers[[l]]$slope)) layers[[l]]$slope <- rep(1, sizes[l + 1])
    if (joined[l]) layers[[l]]$residual <- TRUE
  }
  layers
}

new_norm <- function(kind, units) {
  values <- list(scale = 1, shift = 0, mean = 0, variance = 1)[norm_values(kind)]
  c(list(kind = kind), lapply(values, rep_len, units))
}

# What a kind of normalisation keeps for each unit.
norm_values <- function(kind) c("scale", "shift", if (kind == "batch") c("mean", "variance"))

# A normalisation given as an initial value, in the engine's form.
check_norm <- function(norm, kind, units, arg, call) {
  if (is.null(norm)) return(NULL)
  if (kind == "none") abort_argument(arg, "absent without `normalization`", describe(norm), call = call)
  if (!is.list(norm) || !identical(norm$kind, kind)) {
    expected <- sprintf("a list with `kind = \"%s\"`", kind)
    got <- if (is.list(norm)) sprintf("`kind = %s`", describe(norm$kind)) else describe(norm)
    abort_argument(arg, expected, got, "type", call = call)
  }
  names <- norm_values(kind)
  values <- lapply(rlang::set_names(names), function(name) {
    full <- paste0(arg, "$", name)
    check_finite_values(check_numeric(norm[[name]], full, units, call), full, call)
  })
  if (any(values$variance < 0)) {
    abort_argument(paste0(arg, "$variance"), "of at least 0", format(min(values$variance)), call = call)
  }
  c(list(kind = kind), lapply(values, as.vector))
}

# Slopes given as an initial value for a layer: numbers, or NULL.
check_slope <- function(slope, wanted, units, arg, call) {
  if (is.null(slope)) return(NULL)
  if (!wanted) {
    abort_argument(arg, "absent but in hidden layers with `parametric_activation = TRUE`", describe(slope),
                   call = call)
  }
  as.vector(check_finite_values(check_numeric(slope, arg, units, call), arg, call))
}

# What is wrong with a layer's norm, slope or residual, or NULL.
dress_fault <- function(layer) {
  norm <- layer$norm
  units <- length(layer$bias)
  if (!is.null(norm)) {
    if (!is.list(norm) || !rlang::is_string(norm$kind, normalizations[-1])) {
      return("an unknown normalisation")
    }
    values <- norm[norm_values(norm$kind)]
    fits <- function(x) is.double(x) && length(x) == units && all(is.finite(x))
    if (!all(vapply(values, fits, NA))) return("a `norm` that does not fit its `weight`")
    if (any(values$variance < 0)) return("a negative variance")
  }
  slope <- layer$slope
  if (!is.null(slope) && !(is.double(slope) && length(slope) == units && all(is.finite(slope)))) {
    return("a `slope` that does not fit its `weight`")
  }
  if (is.null(layer$residual)) return(NULL)
  if (!rlang::is_bool(layer$residual)) return("a `residual` that is neither TRUE nor FALSE")
  if (layer$residual && nrow(layer$weight) != units) return("a `residual` between unequal widths")
}

is_dressed <- function(layer) {
  !is.null(layer$norm) || !is.null(layer$slope) || isTRUE(layer$residual)
}

# "batch normalisation, residual connections, input scale": one line for print(), or NULL.
dress_line <- function(network) {
  kinds <- unique(unlist(lapply(network$layers, function(layer) layer$norm$kind)))
  joined <- any(vapply(network$layers, function(layer) isTRUE(layer$residual), NA))
  words <- c(if (length(kinds)) paste(kinds, "normalisation"),
             if (!is.null(network$layers[[1]]$slope)) "parametric activations",
             if (joined) "residual connections",
             if (!is.null(network$layers[[1]]$input_scale)) "a learned scale of the inputs",
             embedding_words(network$layers[[1]]$embedding))
  if (length(words)) sprintf("With %s", paste(words, collapse = ", "))
}

# What training drops and adds at random: one line for print(), or NULL.
noise_line <- function(arguments, network) {
  shares <- function(x) paste(format(x, trim = TRUE, drop0trailing = TRUE), collapse = ", ")
  hidden <- utils::head(network$layers, -1)
  alpha <- any(vapply(hidden, `[[`, "", "activation") == "selu" & arguments$dropout > 0)
  words <- c(
    if (any(arguments$dropout > 0)) {
      sprintf("%s %s", if (alpha) "dropout (alpha dropout for selu)" else "dropout",
              shares(unique(arguments$dropout)))
    },
    if (any(arguments$input_dropout > 0)) paste("input dropout", shares(arguments$input_dropout)),
    if (any(arguments$input_noise > 0)) paste("input noise", shares(arguments$input_noise))
  )
  if (length(words)) sprintf("Trained with %s", paste(words, collapse = ", "))
}
