# The peers that are R packages: Rscript peer.R <folder> <data> <method> <seed> <threads>
#
# Each has the package it needs, a function that trains and, where the package is not enough, one that
# tells what else is lacking.
source("common.R")
.libPaths(c(Sys.getenv("PEERS_LIBRARY"), .libPaths()))

# ---- a random forest ---------------------------------------------------------------------------

# Classes by the trees' votes; the shares of the votes are the probabilities.
vote_shares <- function(votes, classes) {
  sapply(seq_along(classes), function(class) rowMeans(votes == class))
}

train_ranger <- function(part, seed, threads) {
  model <- ranger::ranger(
    x = part$x, y = part$y, num.trees = 500, seed = seed, num.threads = threads
  )
  function(x) {
    if (!is.factor(part$y)) return(predict(model, x, num.threads = threads)$predictions)
    votes <- predict(model, x, predict.all = TRUE, num.threads = threads)$predictions
    vote_shares(votes, levels(part$y))
  }
}

# ---- boosted trees -----------------------------------------------------------------------------

# As many trees as the validation rows want: none of 50 more made them better.
most_trees <- 5000
patience <- 50

# Factors as codes, and which columns these are.
codes <- function(x) vapply(x, as.double, numeric(nrow(x)))

train_lightgbm <- function(part, seed, threads) {
  y <- if (is.factor(part$y)) as.integer(part$y) - 1 else part$y
  x <- codes(part$x)
  factors <- which(vapply(part$x, function(column) is.factor(column) && !is.ordered(column), NA))
  task <- if (is.factor(part$y)) {
    list(objective = "multiclass", num_class = nlevels(part$y))
  } else {
    list(objective = "regression")
  }
  data_of <- function(rows, ...) {
    lightgbm::lgb.Dataset(
      x[rows, , drop = FALSE], label = y[rows],
      categorical_feature = if (length(factors)) unname(factors), ...
    )
  }
  data <- data_of(!part$validation)
  validation <- lightgbm::lgb.Dataset.create.valid(
    data, x[part$validation, , drop = FALSE], label = y[part$validation]
  )
  model <- lightgbm::lgb.train(
    c(task, learning_rate = 0.1, num_threads = threads, seed = seed), data, most_trees,
    list(validation = validation),
    early_stopping_rounds = patience, verbose = -1
  )
  function(x) predict(model, codes(x))
}

# ---- networks ----------------------------------------------------------------------------------

# One column for each level, all with mean 0 and standard deviation 1 in the rows trained on; constant
# ones are left out.
standardized_design <- function(x) {
  design <- one_hot(x)
  varies <- apply(design, 2, sd) > 0
  center <- colMeans(design[, varies])
  spread <- apply(design[, varies], 2, sd)
  function(x) scale(one_hot(x)[, varies], center, spread)
}

train_nnet <- function(part, seed, threads) {
  design <- standardized_design(part$x)
  outcome <- standardized_outcome(part)
  is_class <- is.factor(part$y)
  y <- if (is_class) nnet::class.ind(part$y) else outcome$y
  model <- nnet::nnet(
    design(part$x), y, size = 30, decay = 0.01, maxit = 500, MaxNWts = Inf,
    softmax = is_class, linout = !is_class, trace = FALSE
  )
  function(x) outcome$back(predict(model, design(x)))
}

train_brulee <- function(part, seed, threads) {
  torch::torch_set_num_threads(threads)
  design <- standardized_design(part$x)
  outcome <- standardized_outcome(part)
  model <- brulee::brulee_mlp(design(part$x), outcome$y, validation = 0.2)
  function(x) {
    if (is.factor(part$y)) return(as.matrix(predict(model, design(x), type = "prob")))
    outcome$back(predict(model, design(x))$.pred)
  }
}

lacks_libtorch <- function() {
  if (!requireNamespace("torch", quietly = TRUE) || !torch::torch_is_installed()) {
    "needs libtorch, a download by `torch::install_torch()` from outside of CRAN"
  }
}

peers <- list(
  ranger = list(package = "ranger", train = train_ranger),
  lightgbm = list(package = "lightgbm", train = train_lightgbm),
  nnet = list(package = "nnet", train = train_nnet),
  brulee = list(package = "brulee", train = train_brulee, lacks = lacks_libtorch)
)

job <- asked()
peer <- peers[[job$method]]
reason <- if (!is.null(peer$lacks)) peer$lacks()
if (!is.null(reason)) lack("%s", reason)
if (!requireNamespace(peer$package, quietly = TRUE)) lack("%s is not installed", peer$package)
run_method(job, peer$train)
