# How pictures look and where they go.
suppressPackageStartupMessages(library(ggplot2))
pdf(NULL) # putting two pictures side by side must not open a file of its own

look <- theme_minimal(base_size = 12) +
  theme(
    legend.position = "top", legend.justification = "left", legend.title = element_blank(),
    panel.grid.minor = element_blank(), plot.title.position = "plot",
    plot.subtitle = element_text(colour = "grey35"),
    axis.title = element_text(colour = "grey35", size = 11),
    plot.margin = margin(8, 14, 8, 8)
  )

save_picture <- function(folder, name, picture, height) {
  folder <- file.path(folder, "pictures")
  dir.create(folder, showWarnings = FALSE)
  file <- file.path(folder, paste0(name, ".png"))
  ggsave(file, picture, width = 9, height = height, dpi = 110, bg = "white")
  message(file)
}
