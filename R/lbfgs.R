# Training by L-BFGS: stats::optim() on the objective and its gradient over all training rows, which the
# engine holds and passes through.

# Trains as run_steps() does, with an iteration in the place of an epoch. What optim() knows of the
# curvature ends with it, so there is no state to go on from.
run_lbfgs <- function(job) {
  layers <- job$start()$layers
  on.exit(job$reporter$close())
  objective <- .Call(fastmlp_objective_open, layers, job$sets$train, job$sets$valid, job$scaling, job$options)
  values <- lapply(layers, function(layer) {
    layer[intersect(c("weight", "bias", "input_scale"), names(layer))]
  })
  learned <- lapply(layers[[1]]$embedding, embedding_parameters)
  run <- iteration_log(objective, values, learned, job$options, job$reporter)
  ended <- tryCatch(
    callCC(function(end) minimise(objective, run, job$options, end)),
    interrupt = function(cnd) "interrupted"
  )
  c(.Call(fastmlp_objective_close, objective, run$kept$x),
    list(history = run_history(run), epochs = length(run$records), kept_epoch = run$kept$epoch,
         ended = ended))
}

# Searches until it converges, is stuck or end(<state>) is called. optim() tells neither when an iteration
# ends nor what it found, but a search along a line ends at the first point that meets the conditions of
# ends_search(); where rounding alone ends one, the next one's end stands for both.
minimise <- function(objective, run, options, end) {
  at <- NULL
  loss_at <- function(x) {
    at <<- objective_point(objective, x, run$is_weight, options$penalty)
    hear_interrupt()
    at$value
  }
  value <- function(x) {
    loss_at(x)
    if (!is.finite(at$value) || !all(is.finite(at$gradient))) end("diverged")
    if (is.null(run$from)) {
      run$from <- run$start <- at
    } else if (ends_search(at, run$from)) {
      end_iteration(run, at, end)
    }
    at$value
  }
  found <- stats::optim(
    run$kept$x, value, function(x) at$gradient, method = "L-BFGS-B",
    control = list(lmm = options$optimizer$memory, maxit = .Machine$integer.max,
                   factr = options$optimizer$tolerance / .Machine$double.eps)
  )
  if (found$value < run$from$value) {
    end_iteration(run, objective_point(objective, found$par, run$is_weight, options$penalty), end)
  }
  moved <- found$convergence == 0 && length(run$records) > 0
  if (moved && !starts_short(run$start, options$optimizer$tolerance)) return("converged")
  share <- if (moved) max(10 * worth_finding, 100 * options$optimizer$tolerance) else worth_finding
  if (overlooks_lower(run$from, loss_at, share)) "stuck" else "converged"
}

# Whether a first step, whose length is one, changes the loss by less than the tolerance, or little more: then
# that it no longer falls says nothing.
starts_short <- function(start, tolerance) {
  sqrt(sum(start$gradient^2)) < 10 * tolerance * max(abs(start$value), 1)
}

# Whether the loss is lower by a share in the direction of the gradient, for steps of some length (or, where
# the gradient is wrong, against it). Near a minimum searches fail by rounding and it is not; they fail, too,
# where the step that it takes is far from one. loss_at(x) gives the loss.
overlooks_lower <- function(from, loss_at, share) {
  direction <- from$gradient / sqrt(sum(from$gradient^2))
  least <- max(abs(from$value) * share, worth_finding^4)
  for (length in c(-1, 1) %o% 10^seq(-6, 30, 0.5)) {
    if (isTRUE(loss_at(from$x + length * direction) < from$value - least)) return(TRUE)
  }
  FALSE
}

# The share by which a loss has to be lower not to be rounding.
worth_finding <- 1e-3

# The objective at parameters x: list(x, value, gradient, loss, score), value and gradient with the penalty.
objective_point <- function(objective, x, is_weight, penalty) {
  at <- .Call(fastmlp_objective_at, objective, x)
  w <- x * is_weight
  c(list(x = x, value = at$loss + penalty / 2 * sum(w^2)),
    list(gradient = at$gradient + penalty * w, loss = at$loss, score = at$score))
}

# Whether a search along the line from the point `from` ends at the point `at`: the strong Wolfe conditions,
# with the constants of L-BFGS-B.
ends_search <- function(at, from) {
  step <- at$x - from$x
  slope <- sum(from$gradient * step)
  at$value <= from$value + 1e-3 * slope && abs(sum(at$gradient * step)) <= 0.9 * abs(slope)
}

# ---- iterations ----

# What a run knows of itself, as an environment: its first iterate (`start`), its last (`from`), the one to
# keep, and the measures of all.
iteration_log <- function(objective, layers, embedding, options, reporter) {
  is_weight <- lapply(layers, function(layer) {
    rep(c(1, 0), c(length(layer$weight), length(layer$bias) + length(layer$input_scale)))
  })
  list2env(list(
    objective = objective, options = options, reporter = reporter,
    is_weight = c(unlist(is_weight), 0 * unlist(embedding)),
    start = NULL, from = NULL, best = Inf, records = list(),
    kept = list(x = unlist(c(layers, embedding), use.names = FALSE), epoch = 0L)
  ))
}

run_measures <- c("train_loss", "train_score", "valid_loss", "valid_score")

end_iteration <- function(run, at, end) {
  valid <- .Call(fastmlp_objective_validate, run$objective, at$x)
  if (!is.null(valid) && !is.finite(valid[1])) end("diverged")
  epoch <- length(run$records) + 1L
  valid <- valid %||% c(NA_real_, NA_real_)
  run$records[[epoch]] <- stats::setNames(c(at$loss, at$score, valid), run_measures)
  run$from <- at
  patience <- run$options$patience
  if (patience == 0L || valid[1] < run$best) {
    run$best <- valid[1]
    run$kept <- list(x = at$x, epoch = epoch)
  }
  waited <- epoch - run$kept$epoch
  state <- if (patience > 0L && waited >= patience) "stopped" else
    if (epoch == run$options$epochs) "finished" else "running"
  run$reporter$update(c(list(state = state, epoch = epoch, progress = 0), as.list(run$records[[epoch]])))
  if (state != "running") end(state)
}

# A vector of each measure, one value an iteration.
run_history <- function(run) {
  values <- lapply(run_measures, function(name) vapply(run$records, `[[`, 0, name))
  c(stats::setNames(values, run_measures), list(rate = rep(1, length(run$records))))
}
