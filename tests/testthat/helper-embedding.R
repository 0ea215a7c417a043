# Data of all kinds, of which f is one-hot and g is embedded, and what tests of embeddings share.
embedding_data <- local({
  set.seed(4)
  n <- 90
  data <- data.frame(a = rnorm(n), f = factor(sample(letters[1:3], n, TRUE)), b = rexp(n), l = rnorm(n) > 0,
                     g = factor(sample(LETTERS[1:20], n, TRUE)), c = sample(5L, n, TRUE))
  data$y <- sin(3 * data$a) + (data$f == "b") + data$b + as.integer(data$g) / 5
  data
})

embedding_specs <- list(periodic = embed_periodic(5, 3, sd = 0.5), piecewise = embed_piecewise(6, 3))

embedded_fit <- function(..., epochs = 3, spec = embedding_specs$periodic, factors = embed_factors(2)) {
  small_fit(y ~ ., embedding_data, numeric_embedding = spec, factor_embedding = factors, epochs = epochs, ...)
}

# A fit with piecewise weights that are not 0 any more.
moved_fit <- function(spec, ...) embedded_fit(spec = spec, optimizer = opt_adam(0.05), epochs = 10, ...)

# What the first layer reads, by the formulas.
reference_values <- list(
  periodic = function(x, own) {
    angle <- sweep(2 * pi * outer(x, own$frequency), 2, own$phase, `+`)
    sweep(cos(angle) %*% own$weight, 2, own$bias, `+`)
  },
  piecewise = function(x, own) {
    bins <- length(own$edges) - 1
    through <- vapply(seq_len(bins), function(t) {
      share <- (x - own$edges[t]) / (own$edges[t + 1] - own$edges[t])
      if (t > 1) share <- pmax(share, 0)
      if (t < bins) pmin(share, 1) else share
    }, x)
    through %*% own$weight
  },
  factor = function(x, own) {
    known <- x %in% seq_len(nrow(own$table))
    values <- matrix(0, length(x), ncol(own$table))
    values[known, ] <- own$table[x[known], ]
    values
  }
)

reference_embedding <- function(x, embedding) {
  values <- lapply(embedding, function(own) reference_values[[own$kind]](x[, own$column], own))
  replaced <- unlist(lapply(embedding, function(own) if (own$kind == "factor") own$column))
  do.call(cbind, c(list(x[, setdiff(seq_len(ncol(x)), replaced)]), unname(values)))
}

# As the network gets them.
encoded_data <- with(embedding_data, cbind(
  a = a, fa = f == "a", fb = f == "b", fc = f == "c", b = b, l = l, g = as.integer(g), c = c
))

embedding_of <- function(network) network$layers[[1]]$embedding

parts_of <- function(own) setdiff(names(own), c("kind", "column", "edges"))

numeric_slope <- function(f, at, h = 1e-5) {
  rise <- function(i) f(replace(at, i, at[i] + h)) - f(replace(at, i, at[i] - h))
  vapply(seq_along(at), rise, 1) / (2 * h)
}
