#' Optimizers
#'
#' How the weights move along the gradient of the loss. `opt_sgd()` is mini-batch stochastic gradient
#' descent, optionally with momentum. `opt_adam()` and its relatives `opt_adamw()`, `opt_amsgrad()`,
#' `opt_nadam()` and `opt_radam()`, as well as `opt_rmsprop()`, `opt_adagrad()` and `opt_adadelta()`,
#' scale each weight's step by what its gradients were. `opt_lion()` and `opt_rprop()` use only signs.
#' `opt_lbfgs()` is a quasi-Newton method, for data small enough to use all rows in each step.
#'
#' In what follows \eqn{g} is the gradient of the mean loss over the batch, plus `penalty` times the
#' weights (see [mlp_fit()]), \eqn{\eta} is `learn_rate`, \eqn{\mu} `momentum`, \eqn{\beta_1} and
#' \eqn{\beta_2} are `beta1` and `beta2`, \eqn{\epsilon} is `epsilon`, \eqn{\lambda} `weight_decay`,
#' and \eqn{t} counts the steps from 1. All moments (\eqn{m}, \eqn{v} and so on) start at zero unless it
#' says otherwise. Weights that decay become \eqn{(1 - \eta \lambda) w} before the step; biases never
#' decay. Such decay, decoupled from the gradient, is that of Loshchilov and Hutter (2019), and only
#' optimizers that define it have it; for decay that is coupled to the gradient give `penalty` to
#' [mlp_fit()]. Formulas, defaults and starts are those of PyTorch, but for the default `learn_rate` of
#' `opt_sgd()`, `opt_lion()`, which PyTorch has not, and where it says so below.
#'
#' @section Gradient descent:
#' `opt_sgd()`: \deqn{v := \mu v + g, \qquad w := (1 - \eta \lambda) w - \eta v}{
#'   v := mu v + g,
#'   w := (1 - eta lambda) w - eta v}
#' (Robbins and Monro 1951, with the momentum of Polyak 1964), and with `nesterov` the last term is
#' \eqn{\eta (g + \mu v)}, as in Sutskever, Martens, Dahl and Hinton (2013).
#'
#' @section Adam and its relatives:
#' They keep
#' \deqn{m := \beta_1 m + (1 - \beta_1) g, \qquad v := \beta_2 v + (1 - \beta_2) g^2}{
#'   m := beta_1 m + (1 - beta_1) g,
#'   v := beta_2 v + (1 - beta_2) g^2}
#' and correct their start by \eqn{c_1 = 1 - \beta_1^t} and
#' \eqn{c_2 = 1 - \beta_2^t}.
#'
#' `opt_adam()` (Kingma and Ba 2015), and with \eqn{\lambda} above zero `opt_adamw()`:
#' \deqn{w := (1 - \eta \lambda) w - \eta \frac{m / c_1}{\sqrt{v / c_2} + \epsilon}}{
#'   w := (1 - eta lambda) w - eta ((m / c_1) / (sqrt(v / c_2) + epsilon))}
#'
#' `opt_amsgrad()` (Reddi, Kale and Kumar 2018) has \eqn{\hat v := \max(\hat v, v)}{v_max := max(v_max, v)}
#' in place of \eqn{v} in this step.
#'
#' `opt_nadam()` (Dozat 2016) looks ahead with a momentum that grows,
#' \eqn{\mu_t = \beta_1 (1 - 0.96^{t \psi} / 2)}{mu_t = beta_1 (1 - 0.96^{t psi} / 2)} with \eqn{\psi}{psi}
#' the `momentum_decay`: \deqn{w := w - \eta ( \frac{\mu_{t+1} m}{1 - \prod_{i \le t+1} \mu_i} +
#'   \frac{(1 - \mu_t) g}{1 - \prod_{i \le t} \mu_i} ) \Big/ (\sqrt{v / c_2} + \epsilon)}{
#'   w := w - eta (mu_{t+1} m / (1 - prod_{i <= t+1} mu_i)
#'   + (1 - mu_t) g / (1 - prod_{i <= t} mu_i)) / (sqrt(v / c_2) + epsilon)}
#'
#' `opt_radam()` (Liu et al. 2020) waits with the division until \eqn{v} rests on enough steps. With
#' \eqn{\rho_\infty = 2 / (1 - \beta_2) - 1} and
#' \eqn{\rho = \rho_\infty - 2 t \beta_2^t / c_2} it is
#' \deqn{w := w - \eta \frac{m}{c_1} r, \qquad r = \frac{\sqrt{c_2}}{\sqrt{v} + \epsilon}
#'   \sqrt{\frac{(\rho - 4) (\rho - 2) \rho_\infty}{(\rho_\infty - 4) (\rho_\infty - 2) \rho}}}{
#'   w := w - eta (m / c_1) r,
#'   r = (sqrt(c_2) / (sqrt(v) + epsilon)) sqrt(((rho - 4) (rho - 2) rho_Inf) / ((rho_Inf - 4)
#'   (rho_Inf - 2) rho))}
#' where \eqn{\rho > 5}, and \eqn{r = 1} before.
#'
#' @section Gradients over the root of their squares:
#' `opt_rmsprop()` (Tieleman and Hinton 2012), with \eqn{\beta_2} the `alpha` of PyTorch:
#' \deqn{v := \beta_2 v + (1 - \beta_2) g^2, \qquad
#'   b := \mu b + \frac{g}{\sqrt{v} + \epsilon}, \qquad w := w - \eta b}{
#'   v := beta_2 v + (1 - beta_2) g^2,
#'   b := mu b + g / (sqrt(v) + epsilon),
#'   w := w - eta b}
#' With `centered` (Graves 2013) \eqn{v - m^2} takes the place of \eqn{v}, where
#' \eqn{m := \beta_2 m + (1 - \beta_2) g}.
#'
#' `opt_adagrad()` (Duchi, Hazan and Singer 2011), where \eqn{s} starts at `initial`:
#' \deqn{s := s + g^2, \qquad w := w - \eta \frac{g}{\sqrt{s} + \epsilon}}{
#'   s := s + g^2,
#'   w := w - eta (g / (sqrt(s) + epsilon))}
#'
#' `opt_adadelta()` (Zeiler 2012), with \eqn{\beta_2} the `rho` of PyTorch:
#' \deqn{v := \beta_2 v + (1 - \beta_2) g^2, \qquad
#'   u = \frac{\sqrt{d + \epsilon}}{\sqrt{v + \epsilon}} g, \qquad
#'   d := \beta_2 d + (1 - \beta_2) u^2, \qquad w := w - \eta u}{
#'   v := beta_2 v + (1 - beta_2) g^2,
#'   u = (sqrt(d + epsilon) / sqrt(v + epsilon)) g,
#'   d := beta_2 d + (1 - beta_2) u^2,
#'   w := w - eta u}
#'
#' @section Signs of gradients:
#' `opt_lion()` (Chen et al. 2023):
#' \deqn{w := (1 - \eta \lambda) w - \eta\, \mathrm{sign}(\beta_1 m + (1 - \beta_1) g), \qquad
#'   m := \beta_2 m + (1 - \beta_2) g}{
#'   w := (1 - eta lambda) w - eta sign(beta_1 m + (1 - beta_1) g),
#'   m := beta_2 m + (1 - beta_2) g}
#' As every weight moves by \eqn{\eta}, its authors advise a `learn_rate` of a third to a tenth of
#' Adam's, and a `weight_decay` that is larger by as much.
#'
#' `opt_rprop()` (Riedmiller and Braun 1993, in the variant without weight backtracking of Igel and
#' Huesken 2003) gives each weight a step size of its own, which starts at `learn_rate`. Where the
#' gradient has the sign that it had in the last step, the step size grows by the factor `increase`;
#' where it has turned, the step size shrinks by `decrease` and the gradient counts as zero. Step sizes
#' stay between `min_step` and `max_step`, and \eqn{w := w - s\, \mathrm{sign}(g)}{w := w - s sign(g)}. The
#' signs of a batch's gradients are not to be trusted, so `opt_rprop()` takes all rows in each step. Limits on
#' the gradient, which leave signs alone, are refused.
#'
#' @section L-BFGS:
#' `opt_lbfgs()` (Liu and Nocedal 1989; Byrd, Lu, Nocedal and Zhu 1995) hands the objective and its gradient
#' over all training rows to [stats::optim()], method `"L-BFGS-B"` without bounds. Its direction \eqn{d}
#' solves \deqn{B d = -g, \qquad w := w + \alpha d,}{B d = -g, w := w + alpha d,}
#' where \eqn{B}, which stands for the second derivatives, starts as a multiple of the identity and takes up
#' the last `memory` pairs of a step \eqn{s} and the change \eqn{y} of the gradient in it, the oldest first,
#' by \deqn{B := B - \frac{B s s' B}{s' B s} + \frac{y y'}{y' s}.}{
#'   B := B - B s s' B / (s' B s) + y y' / (y' s).}
#' It has no learning rate: \eqn{\alpha} is found by a search along a line, which takes one or a few passes
#' through the rows. An epoch is one iteration of the method, so `epochs` is their largest number; training
#' ends before if the objective no longer falls by more than `tolerance`, relative to the larger of itself and
#' 1, or if rounding hides what would be lower, which `fit$training$stopped` calls `"converged"`. Where a
#' search fails although there is a loss lower by a thousandth in the direction of the gradient, or a first
#' step of length one was too short to tell and there is one lower by a hundredth, as with outcomes of a
#' size of 1e9 and more, it is `"stuck"`, with a warning. The history has the loss at the end of each
#' iteration. As the engine computes in single precision, objectives that differ by less than some 1e-8 look
#' alike to it. It suits thousands of rows and smooth activations. What [stats::optim()] itself computes goes
#' through R's linear algebra, in as many threads as that takes, whatever `threads` says: where those are slow
#' beside other processes, limit them, such as by the environment variable `OMP_NUM_THREADS`.
#'
#' @param learn_rate The step size \eqn{\eta}, which gradients are multiplied by: a number in
#'   `[1e-30, 1e30]`. With `opt_rprop()` that of the first step, from `min_step` to `max_step`, in the unit
#'   of the weights, as with `opt_lion()`. `r default_among("learn_rate", "^opt_")`
#' @param momentum Share \eqn{\mu} of the last step that is kept: a number in `[0, 1)`.
#'   `r default_among("momentum", "^opt_")`
#' @param nesterov Whether the gradient is taken ahead of the momentum step: `TRUE` or `FALSE`. Needs
#'   `momentum` above 0. `r default_among("nesterov", "^opt_")`
#' @param weight_decay Decoupled weight decay \eqn{\lambda}: in a step weights lose the share
#'   `learn_rate * weight_decay`. A number in `[0, 1e30]`. `r default_among("weight_decay", "^opt_")`
#' @param beta1 Share \eqn{\beta_1} of the moment of the gradient that is kept in each step (for
#'   `opt_lion()` in its direction): a number in `[0, 1)`. `r default_among("beta1", "^opt_")`
#' @param beta2 Share \eqn{\beta_2} of the moment of the squared gradient that is kept in each step (for
#'   `opt_lion()` of the moment of the gradient): a number in `[0, 1)`. `r default_among("beta2", "^opt_")`
#' @param epsilon What is added to the root of the second moment, in the unit of the gradient (for
#'   `opt_adadelta()` under the root, in its square): a number in `[1e-30, 1e30]`.
#'   `r default_among("epsilon", "^opt_")`
#' @param momentum_decay How fast the momentum of `opt_nadam()` grows from half of `beta1` to `beta1`,
#'   \eqn{\psi}{psi} in its formula: a number in `[0, 1e30]`. `r default_among("momentum_decay", "^opt_")`
#' @param centered Whether the squares are taken about the running mean of the gradient: `TRUE` or `FALSE`.
#'   `r default_among("centered", "^opt_")`
#' @param initial Where the sums of squares start, in the unit of the squared gradient: a number in
#'   `[0, 1e30]`. `r default_among("initial", "^opt_")`
#' @param decrease Factor of the step size where the gradient has turned: a number in `[1e-30, 1)`.
#'   `r default_among("decrease", "^opt_")`
#' @param increase Factor of the step size where the gradient has kept its sign: a number in `(1, 1e30]`.
#'   `r default_among("increase", "^opt_")`
#' @param min_step Lower bound of the step size, in the unit of the weights: a number in `[1e-30, 1e30]`.
#'   `r default_among("min_step", "^opt_")`
#' @param max_step Upper bound of the step size, in the unit of the weights: a number from `min_step` to
#'   1e30. `r default_among("max_step", "^opt_")`
#' @param memory Pairs of steps and gradients that make up the picture of the curvature: a whole number from
#'   1 to 1000. `r default_among("memory", "^opt_")`
#' @param tolerance The decrease of the objective, as a share of it (or of 1, where that is larger), below
#'   which training ends: a number in `[0, 1)`. `r default_among("tolerance", "^opt_")`
#' @param ... Must be empty.
#' @return An object of class `fastmlp_optimizer` for the `optimizer` argument of [mlp_fit()].
#' @references Byrd RH, Lu P, Nocedal J, Zhu C (1995). "A limited memory algorithm for bound constrained
#'   optimization." *SIAM Journal on Scientific Computing*, 16, 1190-1208.
#'
#'   Chen X et al. (2023). "Symbolic discovery of optimization algorithms." NeurIPS.
#'
#'   Dozat T (2016). "Incorporating Nesterov momentum into Adam." ICLR workshop.
#'
#'   Duchi J, Hazan E, Singer Y (2011). "Adaptive subgradient methods for online learning and stochastic
#'   optimization." *Journal of Machine Learning Research*, 12, 2121-2159.
#'
#'   Graves A (2013). "Generating sequences with recurrent neural networks." arXiv:1308.0850.
#'
#'   Igel C, Huesken M (2003). "Empirical evaluation of the improved Rprop learning algorithms."
#'   *Neurocomputing*, 50, 105-123.
#'
#'   Kingma DP, Ba J (2015). "Adam: A method for stochastic optimization." ICLR.
#'
#'   Liu DC, Nocedal J (1989). "On the limited memory BFGS method for large scale optimization."
#'   *Mathematical Programming*, 45, 503-528.
#'
#'   Liu L et al. (2020). "On the variance of the adaptive learning rate and beyond." ICLR.
#'
#'   Loshchilov I, Hutter F (2019). "Decoupled weight decay regularization." ICLR.
#'
#'   Polyak BT (1964). "Some methods of speeding up the convergence of iteration methods." *USSR
#'   Computational Mathematics and Mathematical Physics*, 4, 1-17.
#'
#'   Reddi SJ, Kale S, Kumar S (2018). "On the convergence of Adam and beyond." ICLR.
#'
#'   Riedmiller M, Braun H (1993). "A direct adaptive method for faster backpropagation learning: the
#'   RPROP algorithm." IEEE International Conference on Neural Networks.
#'
#'   Robbins H, Monro S (1951). "A stochastic approximation method." *Annals of Mathematical Statistics*, 22,
#'   400-407.
#'
#'   Sutskever I, Martens J, Dahl G, Hinton G (2013). "On the importance of
#'   initialization and momentum in deep learning." ICML.
#'
#'   Tieleman T, Hinton G (2012). "Lecture 6.5: RMSprop." Neural Networks for Machine Learning, Coursera.
#'
#'   Zeiler MD (2012). "ADADELTA: An adaptive learning rate method." arXiv:1212.5701.
#' @examples
#' opt_sgd(learn_rate = 0.05, momentum = 0.9)
#' opt_adamw(weight_decay = 0.05)
#'
#' # A quasi-Newton method on few rows
#' set.seed(1)
#' fit <- mlp_fit(mpg ~ wt + hp, mtcars, preset = "plain", hidden_units = 3, activation = "tanh",
#'                penalty = 0.01, standardize = "zscore", optimizer = opt_lbfgs(), epochs = 200)
#' fit
#' @name opt_sgd
NULL

# A constructor: its settings with their defaults, each checked by its name in `setting_checks`.
optimizer_constructor <- function(name, ...) {
  defaults <- list(...)
  constructor <- function(...) {
    call <- environment()
    check_no_dots(..., known = names(defaults), synonyms = setting_synonyms)
    new_optimizer(name, mget(names(defaults), call), call)
  }
  force(name)
  formals(constructor) <- c(defaults, list(... = rlang::missing_arg()))
  constructor
}

new_optimizer <- function(name, settings, call) {
  for (arg in names(settings)) {
    settings[[arg]] <- setting_checks[[arg]](settings[[arg]], arg, call)
  }
  check_settings_together(settings, call)
  structure(c(list(name = name), settings), class = "fastmlp_optimizer")
}

#' @rdname opt_sgd
#' @export
opt_sgd <- optimizer_constructor(
  "sgd", learn_rate = 0.1, momentum = 0, nesterov = FALSE, weight_decay = 0
)

#' @rdname opt_sgd
#' @export
opt_adam <- optimizer_constructor(
  "adam", learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8
)

#' @rdname opt_sgd
#' @export
opt_adamw <- optimizer_constructor(
  "adamw", learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01
)

#' @rdname opt_sgd
#' @export
opt_amsgrad <- optimizer_constructor(
  "amsgrad", learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8
)

#' @rdname opt_sgd
#' @export
opt_nadam <- optimizer_constructor(
  "nadam", learn_rate = 0.002, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum_decay = 0.004
)

#' @rdname opt_sgd
#' @export
opt_radam <- optimizer_constructor(
  "radam", learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8
)

#' @rdname opt_sgd
#' @export
opt_rmsprop <- optimizer_constructor(
  "rmsprop", learn_rate = 0.01, beta2 = 0.99, epsilon = 1e-8, momentum = 0, centered = FALSE
)

#' @rdname opt_sgd
#' @export
opt_adagrad <- optimizer_constructor("adagrad", learn_rate = 0.01, epsilon = 1e-10, initial = 0)

#' @rdname opt_sgd
#' @export
opt_adadelta <- optimizer_constructor("adadelta", learn_rate = 1, beta2 = 0.9, epsilon = 1e-6)

#' @rdname opt_sgd
#' @export
opt_lion <- optimizer_constructor(
  "lion", learn_rate = 1e-4, beta1 = 0.9, beta2 = 0.99, weight_decay = 0
)

#' @rdname opt_sgd
#' @export
opt_rprop <- optimizer_constructor(
  "rprop", learn_rate = 0.01, decrease = 0.5, increase = 1.2, min_step = 1e-6, max_step = 50
)

#' @rdname opt_sgd
#' @export
opt_lbfgs <- optimizer_constructor("lbfgs", memory = 10L, tolerance = 1e-8)

# What is known of each optimizer: its name in texts, its constructor, whether it takes all rows in
# each step, how it trains (see R/train.R), and which arguments of mlp_fit() its training does
# without.
optimizer_row <- function(title, constructor, all_rows = FALSE, run = run_steps, lacks = character()) {
  list(title = title, constructor = constructor, all_rows = all_rows, run = run, lacks = lacks)
}

optimizers <- function() {
  list(
    sgd = optimizer_row("SGD", opt_sgd),
    adam = optimizer_row("Adam", opt_adam),
    adamw = optimizer_row("AdamW", opt_adamw),
    amsgrad = optimizer_row("AMSGrad", opt_amsgrad),
    nadam = optimizer_row("NAdam", opt_nadam),
    radam = optimizer_row("RAdam", opt_radam),
    rmsprop = optimizer_row("RMSprop", opt_rmsprop),
    adagrad = optimizer_row("Adagrad", opt_adagrad),
    adadelta = optimizer_row("Adadelta", opt_adadelta, lacks = "parametrization"),
    lion = optimizer_row("Lion", opt_lion),
    rprop = optimizer_row(
      "Rprop", opt_rprop, all_rows = TRUE,
      lacks = c("schedule", "rate_factors", "incomplete_batch", "clip_value", "clip_norm")
    ),
    lbfgs = optimizer_row(
      "L-BFGS", opt_lbfgs, all_rows = TRUE, run = run_lbfgs,
      lacks = c(
        "learn_rate", "schedule", "keep_epochs", "min_improvement", "ties", "metrics", "stop_metric",
        "stop_direction", "callbacks", "checkpoint", "normalization", "mixture", "clip_value", "clip_norm",
        "max_norm", "ema_decay", "dropout", "input_dropout", "input_noise", "rate_factors", "shuffle",
        "parametrization", "decay_schedule", "dropout_schedule", "incomplete_batch", "parametric_activation",
        "ensemble", "share_weights", "refit"
      )
    )
  )
}

optimizer_of <- function(optimizer) optimizers()[[optimizer$name]]

# ---- settings ----

# Settings beyond these would be zero or infinite in single precision, alone or times each other.
smallest_setting <- 1e-30
largest_setting <- 1e30

check_positive_setting <- function(x, arg, call) {
  check_number(x, arg, smallest_setting, largest_setting, call = call)
}

check_setting <- function(x, arg, call, to = largest_setting, open = character()) {
  x <- check_number(x, arg, 0, to, open, call)
  if (x > 0 && x < smallest_setting) {
    abort_argument(arg, sprintf("0, or at least %s", format(smallest_setting)), describe(x), call = call)
  }
  x
}

check_share <- function(x, arg, call) check_setting(x, arg, call, 1, "to")

setting_checks <- list(
  learn_rate = check_positive_setting,
  momentum = check_share,
  nesterov = function(x, arg, call) check_flag(x, arg, call),
  centered = function(x, arg, call) check_flag(x, arg, call),
  weight_decay = check_setting,
  beta1 = check_share,
  beta2 = check_share,
  epsilon = check_positive_setting,
  momentum_decay = check_setting,
  initial = check_setting,
  decrease = function(x, arg, call) check_number(x, arg, smallest_setting, 1, "to", call),
  increase = function(x, arg, call) check_number(x, arg, 1, largest_setting, "from", call),
  min_step = check_positive_setting,
  max_step = check_positive_setting,
  memory = function(x, arg, call) check_count(x, arg, max = 1000, call = call),
  tolerance = function(x, arg, call) check_number(x, arg, 0, 1, "to", call)
)

check_settings_together <- function(settings, call) {
  if (isTRUE(settings$nesterov) && settings$momentum == 0) {
    abort_argument("momentum", "above 0 with `nesterov = TRUE`", "0", call = call)
  }
  decay <- settings$weight_decay %||% 0
  if (decay > 0 && settings$learn_rate * decay < smallest_setting) {
    expected <- sprintf("0, or at least %s over `learn_rate`", format(smallest_setting))
    abort_argument("weight_decay", expected, describe(decay), call = call)
  }
  if (is.null(settings$min_step)) return(invisible())
  check_number(settings$max_step, "max_step", settings$min_step, largest_setting, call = call)
  check_number(settings$learn_rate, "learn_rate", settings$min_step, settings$max_step, call = call)
}

# What other packages call it.
setting_synonyms <- list(
  "Use `learn_rate`." = c("lr", "learning_rate", "eta"),
  "Use `beta1` and `beta2`." = "betas",
  "Use `beta2`." = c("alpha", "rho"),
  "Use `decrease` and `increase`." = "etas",
  "Use `min_step` and `max_step`." = "step_sizes",
  "L-BFGS has no learning rate." = "learn_rate",
  "Use `opt_amsgrad()`." = "amsgrad",
  "Use `mlp_fit(penalty = )`, or the decoupled decay of `opt_sgd()`, `opt_adamw()` or `opt_lion()`." =
    c("weight_decay", "decay", "penalty", "l2")
)

# ---- as arguments of mlp_fit() ----

check_optimizer <- function(x, arg, call) {
  expected <- "an optimizer such as `opt_sgd()`"
  check_class(x, arg, "fastmlp_optimizer", expected, call, "opt")
  check_made(x, arg, expected, "opt", names(optimizers()), call)
}

# All rows where the optimizer wants all and `batch_size` was not given.
default_batch_size <- function(batch_size, given, optimizer) {
  if (!given && optimizer_of(optimizer)$all_rows) Inf else batch_size
}

check_batch_size <- function(settings, rows, call) {
  optimizer <- optimizer_of(settings$optimizer)
  if (!optimizer$all_rows || settings$batch_size >= rows) return(invisible())
  expected <- sprintf("Inf, or at least the number of training rows (%d), with %s", rows, optimizer$title)
  abort_argument("batch_size", expected, describe(settings$batch_size), call = call)
}

# The optimizer at another learning rate.
with_learn_rate <- function(optimizer, learn_rate, call) {
  if (is.null(learn_rate)) return(optimizer)
  optimizer$learn_rate <- learn_rate
  check_settings_together(optimizer, call)
  optimizer
}

# ---- printing ----

#' @export
format.fastmlp_optimizer <- function(x, ...) format_constructor("opt", x)

#' @export
print.fastmlp_optimizer <- function(x, ...) print_line(x, ...)

# opt_sgd(learn_rate = 0.1, ...): the call that makes the object.
format_constructor <- function(prefix, x) {
  settings <- unclass(x)[-1]
  values <- vapply(settings, format_setting, "")
  inner <- paste(names(settings), "=", values, collapse = ", ", recycle0 = TRUE)
  sprintf("%s_%s(%s)", prefix, x$name, inner)
}

print_line <- function(x, ...) {
  check_no_dots(..., call = rlang::caller_env())
  show_lines(format(x))
  invisible(x)
}
