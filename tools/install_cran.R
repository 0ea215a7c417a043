# Installs the named packages from CRAN: from the mirror that R is set up for, or the first one.
if ("@CRAN@" %in% getOption("repos")) {
  utils::chooseCRANmirror(graphics = FALSE, ind = 1, local.only = TRUE)
}
utils::install.packages(commandArgs(TRUE), Ncpus = max(1, parallel::detectCores(), na.rm = TRUE))
