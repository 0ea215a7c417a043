# Builds the site of the package into a folder, for the installed package: site.R FOLDER. Nothing is fetched
# from the network; formulas are drawn by the KaTeX that comes with R, where it does.
options(pkgdown.internet = FALSE)
folder <- normalizePath(commandArgs(TRUE)[1], mustWork = FALSE)

site <- pkgdown::as_pkgdown(".", override = list(destination = folder))
pkgdown::build_site(site, preview = FALSE, install = FALSE, new_process = FALSE)

katex <- file.path(R.home("doc"), "html", "katex")
if (dir.exists(katex)) file.copy(katex, folder, recursive = TRUE)

# Translations link to the README by its name.
file.copy(file.path(folder, "index.html"), file.path(folder, "README.html"), overwrite = TRUE)
