#' @importFrom rlang .data
#' @export
ggplot2::autoplot

#' Plot a fit or a network
#'
#' `autoplot()` returns a ggplot, to which layers, scales and themes can be added; `plot()` draws
#' it and returns it invisibly.
#'
#' Of every fit, without data:
#' * `"history"`: loss, scores and learning rate after each epoch, for the training rows and, if there
#'   are any, the validation rows. A dotted line marks the epoch whose weights were kept where `patience`
#'   chose it, otherwise the one with the lowest validation loss. Of an ensemble they are what
#'   [mlp_fit()] says of its history.
#' * `"network"`: a column of units for each layer and a line for each weight, coloured by its sign,
#'   thicker and darker the larger it is within its layer. Biases are not drawn. Layers of more than
#'   `max_units` units show the first and last of them, around the number of those left out, and so does a
#'   network of more than 8 columns its layers. Where there is an embedding, the first column is what comes
#'   out of it.
#' * `"weights"`: each layer's weights as a heat map, what comes in from top to bottom, units from left to
#'   right. Of a layer with more than 200 of either, each cell is the mean of a block of weights. With
#'   `shape`, the units of the first layer as images, each as bright as its own largest weight allows:
#'   at most `max_units` of them, those with the largest weights (by root mean square) first.
#' * `"weight_histogram"`: how weights and biases are distributed in each layer.
#'
#' Of rows whose outcome is known, of fits that give what the picture needs:
#' * `"confusion"` (classes, labels): rows by true and predicted class, with the share of the true class's
#'   rows, which the colour shows.
#' * `"roc"` (classes, labels; not hinge losses): the share of positive rows found against the share of
#'   negative rows mistaken for them, at all thresholds of the probability; one curve a class against the
#'   rest (of two classes one for the second) or a label, with the area under it. Of more than 14 those
#'   with the smallest areas.
#' * `"calibration"` (the same fits): the share of rows that are of a class against the mean predicted
#'   probability, in `bins` bins of equally many rows (rows of one probability stay together), with
#'   intervals at 95 % (Wilson 1927). Above it the expected calibration error (Naeini, Cooper and
#'   Hauskrecht 2015), the mean distance of the points from the diagonal, weighted by their rows. Of more
#'   than 12 classes those with the largest errors.
#' * `"observed"` (numbers, losses that give means): observed against predicted values.
#' * `"residuals"` (the same fits): observed less predicted values against predictions, and against normal
#'   quantiles; the line of the latter goes through the quartiles.
#' * `"quantiles"` (quantile and Gaussian losses): outcomes, and bands between quantiles at `levels`
#'   that leave out as much on either side, with the share of outcomes that each holds; from the
#'   smallest predicted median to the largest, or `along` a numeric predictor. With more than 200
#'   different values, bands are means over about 200 groups of neighbours.
#'
#' Of rows whose outcome need not be known:
#' * `"regions"`: predictions over the plane of two numeric predictors, with the rows of `new_data` as
#'   points, filled by their outcome where it is known. Of a fit of classes it is the predicted class, the
#'   deeper the colour the more probable (if the loss gives probabilities); of another what
#'   [predict()][predict.fastmlp] gives as probabilities, means or quantiles, each in a panel of its own,
#'   at an offset of 0. All other predictors are held at their median or most frequent value.
#'
#' Of many outcomes, labels or outputs with a panel each the first 12 are drawn, of `"residuals"`, with two
#' panels each, the first 6; the caption says so.
#'
#' Where `"observed"` or `"residuals"` have more than 5000 points, they are counted in small rectangles.
#'
#' @section Data:
#' The data of a picture are a tidy data frame, `autoplot()$data`:
#'
#' | type | a row is | columns |
#' | --- | --- | --- |
#' | history | an epoch, set and metric | `epoch`, `set`, `metric`, `value` |
#' | network | a unit that is drawn | `layer`, `unit`, `x`, `y`, `label`, `name` |
#' | weights | a cell | `layer`, `from`, `to`, `weight`, `relative` (over the layer's largest) |
#' | weights, with `shape` | a pixel | `unit`, `row`, `column`, `weight` (over the unit's largest) |
#' | weight_histogram | a weight or bias | `layer`, `parameter`, `value` |
#' | confusion | two classes | `truth`, `predicted`, `rows`, `share`; for several labels `label` |
#' | roc | a corner of a curve | `class`, `false_positive`, `true_positive`, `auc` |
#' | calibration | a bin of a class | `class`, `predicted`, `observed`, `rows`, `lower`, `upper`, `error` |
#' | observed | a row and number | `outcome`, `observed`, `predicted` |
#' | residuals | a row, number and panel | the same, `residual`, `panel`, `x` |
#' | quantiles | a group, number and band | `outcome`, `x`, `band`, `lower`, `upper`, `level`, `held` |
#' | regions | a point of the plane and output | the two predictors, what is predicted |
#'
#' @param object,x A fit from [mlp_fit()] or a network from [mlp_network()].
#' @param type What to show, by default the first.
#' @param new_data For pictures of rows: a matrix or data frame with the predictors of the fit, as for
#'   [predict()][predict.fastmlp].
#' @param truth Their outcome, in the form in which the fit took it. May be left out for a fit by a formula
#'   whose outcome is in `new_data`.
#' @param ... Further arguments of the picture (`plot()` takes those of `autoplot()`):
#'   * `"network"`: `max_units`, at least 3, by default 12;
#'   * `"weights"`: `layer`, a whole number, for one layer alone (its sides are then named where there is
#'     room); or `shape`, rows and columns of images, whose pixels come from left to right, then from
#'     top to bottom, as from [read_idx()] with `flatten = TRUE`, and `max_units`, by default 24;
#'   * `"network"`, `"weights"` and `"weight_histogram"` of an ensemble: `member`, a whole number, by
#'     default 1;
#'   * `"calibration"`: `bins`, a whole number from 1 to 100, by default one for each 100 rows,
#'     from 5 to 40;
#'   * pictures of rows but `"regions"`, of a fit with the argument `offset`: `offset`, one finite number a
#'     row;
#'   * `"quantiles"`: `levels` as for `predict()`, by default those of the fit or, with Gaussian loss,
#'     0.025, 0.1, 0.25, 0.5, 0.75, 0.9 and 0.975; `along`, the name of a numeric column of `new_data`;
#'   * `"regions"`: `variables`, the names of the two predictors, if there are others; `resolution`, points
#'     along each side, by default 200; `max_points`, the most rows to draw, by default 500.
#' @returns A ggplot. An argument that the picture does not take, rows without a known outcome and a picture
#'   that the fit does not have are errors.
#' @seealso `autoplot()` also draws importance ([mlp_importance()]: by permuting, Garson, Olden), partial
#'   dependence and the curves of single rows ([mlp_partial()]), contributions of predictors
#'   ([mlp_attribution()]) and schedules ([schedule_cosine()]); [plot_activation()] draws activations.
#' @references Naeini MP, Cooper GF, Hauskrecht M (2015). "Obtaining well calibrated probabilities using
#'   Bayesian binning." AAAI.
#'
#'   Wilson EB (1927). "Probable inference, the law of succession, and statistical inference." Journal of
#'   the American Statistical Association 22.
#' @examples
#' autoplot(mlp_network(4, hidden_units = 5, outputs = 3))
#'
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., data = iris, hidden_units = 5, epochs = 20, standardize = "zscore")
#' autoplot(fit)
#' autoplot(fit, type = "network") + ggplot2::labs(title = "Three kinds of iris")
#' autoplot(fit, type = "weights")
#' autoplot(fit, type = "weight_histogram")
#' autoplot(fit, type = "confusion", new_data = iris)
#' autoplot(fit, type = "roc", new_data = iris)
#' autoplot(fit, type = "calibration", new_data = iris, bins = 5)
#' autoplot(fit, type = "regions", new_data = iris, variables = c("Petal.Length", "Petal.Width"))
#'
#' # Units of the first layer as images, here of 2 x 2 pixels
#' fit <- mlp_fit(as.matrix(iris[1:4]), iris$Species, preset = "plain", hidden_units = 5, epochs = 20)
#' autoplot(fit, type = "weights", shape = c(2, 2))
#'
#' # Numbers; the outcome given beside the predictors
#' x <- as.matrix(mtcars[-1])
#' fit <- mlp_fit(x, mtcars$mpg, preset = "fast", loss = "gaussian")
#' autoplot(fit, type = "observed", new_data = x, truth = mtcars$mpg)
#' autoplot(fit, type = "residuals", new_data = x, truth = mtcars$mpg)
#' autoplot(fit, type = "quantiles", new_data = x, truth = mtcars$mpg)
#' autoplot(fit, type = "quantiles", new_data = x, truth = mtcars$mpg, along = "wt")
#' @exportS3Method ggplot2::autoplot fastmlp
autoplot.fastmlp <- function(object, # nolint: object_name_linter.
                             type = c("history", "network", "weights", "weight_histogram", "confusion", "roc",
                                      "calibration", "observed", "residuals", "quantiles", "regions"),
                             new_data = NULL, truth = NULL, ...) {
  check_whole_names()
  fit_plot(object, environment(), type, new_data, truth, ...)
}

#' @rdname autoplot.fastmlp
#' @export
plot.fastmlp <- function(x, ...) draw_plot(fit_plot(x, environment(), ...))

#' @rdname autoplot.fastmlp
#' @exportS3Method ggplot2::autoplot mlp_network
autoplot.mlp_network <- function(object, # nolint: object_name_linter.
                                 type = c("network", "weights", "weight_histogram"), ...) {
  check_whole_names()
  network_picture(object, environment(), type, ...)
}

#' @rdname autoplot.fastmlp
#' @export
plot.mlp_network <- function(x, ...) draw_plot(network_picture(x, environment(), ...))

# ---- what can be shown ----

# Of a network: draw(network, names, call, <what it takes>), where names are those of its inputs and outputs,
# as list(inputs, outputs), or NULL. To add a picture, add a row and its name to autoplot.mlp_network().
network_plot_types <- list(
  network = list(takes = "max_units", draw = function(network, names, call, max_units = 12) {
    network_plot(network, check_count(max_units, "max_units", min = 3, call = call), names)
  }),
  weights = list(takes = c("layer", "shape", "max_units"), draw = function(network, names, call, ...) {
    weights_picture(network, names, call, ...)
  }),
  weight_histogram = list(draw = function(network, names, call) {
    weight_histogram(weight_values(network)) + layers_caption(network)
  })
)

# A picture of a network as one of a fit.
of_a_fit <- function(picture) {
  draw <- function(object, call, ..., member = 1) {
    networks <- object$members %||% list(object$network)
    member <- check_count(member, "member", max = length(networks), call = call)
    picture$draw(networks[[member]], side_names(object), call, ...)
  }
  list(takes = c(picture$takes, "member"), draw = draw)
}

rows_of_data <- c("new_data", "truth")

# Of a fit: draw(object, call, <what it takes>), and the type of prediction that it needs. To add a picture,
# add a row and its name to autoplot.fastmlp().
plot_types <- c(
  list(history = list(draw = function(object, call) {
    check_some_history(object, call)
    history_plot(whole_history(object), marked_epoch(object))
  })),
  lapply(network_plot_types, of_a_fit),
  list(
    confusion = list(needs = "class", takes = c(rows_of_data, "offset"), draw = function(object, call, ...) {
      confusion_plot(confusion_counts(object, call, ...))
    }),
    roc = list(needs = "prob", takes = c(rows_of_data, "offset"), draw = function(object, call, ...) {
      roc_plot(roc_curves(class_probabilities(object, call, ...), call))
    }),
    calibration = list(needs = "prob", takes = c(rows_of_data, "offset", "bins"),
      draw = function(object, call, ..., bins = NULL) {
        if (!is.null(bins)) check_count(bins, "bins", max = 100, call = call)
        calibration_plot(calibration_bins(class_probabilities(object, call, ...), bins))
      }),
    observed = list(needs = "numeric", takes = c(rows_of_data, "offset"),
      draw = function(object, call, ...) observed_plot(observed_numbers(object, call, ...))),
    residuals = list(needs = "numeric", takes = c(rows_of_data, "offset"),
      draw = function(object, call, ...) {
        residuals_plot(observed_residuals(observed_numbers(object, call, ...)))
      }),
    quantiles = list(needs = "quantile", takes = c(rows_of_data, "offset", "levels", "along"),
      draw = function(object, call, ...) quantiles_picture(object, call, ...)),
    regions = list(takes = c(rows_of_data, "variables", "resolution", "max_points"),
      draw = function(object, call, ...) regions_picture(object, call, ...))
  )
)

# ---- from what is asked for to a picture ----

fit_plot <- function(object, call, type = names(plot_types), new_data = NULL, truth = NULL, ...) {
  check_whole_names(call = call)
  check_model(object, call = call)
  type <- check_plot_type(type, object$outcome, call)
  given <- plot_arguments(plot_types, type, list(new_data = new_data, truth = truth, ...), call)
  if ("new_data" %in% plot_types[[type]]$takes && is.null(given$new_data)) {
    abort_argument("new_data", sprintf("given with `type = \"%s\"`", type), "nothing", "type",
                   "A fit does not hold its training data.", call)
  }
  do.call(plot_types[[type]]$draw, c(list(object, call), given), quote = TRUE)
}

network_picture <- function(network, call, type = names(network_plot_types), ...) {
  check_whole_names(call = call)
  check_network(network, "object", call)
  type <- check_first_choice(type, "type", names(network_plot_types), call)
  given <- plot_arguments(network_plot_types, type, list(...), call)
  do.call(network_plot_types[[type]]$draw, c(list(network, NULL, call), given), quote = TRUE)
}

# The arguments that are given (not NULL), all of which the picture takes.
plot_arguments <- function(types, type, given, call) {
  given <- Filter(Negate(is.null), given)
  takes <- types[[type]]$takes
  known <- unique(unlist(lapply(types, `[[`, "takes")))
  users <- lapply(rlang::set_names(known), function(arg) {
    names(Filter(function(picture) arg %in% picture$takes, types))
  })
  synonyms <- c(
    rlang::set_names(as.list(known), vapply(users, function(names) {
      sprintf("It goes with `type = %s`.", enumerate(names, Inf, "or"))
    }, "")),
    list("Use `new_data`." = c("data", "newdata", "x"), "Use `truth`." = c("y", "outcome", "observed"))
  )
  unknown <- given[!names(given) %in% takes | names(given) == ""]
  checks <- list(known = c("type", takes), synonyms = synonyms, call = call)
  do.call(check_no_dots, c(unknown, checks), quote = TRUE)
  given
}

# A picture that the fit has.
check_plot_type <- function(type, outcome, call) {
  if (identical(type, names(plot_types))) return(type[1])
  gives <- names(types_of_fit(outcome))
  has <- names(Filter(function(picture) is.null(picture$needs) || picture$needs %in% gives, plot_types))
  if (!rlang::is_string(type, setdiff(names(plot_types), has))) {
    return(check_choice(type, "type", names(plot_types), call = call))
  }
  hint <- sprintf("Fits with the losses %s have it.", enumerate(losses_with(plot_types[[type]]$needs), Inf))
  abort_argument("type", sprintf("one of %s for a fit with loss %s", enumerate(has, Inf, "or"),
                                 format(outcome$loss)), format_value(type), hint = hint, call = call)
}

draw_plot <- function(plot) {
  print(plot)
  invisible(plot)
}

# ---- what all pictures share ----

# Colours that stay apart under every common colour blindness (Okabe and Ito 2008), the most
# distinct first.
plot_colours <- c(
  blue = "#0072B2", vermilion = "#D55E00", green = "#009E73", orange = "#E69F00",
  purple = "#CC79A7", sky = "#56B4E9", black = "#000000"
)

plot_theme <- function() {
  ggplot2::theme_minimal() +
    ggplot2::theme(
      legend.position = "top",
      legend.justification = "left",
      legend.margin = ggplot2::margin(0, 0, 0, 0),
      legend.title = ggplot2::element_text(margin = ggplot2::margin(r = 6, b = 4)),
      legend.spacing.x = ggplot2::unit(6, "pt"),
      panel.grid.minor = ggplot2::element_blank(),
      # Pictures in files are not to be seen through.
      plot.background = ggplot2::element_rect(fill = "white", colour = NA),
      strip.text = ggplot2::element_text(hjust = 0)
    )
}

# Numbers on axes and in labels: 1,000; but 3e+07 where that takes less room than 30,000,000.
big_numbers <- function(x, mark = ",") {
  large <- max(abs(x), 0, na.rm = TRUE) >= 1
  text <- told_apart(x, big.mark = mark, scientific = if (large) FALSE else NA)
  if (max(nchar(text), 0) > 9) {
    short <- told_apart(x, scientific = TRUE)
    if (max(nchar(short)) < max(nchar(text))) text <- short
  }
  ifelse(is.na(x), NA_character_, text)
}

# With so many digits that no two numbers look alike.
told_apart <- function(x, ...) {
  for (digits in 3:12) {
    text <- format(x, trim = TRUE, digits = digits, ...)
    if (length(unique(text)) == length(unique(x))) break
  }
  text
}

# Values of predictors, of which numbers below 10,000 may be years.
predictor_numbers <- function(x) {
  big_numbers(x, mark = if (max(abs(x), 0, na.rm = TRUE) < 1e4) "" else ",")
}

# Rows of the groups that have a line: of more than one point.
rows_on_lines <- function(data, by) data[data[[by]] %in% data[[by]][duplicated(data[[by]])], ]

# Numbers of an axis that would run into others are left out.
without_overlap <- function() ggplot2::guide_axis(check.overlap = TRUE)

# The scale of an axis, "x" or "y", along values that lie on a line (see on_a_line()).
predictor_axis <- function(axis, values, ...) {
  kind <- if (is.numeric(values)) "continuous" else if (inherits(values, "Date")) "date" else "datetime"
  scale <- getExportedValue("ggplot2", paste("scale", axis, kind, sep = "_"))
  labels <- if (kind == "continuous") list(labels = predictor_numbers)
  if (kind == "continuous" && axis == "x" && are_long(values)) labels$breaks <- inner_breaks
  do.call(scale, c(labels, list(guide = without_overlap(), ...)))
}

# Whether numbers along an axis are so long that those of panels beside each other may touch.
are_long <- function(values) {
  any(abs(values) >= 1e7, na.rm = TRUE) || max(nchar(predictor_numbers(pretty(values))), 0) > 7
}

# Few numbers, none at the ends, beyond which long ones would reach.
inner_breaks <- function(limits) few_breaks(limits, 2, room = 0.1 * diff(limits))

# 12.3 %
percent <- function(share, digits = 1) sprintf("%.*f %%", as.integer(digits), 100 * share)

# As many colours as there are classes, told apart by the line's type where colours come again.
curve_scales <- function(n, labels) {
  types <- rep(c("solid", "22", "62"), each = length(plot_colours), length.out = n)
  list(
    ggplot2::scale_colour_manual(values = rep_len(unname(plot_colours), n), labels = labels),
    ggplot2::scale_linetype_manual(values = types, labels = labels)
  )
}

# Weights below and above zero.
weight_fill <- function(largest, name = "weight", ...) {
  ggplot2::scale_fill_gradient2(
    name, low = plot_colours[["vermilion"]], mid = "white", high = plot_colours[["blue"]],
    limits = c(-1, 1) * (if (largest > 0) largest else 1), ...
  )
}
