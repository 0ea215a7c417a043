# Networks of single epochs that a fit keeps beside the one that it predicts with.

#' @param keep_epochs Epochs whose networks are kept, too, for `predict(epoch = )`: whole numbers from 1 to
#'   `epochs`, or `NULL` for none. Each takes the memory of another network in the fit. With `ema_decay` they
#'   are those of the averages. Presets then leave out `refit`. Not with `refit`, `checkpoint` and
#'   [opt_lbfgs()]. `r default_of("keep_epochs")`
#' @name mlp_fit
#' @rdname mlp_fit
#' @order 10
NULL

check_epochs <- function(x, arg, call) {
  if (!is.null(x)) sort(unique(check_count(x, arg, length = NULL, call = call)))
}

check_keep_epochs <- function(settings, call) {
  epochs <- settings$keep_epochs
  if (is.null(epochs)) return(invisible())
  check_count(epochs, "keep_epochs", max = settings$epochs, length = NULL, call = call)
  if (settings$refit) abort_argument("refit", "FALSE with `keep_epochs`", "TRUE", call = call)
  if (is.null(settings$checkpoint)) return(invisible())
  abort_argument("checkpoint", "left out with `keep_epochs`", describe(settings$checkpoint), call = call)
}

# After an epoch of some networks: adds them to those kept, lists named by epoch.
keep_epoch <- function(kept, networks) {
  monitor <- networks[[1]]$monitor
  if (!monitor$epochs %in% monitor$plan$kept) return(kept)
  kept[[as.character(monitor$epochs)]] <- lapply(networks, function(network) {
    present_network(network$monitor, judged = TRUE, network$variant)
  })
  kept
}

# The networks that are trained, each with its monitor and its number among those of the same trainer.
networks_of <- function(monitors) {
  each <- lapply(monitors, function(monitor) {
    lapply(seq_len(max(1, length(monitor$options$variants))), function(variant) {
      list(monitor = monitor, variant = variant)
    })
  })
  unlist(each, recursive = FALSE)
}

# The network as it is, or (judged) as it is validated: with averaged weights where there are such.
present_network <- function(monitor, judged = FALSE, variant = 1L) {
  layers <- .Call(fastmlp_train_network, monitor$trainer, judged, variant)
  new_network(own_layers(layers), monitor$settings$activation)
}

# The fit with the network of an epoch. What validation rows say is about the one that it had before; the
# variance of roots stands in for that of the epoch, which would be worse off without any.
at_epoch <- function(object, epoch, call, arg = "epoch") {
  if (is.null(epoch)) return(object)
  epoch <- check_count(epoch, arg, call = call)
  networks <- object$epochs[[as.character(epoch)]]
  if (is.null(networks)) {
    known <- as.integer(names(object$epochs))
    expected <- sprintf("one of those that the fit kept%s",
                        if (length(known)) sprintf(" (%s)", enumerate(known, Inf)) else "")
    hint <- if (length(known) == 0) "This fit kept none: fit with `keep_epochs`."
    abort_argument(arg, expected, format(epoch), hint = hint, call = call)
  }
  object$network <- networks[[1]]
  object["members"] <- list(if (length(networks) > 1) networks)
  if (epoch != object$training$kept_epoch) object$outcome[setdiff(judgements, "variance")] <- NULL
  object
}
