# Checkpoints: training that a crash cannot undo. At ends of epochs what training needs to go on is written to
# a file, in such a way that the file is always whole; the same call of mlp_fit() later goes on from it.

# The share of the time that writing may take.
checkpoint_share <- 0.1

# The first line of a checkpoint file, by which it is known. The second is a hash of all that follows, which
# is R's serialisation of what the file holds.
checkpoint_format <- "fastmlp checkpoint 1"

check_checkpoint <- function(x, arg, call) {
  if (is.null(x)) return(NULL)
  if (!rlang::is_string(x) || x == "") {
    abort_argument(arg, "the name of a file", describe(x), "type", call = call)
  }
  x <- path.expand(x)
  if (dir.exists(x)) abort_argument(arg, "the name of a file", "a folder", "file", call = call)
  if (!dir.exists(dirname(x))) {
    got <- sprintf("no folder %s", format_value(dirname(x)))
    abort_argument(arg, "a file in a folder that exists", got, "file", call = call)
  }
  x
}

# A checkpoint as an environment: its file, what identifies its fit, when it may be written again, and what
# the file holds (`saved`: list(state, history, held, spent) within a run, list(trained, held) after it, or
# NULL). NULL where none is wanted.
open_checkpoint <- function(settings, data, call) {
  path <- settings$checkpoint
  if (is.null(path)) return(NULL)
  fingerprint <- checkpoint_fingerprint(settings, data)
  saved <- read_checkpoint(path, fingerprint, call)
  list2env(list(path = path, fingerprint = fingerprint, saved = saved, next_write = -Inf, call = call))
}

# What gives the network to go on with.
saved_start <- function(saved, start, settings) {
  if (is.null(saved$state$kept)) start else function() new_network(saved$state$kept, settings$activation)
}

# ---- writing ----

# At the end of an epoch, or, at once, where training was interrupted.
checkpoint_epoch <- function(monitor, at_once = FALSE) {
  checkpoint <- monitor$checkpoint
  started <- proc.time()[["elapsed"]]
  if (is.null(checkpoint) || !at_once && started < checkpoint$next_write) return(invisible())
  history <- .Call(fastmlp_train_history, monitor$trainer)
  state <- whole_state(monitor)
  write_checkpoint(checkpoint, list(
    state = state, history = training_history(monitor, history, monitor$extra), held = state$held,
    spent = time_spent(monitor, .Call(fastmlp_train_settle, monitor$trainer)$step_seconds)
  ))
  ended <- proc.time()[["elapsed"]]
  checkpoint$next_write <- ended + (ended - started) / checkpoint_share
}

# What diverged would diverge again, and an interrupted run goes on.
checkpoint_end <- function(checkpoint, trained, sets) {
  ended <- trained$summary$stopped
  if (is.null(checkpoint) || ended %in% c("diverged", "interrupted")) return(invisible())
  write_checkpoint(checkpoint, list(trained = trained, held = sets$valid$rows))
}

# Whatever happens, the file is the old or the new one: the new one reaches the disk under another name
# before it takes the old one's place.
write_checkpoint <- function(checkpoint, content) {
  header <- list(version = package_version_string(), fingerprint = checkpoint$fingerprint)
  part <- paste0(checkpoint$path, ".part")
  failure <- tryCatch(
    {
      write_hashed(serialize(c(header, content), NULL, xdr = FALSE), part) &&
        .Call(fastmlp_sync, part) && file.rename(part, checkpoint$path) &&
        .Call(fastmlp_sync, dirname(checkpoint$path))
    },
    error = conditionMessage, warning = conditionMessage
  )
  if (isTRUE(failure)) {
    checkpoint$written <- TRUE
    return(invisible())
  }
  unlink(part)
  got <- if (is.character(failure)) failure else "one that did not reach the disk"
  if (!isTRUE(checkpoint$written)) {
    abort_argument("checkpoint", "a file that can be written", got, "file", call = checkpoint$call)
  }
  # What was trained by then is not to be lost.
  if (!isTRUE(checkpoint$failed)) {
    text <- "`checkpoint` can no longer be written; training goes on without it."
    warn_fastmlp(c(text, x = sprintf("Got %s.", got)), "checkpoint", checkpoint$call)
  }
  checkpoint$failed <- TRUE
}

# Whether the file has all of it: what a full disk leaves out is told by its size alone.
write_hashed <- function(bytes, path) {
  lines <- charToRaw(paste0(checkpoint_format, "\n", rlang::hash(bytes), "\n"))
  connection <- file(path) # one that fails to open while it is made is never closed
  tryCatch(
    {
      open(connection, "wb")
      writeBin(lines, connection)
      writeBin(bytes, connection)
    },
    finally = close(connection)
  )
  file.size(path) == length(lines) + length(bytes)
}

# ---- reading ----

# The hash is looked at first: R may crash on what is no serialisation of its own.
read_checkpoint <- function(path, fingerprint, call) {
  if (!file.exists(path)) return(NULL)
  connection <- file(path, "rb")
  on.exit(close(connection))
  lines <- suppressWarnings(readLines(connection, 2))
  if (!identical(lines[1], checkpoint_format)) {
    abort_argument("checkpoint", "a new file or one that `mlp_fit()` wrote", "another file", "file",
                   call = call)
  }
  bytes <- readBin(connection, "raw", file.size(path))
  if (!identical(lines[2], rlang::hash(bytes))) {
    abort_argument("checkpoint", "as `mlp_fit()` wrote it", "a damaged file", "file",
                   hint = "Delete it to start anew.", call = call)
  }
  saved <- unserialize(bytes)
  check_version(saved$version, "checkpoint", call)
  check_fingerprint(saved$fingerprint, fingerprint, call)
  saved
}

check_fingerprint <- function(saved, fingerprint, call) {
  parts <- union(names(saved), names(fingerprint))
  same <- vapply(parts, function(part) identical(saved[part], fingerprint[part]), NA)
  if (all(same)) return(invisible())
  abort_argument(
    "checkpoint", "of the same data and arguments",
    sprintf("a file of a fit with other %s", enumerate(parts[!same])), "file",
    hint = "Give another file, or delete this one to start anew.", call = call
  )
}

# A hash of each part of the data and of each argument that decides on the result.
checkpoint_fingerprint <- function(settings, data) {
  parts <- c(data, settings[setdiff(names(settings), c("threads", "verbose", "checkpoint", "callbacks"))])
  # What callbacks use may be what they change.
  texts <- rapply(as.list(settings$callbacks), deparse, how = "list")
  hashes <- vapply(parts, function(part) rlang::hash(without_environments(part)), "")
  c(hashes, callbacks = rlang::hash(texts))
}

# Functions as their text and the values that they use, which are the same in another session; `known` are
# names on the way here.
without_environments <- function(x, known = character()) {
  if (is.environment(x)) return("environment")
  if (is.function(x)) return(function_content(x, known))
  if (!is.list(x) || is.data.frame(x)) return(x)
  attributes <- attributes(x)
  x <- lapply(x, without_environments, known)
  attributes(x) <- attributes
  x
}

function_content <- function(x, known) {
  text <- list(as.list(formals(x)), deparse(body(x)))
  names <- sort(setdiff(unlist(lapply(c(formals(x), body(x)), all.names)), c(known, names(formals(x)))))
  values <- lapply(rlang::set_names(names), captured_value, environment(x))
  values <- Filter(Negate(is.null), values)
  c(text, lapply(values, without_environments, c(known, names)))
}

# What a function's environment, up to the user's workspace, has under a name; NULL for what packages have.
captured_value <- function(name, environment) {
  while (!is.null(environment) && !isNamespace(environment) && !identical(environment, baseenv()) &&
           !identical(environment, emptyenv())) {
    if (exists(name, environment, inherits = FALSE)) {
      return(tryCatch(get(name, environment, inherits = FALSE), error = function(cnd) NULL))
    }
    if (identical(environment, globalenv())) return(NULL)
    environment <- parent.env(environment)
  }
}
