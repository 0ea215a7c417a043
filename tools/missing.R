# Prints the R packages that are absent or too old, one a line. Each argument is a field of
# DESCRIPTION ("Imports", "Suggests") or the name of a package.
arguments <- commandArgs(TRUE)
fields <- read.dcf("DESCRIPTION")[1, ]
is_field <- arguments %in% names(fields)
entries <- c(unlist(strsplit(fields[arguments[is_field]], ",")), arguments[!is_field])
entries <- trimws(entries)

name <- sub("[ (].*", "", entries)
least <- ifelse(grepl(">=", entries), sub(".*>= *([0-9.-]+).*", "\\1", entries), "0")
is_present <- function(name, least) {
  nzchar(system.file(package = name)) && utils::packageVersion(name) >= least
}
writeLines(name[!mapply(is_present, name, least)])
