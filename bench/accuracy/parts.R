# What the parts of the tabular recipe give: fits by the preset "fast" less one part at a time, on the
# tabular data sets. Rscript parts.R <folder with the data sets> [seeds]; writes results/parts.csv.
source("common.R")
suppressPackageStartupMessages(library(fastmlp))

folder <- commandArgs(TRUE)[1]
seeds <- seq_len(as.integer(c(commandArgs(TRUE)[-1], 5)[1]))
tables <- c("letter", "satellite", "ames", "diamonds")

# Each changes a preset's arguments; `classes` says for which task.
parts <- list(
  "all of it" = function(preset, classes) preset,
  "smooth clip (z-scores instead)" = function(preset, classes) replaced(preset, standardize = "zscore"),
  "numeric embeddings" = function(preset, classes) without(preset, "numeric_embedding", "embedding"),
  "factor embeddings" = function(preset, classes) {
    without(preset, "factor_embedding", "factor_embedding")
  },
  "scores of ordered factors (indicators instead)" = function(preset, classes) {
    replaced(preset, ordered_factors = "indicators")
  },
  "parametric activations" = function(preset, classes) without(preset, "parametric_activation", "activation"),
  "input scale" = function(preset, classes) without(preset, "input_scale", "input_scale"),
  "data-driven start" = function(preset, classes) replaced(preset, init = init_ntk()),
  "beta2 of .95 (.999 instead)" = function(preset, classes) with_optimizer(preset, beta2 = 0.999),
  "weight decay" = function(preset, classes) {
    replaced(with_optimizer(preset, weight_decay = 0), decay_schedule = schedule_constant())
  },
  "dropout" = function(preset, classes) {
    replaced(preset, dropout = 0, dropout_schedule = schedule_constant())
  },
  "coslog4 (cosine instead)" = function(preset, classes) replaced(preset, schedule = schedule_cosine()),
  "coslog4 (constant instead)" = function(preset, classes) replaced(preset, schedule = schedule_constant()),
  "label smoothing" = function(preset, classes) {
    if (classes) replaced(preset, loss = loss_cross_entropy()) else preset
  }
)

replaced <- function(preset, ...) {
  changes <- list(...)
  preset[names(changes)] <- changes
  preset
}

without <- function(preset, argument, group) {
  preset[[argument]] <- NULL
  preset$rate_factors <- preset$rate_factors[names(preset$rate_factors) != group]
  preset
}

with_optimizer <- function(preset, ...) {
  settings <- utils::modifyList(unclass(preset$optimizer), list(...))
  replaced(preset, optimizer = do.call(opt_adamw, settings[setdiff(names(settings), "name")]))
}

score_of <- function(set, seed, part) {
  training <- training_part(set, seed)
  classes <- is.factor(training$y)
  task <- if (classes) "classification" else "regression"
  preset <- mlp_preset("fast", task, length(training$y), ncol(training$x))
  set.seed(seed)
  fit <- suppressWarnings(
    classes = c("fastmlp_warning_constant", "fastmlp_warning_duplicated"),
    mlp_fit(training$x, training$y, preset = part(preset, classes), validation = training$validation,
            threads = 1, verbose = FALSE)
  )
  test <- set$x[set$test, , drop = FALSE]
  truth <- set$y[set$test]
  if (classes) return(mean(predict(fit, test)$.pred_class == truth))
  sqrt(mean((predict(fit, test)$.pred - truth)^2))
}

rows <- list()
for (table in tables) {
  set <- read_set(folder, table)
  for (name in names(parts)) {
    for (seed in seeds) {
      score <- score_of(set, seed, parts[[name]])
      rows[[length(rows) + 1]] <- data.frame(data = table, part = name, seed = seed, score = score)
    }
    message(table, ", without ", name, ": ", format(score))
  }
}
write.csv(do.call(rbind, rows), "results/parts.csv", row.names = FALSE)
