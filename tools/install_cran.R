# Installs the named packages from CRAN: from the mirror that R is set up for, or the first one.
if ("@CRAN@" %in% getOption("repos")) {
  utils::chooseCRANmirror(graphics = FALSE, ind = 1, local.only = TRUE)
}
install <- function(packages) {
  utils::install.packages(packages, Ncpus = max(1, parallel::detectCores(), na.rm = TRUE))
}
wanted <- commandArgs(TRUE)
install(wanted)

# What a package imports may be there in a version that is too old for it, though it does not say so.
absent <- wanted[!vapply(wanted, requireNamespace, NA, quietly = TRUE)]
if (length(absent)) {
  imported <- unlist(tools::package_dependencies(absent, recursive = TRUE), use.names = FALSE)
  install(c(intersect(imported, rownames(utils::old.packages())), absent))
}
