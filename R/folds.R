# Which rows each member of an ensemble holds for validation, and the joint outputs of members that hold
# different ones.

# The validation rows of each member where those are a share: list(<rows>, ...), else NULL. In each stratum
# the rows are dealt in a circle, from which the members take their share at places that lie evenly around it.
draw_folds <- function(sets, values, validation, members) {
  if (members == 1 || validation$kind != "share") return(NULL)
  strata <- rows_by_stratum(values)
  first <- lapply(strata, intersect, sets$valid$rows)
  circles <- Map(function(rows, held) c(held, shuffled(setdiff(rows, held))), strata, first)
  lapply(seq_len(members) - 1, function(turn) {
    taken <- Map(function(circle, take) {
      at <- floor(turn * length(circle) / members) + seq_len(take) - 1
      circle[at %% length(circle) + 1]
    }, circles, validation$take)
    sort(unlist(taken, use.names = FALSE))
  })
}

shuffled <- function(x) x[sample.int(length(x))]

# The sets of all members together: rows that some member trains on, and those that some member holds.
joint_sets <- function(sets, folds, call) {
  if (is.null(folds)) return(sets)
  for (held in folds) lapply(fold_sets(sets, held), check_weighted_rows, call)
  sets$train["rows"] <- list(NULL)
  sets$valid$rows <- sort(unique(unlist(folds)))
  sets
}

# The sets of the member that holds some rows; NULL where it has no fold of its own.
fold_sets <- function(sets, held) {
  if (is.null(held)) return(sets)
  sets$train$rows <- seq_len(nrow(sets$train$x))[-held]
  sets$valid$rows <- held
  sets
}

# Which members speak of which of the joint rows: list of list(members, rows = <places in `joint`>, at = <for
# each of these members, their places in its own rows>), places being TRUE for all. `own` are the members'
# rows; NULL means all.
overlaps <- function(own, joint) {
  same <- vapply(own, identical, NA, joint)
  if (all(same)) {
    return(list(list(members = seq_along(own), rows = TRUE, at = rep(list(TRUE), length(own)))))
  }
  joint <- joint %||% seq_len(max(unlist(own)))
  at <- lapply(own, function(rows) match(joint, rows))
  pattern <- do.call(paste0, lapply(at, function(places) as.integer(!is.na(places))))
  lapply(unname(split(seq_along(joint), pattern)), function(rows) {
    members <- which(!vapply(at, function(places) is.na(places[rows[1]]), NA))
    list(members = members, rows = rows, at = lapply(at[members], `[`, rows))
  })
}

# The joint outputs for the joint rows, from each member's for its own.
joint_rows <- function(outputs, overlaps, outcome) {
  rows <- if (isTRUE(overlaps[[1]]$rows)) nrow(outputs[[1]]) else sum(lengths(lapply(overlaps, `[[`, "rows")))
  joint <- matrix(0, rows, ncol(outputs[[1]]))
  for (part in overlaps) {
    spoken <- Map(function(output, at) output[at, , drop = FALSE], outputs[part$members], part$at)
    joint[part$rows, ] <- joint_output(spoken, outcome)
  }
  joint
}
