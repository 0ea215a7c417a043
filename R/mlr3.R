# Learners of mlr3. Their R6 classes inherit from mlr3's, so they are made when they are asked for.

#' A learner of mlr3
#'
#' Makes an mlr3 learner that fits by [mlp_fit()]: `"classif.fastmlp"`, with probabilities, or
#' `"regr.fastmlp"`. Its parameters are the arguments of [mlp_fit()] with `preset`, without data and
#' `weights`, which mlr3 hands over from the task; what is not set comes from the preset, but for `verbose`,
#' which is `FALSE`. With `na_action = "omit"` rows of new data with missing values get `NA`, which measures
#' of mlr3 do not take; `"impute"` predicts them, too.
#'
#' @param task Type of the task: `"classif"` or `"regr"`.
#' @param ... Values of parameters, and fields of the learner such as `predict_type`, as for `mlr3::lrn()`.
#' @return A learner, to be used as those of `mlr3::lrn()`.
#' @seealso [parsnip-fastmlp], [caret_model()]
#' @examplesIf rlang::is_installed(c("mlr3", "paradox", "R6"))
#' set.seed(1)
#' learner <- mlr3_learner("classif", preset = "fast", hidden_units = 16, predict_type = "prob")
#' task <- mlr3::tsk("iris")
#' learner$train(task)
#' learner$predict(task)$score(mlr3::msr("classif.acc"))
#' @export
mlr3_learner <- function(task = c("classif", "regr"), ...) {
  call <- environment()
  check_whole_names()
  task <- check_first_choice(task, "task", c("classif", "regr"))
  rlang::check_installed(c("mlr3", "paradox", "R6"))
  learner <- mlr3_class(task)$new()
  given <- list(...)
  parameters <- names(given) %in% learner$param_set$ids()
  unknown <- setdiff(names(given)[!parameters], names(learner))
  if (length(unknown) || length(given) && is.null(names(given))) {
    got <- if (length(unknown)) sprintf("`%s`", unknown[1]) else "a value without a name"
    abort_argument("...", "parameters or fields of the learner", got, "dots",
                   suggest(unknown[1], learner$param_set$ids()), call)
  }
  learner$param_set$values <- given[parameters]
  for (field in names(given)[!parameters]) learner[[field]] <- given[[field]]
  learner
}

utils::globalVariables(c("self", "private", "super")) # of R6

mlr3_class <- function(task) {
  of <- mlr3_tasks[[task]]
  R6::R6Class(
    of$class, inherit = getExportedValue("mlr3", of$parent),
    public = list(initialize = function() {
      super$initialize(
        id = paste0(task, ".fastmlp"), param_set = mlr3_parameters(), predict_types = of$types,
        feature_types = c("logical", "integer", "numeric", "character", "factor", "ordered"),
        properties = of$properties, packages = "fastmlp", label = "Multilayer perceptron",
        man = "fastmlp::mlr3_learner"
      )
    }),
    private = list(
      .train = function(task) {
        given <- self$param_set$get_values(tags = "train")
        given$verbose <- given$verbose %||% FALSE
        x <- mlr3_predictors(task)
        y <- task$truth()
        rlang::inject(mlp_fit(x, y, weights = private$.get_weights(task), !!!given))
      },
      .predict = function(task) of$predict(self$model, mlr3_predictors(task), self$predict_type)
    )
  )
}

mlr3_predictors <- function(task) as.data.frame(task$data(cols = task$feature_names))

# Arguments with a type that tuners know; the others take anything that mlp_fit() takes.
mlr3_parameters <- function() {
  number <- function(lower, upper = Inf) paradox::p_dbl(lower, upper, tags = "train")
  count <- function() paradox::p_int(1L, tags = "train")
  flag <- function() paradox::p_lgl(tags = "train")
  typed <- list(
    learn_rate = number(1e-30, 1e30), penalty = number(0), mixture = number(0, 1), ema_decay = number(0, 1),
    input_dropout = number(0, 1), input_noise = number(0), epochs = count(), ensemble = count(),
    share_weights = flag(), calibrate = flag(), refit = flag(), standardize_outcome = flag(), clamp = flag(),
    shuffle = flag(), transform_outcome = paradox::p_fct(c("none", "sqrt", "auto"), tags = "train")
  )
  names <- c(setdiff(names(plain_arguments), c("weights", "offset")), "preset")
  any <- paradox::p_uty(tags = "train")
  do.call(paradox::ps, lapply(rlang::set_names(names), function(name) typed[[name]] %||% any))
}

mlr3_tasks <- list(
  classif = list(
    class = "LearnerClassifFastmlp", parent = "LearnerClassif", types = c("response", "prob"),
    properties = c("twoclass", "multiclass", "weights", "missings"),
    predict = function(fit, x, type) {
      if (type == "response") return(list(response = predict(fit, x, type = "class")$.pred_class))
      probability <- as.matrix(predict(fit, x, type = "prob"))
      colnames(probability) <- fit$outcome$levels
      list(prob = probability)
    }
  ),
  regr = list(
    class = "LearnerRegrFastmlp", parent = "LearnerRegr", types = "response",
    properties = c("weights", "missings"),
    predict = function(fit, x, type) list(response = predict(fit, x, type = "numeric")$.pred)
  )
)
