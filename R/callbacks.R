# Callbacks: a user's functions at the beginning and the end of training and of each epoch.

#' @section Callbacks:
#' Each function of `callbacks` is called with one list:
#' * `epoch`: the epoch that begins, or the number of those completed; `epochs`: how many there are to be;
#' * `history`: the data frame so far;
#' * `learn_rate`: that of the step to come, or of the last one when something ends;
#' * `network`: a function that returns the present weights as an [mlp_network()].
#'
#' It may return `NULL` or a list with `stop = TRUE`, to end training, and `learn_rate_factor`: by which the
#' rate of `optimizer` and `schedule` is multiplied from the next step on, until a callback returns another.
#' What is no list is ignored, as are what `on_train_end` returns, which comes too late, and what an
#' interrupt breaks off. Without callbacks none of this costs anything; with them, training pauses between
#' epochs.
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 9
NULL

callback_events <- c("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end")

# One list of functions, or several of them: a list of such lists.
check_callbacks <- function(x, arg, call) {
  if (is.null(x)) return(NULL)
  sets <- if (is.list(x) && length(x) && is.null(names(x))) x else list(x)
  for (set in sets) check_callback_set(set, arg, call)
  sets
}

check_callback_set <- function(set, arg, call) {
  if (!is.list(set) || !length(set) || !all(vapply(set, is.function, NA))) {
    hint <- if (is.function(set)) sprintf("Say when to call it: `%s = list(on_epoch_end = )`.", arg)
    abort_argument(arg, "a list of functions, or a list of such lists", describe(set), "type", hint, call)
  }
  wrong <- setdiff(names(set), callback_events)
  if (is.null(names(set)) || length(wrong) || anyDuplicated(names(set))) {
    got <- if (length(wrong)) paste("the name", format_value(wrong[1])) else
      "names that are missing or repeated"
    expected <- sprintf("have names among %s, each once", enumerate(callback_events))
    abort_argument(arg, expected, got, hint = if (length(wrong)) suggest(wrong[1], callback_events),
                   call = call)
  }
}

# Calls all functions for an event; what they ask for: list(stop, learn_rate_factor), the factor
# NULL where none gives one.
run_callbacks <- function(callbacks, event, state, call) {
  wishes <- list(stop = FALSE, learn_rate_factor = NULL)
  for (set in callbacks) {
    if (is.null(set[[event]])) next
    answer <- tryCatch(
      allowInterrupts(set[[event]](state)),
      error = function(cnd) {
        abort_during("callbacks", event, sprintf("failed in epoch %d", state$epoch), cnd, call)
      }
    )
    answer <- check_answer(answer, event, call)
    wishes$stop <- wishes$stop || isTRUE(answer$stop)
    wishes$learn_rate_factor <- answer$learn_rate_factor %||% wishes$learn_rate_factor
  }
  wishes
}

# Anything without these names is as good as nothing, so that functions may end with what they like;
# but a list is meant to say something.
check_answer <- function(answer, event, call) {
  if (!is.list(answer) || is.data.frame(answer)) return(NULL)
  arg <- sprintf("callbacks$%s", event)
  wrong <- setdiff(names(answer), c("stop", "learn_rate_factor"))
  if (is.null(names(answer)) && length(answer) || length(wrong)) {
    expected <- "a function that returns NULL or list(stop = , learn_rate_factor = )"
    got <- if (length(wrong)) paste("the element", format_value(wrong[1])) else describe(answer)
    abort_argument(arg, expected, got, "callback", call = call)
  }
  if (!is.null(answer$stop)) check_flag(answer$stop, paste0(arg, "()$stop"), call)
  if (!is.null(answer$learn_rate_factor)) {
    arg <- paste0(arg, "()$learn_rate_factor")
    check_number(answer$learn_rate_factor, arg, 0, open = "to", call = call)
  }
  answer
}
