# The house rules that a program can check, on every file of the checkout that git does not ignore.
# Prints "file:line: what is wrong" for each breach; the exit status says whether there was one.

# The bands of the engine, lowest first: a file includes its own band and those below it. The first
# pattern that matches decides, from the top band down.
bands <- c(
  "^(init\\.c|fastmlp\\.h|r_.*)$",
  "^(train|trainer|train_step|evaluate|predict|gradient|stream|dressed|pass|network|rates)\\.[ch]$",
  paste0("^(dense|dropout|normalize|input_scale|shared_weights|parametric|embedding.*|activation|loss.*|",
         "optimizer|initial|data|sparse_batch)\\.[ch]$"),
  "^(matrix|scan|sparse)\\.[ch]$",
  "^(kernel_.*|kernels.*|vector.*|activation_list)\\.[ch]$",
  "^(common|alloc|cpu|threads|clock|pace|profile|rng)\\.[ch]$"
)

# Code, with its widest line; prose may run on.
widths <- c(c = 110, h = 110, R = 110, sh = 110, py = 110)
length_limit <- 450

breach <- function(file, line, text) if (length(line)) sprintf("%s:%d: %s", file, line, text)

checkout_files <- function() {
  files <- suppressWarnings(tryCatch(
    system2("git", c("ls-files", "-co", "--exclude-standard"), stdout = TRUE, stderr = FALSE),
    error = function(e) character()
  ))
  if (!length(files)) files <- list.files(recursive = TRUE, all.files = TRUE)
  files[file.exists(files) & !grepl("^\\.git/", files)]
}

is_text <- function(file) {
  bytes <- readBin(file, "raw", 8000)
  !any(bytes == as.raw(0)) && !grepl("\\.(rds|rda|png|gz|pdf)$", file)
}

# What R or another program writes is not held to the rules for what people write.
is_generated <- function(file) {
  grepl("^(man/|tests/testthat/(_snaps|fixtures)/|NAMESPACE$|demo-output/)", file)
}

extension <- function(file) sub(".*\\.", "", basename(file))

# Lines of C without their comments and strings.
c_code <- function(lines) {
  text <- paste(lines, collapse = "\n")
  comments <- gregexpr("(?s)/\\*.*?\\*/", text, perl = TRUE)
  regmatches(text, comments) <- lapply(regmatches(text, comments), gsub, pattern = "[^\n]",
                                       replacement = "")
  lines <- strsplit(paste0(text, "\n "), "\n")[[1]]
  gsub("//.*", "", ifelse(grepl("^\\s*#\\s*include", lines), lines, gsub("\"[^\"]*\"", "", lines)))
}

# Rules. Each takes a file and its lines and returns its breaches.
rules <- list(
  length = function(file, lines) {
    if (extension(file) %in% names(widths) && length(lines) >= length_limit) {
      breach(file, length(lines), sprintf("a file has fewer than %d lines", length_limit))
    }
  },

  width = function(file, lines) {
    limit <- widths[extension(file)]
    if (!is.na(limit)) {
      breach(file, which(nchar(lines) > limit), sprintf("a line has at most %d characters", limit))
    }
  },

  whitespace = function(file, lines) {
    tabs <- if (basename(file) != "Makefile") grep("\t", lines)
    c(
      breach(file, tabs, "no tabs"),
      breach(file, grep("[ \t\r]$", lines), "no space at the end of a line")
    )
  },

  # A path of somebody's machine; the pieces keep this line from matching itself.
  paths = function(file, lines) {
    home <- paste0("(^|[^[:alnum:]_.~/-])/(", "home|root|Users|work", ")/[[:alnum:]_.]")
    breach(file, grep(home, lines), "no path of one machine")
  },

  r_headers = function(file, lines) {
    if (!grepl("^src/.*\\.[ch]$", file) || grepl(bands[1], basename(file))) return(NULL)
    header <- "^\\s*#\\s*include\\s*[<\"](R|Rinternals|Rmath|Rdefines|Rversion|R_ext/.*)\\.h"
    breach(file, grep(header, lines), "only r_*, init.c and fastmlp.h include R's headers")
  },

  openmp = function(file, lines) {
    if (!grepl("^src/.*\\.[ch]$", file) || file == "src/threads.c") return(NULL)
    use <- "^\\s*#\\s*pragma\\s+omp|<omp\\.h>|\\bomp_[a-z]|_OPENMP"
    breach(file, grep(use, c_code(lines)), "only threads.c knows OpenMP")
  },

  bands = function(file, lines) {
    if (!grepl("^src/.*\\.[ch]$", file)) return(NULL)
    own <- band_of(basename(file))
    if (is.na(own)) return(breach(file, 1L, "belongs to no band: name it in tools/lint.R"))
    at <- grep("^\\s*#\\s*include\\s*\"", lines)
    included <- band_of(sub(".*\"(.*)\".*", "\\1", lines[at]))
    breach(file, at[is.na(included) | included > own], "includes point downwards")
  }
)

band_of <- function(names) {
  vapply(names, function(name) length(bands) - match(TRUE, vapply(bands, grepl, NA, name)), 1)
}

# Headers that include each other, directly or round a circle.
circular_includes <- function() {
  headers <- list.files("src", "\\.h$")
  includes <- lapply(file.path("src", headers), function(file) {
    lines <- grep("^\\s*#\\s*include\\s*\"", readLines(file), value = TRUE)
    sub(".*\"(.*)\".*", "\\1", lines)
  })
  names(includes) <- headers
  repeat {
    free <- vapply(includes, function(names) !any(names %in% names(includes)), NA)
    if (!any(free)) break
    includes <- includes[!free]
  }
  breach(file.path("src", names(includes)), rep(1L, length(includes)), "an include in a circle")
}

check_file <- function(file) {
  lines <- readLines(file, warn = FALSE, encoding = "UTF-8")
  unlist(lapply(rules, function(rule) rule(file, lines)), use.names = FALSE)
}

files <- Filter(function(file) is_text(file) && !is_generated(file), checkout_files())
found <- c(unlist(lapply(files, check_file)), circular_includes())
writeLines(c(found, sprintf("%d files, %d breaches", length(files), length(found))))
quit(status = as.integer(length(found) > 0))
