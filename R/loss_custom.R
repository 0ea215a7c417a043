#' A loss of your own
#'
#' Makes a loss from an R function that gives its value and its gradient.
#'
#' The function is called for blocks of at most 1024 rows, during training and validation, on R's own
#' thread, while the engine's other threads wait. What it computes for a row must depend on that row alone;
#' case weights and means over the rows are taken care of. An error inside or a result that is not as
#' described ends training; errors are raised again, naming `loss`. A call that is interrupted is made
#' again, and training ends after the step; where that call is interrupted, too, it ends at once, with the
#' last epoch, and cannot be continued. Numbers that are not finite are such an error at the first call of a
#' training; after that they are what they are of other losses: training has diverged, and ends with a
#' warning and the last finite epoch. Warnings and messages of the function are shown at once and reach no
#' handlers. A fit does not keep the function: predictions do not need it.
#'
#' For numbers, `predict(type = "numeric")` gives the first output of each number of the outcome
#' as it is; for classes, probabilities are the softmax of the outputs.
#'
#' @param fn A function of `output`, a matrix rows x outputs, and `target`: a matrix rows x numbers or, for
#'   classes, whole numbers from 1 to the number of classes. It returns `list(value = , gradient = )`: one
#'   finite number a row, and the derivative of each row's value with respect to its outputs, a matrix of
#'   the shape of `output`. `r default_among("fn", "^loss_custom$")`
#' @param target `"numbers"` for numeric outcomes, `"classes"` for factors.
#'   `r default_among("target", "^loss_custom$")`
#' @param outputs Outputs of the network for each number of the outcome (all of the first come first): a
#'   whole number from 1 to 128. With classes there is one output a class.
#'   `r default_among("outputs", "^loss_custom$")`
#' @param ... Must be empty.
#' @return An object of class `fastmlp_loss` for the `loss` argument of [mlp_fit()],
#'   [mlp_gradient()], [loss_value()] and [loss_gradient()].
#' @seealso [loss_value()] for the losses that the engine has.
#' @examples
#' # Squared error relative to the size of the outcome
#' relative <- loss_custom(function(output, target) {
#'   error <- (output - target) / target
#'   list(value = rowMeans(error^2), gradient = 2 * error / target / ncol(output))
#' })
#' loss_value(c(1, 3), c(2, 2), relative)
#' set.seed(1)
#' mlp_fit(mpg ~ wt + hp, mtcars, loss = relative, preset = "plain", standardize = "zscore",
#'         hidden_units = 4)
#' @export
loss_custom <- strict(function(fn, target = c("numbers", "classes"), outputs = 1) {
  check_given()
  if (!is.function(fn)) abort_argument("fn", "a function", describe(fn), "type", own_loss_hint)
  parameters <- names(formals(args(fn)))
  if (length(parameters) < 2 && !"..." %in% parameters) {
    got <- sprintf("one of %s", count_of(length(parameters), "argument"))
    abort_argument("fn", "a function of `output` and `target`", got, "type", own_loss_hint)
  }
  target <- check_first_choice(target, "target", c("numbers", "classes"))
  outputs <- check_count(outputs, "outputs", 1, 128)
  if (target == "classes") {
    if (outputs != 1) abort_argument("outputs", "1 with `target = \"classes\"`", format(outputs))
    return(new_loss("custom_classes", fn = fn))
  }
  new_loss("custom", levels = as.double(seq_len(outputs)), fn = fn)
})

own_loss_hint <- "Such as `function(output, target) list(value = , gradient = )`; see `?loss_custom`."

own_loss_result <- "`list(value = , gradient = )`"

# Runs `run` with a loss in the engine's form; raises what went wrong in a function of the user's.
run_loss <- function(loss, call, run) {
  guard <- guard_loss(loss, call)
  result <- suspendInterrupts(run(guard$loss))
  if (guard$interrupted()) rlang::interrupt()
  guard$raise()
  result
}

# A loss in the engine's form. A function of the user's is wrapped so that nothing jumps through the engine,
# which is told NULL of a call that failed: errors are kept, and interrupts. In training a call that is
# interrupted is made again, so that the step under way is completed with which the slice ends, and only
# what interrupts that, too, is kept; and numbers that are not finite are an error at the first call only:
# later the engine sees that it has diverged.
guard_loss <- function(loss, call, training = FALSE) {
  kept <- NULL
  worked <- FALSE
  left <- FALSE # by a jump that nothing catches, to a restart
  keep <- function(cnd) {
    kept <<- cnd
    NULL
  }
  to_value <- if (training) run_to_value else function(run) allowInterrupts(run())
  engine <- unclass(loss)
  engine$fn <- NULL
  if (!is.null(loss$fn)) {
    engine$call <- function(output, target) {
      if (left || !is.null(kept)) return(NULL)
      left <<- TRUE
      force(output) # a promise that is interrupted warns when it is used again
      force(target)
      runs <- 0
      run <- function() {
        runs <<- runs + 1
        call_custom(loss$fn, output, target, call, may_diverge = training && worked)
      }
      answer <- tryCatch({
        result <- to_value(run)
        worked <<- TRUE
        c(result, list(interrupted = runs > 1))
      }, error = keep, interrupt = keep)
      left <<- FALSE
      answer
    }
  }
  list(
    loss = engine,
    interrupted = function() inherits(kept, "interrupt"),
    raise = function() {
      if (left) abort_custom(own_loss_result, "nothing: it was left by a restart", call)
      if (inherits(kept, "error")) raise_custom(kept, call)
    }
  )
}

raise_custom <- function(cnd, call) {
  if (inherits(cnd, "fastmlp_error_loss")) rlang::cnd_signal(cnd)
  rlang::abort(
    c("`loss` stopped with an error.", x = conditionMessage(cnd)),
    class = condition_class("error", "loss"), call = call
  )
}

call_custom <- function(fn, output, target, call, may_diverge) {
  result <- fn(output, target)
  if (!is.list(result) || !all(c("value", "gradient") %in% names(result))) {
    abort_custom(own_loss_result, describe(result), call)
  }
  rows <- count_of(nrow(output), "row")
  value <- custom_numbers(result$value, length(result$value) == nrow(output),
                          sprintf("a `value` of one finite number a row (%s)", rows), call, may_diverge)
  shape <- identical(dim(result$gradient), dim(output)) ||
    ncol(output) == 1 && is.null(dim(result$gradient)) && length(result$gradient) == nrow(output)
  expected <- sprintf("a `gradient` of finite numbers, %s x %d", rows, ncol(output))
  list(value = value, gradient = custom_numbers(result$gradient, shape, expected, call, may_diverge))
}

custom_numbers <- function(x, right_shape, expected, call, may_diverge) {
  if (!is.numeric(x) || is.object(x) || !right_shape) abort_custom(expected, describe(x), call)
  if (may_diverge || all(is.finite(x))) return(as.double(x))
  abort_custom(expected, format(x[!is.finite(x)][1]), call)
}

abort_custom <- function(expected, got, call) {
  abort_argument("loss", paste("a function that returns", expected), got, "loss", call = call)
}
