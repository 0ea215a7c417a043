# What pages of results share: reading results/, Markdown, and the place in a README.md for it.

# NULL where the run had no such section, or nothing in it.
read_results <- function(folder, section) {
  file <- file.path(folder, "results", paste0(section, ".csv"))
  results <- if (file.exists(file)) read.csv(file)
  if (NROW(results)) results
}

# ---- arithmetic --------------------------------------------------------------------------------

# Floating-point operations of predicting one row: two for every weight.
forward_flop <- function(layers) 2 * sum(head(layers, -1) * tail(layers, -1))

# And of training on it: a layer has three products (output, weight gradient, input gradient); nobody needs
# the first layer's last.
training_flop <- function(layers) 3 * forward_flop(layers) - forward_flop(layers[1:2])

# ---- Markdown ----------------------------------------------------------------------------------

markdown_table <- function(table) {
  row <- function(cells) paste0("| ", paste(trimws(cells), collapse = " | "), " |")
  body <- vapply(seq_len(nrow(table)), function(i) row(unlist(table[i, ])), "")
  c(row(names(table)), row(rep("---", ncol(table))), body, "")
}

section <- function(title, ...) c(paste("###", title), "", ...)

paragraph <- function(...) c(sprintf(...), "")

# So many digits and no exponent.
digits <- function(x, count = 3) {
  text <- formatC(signif(x, count), digits = count, format = "fg", big.mark = ",", flag = "#")
  sub("\\.$", "", text)
}

commas <- function(x) {
  format(x, big.mark = ",", scientific = FALSE, trim = TRUE, drop0trailing = TRUE)
}

percent <- function(share) paste(digits(100 * share, 2), "%")

range_of <- function(low, high, format = digits) paste(format(low), "to", format(high))

# ---- the page ----------------------------------------------------------------------------------

machine_section <- function(folder) {
  machine <- read_results(folder, "machine")
  c(sprintf("- %s: %s", machine$what, machine$value), "")
}

markers <- c("<!-- results -->", "<!-- end of results -->")

insert_results <- function(readme, text) {
  lines <- readLines(readme)
  at <- match(markers, lines)
  if (anyNA(at)) stop(readme, " has no lines ", paste(markers, collapse = ", "), call. = FALSE)
  writeLines(c(lines[seq_len(at[1])], "", text, lines[at[2]:length(lines)]), readme)
}

# What the parts make of the results goes between the markers; without a README.md it is printed.
write_page <- function(folder, parts) {
  text <- unlist(lapply(parts, function(part) part(folder)))
  readme <- file.path(folder, "README.md")
  if (file.exists(readme)) insert_results(readme, text) else writeLines(text)
}
