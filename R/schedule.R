#' Learning-rate schedules
#'
#' What the learning rate of the optimizer is multiplied by as training goes on, for the `schedule`
#' argument of [mlp_fit()]. The factor changes with every step; decoupled weight decay, which is
#' proportional to the learning rate, changes with it.
#'
#' Let \eqn{e} be the epochs that have passed at the beginning of a step: `(step - 1) / steps an
#' epoch`, 0 at the first step. Let \eqn{t = \min(e / \mathrm{horizon}, 1)}{t = min(e / horizon, 1)} be the
#' progress. The factors are
#' * `schedule_constant()`: 1;
#' * `schedule_step()`: \eqn{\mathrm{factor}^{\lfloor e / \mathrm{every} \rfloor}}{factor^{floor(e / every)}}
#'   (such as by Huang et al. 2017);
#' * `schedule_exponential()`: \eqn{\mathrm{decay}^e}{decay^e} (Senior et al. 2013);
#' * `schedule_inverse_time()`: \eqn{1 / (1 + \mathrm{decay}\, e)}{1 / (1 + decay e)}
#'   (Bottou 2012, after Robbins and Monro 1951);
#' * `schedule_cosine()`: \eqn{\mathrm{final} + (1 - \mathrm{final}) (1 + \cos \pi u) / 2}{final + (1 -
#' final) (1 + cos(pi u)) / 2}, where
#'   \eqn{u} is the progress within the present of `restarts + 1` cycles, each `growth` times as
#'   long as the one before, which together fill the horizon (Loshchilov and Hutter 2017);
#' * `schedule_one_cycle()`: from `start` up to 1 until \eqn{t} = `rise`, then down to `final`, both
#'   along half a cosine (Smith and Topin 2018, in the form of two phases). The learning rate of the
#'   optimizer is the highest; momentum stays as it is;
#' * `schedule_flat_cosine()`: 1 until \eqn{t} = `flat`, then down to `final` along half a cosine
#'   (Holzmueller, Grinsztajn and Steinwart 2024);
#' * `schedule_coslog4()`: \eqn{(1 - \cos(2 \pi \log_2(1 + 15 t))) / 2}{(1 - cos(2 pi log_2(1 + 15 t))) /
#' 2}, four cycles of growing
#'   length (the same authors);
#' * `schedule_warmup()`: \eqn{\mathrm{start} + (1 - \mathrm{start}) e / d}{start + (1 - start) e / d}
#' times the first factor
#'   of `then` for the first \eqn{d} epochs, after which `then` begins, with what is left of the
#'   horizon (Goyal et al. 2017);
#' * `schedule_plateau()`: 1, multiplied by `factor` whenever `patience` epochs have passed without
#'   the metric that `stop_metric` of [mlp_fit()] names (by default the loss), of the validation
#'   rows or, without such, of the training rows, becoming better by more than `min_improvement`;
#'   never below `smallest` (such as by He et al. 2016);
#' * `schedule_function()`: \eqn{f(t)}.
#'
#' `plot()` draws the factors that training uses.
#'
#' @param every Epochs between two steps: a whole number of at least 1.
#'   `r default_among("every", "^schedule_")`
#' @param factor What the rate is multiplied by at each step, or where it is lowered: a number in `(0, 1]`.
#'   `r default_among("factor", "^schedule_")`
#' @param decay For `schedule_exponential()` the factor of an epoch, in `(0, 1]`; for
#'   `schedule_inverse_time()` a finite number of at least 0: after `1 / decay` epochs the rate is half.
#'   `r default_among("decay", "^schedule_")`
#' @param final The factor at the end: a number in `[0, 1]`. `r default_among("final", "^schedule_")`
#' @param restarts How often the rate jumps back to 1: a whole number from 0 to 1000.
#'   `r default_among("restarts", "^schedule_")`
#' @param growth How many times as long as the one before each cycle is: a number from 0.1 to 10; 1 without
#'   `restarts`. `r default_among("growth", "^schedule_")`
#' @param rise The share of the horizon in which the rate rises: a number in `(0, 1)`.
#'   `r default_among("rise", "^schedule_")`
#' @param start The factor at the beginning: a number in `[0, 1]`. `r default_among("start", "^schedule_")`
#' @param flat The share of the horizon in which the rate stays: a number in `[0, 1)`.
#'   `r default_among("flat", "^schedule_")`
#' @param duration How long the warm-up takes: a share of the horizon in `(0, 1)`, or a number of epochs of
#'   at least 1. `r default_among("duration", "^schedule_")`
#' @param then The schedule after the warm-up. `r default_among("then", "^schedule_")`
#' @param patience Epochs without improvement before the rate is lowered, one more than in PyTorch: a whole
#'   number of at least 1. `r default_among("patience", "^schedule_")`
#' @param min_improvement What an improvement must exceed: a finite number of at least 0, in the unit of the
#'   metric. `r default_among("min_improvement", "^schedule_")`
#' @param smallest The least factor: a number in `[0, 1]`. `r default_among("smallest", "^schedule_")`
#' @param f A function of progress in `[0, 1]`, vectorised or not, that returns finite numbers of at least
#'   0. `r default_among("f", "^schedule_")`
#' @param horizon The number of epochs that the schedule is made for, a finite number above 0; `NULL` for
#'   all `epochs` of the fit. Beyond it the last factor stays. `r default_among("horizon", "^schedule_")`
#' @return An object of class `fastmlp_schedule`.
#' @references Bottou L (2012). "Stochastic gradient descent tricks." In Neural Networks: Tricks of the
#'   Trade, second edition, Springer.
#'
#'   Goyal P et al. (2017). "Accurate, large minibatch SGD: training ImageNet in 1 hour."
#'   arXiv:1706.02677.
#'
#'   He K, Zhang X, Ren S, Sun J (2016). "Deep residual learning for image recognition." CVPR.
#'
#'   Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs and
#'   boosted trees on tabular data." NeurIPS.
#'
#'   Huang G, Liu Z, van der Maaten L, Weinberger KQ (2017). "Densely connected convolutional networks."
#'   CVPR.
#'
#'   Loshchilov I, Hutter F (2017). "SGDR: stochastic gradient descent with warm restarts." ICLR.
#'
#'   Robbins H, Monro S (1951). "A stochastic approximation method." *Annals of Mathematical Statistics*, 22,
#'   400-407.
#'
#'   Senior A, Heigold G, Ranzato M, Yang K (2013). "An empirical study of learning rates in deep neural
#'   networks for speech recognition." ICASSP.
#'
#'   Smith LN, Topin N (2018). "Super-convergence: very fast training of neural networks using large
#'   learning rates." arXiv:1708.07120.
#' @examples
#' schedule_cosine()
#' plot(schedule_warmup(5, then = schedule_cosine(restarts = 2)), epochs = 60)
#' plot(schedule_function(function(t) (1 - t)^2))
#'
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 8, epochs = 20,
#'         schedule = schedule_coslog4())
#' @name schedules
#' @aliases NULL
NULL

#' @rdname schedules
#' @export
schedule_constant <- strict(function() new_schedule("constant"))

#' @rdname schedules
#' @export
schedule_step <- strict(function(every, factor = 0.1) {
  check_given()
  new_schedule("step", every = check_count(every, "every"), factor = check_positive_share(factor, "factor"))
})

#' @rdname schedules
#' @export
schedule_exponential <- strict(function(decay) {
  check_given()
  new_schedule("exponential", decay = check_positive_share(decay, "decay"))
})

#' @rdname schedules
#' @export
schedule_inverse_time <- strict(function(decay) {
  check_given()
  new_schedule("inverse_time", decay = check_number(decay, "decay", 0, open = "to"))
})

#' @rdname schedules
#' @export
schedule_cosine <- strict(function(final = 0, restarts = 0, growth = 1, horizon = NULL) {
  new_schedule(
    "cosine",
    final = check_number(final, "final", 0, 1),
    restarts = check_count(restarts, "restarts", 0, 1000),
    growth = check_growth(growth, restarts),
    horizon = check_horizon(horizon)
  )
})

check_growth <- function(growth, restarts, call = rlang::caller_env()) {
  growth <- check_number(growth, "growth", 0.1, 10, call = call)
  if (growth != 1 && restarts == 0) {
    abort_argument("growth", "1 without `restarts`", format(growth), call = call)
  }
  growth
}

#' @rdname schedules
#' @export
schedule_one_cycle <- strict(function(rise = 0.3, start = 0.04, final = 4e-6, horizon = NULL) {
  new_schedule(
    "one_cycle",
    rise = check_number(rise, "rise", 0, 1, open = c("from", "to")),
    start = check_number(start, "start", 0, 1),
    final = check_number(final, "final", 0, 1),
    horizon = check_horizon(horizon)
  )
})

#' @rdname schedules
#' @export
schedule_flat_cosine <- strict(function(flat = 0.5, final = 0, horizon = NULL) {
  new_schedule(
    "flat_cosine",
    flat = check_number(flat, "flat", 0, 1, open = "to"),
    final = check_number(final, "final", 0, 1),
    horizon = check_horizon(horizon)
  )
})

#' @rdname schedules
#' @export
schedule_coslog4 <- strict(function(horizon = NULL) new_schedule("coslog4", horizon = check_horizon(horizon)))

#' @rdname schedules
#' @export
schedule_warmup <- strict(function(duration, then = schedule_constant(), start = 0.01, horizon = NULL) {
  check_given()
  schedule <- new_schedule(
    "warmup",
    duration = check_number(duration, "duration", 0, open = c("from", "to")),
    then = check_schedule(then, "then"),
    start = check_number(start, "start", 0, 1),
    horizon = check_horizon(horizon)
  )
  if (!is.null(horizon) && duration >= 1 && !asks_horizon(then)) {
    abort_argument("horizon", "left out where neither the warm-up nor what follows is a share of it",
                   describe(horizon), call = environment())
  }
  schedule
})

# Whether a schedule follows the horizon that it is given from outside.
asks_horizon <- function(schedule) {
  "horizon" %in% names(formals(paste0("schedule_", schedule$name))) && is.null(schedule$horizon)
}

#' @rdname schedules
#' @export
schedule_plateau <- strict(function(factor = 0.1, patience = 10, min_improvement = 0, smallest = 0) {
  new_schedule(
    "plateau",
    factor = check_positive_share(factor, "factor"),
    patience = check_count(patience, "patience"),
    min_improvement = check_number(min_improvement, "min_improvement", 0, open = "to"),
    smallest = check_number(smallest, "smallest", 0, 1)
  )
})

#' @rdname schedules
#' @export
schedule_function <- strict(function(f, horizon = NULL) {
  call <- environment()
  check_given()
  if (!is.function(f)) abort_argument("f", "a function of progress in [0, 1]", describe(f), "type")
  schedule <- new_schedule("function", f = f, horizon = check_horizon(horizon))
  check_factors_of(schedule_value(schedule, c(0, 0.5, 1), 1), "f", call)
  schedule
})

new_schedule <- function(name, ...) {
  settings <- Filter(Negate(is.null), list(...))
  structure(c(list(name = name), settings), class = "fastmlp_schedule")
}

check_positive_share <- function(x, arg, call = rlang::caller_env()) {
  check_number(x, arg, 0, 1, open = "from", call = call)
}

check_horizon <- function(x, call = rlang::caller_env()) {
  if (!is.null(x)) check_number(x, "horizon", 0, open = c("from", "to"), call = call)
}

check_schedule <- function(x, arg, call = rlang::caller_env()) {
  expected <- "a schedule such as `schedule_cosine()`"
  check_class(x, arg, "fastmlp_schedule", expected, call, "schedule")
  check_made(x, arg, expected, "schedule", names(schedule_curves), call)
}

# The values of a user's function as factors.
check_factors_of <- function(values, arg, call) {
  if (is_plain_numeric(values) && all(is.finite(values) & values >= 0)) return(values)
  bad <- if (is_plain_numeric(values)) values[!is.finite(values) | values < 0][1] else values
  expected <- "a function that returns one finite number of at least 0"
  abort_argument(arg, expected, describe(bad), call = call)
}

# ---- what they come to ----

# Factors after so many epochs (a vector, not necessarily whole) of `epochs`: what training uses and
# what plot() draws.
schedule_value <- function(schedule, epoch, epochs) {
  horizon <- schedule$horizon %||% epochs
  schedule_curves[[schedule$name]](schedule, epoch, horizon)
}

progress <- function(epoch, horizon) pmin(epoch / horizon, 1)

# From `from` to `to` along half a cosine as u goes from 0 to 1.
half_cosine <- function(u, from, to) to + (from - to) * (1 + cos(pi * u)) / 2

# What rounding may have taken from a number of epochs, of a warm-up that is a share of the horizon, say.
rounding_of_epochs <- 1e-9

# Each takes the schedule, epochs passed and the horizon. To add a schedule, add a row and a
# constructor.
schedule_curves <- list(
  constant = function(s, epoch, horizon) rep(1, length(epoch)),
  step = function(s, epoch, horizon) s$factor^floor(epoch / s$every + rounding_of_epochs),
  exponential = function(s, epoch, horizon) s$decay^epoch,
  inverse_time = function(s, epoch, horizon) 1 / (1 + s$decay * epoch),
  cosine = function(s, epoch, horizon) {
    half_cosine(within_cycle(progress(epoch, horizon), s$restarts, s$growth), 1, s$final)
  },
  one_cycle = function(s, epoch, horizon) {
    t <- progress(epoch, horizon)
    up <- half_cosine(t / s$rise, s$start, 1)
    ifelse(t < s$rise, up, half_cosine((t - s$rise) / (1 - s$rise), 1, s$final))
  },
  flat_cosine = function(s, epoch, horizon) {
    half_cosine(pmax(progress(epoch, horizon) - s$flat, 0) / (1 - s$flat), 1, s$final)
  },
  coslog4 = function(s, epoch, horizon) {
    (1 - cos(2 * pi * log2(1 + 15 * progress(epoch, horizon)))) / 2
  },
  warmup = function(s, epoch, horizon) {
    epochs <- warmup_epochs(s, horizon)
    ramp <- pmin(s$start + (1 - s$start) * epoch / epochs, 1)
    ramp * schedule_value(s$then, pmax(epoch - epochs, 0), horizon_after(epochs, horizon))
  },
  # What it is multiplied by follows from the losses.
  plateau = function(s, epoch, horizon) rep(1, length(epoch)),
  "function" = function(s, epoch, horizon) each_value(s$f, progress(epoch, horizon))
)

warmup_epochs <- function(s, horizon) if (s$duration < 1) s$duration * horizon else s$duration

horizon_after <- function(epochs, horizon) max(horizon - epochs, .Machine$double.eps)

# Epochs of the warm-ups in front of a plateau.
epochs_before_plateau <- function(schedule, epochs) {
  if (schedule$name == "plateau") return(0)
  horizon <- schedule$horizon %||% epochs
  own <- warmup_epochs(schedule, horizon)
  own + epochs_before_plateau(schedule$then, horizon_after(own, horizon))
}

# Progress within the cycle that t falls into. What rounding takes from a cycle's first step does
# not put it into the cycle before.
within_cycle <- function(t, restarts, growth) {
  ends <- cumsum(growth^(0:restarts))
  starts <- c(0, ends[-length(ends)]) / ends[length(ends)]
  ends <- ends / ends[length(ends)]
  cycle <- findInterval(t + rounding_of_epochs, starts)
  pmin(pmax((t - starts[cycle]) / (ends[cycle] - starts[cycle]), 0), 1)
}

# f of each value of t, at once if f is vectorised.
each_value <- function(f, t) {
  probe <- c(0, 0.3, 1)
  one_by_one <- function(t) vapply(t, function(one) as.double(one_value(f(one))), 1)
  at_once <- suppressWarnings(tryCatch(f(probe), error = function(cnd) NULL))
  vectorised <- is.numeric(at_once) && identical(as.double(at_once), one_by_one(probe))
  if (vectorised) as.double(f(t)) else one_by_one(t)
}

# A value that is no number counts as NaN, which is refused.
one_value <- function(value) if (is.numeric(value) && length(value) == 1) value else NaN

# What is taken from whole epochs, so that the factor is that of the steps that lead up to them.
just_before <- 1e-6

# The epochs at which the factor has come down to rise again, or to stay: the ends of cycles, or NULL where
# there are not several of them. Where training ends on the way down that is no end.
cycle_ends <- function(schedule, epochs) {
  factor <- round(schedule_value(schedule, c(0, seq_len(epochs) - just_before), epochs), 9)
  moves <- which(diff(factor) != 0)
  down <- diff(factor)[moves] < 0
  ends <- moves[down & !c(down[-1], FALSE)[seq_along(down)]]
  lows <- factor[ends + 1]
  ends <- ends[lows <= lows[1] + max(factor) / 10]
  if (length(ends) > 1) ends
}

is_constant <- function(schedule) identical(schedule$name, "constant")

# The plateau in a schedule, or NULL.
find_plateau <- function(schedule) {
  if (is.null(schedule) || schedule$name == "plateau") schedule else find_plateau(schedule$then)
}

# ---- shown ----

#' @export
format.fastmlp_schedule <- function(x, ...) {
  functions <- vapply(x, is.function, NA)
  x[functions] <- lapply(x[functions], one_line)
  format_constructor("schedule", x)
}

# A function in one line, cut off where it is longer.
one_line <- function(f) {
  text <- paste(trimws(deparse(f)), collapse = " ")
  as.name(if (nchar(text) <= 60) text else paste0(substr(text, 1, 57), "..."))
}

#' @export
print.fastmlp_schedule <- function(x, ...) print_line(x, ...)

#' @param x,object A schedule.
#' @param epochs Epochs to draw: a finite number above 0; `NULL`, the default, for the horizon or, without
#'   one, 100.
#' @param ... Must be empty.
#' @rdname schedules
#' @export
plot.fastmlp_schedule <- function(x, epochs = NULL, ...) {
  check_no_dots(..., known = "epochs")
  draw_plot(schedule_plot(x, "x", epochs, environment()))
}

#' @rdname schedules
#' @exportS3Method ggplot2::autoplot fastmlp_schedule
autoplot.fastmlp_schedule <- function(object, epochs = NULL, ...) { # nolint: object_name_linter.
  check_no_dots(..., known = "epochs")
  schedule_plot(object, "object", epochs, environment())
}

schedule_points <- 2001

# Broken between arguments alone.
schedule_title <- function(schedule) wrapped(gsub(" = ", "\u00a0=\u00a0", format(schedule)), 54)

schedule_plot <- function(schedule, arg, epochs, call) {
  if (!is.null(find_plateau(schedule))) {
    abort_argument(arg, "a schedule of time alone", format(schedule),
                   hint = "When a plateau comes follows from the losses.", call = call)
  }
  epochs <- epochs %||% schedule$horizon %||% 100
  check_number(epochs, "epochs", 0, open = c("from", "to"), call = call)
  epoch <- seq(0, epochs, length.out = schedule_points)
  data <- data.frame(epoch = epoch, factor = schedule_value(schedule, epoch, epochs))
  ggplot2::ggplot(data, ggplot2::aes(.data$epoch, .data$factor)) +
    ggplot2::geom_line(colour = plot_colours[["blue"]], linewidth = .8) +
    ggplot2::expand_limits(y = 0) +
    ggplot2::labs(x = "epochs", y = "factor of the learning rate", title = schedule_title(schedule)) +
    plot_theme()
}
