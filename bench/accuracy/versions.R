# The versions of the R packages that are measured.
.libPaths(c(Sys.getenv("PEERS_LIBRARY"), .libPaths()))
packages <- c("fastmlp", "ranger", "lightgbm", "nnet", "brulee")
is_there <- vapply(packages, requireNamespace, NA, quietly = TRUE)
versions <- vapply(packages[is_there], function(name) as.character(packageVersion(name)), "")
cat(paste(names(versions), versions, collapse = ", "))
