# What a program can check of the documentation: every help page has an example that runs as it stands,
# formulas that can be read in a terminal, and as references what it cites; the text of each setting of
# mlp_fit(), and of each argument of its building blocks, ends with its default; translations hold the code,
# and in tables the numbers, of what they translate. Prints each breach; the exit status says whether there
# was one.

# ---- help pages ----

rd_tags <- function(rd) vapply(rd, function(part) attr(part, "Rd_tag"), "")

rd_text <- function(rd, tag) trimws(unlist(lapply(rd[rd_tags(rd) == tag], as.character)))

lacks_example <- function(file) {
  rd <- tools::parse_Rd(file)
  if ("reexports" %in% rd_text(rd, "\\name")) return(NULL)
  if (!"\\examples" %in% rd_tags(rd)) return(sprintf("%s: has no example", file))
  kept_from_running <- unlist(lapply(rd[rd_tags(rd) == "\\examples"], rd_tags))
  hidden <- intersect(kept_from_running, c("\\dontrun", "\\donttest"))
  if (length(hidden)) sprintf("%s: %s in its example", file, hidden)
}

# Formulas of which the page as text shows the LaTeX: they want a plain form, \eqn{latex}{plain}.
latex_in_text <- function(file) {
  text <- utils::capture.output(tools::Rd2txt(file))
  left <- trimws(grep("\\\\([a-zA-Z]{2,}|[,|])", text, value = TRUE))
  if (length(left)) sprintf("%s: as text it shows %s", file, left)
}

# Everything below a part of a page, as one line.
flat_text <- function(rd) gsub("\\s+", " ", paste(unlist(rd), collapse = ""))

# ---- references ----

# References that nothing on their page cites, such as "Zou H, Hastie T (2005)." by "(Zou and Hastie 2005)";
# and what it cites without a reference, by the name before the year.
reference_faults <- function(file) {
  rd <- tools::parse_Rd(file)
  listed <- rd_tags(rd) == "\\references"
  entries <- unlist(lapply(rd[listed], function(part) {
    strsplit(paste(unlist(part), collapse = ""), "\n\\s*\n")
  }))
  entries <- regmatches(entries, regexpr("[[:upper:]][^(]*\\([0-9]{4}", entries))
  text <- flat_text(rd[!listed])
  names <- sub("[ ,].*", "", entries)
  years <- sub(".*\\(", "", entries)
  is_cited <- vapply(sprintf("\\b%s\\b[^().;]*( et al\\.)? \\(?%s", names, years), grepl, NA, text)
  citation <- "([[:upper:]][[:alpha:]]+)( et al\\.)? \\(?((?:19|20)[0-9]{2})\\b"
  citations <- unique(regmatches(text, gregexpr(citation, text, perl = TRUE))[[1]])
  is_listed <- vapply(citations, function(cited) {
    any(grepl(sub(" .*", "", cited), entries) & years == sub(".*\\D", "", cited))
  }, NA)
  c(sprintf("%s: does not cite %s)", file, entries[!is_cited]),
    sprintf("%s: has no reference for %s", file, citations[!is_listed]))
}

# ---- defaults ----

package <- asNamespace("fastmlp")

# The text of each argument of a page, by name.
argument_texts <- function(rd) {
  arguments <- rd[rd_tags(rd) == "\\arguments"][[1]]
  items <- arguments[rd_tags(arguments) == "\\item"]
  names <- strsplit(vapply(items, function(item) flat_text(item[[1]]), ""), ", *")
  texts <- rep(vapply(items, function(item) flat_text(item[[2]]), ""), lengths(names))
  stats::setNames(texts, unlist(names))
}

# Arguments whose text on a page does not end as the installed package has their defaults: the settings of
# mlp_fit(), or all of the functions in the page's usage. `ends` are named by argument.
ending_faults <- function(file, rd, ends) {
  texts <- argument_texts(rd)[names(ends)]
  ends <- gsub("`", "", ends)
  wrong <- is.na(texts) | !endsWith(texts, ends)
  sprintf("%s: the text of %s does not end with \"%s\"", file, names(ends)[wrong], ends[wrong])
}

default_faults <- function(file = "man/mlp_fit.Rd") {
  settings <- names(package$plain_arguments)
  ending_faults(file, tools::parse_Rd(file), vapply(settings, package$default_of, ""))
}

# Of pages whose arguments all tell their defaults.
defaults_told <- sprintf("man/%s.Rd", c("opt_sgd", "schedules", "loss_value", "loss_custom", "init",
                                        "embed_periodic"))

page_default_faults <- function(file) {
  rd <- tools::parse_Rd(file)
  usage <- flat_text(rd[rd_tags(rd) == "\\usage"])
  functions <- regmatches(usage, gregexpr("[[:alnum:]_]+(?=\\()", usage, perl = TRUE))[[1]]
  functions <- intersect(functions, getNamespaceExports(package))
  arguments <- unlist(lapply(functions, function(name) names(formals(package[[name]]))))
  arguments <- setdiff(arguments, "...")
  pattern <- sprintf("^(%s)$", paste(functions, collapse = "|"))
  ending_faults(file, rd, vapply(arguments, package$default_among, "", pattern))
}

# ---- translations ----

translations <- c("README.zh-CN.md" = "README.md", "vignettes/mlp-zh.Rmd" = "vignettes/mlp.Rmd")

# The fenced blocks of a file, each as list(header, code), without comments, which may be translated: R code
# is compared as it is parsed, other code by its lines.
code_blocks <- function(file) {
  lines <- readLines(file, encoding = "UTF-8")
  fences <- grep("^```", lines)
  starts <- fences[c(TRUE, FALSE)]
  ends <- fences[c(FALSE, TRUE)]
  stopifnot(length(starts) == length(ends))
  Map(function(start, end) {
    code <- lines[seq_len(end - start - 1) + start]
    header <- lines[start]
    list(header = header, code = if (grepl("^```\\{?r", header)) parsed(code) else without_comments(code))
  }, starts, ends)
}

parsed <- function(code) lapply(as.list(parse(text = code, keep.source = FALSE)), deparse)

without_comments <- function(code) sub("\\s+#.*", "", code)

# The cells of tables that are numbers.
table_numbers <- function(file) {
  rows <- grep("^\\|", readLines(file, encoding = "UTF-8"), value = TRUE)
  cells <- trimws(unlist(strsplit(rows, "|", fixed = TRUE)))
  grep("^[0-9.,]+$", cells, value = TRUE)
}

differs <- function(translation, original) {
  if (!file.exists(translation)) return(sprintf("%s: is not there", translation))
  ours <- code_blocks(translation)
  theirs <- code_blocks(original)
  if (length(ours) != length(theirs)) {
    return(sprintf("%s: %d blocks of code, %d in %s", translation, length(ours), length(theirs), original))
  }
  unlike <- which(!mapply(identical, ours, theirs))
  c(
    sprintf("%s: block %d is not that of %s (%s)", translation, unlike, original,
            vapply(theirs[unlike], `[[`, "", "header")),
    if (!identical(table_numbers(translation), table_numbers(original))) {
      sprintf("%s: its tables have other numbers than those of %s", translation, original)
    }
  )
}

pages <- list.files("man", "\\.Rd$", full.names = TRUE)
found <- c(
  unlist(lapply(pages, lacks_example)),
  unlist(lapply(pages, latex_in_text)),
  unlist(lapply(pages, reference_faults)),
  default_faults(),
  unlist(lapply(defaults_told, page_default_faults)),
  unlist(Map(differs, names(translations), translations), use.names = FALSE)
)
writeLines(c(found, sprintf("%d help pages, %d translations, %d breaches", length(pages),
                            length(translations), length(found))))
quit(status = as.integer(length(found) > 0))
