# A model for caret.

#' A model for caret
#'
#' What `caret::train(method = )` takes to fit perceptrons by [mlp_fit()], for classes (with probabilities)
#' and numbers, with case weights. Tuned are the units of one hidden layer (`size`), `penalty`, `learn_rate`
#' and `epochs`; other arguments of [mlp_fit()], `preset` first, can be given to `train()`. `hidden_units`
#' given so takes the place of `size`, for several layers; of any other that is tuned, such as `epochs`, the
#' value given is used as well, though caret prints that of its grid. To tune others, or none, give a
#' `tuneGrid`.
#'
#' caret hands predictors over as a data frame or a matrix; by `train(form, data)` it has made dummy
#' variables of factors. Predictors need not be standardised with a tuned preset.
#'
#' @return A list as caret describes it ("Using your own model in train").
#' @seealso [parsnip-fastmlp], [mlr3_learner()]
#' @examplesIf rlang::is_installed("caret")
#' set.seed(1)
#' fit <- caret::train(
#'   Species ~ ., data = iris, method = caret_model(), preset = "fast",
#'   trControl = caret::trainControl("cv", number = 3),
#'   tuneGrid = expand.grid(size = c(16, 64), penalty = 0, learn_rate = 0.04, epochs = 20)
#' )
#' fit
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#' @export
caret_model <- function() {
  list(
    label = "Multilayer perceptron (fastmlp)",
    library = "fastmlp",
    type = c("Classification", "Regression"),
    parameters = data.frame(
      parameter = c("size", "penalty", "learn_rate", "epochs"),
      class = "numeric",
      label = c("Hidden units", "Penalty", "Learning rate", "Epochs")
    ),
    grid = caret_grid,
    loop = NULL,
    fit = caret_fit,
    predict = function(modelFit, newdata, submodels = NULL) { # nolint: object_name_linter.
      predict(modelFit, newdata)[[1]]
    },
    prob = function(modelFit, newdata, submodels = NULL) { # nolint: object_name_linter.
      rlang::set_names(as.data.frame(predict(modelFit, newdata, type = "prob")), modelFit$outcome$levels)
    },
    predictors = function(x, ...) x$predictors$names,
    levels = function(x) x$outcome$levels,
    tags = c("Neural Network", "Accepts Case Weights"),
    sort = function(x) x[order(x$size, -x$penalty), ]
  )
}

# Ranges as those that tune() has (R/parsnip.R).
caret_grid <- function(x, y, len = NULL, search = "grid") {
  range <- lapply(parsnip_arguments, `[[`, "range")
  if (search == "grid") {
    return(expand.grid(
      size = 2^(5 + seq_len(len)), penalty = c(0, 10^-seq_len(len - 1)), learn_rate = 0.04, epochs = 100
    ))
  }
  drawn <- function(range) stats::runif(len, range[1], range[2])
  data.frame(
    size = round(2^drawn(log2(range$hidden_units))), penalty = 10^drawn(range$penalty),
    learn_rate = 10^drawn(range$learn_rate), epochs = round(drawn(range$epochs))
  )
}

caret_fit <- function(x, y, wts, param, lev, last, classProbs, ...) { # nolint: object_name_linter.
  if (!is.data.frame(x) && !isS4(x)) x <- as.matrix(x)
  tuned <- list(hidden_units = param$size, penalty = param$penalty, learn_rate = param$learn_rate,
                epochs = param$epochs, weights = wts, verbose = FALSE)
  given <- list(...)
  arguments <- c(tuned[setdiff(names(tuned), names(given))], given)
  rlang::inject(mlp_fit(x, y, !!!arguments))
}
