# The engine "fastmlp" of parsnip's mlp(). It is registered where parsnip is loaded, or once it is; nothing
# here loads it.

#' The engine of parsnip
#'
#' With fastmlp and parsnip loaded, `parsnip::mlp()` has the engine `"fastmlp"`, which calls [mlp_fit()].
#'
#' @section Arguments of the specification:
#' `hidden_units`, `activation`, `epochs`, `learn_rate`, `penalty` and `dropout` are those of [mlp_fit()],
#' and so is every argument of `set_engine()`: `preset`, `ensemble`, `optimizer`, `batch_size`, `threads` and
#' so on. What is not given comes from the preset, which by default is a tuned one: `mlp() |>
#' set_engine("fastmlp")` is a good model as it is. Some things to know:
#' * `hidden_units = c(64, 32)` makes two hidden layers, and a single number one; the presets have several; a
#'   grid to tune over has several layers as a list, such as `list(c(64, 32), 128)`;
#' * `activation` knows [activation_names()];
#' * `learn_rate` takes the place of the rate of the preset's optimizer, or of that given as `optimizer`;
#' * several numbers for `dropout`, one a hidden layer, are for `set_engine()`, as parsnip takes one.
#'
#' The modes are `"regression"`, `"classification"` and, where parsnip has it, `"quantile regression"`, which
#' takes [loss_quantile()] with the levels of `set_mode()`. Factors go to fastmlp as they are, by formula, by
#' `fit_xy()` and from recipes alike: dummy variables need not be made. (A workflow with `add_formula()` hands
#' over the model matrix of hardhat: there logicals become two columns, dates numbers, and factors that
#' the formula takes away (`y ~ . - f`) would come back, which is refused.) `fit()`
#' with a formula hands over columns alone: interactions, columns that are taken away, and `I()` or `poly()`
#' are refused there. Case weights are used. Sparse data are taken where [mlp_fit()] takes them: a
#' `dgCMatrix`, and recipes with sparse columns, which are one sparse matrix to fastmlp if there are at least
#' 1000 of them, all numeric, and nine in ten values are zero. With fewer, or beside factors, they are read
#' like dense ones.
#'
#' @section Missing values:
#' In a workflow and by `fit_xy()`, `na_action` decides, by default for an error: see
#' [mlp_fit()]. `fit()` with a formula is different, whatever the engine: parsnip itself leaves out rows with
#' missing values before any engine sees them. This engine counts them in a warning
#' (`fastmlp_warning_missing`).
#'
#' @section New levels:
#' By `fit_xy()`, `new_levels` decides, by default for an error: see [mlp_fit()]. Workflows and formulas look
#' at the levels of factors first, whatever the engine: a workflow turns new ones into missing values, with a
#' warning, which `na_action = "impute"` takes; `fit()` with a formula refuses them.
#'
#' @section Predictions:
#' Types are `"class"`, `"prob"`, `"numeric"`, `"quantile"` and `"raw"`, and `"pred_int"` where
#' [predict()][predict.fastmlp] has it: with validation rows (the tuned presets have them from 50 rows
#' on), or a loss that gives quantiles, such as `set_engine("fastmlp", loss = "gaussian")`.
#'
#' `parsnip::multi_predict()` gives the predictions of several epochs of one fit, where these were kept:
#' `set_engine("fastmlp", keep_epochs = c(10, 20))`. Tuning `epochs` fits each candidate by itself, though:
#' with a schedule or early stopping an epoch of a longer training is not what a shorter one ends with.
#'
#' An offset has no place in parsnip, and is refused; [mlp_fit()] takes one.
#'
#' @section Tuning:
#' `tune()` has ranges for the arguments of `mlp()` that suit this engine, and for `batch_size`, `mixture`,
#' `patience` and `validation` as arguments of `set_engine()`. Threads of several workers compete
#' for the processor; see [mlp_threads()].
#'
#' @param x,y,weights Predictors, outcome and case weights, as parsnip hands them to `parsnip_fit()`, which
#'   hands them on to [mlp_fit()]. It is called by parsnip alone.
#' @param object A parsnip fit with this engine.
#' @param new_data A data frame.
#' @param type A type of prediction, as for `predict()`; `NULL` for the default.
#' @param epochs Epochs among those kept; `NULL` for all of them.
#' @param ... For `parsnip_fit()` arguments of [mlp_fit()]; for the others it must be empty.
#' @return `multi_predict()`: a tibble with the list column `.pred`, for each row of `new_data` a tibble with
#'   `epochs` and the predictions. `multi_predict_args()`: the name of the argument. `parsnip_fit()`: a fit by
#'   [mlp_fit()].
#' @name parsnip-fastmlp
#' @examplesIf rlang::is_installed("parsnip")
#' library(parsnip)
#' set.seed(1)
#' spec <- mlp(hidden_units = 16, epochs = 20) |>
#'   set_engine("fastmlp", preset = "fast", keep_epochs = c(5, 10)) |>
#'   set_mode("classification")
#' translate(spec)
#' fit <- fit(spec, Species ~ ., data = iris)
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#' multi_predict(fit, iris[c(1, 51), ], type = "class")$.pred
NULL

register_parsnip <- function(...) {
  if (utils::packageVersion("parsnip") < "1.1.0") return(invisible())
  for (generic in parsnip_generics) register_generic(generic)
  if ("fastmlp" %in% parsnip::get_from_env("mlp")$engine) return(invisible())
  modes <- intersect(names(parsnip_predictions), parsnip::get_from_env("mlp_modes"))
  for (mode in modes) register_mode(mode)
  for (name in names(parsnip_arguments)) {
    parsnip::set_model_arg(
      model = "mlp", eng = "fastmlp", parsnip = name, original = name,
      func = c(list(pkg = "dials"), parsnip_arguments[[name]]), has_submodel = FALSE
    )
  }
}

register_mode <- function(mode) {
  of <- list(model = "mlp", mode = mode, eng = "fastmlp")
  set <- function(what, ...) do.call(getExportedValue("parsnip", what), c(of, list(...)))
  set("set_model_engine")
  set("set_dependency", pkg = "fastmlp")
  set("set_fit", value = list(
    interface = "data.frame",
    protect = c("x", "y", "weights"),
    func = c(pkg = "fastmlp", fun = "parsnip_fit"),
    defaults = c(list(verbose = FALSE), parsnip_defaults[[mode]])
  ))
  set("set_encoding", options = list(
    predictor_indicators = "none", compute_intercept = FALSE, remove_intercept = FALSE,
    allow_sparse_x = TRUE
  ))
  for (type in parsnip_predictions[[mode]]) set("set_pred", type = type, value = parsnip_prediction(type))
}

# parsnip joins the sparse columns of new data to a matrix before any engine sees them, and stops where others
# are no numbers, which fits take. So such columns are made dense before: in these generics, as parsnip calls
# them with this package loaded, which a fit from a file need not be before.
parsnip_generics <- paste0("predict_", c("class", "classprob", "numeric", "quantile", "predint", "raw"))

register_generic <- function(name) {
  generic <- getExportedValue("parsnip", name)
  method <- function(object, new_data, ...) {
    class(object) <- setdiff(class(object), "_fastmlp")
    generic(object, new_data = dense_if_mixed(new_data, object$preproc$x_names), ...)
  }
  registerS3method(name, "_fastmlp", method, envir = asNamespace("parsnip"))
}

# Data without sparse columns if there are others than numbers among those used, NULL for all.
dense_if_mixed <- function(data, used = NULL) {
  if (!is.data.frame(data) || !isNamespaceLoaded("sparsevctrs")) return(data)
  if (all(vapply(data[used %||% names(data)], is.numeric, NA))) return(data)
  sparse <- vapply(data, sparsevctrs::is_sparse_vector, NA)
  data[sparse] <- lapply(data[sparse], function(column) column[])
  data
}

#' @rdname parsnip-fastmlp
#' @export
parsnip_fit <- function(x, y, weights = NULL, ...) {
  check_whole_names()
  check_given()
  check_given_once(names(substitute(list(...))))
  check_no_offset(c(names(substitute(list(...))), colnames(x)))
  check_quantile_levels(substitute(list(...))$loss, parent.frame())
  given <- formula_given(parent.frame())
  check_columns_alone(given, x)
  check_come_back(workflow_formula(), x)
  left <- rows_left(given, NROW(y))
  if (length(weights) == length(left)) weights <- weights[left]
  mlp_fit(x, y, weights = weights, ...)
}

# Arguments of mlp() are handed over beside those of set_engine().
check_given_once <- function(names, call = rlang::caller_env()) {
  twice <- names[duplicated(names) & nzchar(names)]
  if (length(twice) == 0) return(invisible())
  abort_argument(twice[1], "given by `mlp()` or by `set_engine()`", "both", call = call)
}

# parsnip takes an offset of a formula for a predictor, and has none to give when it predicts.
check_no_offset <- function(names, call = rlang::caller_env()) {
  offset <- grep("^offset($|[(])", names, value = TRUE)
  if (length(offset) == 0) return(invisible())
  abort_argument("offset", "left out with parsnip, which has no place for it", sprintf("`%s`", offset[1]),
                 hint = "Fit with `mlp_fit()` itself.", call = call)
}

# The loss of quantile regression reads the levels that parsnip has of set_mode().
check_quantile_levels <- function(loss, frame, call = rlang::caller_env()) {
  wanted <- "quantile_levels"
  if (!wanted %in% all.vars(loss) || rlang::env_has(frame, wanted, inherit = TRUE)) return(invisible())
  abort_argument(wanted, "given for quantile regression", "nothing", "type",
                 "Use `set_mode(\"quantile regression\", quantile_levels = c(0.1, 0.5, 0.9))`.", call)
}

# What parsnip's fit() was given, list(formula, data); NULL where it was no formula. It calls the engine from
# an environment that still holds them as they came, or from one just below that.
formula_given <- function(frame) {
  if (!rlang::env_has(frame, "y")) frame <- rlang::env_parent(frame)
  if (rlang::is_formula(frame$formula) && is.data.frame(frame$data)) {
    list(formula = frame$formula, data = frame$data)
  }
}

# R warns where what is taken away is the outcome.
predictor_terms <- function(formula, data) suppressWarnings(stats::terms(formula, data = data))

# The variables of terms, but for the outcome, that no term uses any more.
removed_variables <- function(terms) {
  uses <- attr(terms, "factors")
  if (length(uses) == 0) return(NULL)
  setdiff(rownames(uses)[rowSums(uses) == 0], rownames(uses)[attr(terms, "response")])
}

# Of a formula fit() hands over its variables: as if interactions were not in it, and with the columns that it
# takes away.
check_columns_alone <- function(given, x, call = rlang::caller_env()) {
  if (is.null(given)) return(invisible())
  terms <- predictor_terms(given$formula, given$data)
  removed <- removed_variables(terms)
  joined <- attr(terms, "term.labels")[attr(terms, "order") > 1]
  no_column <- vapply(x, function(column) inherits(column, "AsIs") || !is.null(dim(column)), NA)
  lost <- c(joined, sprintf("- %s", removed), names(x)[no_column])
  if (length(lost) == 0) return(invisible())
  abort_argument(
    "formula", "one of columns, and functions of one each, in `fit()` of parsnip, which hands over no more",
    sprintf("`%s`", lost[1]), "formula",
    "Use `workflows::workflow(formula, spec)` or a recipe, or fit with `mlp_fit()` itself.", call
  )
}

# The formula of a workflow, which has it in the frame from which it calls parsnip; NULL where there is none.
workflow_formula <- function() {
  molds <- lapply(sys.frames(), function(frame) get0("mold", frame, mode = "list", inherits = FALSE))
  blueprints <- lapply(molds, `[[`, "blueprint")
  known <- Filter(function(blueprint) inherits(blueprint, "formula_blueprint"), blueprints)
  if (length(known)) known[[length(known)]]$formula
}

# hardhat puts factors that a formula takes away back where an engine is to have factors as they are.
check_come_back <- function(formula, x, call = rlang::caller_env()) {
  if (is.null(formula) || !is.data.frame(x)) return(invisible())
  side <- rlang::new_formula(NULL, rlang::f_rhs(formula))
  back <- intersect(removed_variables(predictor_terms(side, x)), names(x))
  if (length(back) == 0) return(invisible())
  abort_argument(
    "formula", "without `-` before factors in a workflow, where these come back", sprintf("`- %s`", back[1]),
    "formula", "Leave them out by `workflows::add_variables()` or a recipe, or fit with `mlp_fit()` itself.",
    call
  )
}

# fit() with a formula drops rows with missing values, but not their weights, and says nothing. A warning
# then, and which of all rows are left; NULL otherwise.
rows_left <- function(given, rows, call = rlang::caller_env()) {
  data <- given$data
  dropped <- NROW(data) - rows
  if (is.null(data) || dropped <= 0) return(NULL)
  text <- sprintf("parsnip left out %s of %d with missing values. %s", count_of(dropped, "row"), nrow(data),
                  "In a workflow, or by `fit_xy()`, it is `na_action` that decides.")
  warn_fastmlp(text, "missing", call)
  terms <- suppressWarnings(stats::model.frame(given$formula, data, na.action = stats::na.pass))
  stats::complete.cases(terms)
}

parsnip_defaults <- list(
  `quantile regression` = list(loss = quote(fastmlp::loss_quantile(levels = quantile_levels)))
)

parsnip_predictions <- list(
  classification = c("class", "prob", "raw"),
  regression = c("numeric", "quantile", "pred_int", "raw"),
  `quantile regression` = c("quantile", "raw")
)

# Variables are those of parsnip's predict functions.
parsnip_prediction <- function(type) {
  more <- switch(type, quantile = list(levels = quote(object$spec$quantile_levels)),
                 pred_int = list(level = quote(level)))
  list(
    pre = as_fit_takes,
    post = if (type == "quantile") quantile_column,
    func = c(fun = "predict"),
    args = c(list(object = quote(object$fit), new_data = quote(new_data), type = type), more)
  )
}

# New rows, which parsnip makes a sparse matrix if they have sparse columns: a dense one for fits that centre
# or embed predictors.
as_fit_takes <- function(new_data, object) {
  fit <- object$fit
  dense <- any(fit$standardize$center != 0) || !is.null(fit$network$layers[[1]]$embedding)
  if (isS4(new_data) && dense) as.matrix(new_data) else new_data
}

# Quantiles as parsnip has them: one column that knows its levels.
quantile_column <- function(x, object) {
  quantile_pred <- getExportedValue("hardhat", "quantile_pred") # newer than the hardhat that fastmlp needs
  values <- quantile_pred(unname(as.matrix(x)), object$spec$quantile_levels)
  list_tibble(list(.pred_quantile = values))
}

# Arguments that tune() knows, with ranges (on dials' scale) that make sense here.
parsnip_arguments <- list(
  hidden_units = list(fun = "hidden_units", range = c(16L, 512L)),
  penalty = list(fun = "penalty", range = c(-8, -1)),
  dropout = list(fun = "dropout", range = c(0, 0.5)),
  epochs = list(fun = "epochs", range = c(10L, 300L)),
  activation = list(fun = "activation", values = c("relu", "gelu", "silu", "mish", "selu", "tanh")),
  learn_rate = list(fun = "learn_rate", range = c(-3, -0.5)),
  batch_size = list(fun = "batch_size", range = c(5, 9)),
  mixture = list(fun = "mixture"),
  patience = list(fun = "stop_iter", range = c(3L, 30L)),
  validation = list(fun = "validation_set_prop", range = c(0.1, 0.4))
)

#' @rdname parsnip-fastmlp
#' @rawNamespace S3method(parsnip::multi_predict, "_fastmlp")
multi_predict._fastmlp <- function(object, new_data, type = NULL, epochs = NULL, ...) { # nolint
  call <- environment()
  check_no_dots(...)
  epochs <- check_count(epochs %||% as.integer(names(object$fit$epochs)), "epochs", length = NULL)
  if (length(epochs) == 0) {
    abort_argument("object", "have kept epochs", "a fit with none", "model",
                   hint = "Use `set_engine(\"fastmlp\", keep_epochs = )`.", call = call)
  }
  predicted <- lapply(epochs, function(epoch) {
    object$fit <- at_epoch(object$fit, epoch, call, "epochs")
    values <- stats::predict(object, new_data, type = type)
    list_tibble(c(list(epochs = rep(epoch, nrow(values))), as.list(values)))
  })
  n <- nrow(new_data)
  columns <- lapply(rlang::set_names(names(predicted[[1]])), function(name) {
    do.call(c, lapply(predicted, `[[`, name)) # the epochs one below the other
  })
  rows <- lapply(seq_len(n), function(i) {
    list_tibble(lapply(columns, function(column) column[seq(i, by = n, along.with = epochs)]))
  })
  list_tibble(list(.pred = rows))
}

#' @rdname parsnip-fastmlp
#' @rawNamespace S3method(parsnip::multi_predict_args, "_fastmlp")
multi_predict_args._fastmlp <- function(object, ...) "epochs" # nolint: object_name_linter.
