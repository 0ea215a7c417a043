# Advice for likely mistakes: what other packages call things, and what was probably meant.

# ---- arguments ----

# Arguments that mlp_fit() has under other names, by the hint to give for them. Capitals, dots and
# underscores do not count.
fit_synonyms <- list(
  "Use `learn_rate`." = c("lr", "learning_rate", "learning_rate_init", "eta", "step_size"),
  "Use `optimizer = opt_sgd(momentum = )`." = "momentum",
  "Use `optimizer = opt_sgd(momentum = , nesterov = TRUE)`." = "nesterov",
  "Use `optimizer = opt_sgd(weight_decay = )`." = c("weight_decay", "wd"),
  "Use `optimizer = opt_adam(beta1 = , beta2 = )`." = c("betas", "beta_1", "beta_2"),
  "Use `optimizer`, such as `optimizer = opt_adam()`." =
    c("solver", "algorithm", "method", "optim", "opt", "optimiser"),
  "Use `schedule`." = c("scheduler", "lr_scheduler", "learn_rate_schedule", "lr_schedule", "lr_decay"),
  "Use `schedule = schedule_warmup()`." = c("warmup", "warmup_epochs", "warmup_steps"),
  "Use `class_weights`." = c("classwt", "class_weight", "pos_weight", "scale_pos_weight"),
  "Use `weights`." = c("case_weights", "sample_weight", "sample_weights"),
  "Use `min_improvement`." = c("min_delta", "tol", "tolerance", "abstol", "reltol", "threshold"),
  "Use `patience`, with `validation`." =
    c("early_stopping", "early_stop", "stop_early", "n_iter_no_change", "stop_iter", "early_stopping_rounds",
      "stopping", "restore_best_weights"),
  "Use `validation`: a share such as 0.2, rows or other data." =
    c("validation_split", "validation_data", "validation_fraction", "validation_set", "val", "valid",
      "val_split", "val_data", "x_val", "holdout", "eval_set", "test_size"),
  "Rows for the test stay out of the fit: `predict(fit, new_data)` takes them." =
    c("test", "test_data", "test_set", "x_test", "newdata"),
  "Cross-validation is around a fit, by rsample and tune or caret; `validation` holds rows out of one fit." =
    c("cv", "nfolds", "folds", "nfold", "k", "kfold", "k_folds", "resamples", "trControl", "tuneGrid",
      "tuneLength", "tune", "grid"),
  "Use `hidden_units`." =
    c("units", "size", "hidden", "neurons", "n_neurons", "n_units", "nodes", "hidden_nodes", "hidden_size",
      "hidden_dim", "width", "hidden_layer_sizes", "layers", "layer_sizes"),
  "Use `hidden_units`, with a number for each layer." =
    c("hidden_layers", "n_layers", "num_layers", "num_hidden_layers", "n_hidden", "depth"),
  "Use `activation`." = c("act.fct", "act", "activation_function", "activation_fn", "hidden_activation"),
  "That of the outputs follows from `loss`." =
    c("output_activation", "last_activation", "out_activation", "final_activation"),
  "Use `epochs`." =
    c("maxit", "max_iter", "n_iter", "iter", "iterations", "stepmax", "n_epochs", "num_epochs",
      "nb_epoch", "max_epochs", "nrounds"),
  "Use `batch_size`." = c("batch", "minibatch", "minibatch_size", "bs"),
  "Use `loss`; without it, the loss follows from the outcome." =
    c("linout", "linear.output", "entropy", "softmax", "censored", "err.fct", "criterion", "objective",
      "family", "distribution", "link", "cost", "error", "loss_fn", "loss_function"),
  "The outcome says it: a factor makes classes, numbers make a regression." =
    c("task", "mode", "type", "problem_type", "classification", "regression"),
  "Ask for it in `predict(fit, new_data, type = \"prob\")`." =
    c("probability", "prob", "probs", "prob_model"),
  "Ask for it in `predict(fit, new_data, type = \"pred_int\", level = 0.95)`." =
    c("level", "conf_level", "interval", "pred_int", "coverage"),
  "Use `loss = loss_cross_entropy(label_smoothing = )`." = c("label_smoothing", "smoothing"),
  "Use `metrics`." = c("metric", "eval_metric", "measure", "measures", "scoring"),
  "Use `stop_metric`." = c("monitor", "early_stopping_metric"),
  "Use `stop_direction = \"maximize\"`." = "maximize",
  "Use `ensemble` for several networks at once." =
    c("rep", "bag", "bagging", "repeats", "nets", "n_networks", "n_models", "n_estimators", "num_trees",
      "ntree"),
  "Use `standardize`." = c("scale", "scaling", "center", "preProcess", "preproc", "standardization"),
  "Use `standardize` for predictors, `normalization` for hidden layers." = c("normalize", "normalise"),
  "Use `penalty`." = c("decay", "alpha", "l2", "lambda", "reg", "regularization"),
  "Use `penalty`, with `mixture = 1`." = c("l1", "lasso"),
  "Use `mixture`." = c("l1_ratio", "elastic_net"),
  "Use `dropout`." = c("dropout_rate", "drop_rate"),
  "Use `normalization`." =
    c("batch_norm", "bn", "use_batchnorm", "batch_normalization", "layer_norm", "layer_normalization"),
  "Use `residual`, for layers as wide as what comes in." =
    c("skip", "skip_connections", "resnet", "residuals", "shortcut"),
  "Use `clip_norm`, or `clip_value`." =
    c("clip", "grad_clip", "gradient_clip", "gradient_clipping", "max_grad_norm", "gradient_clip_val"),
  "Use `init`." = c("Wts", "rang", "start", "startweights", "initializer", "kernel_initializer"),
  "Every layer has its bias." = c("bias", "use_bias", "intercept", "fit_intercept"),
  "Use `threads`." =
    c("num_threads", "n_threads", "nthread", "n_jobs", "cores", "n_cores", "mc_cores", "num_cores",
      "workers", "num_workers", "parallel"),
  "Use `verbose`." = c("trace", "verbosity", "lifesign", "silent", "quiet", "progress"),
  "Use `na_action`." = c("na.action", "na_rm", "impute", "missing"),
  "Use `loss = loss_quantile(levels = )`." = c("quantile", "quantiles", "quantile_levels", "levels", "tau"),
  "Use `loss = \"ordinal\"`, of an ordered factor." = "ordinal",
  "Use `calibrate`." = c("calibration", "temperature", "temperature_scaling"),
  "Use `factor_embedding = embed_factors()` for factors, `numeric_embedding` for numbers." =
    c("embed", "embedding", "embeddings"),
  "Factors need no encoding of yours." = c("one_hot", "dummy", "dummies", "contrasts", "encoding"),
  "Use `mlp_continue(fit, ...)`." = c("warm_start", "resume", "continue", "initial_model"),
  "Use `checkpoint`, or `saveRDS(fit, file)` afterwards." =
    c("save", "file", "path", "save_best", "save_path"),
  "Use `mlp_importance(fit, new_data)` afterwards." = "importance",
  "Use `plot(fit)` afterwards." = c("plot", "plots"),
  "Do this on `data` first." = "subset",
  "Training runs on the processor alone; `threads` says on how many cores." =
    c("device", "gpu", "cuda", "use_gpu"),
  "Leave it out: there is no such thing to set." =
    c("Hess", "MaxNWts", "mask", "model", "control", "write_forest", "dtype", "precision"),
  "Give the outcome in the formula, or after the predictors, `mlp_fit(x, y)`." =
    c("y", "outcome", "target", "response", "labels"),
  "Give the formula first, then the data: `mlp_fit(outcome ~ ., data)`." = c("x", "formula", "data")
)

# What arguments of constructors are called elsewhere, by the argument that may be meant.
argument_aliases <- list(
  horizon = c("T_max", "epochs", "total_epochs", "n_epochs", "total_steps", "steps"),
  final = c("eta_min", "min_lr", "end_factor"),
  smallest = c("eta_min", "min_lr"),
  growth = "T_mult",
  restarts = "cycles",
  every = c("step_size", "step"),
  factor = "gamma",
  decay = c("gamma", "rate"),
  rise = c("pct_start", "warmup"),
  duration = c("epochs", "warmup", "warmup_epochs", "steps"),
  then = c("after", "schedule"),
  min_improvement = c("min_delta", "threshold"),
  sd = c("std", "stddev", "scale"),
  levels = c("tau", "quantiles", "probs", "alpha"),
  delta = c("threshold", "k"),
  size = "theta",
  power = "p",
  gamma = "focus",
  label_smoothing = "epsilon",
  frequencies = c("n", "k", "n_frequencies"),
  dim = c("d", "dimension", "d_embedding"),
  new_data = c("newdata", "data", "x"),
  hidden_units = c("units", "size", "hidden"),
  inputs = "input_shape",
  init = "weights"
)

# What is said elsewhere than any function expects.
general_synonyms <- list(
  "The rate is set by the optimizer, such as `opt_adam(learn_rate = )`." =
    c("lr", "max_lr", "learn_rate", "learning_rate", "initial_lr", "base_lr"),
  "Call `set.seed()` before." = c("seed", "random_state", "random_seed"),
  "Use `type = \"pred_int\"`, with `level`." = c("interval", "se.fit", "se", "conf_level")
)

# Names as they are told apart: without capitals, dots and the like.
plain_name <- function(x) gsub("[^a-z0-9]", "", tolower(x))

# The names of the entries of a table of aliases that list x.
named_so <- function(x, table) {
  names(Filter(function(aliases) plain_name(x) %in% plain_name(aliases), table))
}

# What to do about an argument that a function with the arguments `known` does not know.
argument_hint <- function(name, known = character(), synonyms = list()) {
  meant <- named_so(name, c(synonyms, general_synonyms))
  if (length(meant)) return(meant[1])
  alias <- intersect(named_so(name, argument_aliases), known)
  if (length(alias)) return(sprintf("Use `%s`.", alias[1]))
  suggest(name, setdiff(known, "...")) %||% known_hint(known)
}

# What there is to choose from, if that can be written out.
known_hint <- function(known) {
  known <- setdiff(known, "...")
  if (length(known) > 10) return("The help page lists its arguments.")
  if (length(known)) sprintf("It takes %s.", enumerate_columns(known))
}

# A function that refuses arguments that it does not know in this way.
strict <- function(f) {
  check <- bquote(check_no_dots(..., known = .(names(formals(f)))))
  formals(f) <- c(formals(f), list(... = rlang::missing_arg()))
  body(f) <- call("{", check, body(f))
  f
}

# ---- values ----

metric_aliases <- list(
  accuracy = c("acc", "val_acc", "val_accuracy", "categorical_accuracy"),
  auc = c("roc", "roc_auc", "auroc"), log_loss = c("mn_log_loss", "logloss", "cross_entropy"),
  rmse = c("mse", "root_mean_squared_error"), mae = "mean_absolute_error",
  rsq = c("r2", "r_squared", "rsquared")
)

# What values of arguments are called elsewhere, by argument and by the choice that may be meant.
choice_aliases <- list(
  activation = list(
    silu = "swish", sigmoid = c("logistic", "logit"), identity = c("linear", "none", "purelin"),
    relu = c("rectifier", "relu6", "rect", "ramp"), hard_sigmoid = "hardsigmoid", leaky_relu = "lrelu"
  ),
  loss = list(
    squared = c("mse", "mean_squared_error", "squared_error", "l2", "sse", "rmse"),
    absolute = c("mae", "mean_absolute_error", "absolute_error", "l1"),
    huber = "smooth_l1", quantile = "pinball", log_cosh = "logcosh",
    cross_entropy = c("categorical_crossentropy", "sparse_categorical_crossentropy", "ce", "nll", "log_loss",
                      "multinomial", "softmax", "entropy", "deviance"),
    binary_cross_entropy = c("bce", "binomial", "bernoulli", "logistic"),
    gaussian = "normal", ordinal = "cumulative"
  ),
  type = list(
    class = c("classes", "label", "labels"), quantile = "quantiles",
    prob = c("response", "probs", "probability", "probabilities", "posterior", "vector"),
    numeric = c("response", "vector", "mean"), raw = c("link", "logit", "net"),
    pred_int = c("interval", "prediction", "conf_int"),
    history = c("loss", "training", "curve", "metrics"), network = c("weights", "diagram", "graph"),
    confusion = c("confusion_matrix", "conf_mat", "cm"), roc = c("auc", "roc_curve"),
    weight_histogram = c("histogram", "density"), regions = c("boundary", "decision", "decision_boundary")
  ),
  method = list(gradient = c("saliency", "vanilla"), integrated = c("ig", "integrated_gradients")),
  na_action = list(
    omit = c("na.omit", "drop", "remove", "exclude", "na.exclude"), error = c("fail", "na.fail"),
    impute = c("median", "fill", "mean")
  ),
  ordered_factors = list(
    indicators = c("factor", "one_hot", "dummy", "levels"),
    scores = c("score", "integer", "numeric", "number", "numbers", "ordinal", "rank", "ranks", "codes")
  ),
  preset = list(
    pixels = c("image", "images", "mnist"), tabular = c("default", "realmlp", "auto"), sparse = "text",
    plain = c("none", "textbook")
  ),
  normalization = list(
    batch = c("TRUE", "batchnorm", "batch_norm", "batch_normalization", "bn"), none = "FALSE",
    layer = c("layernorm", "layer_norm", "layer_normalization")
  ),
  metrics = metric_aliases,
  stop_metric = c(list(loss = c("val_loss", "valid_loss", "validation_loss")), metric_aliases),
  standardize = list(
    zscore = c("TRUE", "z-score", "standard", "std", "standardize", "scale", "center", "normalize"),
    none = "FALSE",
    robust = "median", robust_clip = c("minmax", "range")
  )
)

# What to do about a value that is none of the choices.
choice_hint <- function(x, arg, choices) {
  if (is.function(x)) return(function_hint(x, arg))
  if (arg == "type" && is.data.frame(x)) return("Give the data as `new_data = `.")
  if (arg == "activation" && identical(x, "softmax")) {
    return("That of the outputs comes with the loss; this one is for hidden layers.")
  }
  if (!is.atomic(x) || length(x) == 0) return(NULL)
  known <- choice_aliases[[sub(".*\\$", "", arg)]]
  same <- choices[plain_name(choices) == plain_name(x[1])]
  meant <- c(same, intersect(named_so(x[1], known), choices))
  if (length(meant)) return(sprintf("Did you mean %s?", dQuote(meant[1], FALSE)))
  explained <- if (arg == "type" && "history" %in% choices) picture_of_explanation(x)
  if (!is.null(explained)) return(explained)
  suggest(x[1], choices)
}

# Pictures that are not of a fit, but of what explains it.
explanation_aliases <- list(
  "mlp_importance(fit, new_data)" = c("importance", "permutation", "vip", "variable_importance"),
  "mlp_importance(fit, method = \"garson\")" = "garson",
  "mlp_importance(fit, method = \"olden\")" = "olden",
  "mlp_partial(fit, new_data, variables)" = c("partial", "partial_dependence", "pdp", "pd", "effects"),
  "mlp_partial(fit, new_data, variables, ice = TRUE)" = "ice",
  "mlp_attribution(fit, new_data)" = c("attribution", "attributions", "saliency", "gradient", "shap"),
  "mlp_attribution(fit, new_data, \"integrated\")" = c("integrated", "integrated_gradients")
)

picture_of_explanation <- function(x) {
  meant <- named_so(x[1], explanation_aliases)
  if (length(meant)) sprintf("Use `autoplot(%s)`.", meant[1])
}

# What to do about a number that is a percentage where a share is wanted, such as 20 or "20%".
share_hint <- function(x) {
  if (!rlang::is_string(x) && !(is_plain_numeric(x) && length(x) == 1)) return(NULL)
  number <- suppressWarnings(as.numeric(sub(" *%$", "", x)))
  if (isTRUE(number >= 5 && number <= 100)) sprintf("%s %% is %s.", format(number), format(number / 100))
}

# What to do about a vector, one value a row, in whose place something is that only tells of it.
column_hint <- function(x, arg) {
  if (inherits(x, "formula")) return(sprintf("Give the values themselves: `%s = data$column`.", arg))
  if (is.character(x) || is.data.frame(x)) "Give the column itself: `data$column`."
}

# What to do about a function in the place of a name: it may make what is meant, or be what is meant itself.
function_hint <- function(f, arg) {
  if (arg != "loss") return("Give a name, in quotes.")
  constructor_hint(f, "loss")
}

# What constructors are called elsewhere.
constructor_aliases <- list(
  init_glorot = "xavier", init_he = "kaiming", schedule_plateau = c("reduce_on_plateau", "reduce_lr"),
  schedule_cosine = "cosine_annealing", schedule_step = c("multistep", "step_lr"),
  opt_sgd = c("momentum", "nesterov", "gd"), opt_lbfgs = c("bfgs", "l-bfgs-b", "newton"),
  opt_rprop = c("rprop+", "rprop-", "backprop")
)

# What to do about a value that is no object of those that functions with a prefix make.
constructor_hint <- function(x, prefix) {
  names <- grep(paste0("^", prefix, "_"), getNamespaceExports("fastmlp"), value = TRUE)
  if (is.function(x)) {
    same <- Filter(function(name) identical(getExportedValue("fastmlp", name), x), names)
    if (length(same)) return(sprintf("Call it: `%s()`.", same[1]))
    own <- intersect(paste0(prefix, c("_function", "_custom")), names)
    return(if (length(own)) sprintf("A function of your own goes into `%s()`.", own))
  }
  if (!rlang::is_string(x)) return(NULL)
  short <- plain_name(sub(paste0("^", prefix, "_"), "", names))
  distance <- drop(utils::adist(plain_name(x), short))
  near <- if (min(distance) <= nchar(plain_name(x)) / 4) names[which.min(distance)]
  meant <- c(intersect(named_so(x, constructor_aliases), names), near)
  if (length(meant)) sprintf("Without quotes, as a call: `%s()`.", meant[1])
}

# What to do about an argument that is no object that R finds, as it was written.
unknown_object_hint <- function(arg, written) {
  if (arg == "data" || !is.symbol(written)) return(NULL)
  if (arg %in% c("activation", "loss", "standardize", "normalization", "metrics", "preset", "type",
                 "variables")) {
    return(sprintf("A name is written in quotes: \"%s\".", as.character(written)))
  }
  "A column is not found by its name alone: write `data$column`."
}

# What to do about an object that only holds what is asked for, or is yet to be fitted.
holder_hint <- function(x, arg) {
  if (inherits(x, "model_fit") || inherits(x, "workflow") && isTRUE(x$trained)) {
    return(sprintf("The engine's fit is inside: `extract_fit_engine(%s)`.", arg))
  }
  if (inherits(x, c("model_spec", "workflow"))) sprintf("Such objects are fitted by `fit(%s, data = )`.", arg)
}

# What to do about an `x` that mlp_fit() has no method for, `others` being what came after it.
swapped_hint <- function(x, others) {
  others <- unname(others)
  predictors <- vapply(others, function(other) is.matrix(other) || is.data.frame(other), NA)
  if (rlang::is_string(x) && grepl("~", x, fixed = TRUE)) return("Write the formula without quotes.")
  if (is.atomic(x) && NROW(x) > 1 && any(predictors) && NROW(others[predictors][[1]]) == NROW(x)) {
    return("Give the predictors first, then the outcome.")
  }
  if (is_plain_vector(x)) "For one predictor, use `matrix(x, ncol = 1)`." else holder_hint(x, "x")
}

# What to do about an outcome that is none.
outcome_hint <- function(y, arg) {
  if (is.null(y)) return("A column that does not exist is NULL: is its name right?")
  if (is.list(y) && !is.data.frame(y)) return(sprintf("For a vector use `unlist(%s)`.", arg))
  if (inherits(y, "formula")) return("Give the formula first, then the data.")
  if (is.atomic(y) && is.null(dim(y))) plain_hint(y, arg)
}
