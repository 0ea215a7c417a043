# Installs the R packages of peers/ that are missing: Rscript install_peers.R <library>
#
# Writes missing.csv into the library: package,reason, for those that could not be installed.
library <- commandArgs(trailingOnly = TRUE)[1]
.libPaths(c(library, .libPaths()))
if ("@CRAN@" %in% getOption("repos")) {
  utils::chooseCRANmirror(graphics = FALSE, ind = 1, local.only = TRUE)
}

# A peer that lacks more than its package is left to those who want it.
needs_only_packages <- function(file) {
  peer <- new.env()
  sys.source(file, peer)
  is.null(peer$lacks)
}

is_present <- function(package) requireNamespace(package, quietly = TRUE)

# Why a package is still missing, as far as the index of CRAN tells.
reason <- function(package, index) {
  if (!package %in% rownames(index)) return("is not on CRAN for this version of R")
  needs <- tools::package_dependencies(package, index, recursive = TRUE)[[1]]
  absent <- Filter(function(name) !name %in% rownames(index) && !is_present(name), needs)
  if (length(absent)) return(sprintf("needs %s, not on CRAN", toString(absent)))
  "could not be installed from CRAN"
}

files <- Filter(needs_only_packages, list.files("peers", "\\.R$", full.names = TRUE))
packages <- setdiff(sub("\\.R$", "", basename(files)), "fastmlp")
missing <- Filter(Negate(is_present), packages)
index <- if (length(missing)) utils::available.packages()
for (package in intersect(missing, rownames(index))) {
  message("Installing ", package, " from CRAN.")
  try(utils::install.packages(package, library, quiet = TRUE))
}
missing <- Filter(Negate(is_present), missing)
reasons <- vapply(missing, reason, "", index = index)
for (package in missing) message(package, " ", reasons[[package]], ".")
table <- data.frame(package = missing, reason = as.character(reasons))
write.csv(table, file.path(library, "missing.csv"), row.names = FALSE)
