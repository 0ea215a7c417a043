#' How much a fit depends on each predictor
#'
#' Permutation importance measures on data how much worse predictions become where a predictor's values are
#' shuffled. The other two methods read the weights alone.
#'
#' * `"permutation"` (Breiman 2001; Fisher, Rudin and Dominici 2019): the values of one predictor are
#'   exchanged among the rows, the rest of each row stays. Its importance is the mean rise of the loss or, for
#'   a metric of which more is better, its mean fall, over `repeats` permutations, which all predictors share.
#'   What is permuted are columns of the data, before a recipe's steps: factors as a whole, missing values
#'   like others. With weights a row counts by the product of its own weight and that of the row whose value
#'   it has got. Of predictors that tell the same each has little importance while the other is there.
#' * `"garson"` (Garson 1991): shares of the sizes of weights. With the weight matrices
#'   \eqn{W_1, \ldots, W_L}{W_1, ..., W_L} (inputs x units) and \eqn{A_l} those of the sizes \eqn{|W_l|},
#'   each column divided by its sum, importance is \eqn{A_1 A_2 \cdots A_L}{A_1 A_2 ... A_L}: how the
#'   incoming weights of each output, and in turn of the units before it, are shared out among the inputs.
#'   Shares of an output add up to 1; those of the levels of a factor are added. In the form of Goh (1995)
#'   for one hidden layer the outgoing weights cancel, and all hidden units count alike; here they count by
#'   these weights.
#' * `"olden"` (Olden, Joy and Death 2004): connection weights
#'   \eqn{W_1 W_2 \cdots W_L}{W_1 W_2 ... W_L}, the sums over all ways from an input to an output of the
#'   products of their weights, with sign. The levels of a factor
#'   have one each, named as in [coef()][coef.fastmlp], as signs cannot be added.
#'
#' The last two know of no activations. Embedded factors stand for one indicator a level, and the table of
#' [embed_factors()] is the part of a \eqn{W_0} that belongs to them; of a fit by a recipe the predictors are
#' the columns that it makes. A learned scale of the inputs is part of \eqn{W_1}, batch
#' normalisation (by its running statistics) of the weights before it; a residual connection adds the identity
#' to the weights that it goes around. Networks with numeric embeddings, which the tuned presets have
#' (`numeric_embedding = "none"` does without), or layer normalisation, which no
#' matrix describes, are refused. Weights belong to predictors as `standardize` makes them: without
#' standardising they say more of the units of the predictors than of their importance. Of an ensemble it is
#' the mean over its members.
#'
#' @inheritParams mlp_attribution
#' @param new_data For permutations: a matrix or data frame with the predictors of the fit, as for
#'   [predict()][predict.fastmlp], best of rows that the fit has not been trained on.
#' @param truth Their outcome, in the form in which the fit took it. May be left out for a fit by a formula
#'   whose outcome is in `new_data`.
#' @param method How: `"permutation"`, `"garson"` or `"olden"`.
#' @param metric What becomes worse: `"loss"`, that of the fit (of an outcome that was transformed or
#'   standardised: of what came of it), or for classes `"accuracy"`, `"auc"` or `"log_loss"`, for numbers
#'   `"rmse"`, `"mae"` or `"rsq"`, as far as the fit gives what they need. `NULL` for the
#'   loss; a loss of your own is not kept in a fit, which then needs a metric.
#' @param repeats Permutations: a whole number of at least 1. They follow [set.seed()].
#' @param weights `NULL`, or one non-negative number a row.
#' @return A tibble of class `fastmlp_importance`, the most important first: `predictor`, `importance`, for
#'   permutations `std_error`, the standard error of the mean over repeats (`NA` for one), and for the other
#'   methods `output`. Its attribute `measured` is the metric without permuting.
#'
#'   `autoplot()` draws sorted bars, at most `max_predictors` of them (20 by default), with 95 % intervals by
#'   Student's t. Of more than 12 outputs, or 6 where there are more than 5 predictors, it draws those with
#'   the largest weights; of method `"garson"`, whose shares add up to 1 for each, the first.
#' @references Breiman L (2001). "Random forests." Machine Learning 45.
#'
#'   Fisher A, Rudin C, Dominici F (2019). "All models are wrong, but many are useful: learning a variable's
#'   importance by studying an entire class of prediction models simultaneously." Journal of Machine Learning
#'   Research 20.
#'
#'   Garson GD (1991). "Interpreting neural network connection weights." AI Expert 6.
#'
#'   Goh ATC (1995). "Back-propagation neural networks for modeling complex systems." Artificial Intelligence
#'   in Engineering 9.
#'
#'   Olden JD, Joy MK, Death RG (2004). "An accurate comparison of methods for quantifying variable importance
#'   in artificial neural networks using simulated data." Ecological Modelling 178.
#' @seealso [mlp_partial()] for how predictions depend on a predictor, [mlp_attribution()] for single rows.
#' @examples
#' set.seed(1)
#' train <- sample(nrow(iris), 100)
#' fit <- mlp_fit(Species ~ ., iris[train, ], preset = "fast")
#' importance <- mlp_importance(fit, iris[-train, ], metric = "accuracy")
#' importance
#' autoplot(importance)
#'
#' fit <- mlp_fit(mpg ~ ., mtcars, preset = "plain", hidden_units = 4, standardize = "zscore",
#'                standardize_outcome = TRUE)
#' mlp_importance(fit, method = "garson")
#' mlp_importance(fit, method = "olden")
#' @export
mlp_importance <- function(fit, new_data = NULL, truth = NULL,
                           method = c("permutation", "garson", "olden"), ..., metric = NULL, repeats = 10,
                           weights = NULL, offset = NULL, threads = NULL) {
  call <- environment()
  check_no_dots(..., known = names(formals()))
  check_given()
  check_model(fit, "fit")
  method <- check_first_choice(method, "method", c("permutation", "garson", "olden"))
  if (method != "permutation") {
    check_left_out(list(new_data = new_data, truth = truth, metric = metric, weights = weights,
                        offset = offset), method, call)
    return(weight_importance(fit, method, call))
  }
  if (is.null(new_data)) {
    abort_argument("new_data", "given for permutations", "NULL", "type",
                   "A fit does not hold its training data.")
  }
  repeats <- check_count(repeats, "repeats")
  rows <- rows_to_change(fit, new_data, call)
  measure <- permutation_measure(fit, new_data, truth, metric, weights, threads, call)
  given <- predict_offset(offset, fit$outcome$offset, new_data, names(types_of_fit(fit$outcome))[1], call)
  of <- function(columns, weights) measure$of(rows$forge(columns), weights, rows$offset(columns, given))
  values <- permuted_values(rows$columns, of, measure$weights, repeats)
  permutation_tibble(values, measure)
}

check_left_out <- function(given, method, call) {
  given <- Filter(Negate(is.null), given)
  if (length(given) == 0) return(invisible())
  abort_argument(names(given)[1], sprintf("left out with method \"%s\"", method), describe(given[[1]]),
                 hint = "It reads the weights alone; data belong to \"permutation\".", call = call)
}

# ---- permutations ----

# What is measured: list(name, larger = <whether more is better>, weights = <one a row, or NULL>,
# of = function(x, weights, offset), which gives it for predictors as the engine reads them).
permutation_measure <- function(object, new_data, truth, metric, weights, threads, call) {
  info <- object$outcome
  truth <- known_outcome(object, new_data, truth, call)
  weights <- check_case_weights(weights, nrow(new_data), call = call)
  threads <- resolve_threads(threads, call)
  name <- check_metric(metric, info, call)
  run <- function(x, offset) function(link) network_outputs(object, x, link, threads, call, offset)
  of <- if (name == "loss") loss_measure(truth, info, run, call) else
    metric_measure(name, truth, info, run, call)
  list(name = name, larger = name != "loss" && known_metrics[[name]]$larger, weights = weights, of = of)
}

# A loss of the user's own is not in a fit.
check_metric <- function(metric, info, call) {
  known <- c(if (!is_custom(info$loss)) "loss", metrics_for(info))
  if (!is.null(metric)) return(check_choice(metric, "metric", known, call = call))
  if (known[1] == "loss") return("loss")
  abort_argument("metric", sprintf("one of %s, as a fit does not keep a loss of your own",
                                   enumerate(known, Inf, "or")), "NULL", call = call)
}

is_custom <- function(loss) isFALSE(losses[[loss$name]]$by_name)

loss_measure <- function(truth, info, run, call) {
  force(run)
  target <- as_loss_target(truth, info$loss, NROW(truth), length(output_labels(info)), "truth", call)
  target <- with_scaled_targets(list(train = list(target = target)), info$scaling)$train$target
  scale <- info$scaling$scale %||% rep(1, NCOL(target))
  function(x, weights, offset) {
    target <- plus_offset(target, if (!is.null(offset)) -outer(offset, scale, `/`), info, "outcome")
    .Call(fastmlp_loss, run(x, offset)("none"), target, weights, info$loss, FALSE)$value
  }
}

metric_measure <- function(name, truth, info, run, call) {
  force(run)
  set <- metric_set(list(), truth)
  function(x, weights, offset) {
    if (!is.null(weights)) set$weights <- weights
    metric_value(name, known_metrics[[name]], set, as_estimate(run(x, offset), info, offset), call)
  }
}

# list(measured, permuted = <repeats x predictors>) of of(columns, weights).
permuted_values <- function(columns, of, weights, repeats) {
  permuted <- matrix(0, repeats, length(columns), dimnames = list(NULL, names(columns)))
  for (r in seq_len(repeats)) {
    order <- sample.int(nrow(columns))
    joint <- if (!is.null(weights)) weights * weights[order]
    for (j in seq_along(columns)) {
      changed <- columns
      changed[[j]] <- columns[[j]][order]
      permuted[r, j] <- of(changed, joint)
    }
  }
  list(measured = of(columns, weights), permuted = permuted)
}

permutation_tibble <- function(values, measure) {
  worse <- (values$permuted - values$measured) * (if (measure$larger) -1 else 1)
  importance_tibble(
    list(
      predictor = colnames(worse), importance = unname(colMeans(worse)),
      std_error = unname(apply(worse, 2, stats::sd)) / sqrt(nrow(worse))
    ),
    method = "permutation", metric = measure$name, larger = measure$larger, repeats = nrow(worse),
    measured = values$measured
  )
}

# Sorted, outputs in their order.
importance_tibble <- function(columns, ...) {
  output <- columns$output %||% rep("", length(columns$predictor))
  order <- order(match(output, output), -columns$importance)
  explained_tibble(lapply(columns, `[`, order), "fastmlp_importance", ...)
}

# ---- printing ----

#' @export
print.fastmlp_importance <- function(x, ...) {
  show_lines(importance_title(x))
  print(plain_tibble(x), ...)
  invisible(x)
}

plain_tibble <- function(x) {
  tibble::new_tibble(as.list(x)[names(x)], nrow = nrow(x))
}

# Fall of accuracy (0.97 without permuting), mean of 10 permutations
importance_title <- function(x) {
  method <- attr(x, "method")
  titles <- c(garson = "Share of the weights (Garson)", olden = "Connection weights (Olden)")
  if (!identical(method, "permutation")) return(titles[[method]])
  sprintf("%s of %s by permuting (from %s), mean of %s", if (attr(x, "larger")) "Fall" else "Rise",
          attr(x, "metric"), format_metric(attr(x, "measured")), count_of(attr(x, "repeats"), "permutation"))
}
