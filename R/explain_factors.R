# Fits whose factors are looked up in tables, as fits that read an indicator a level: a table's row is the
# product of the table with the level's indicators. Codes have no derivatives and no weights of their own;
# indicators have.

# A fit that predicts the same and has no tables; numeric embeddings stay. `unit` is what its indicators are
# divided by before the network, which reads them multiplied by it.
with_indicators <- function(object, unit = 1) {
  tables <- Filter(is_table, object$network$layers[[1]]$embedding)
  if (length(tables) == 0) return(object)
  levels <- vapply(tables, function(own) nrow(own$table), 1L)
  widths <- rep(1L, object$network$inputs)
  widths[columns_of(tables)] <- ifelse(levels == 2, 1L, levels) # as columns.R encodes them
  unfold <- function(network) with_lookup_layer(network, widths, unit)
  object$network <- unfold(object$network)
  if (!is.null(object$members)) object$members <- lapply(object$members, unfold)
  known <- lapply(plain_prototypes(object), unembedded)
  pairs <- Filter(function(column) nlevels(column) == 2, known[object$predictors$embedded])
  object$predictors$pairs <- names(pairs)
  object$predictors$embedded <- NULL
  object$predictors$names <- c(encoded_names(known), unname(object$predictors$indicators))
  if (!is.null(object$standardize)) object$standardize <- unfold_scaling(object$standardize, widths, unit)
  object
}

unembedded <- function(column) {
  class(column) <- setdiff(class(column), "embedded_factor")
  column
}

is_table <- function(own) own$kind == "factor"

# Clipping bends indicators, too, but hardly where they are divided by much.
clipped_unit <- 2^10

unfolding_unit <- function(object) if (is.null(object$standardize$clip)) 1 else clipped_unit

# Codes have the scale 0.
unfold_scaling <- function(standardize, widths, unit) {
  codes <- rep(standardize$scale == 0, widths)
  for (part in c("center", "scale")) standardize[[part]] <- rep(standardize[[part]], widths)
  standardize$scale[codes] <- unit
  standardize
}

# A network in front of whose first layer another one, which is linear, makes what the tables gave: of each
# input `widths` new ones. A learned scale of inputs goes into the weights behind.
with_lookup_layer <- function(network, widths, unit) {
  first <- network$layers[[1]]
  tables <- Filter(is_table, first$embedding)
  numbers <- Filter(Negate(is_table), first$embedding)
  last <- cumsum(widths)
  on <- setdiff(last, last[columns_of(tables)])
  values <- seq_len(sum(embedding_outputs(numbers)))
  lookup <- list(
    weight = matrix(0, sum(widths) + length(values), nrow(first$weight)),
    bias = numeric(nrow(first$weight)),
    embedding = lapply(numbers, function(own) replace(own, "column", last[own$column]))
  )
  read <- seq_along(c(on, values))
  lookup$weight[cbind(c(on, sum(widths) + values), read)] <- 1
  for (own in tables) {
    read <- max(0L, read) + seq_len(ncol(own$table))
    levels <- last[own$column] - rev(seq_len(widths[own$column])) + 1L
    indicators <- indicator_weights(own$table)
    lookup$weight[levels, read] <- indicators$weight * unit
    lookup$bias[read] <- indicators$bias
  }
  if (length(numbers) == 0) lookup$embedding <- NULL
  if (!is.null(first$input_scale)) first$weight <- first$weight * first$input_scale
  first <- first[setdiff(names(first), c("embedding", "input_scale"))]
  layers <- c(list(lookup, first), network$layers[-1])
  new_network(layers, c("identity", hidden_activations(network)))
}

# Of two levels there is one predictor, -1 or 1.
indicator_weights <- function(table) {
  if (nrow(table) > 2) return(list(weight = table, bias = 0))
  list(weight = diff(table) / 2, bias = colMeans(table))
}

# Of a level that is not known a table gives zeros, but what lies between two indicators need not.
check_pairs <- function(x, pairs, arg, call) {
  unknown <- vapply(pairs, function(name) any(as.integer(x[[name]]) %in% 0L), NA)
  if (!any(unknown)) return(x)
  expected <- "have levels that the fit knows in embedded factors of two"
  abort_argument(arg, expected, sprintf("another in `%s`", pairs[unknown][1]), "levels",
                 "Leave such rows out.", call)
}
