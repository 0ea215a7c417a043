# Small data and fits that several tests share.

iris_x <- as.matrix(iris[1:4])

small_fit <- function(..., hidden_units = 4, epochs = 3, batch_size = 16, verbose = FALSE) {
  set.seed(1)
  mlp_fit(..., hidden_units = hidden_units, epochs = epochs, batch_size = batch_size,
          verbose = verbose)
}

# Every optimizer that the package exports: as it comes, and then with one more of these settings
# at a time, as far as it has them.
every_optimizer <- function() {
  settings <- list(momentum = 0.9, nesterov = TRUE, weight_decay = 0.01, centered = TRUE)
  constructors <- sort(grep("^opt_", getNamespaceExports("fastmlp"), value = TRUE))
  made <- lapply(constructors, function(name) {
    constructor <- getExportedValue("fastmlp", name)
    has <- names(formals(constructor))
    known <- settings[names(settings) %in% has]
    rate <- if ("learn_rate" %in% has) list(learn_rate = 0.001)
    lapply(0:length(known), function(n) do.call(constructor, c(rate, known[seq_len(n)])))
  })
  unlist(made, recursive = FALSE)
}

# The softmax of the rows of a matrix.
softmax <- function(output) {
  e <- exp(output - apply(output, 1, max))
  e / rowSums(e)
}

# A model matrix of data in which a factor of two levels is one column of -1 and 1.
one_for_two_levels <- function(dense, data) {
  for (name in names(data)) {
    columns <- paste0(name, levels(plain_column(data[[name]])))
    if (length(columns) != 2) next
    dense[, columns[2]] <- dense[, columns[2]] - dense[, columns[1]]
    dense <- dense[, colnames(dense) != columns[1], drop = FALSE]
  }
  dense
}

# Snapshots what each call of a block signals: kind, class, the user's function and the message. Plain
# text, as testthat's own form of conditions changes between its versions.
expect_conditions <- function(block) {
  block <- substitute(block)
  calls <- if (identical(block[[1]], quote(`{`))) as.list(block)[-1] else list(block)
  frame <- parent.frame()
  text <- unlist(lapply(calls, function(call) c(deparse(call), signalled(call, frame))))
  testthat::expect_snapshot(writeLines(text))
}

signalled <- function(call, frame) {
  lines <- character()
  record <- function(cnd, kind) {
    from <- conditionCall(cnd)
    where <- if (is.call(from)) sprintf(" in %s()", deparse(from[[1]])[1])
    lines <<- c(lines, sprintf("  %s <%s>%s", kind, class(cnd)[1], where %||% ""),
                paste0("    ", strsplit(conditionMessage(cnd), "\n")[[1]]))
  }
  withCallingHandlers(
    tryCatch(eval(call, frame), error = function(cnd) record(cnd, "Error")),
    warning = function(cnd) {
      record(cnd, "Warning")
      invokeRestart("muffleWarning")
    },
    fastmlp_message = function(cnd) {
      record(cnd, "Message")
      invokeRestart("muffleMessage")
    }
  )
  if (length(lines)) lines else "  nothing"
}

# What a new R process prints that runs `code` (one string) with the installed package, as lines. `env` sets
# environment variables, as c(NAME = "value"); after `timeout` seconds the process is ended.
in_new_process <- function(code, env = character(), timeout = 0) {
  library <- dirname(system.file(package = "fastmlp"))
  script <- withr::local_tempfile(fileext = ".R")
  start <- sprintf("library(fastmlp, lib.loc = %s); options(fastmlp.preset = \"plain\")", deparse(library))
  writeLines(c(start, code), script)
  withr::local_envvar(c(env, R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep), R_TESTS = ""))
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(script)), stdout = TRUE,
          timeout = timeout)
}

# What lines of code print as numbers in a new process where growth(expr) tells by how many mebibytes the
# highest memory of the process, the engine's included, rose above what it was before `expr` was evaluated.
memory_in_new_process <- function(code) {
  skip_unless_installed()
  skip_if_not(file.exists("/proc/self/clear_refs"), "Linux, which tells peaks of memory")
  growth <- '
    peak <- function() {
      line <- grep("^VmHWM:", readLines("/proc/self/status"), value = TRUE)
      as.numeric(gsub("[^0-9]", "", line)) / 1024
    }
    growth <- function(expr) {
      invisible(gc())
      cat("5", file = "/proc/self/clear_refs") # the peak is forgotten
      before <- peak()
      force(expr)
      peak() - before
    }'
  as.numeric(strsplit(in_new_process(c(growth, code)), " ")[[1]])
}

skip_unless_installed <- function() {
  skip_if_not(dir.exists(system.file("Meta", package = "fastmlp")), "an installed package")
}

# For tests of processes that are sent signals, by the clock.
skip_unless_signalled <- function() {
  skip_on_cran()
  skip_on_os("windows")
  skip_unless_installed()
}

# Eight threads are what any machine grants; a check of a package may limit them to two.
thread_counts <- if (nzchar(Sys.getenv("_R_CHECK_LIMIT_CORES_"))) 1:2 else c(1:4, 8)

# Until the caller ends, all work goes to as many threads as are asked for, however little it is, and training
# never goes on with one alone: small networks, too, run on these threads from the first step to the last.
hold_teams <- function(frame = parent.frame()) {
  .Call(fastmlp_hold_teams, TRUE)
  withr::defer(.Call(fastmlp_hold_teams, FALSE), frame)
}

# Where teams are held: whether since the last call `threads` threads did all that a team may do.
were_held <- function(threads) {
  counted <- .Call(fastmlp_hold_teams, TRUE)
  counted[["fewer"]] == 0 && (counted[["stretches"]] > 0) == (threads > 1 && mlp_info()$openmp)
}

# f(n) gives the same with any number n of threads, all of which it uses.
expect_same_for_threads <- function(f, counts = thread_counts, info = "") {
  hold_teams()
  held <- logical()
  results <- lapply(counts, function(n) {
    result <- f(n)
    held <<- c(held, were_held(n))
    result
  })
  expect_true(all(held), info = info)
  for (result in results[-1]) expect_identical(result, results[[1]], info = info)
}

# The engine's options for a plain fit of so many rows, with these settings.
plain_options <- function(loss, rows, ...) {
  settings <- utils::modifyList(plain_settings(), c(list(verbose = FALSE), list(...)))
  engine_options(settings, loss, rows, key = 1:2, plan = list(judged = FALSE, pause = FALSE))
}

layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

shown_labels <- function(plot) {
  unlist(lapply(layers_drawn(plot), function(layer) as.character(layer$label)))
}

# Inches that the legends and the titles of a picture take from side to side, 6 inches wide and in the narrow
# letters of a PDF.
inches_across <- function(plot) {
  withr::local_pdf(NULL, width = 6, height = 4)
  parts <- ggplot2::ggplotGrob(plot)
  wide <- grepl("^(guide-box|title|xlab|caption)", parts$layout$name)
  max(vapply(parts$grobs[wide], function(part) {
    width <- if (inherits(part, "gtable")) list(sum(part$widths)) else lapply(part$children, grid::grobWidth)
    max(0, vapply(width, grid::convertWidth, 1, "inches", valueOnly = TRUE))
  }, 1))
}

# Compares a picture with the one that was looked at. Its text depends on the version of ggplot2, so other
# versions leave it out; what the pictures draw is tested by their data.
expect_picture <- function(name, plot) {
  skip_if_not_installed("vdiffr")
  skip_if(utils::packageVersion("ggplot2") != "3.4.1", "pictures as ggplot2 3.4.1 draws them")
  vdiffr::expect_doppelganger(name, with_tiles(plot))
}

# The picture with rectangles in place of rasters, whose cells text can tell.
with_tiles <- function(plot) {
  plot$layers <- lapply(plot$layers, function(layer) {
    if (!inherits(layer$geom, "GeomRaster")) return(layer)
    tiles <- ggplot2::ggproto(NULL, layer, geom = ggplot2::GeomTile)
    tiles$geom_params <- list(na.rm = FALSE)
    tiles
  })
  plot
}

# A network whose weights and biases are simple numbers, the same everywhere.
plain_network <- function(...) {
  network <- mlp_network(...)
  for (l in seq_along(network$layers)) {
    weight <- network$layers[[l]]$weight
    network$layers[[l]]$weight[] <- ((seq_along(weight) * 7) %% 11 - 5) / 4
    network$layers[[l]]$bias[] <- (seq_len(ncol(weight)) %% 3 - 1) / 2
  }
  network
}
