# Names in pictures: of classes, outputs, predictors and layers, however long they are and however many.
# Pictures are to be whole at 6 x 4 inches.

# Text in lines of so many letters, to which longer words are shortened. Lines that it has stay apart, and
# what a hard space joins stays together, as do a number and its %.
wrapped <- function(text, letters) {
  text <- strsplit(gsub(" %", "\u00a0%", text, fixed = TRUE), "\n", fixed = TRUE)
  lines <- lapply(text, function(lines) as.character(strwrap(lines, letters)))
  # All at once, so that texts that differ in a line still do.
  lines <- utils::relist(shortened(unlist(lines), letters), lines)
  text <- vapply(lines, paste, "", collapse = "\n")
  gsub("\u00a0", " ", text, fixed = TRUE)
}

# The names of a set, long ones with a gap: by the first cut that keeps all apart or, where none does, by the
# one that keeps most apart, with numbers. Only where there are so many that a number and its gap need more
# letters than there are, the text is longer.
shortened <- function(names, longest = 24) {
  distinct <- unique(names)
  long <- which(nchar(distinct) > longest)
  if (!length(long)) return(names)
  best <- NULL
  for (cut in name_cuts(longest, min(nchar(distinct[long])))) {
    short <- replace(distinct, long, cut(distinct[long]))
    if (length(unique(short)) > length(unique(best))) best <- short
    if (!anyDuplicated(best)) break
  }
  alike <- intersect(long, which(best %in% best[duplicated(best)]))
  # By the alphabet, so that they are the same along an axis that is reversed.
  numbers <- match(distinct[alike], sort(distinct, method = "radix"))
  best[alike] <- numbered_names(distinct[alike], numbers, longest)
  names[] <- best[match(names, distinct)]
  names
}

# Ways to cut names of at least so many letters, the first leaving out the middle, as names often differ in
# their ends; then with the gap elsewhere, nearer ones first; then with a piece of the middle alone.
name_cuts <- function(longest, shortest) {
  gap <- function(head, tail) {
    function(names) paste0(substr(names, 1, head), "...", substring(names, nchar(names) - tail + 1))
  }
  piece <- function(from, letters) {
    function(names) paste0("...", substr(names, from, from + letters - 1), "...")
  }
  letters <- max(0, longest - 3)
  half <- letters %/% 2
  heads <- order(abs(0:letters - half)) - 1
  starts <- if (letters > 3) seq_len(max(0, shortest - letters + 3))
  c(gap(half, half), Map(gap, heads, letters - heads), lapply(starts, piece, letters - 3))
}

# "a long na...#12".
numbered_names <- function(names, numbers, longest) {
  numbers <- paste0("...#", numbers)[seq_along(names)]
  paste0(substr(names, 1, longest - nchar(numbers)), numbers)
}

# What a picture says where there is no room for all: "12 of 26 classes, with the largest errors", or of the
# first ones "the first 12 of 26 classes".
some_of <- function(shown, all, what, which = NULL) {
  if (shown >= all) return(NULL)
  if (is.null(which)) return(sprintf("the first %d of %d %s", shown, all, what))
  sprintf("%d of %d %s, %s", shown, all, what, which)
}

# Words below a picture, or NULL where there are none.
caption_of <- function(..., between = "; ") {
  words <- c(...)
  if (length(words)) wrapped(paste(words, collapse = between), 85)
}

# ---- legends ----

# What a legend beside a picture has: names in a column, and columns, at most.
legend_lines <- 24
most_in_legend <- 3 * legend_lines

# Of more names some, evenly spaced, as on an axis.
legend_breaks <- function(names) names[evenly_spaced(length(names), most_in_legend)]

# The more columns, the shorter the names.
legend_labels <- function(names) shortened(names, min(24, 36 %/% ceiling(length(names) / legend_lines)))

# As many columns of a legend above a picture as there is room for, beside its title.
legend_columns <- function(labels, title = "") {
  inches <- function(letters) 0.45 + 0.063 * letters
  max(1, floor((5.1 - 0.08 * nchar(title)) / inches(max(0, nchar(labels)))))
}

fits_above <- function(names, title = "") {
  length(names) <= min(12, 3 * legend_columns(legend_labels(names), title))
}

# The legend of names: above the picture or, where that would leave it no room, beside it.
names_legend <- function(names, title = "", aesthetics = "colour", beside = !fits_above(names, title)) {
  names <- legend_labels(legend_breaks(names))
  columns <- if (beside) ceiling(length(names) / legend_lines) else
    min(legend_columns(names, title), length(names))
  guide <- ggplot2::guide_legend(ncol = columns, byrow = !beside, order = 1)
  guides <- rlang::set_names(rep(list(guide), length(aesthetics)), aesthetics)
  list(do.call(ggplot2::guides, guides), if (beside) beside_theme(length(names)))
}

# Many names are set in small letters.
beside_theme <- function(names) {
  beside <- ggplot2::theme(legend.position = "right")
  if (names <= 10) return(beside)
  beside + ggplot2::theme(
    legend.justification = "top", legend.text = ggplot2::element_text(size = 7),
    legend.title = ggplot2::element_text(size = 9), legend.key.height = ggplot2::unit(8, "pt")
  )
}

# One colour each where they can be told apart.
scale_by_colour <- function(levels, aesthetics = "colour") {
  many <- length(levels) > length(plot_colours)
  scale <- if (many) ggplot2::scale_colour_viridis_d else ggplot2::scale_colour_manual
  colours <- if (!many) list(values = unname(plot_colours))
  do.call(scale, c(colours, list(aesthetics = aesthetics, breaks = legend_breaks, labels = legend_labels)))
}

# ---- along axes and above panels ----

# Titles of axes and of legends above a picture, which may be names.
x_title <- function(text) wrapped(text, 60)
y_title <- function(text) wrapped(text, 30)
legend_title <- function(text) wrapped(text, 24)

# Names along an axis that share the picture with what they name.
along_side <- function(names) shortened(names, 20)

# Many or long names along the x axis of so many panels beside each other stand at an angle, and upright where
# the first would reach beyond the picture.
crowded_names <- function(names, columns = 1) {
  if (columns * sum(nchar(along_side(names)) + 2) > 60) {
    upright <- length(names) > 6 || columns > 1
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = if (upright) 90 else 40, hjust = 1,
                                                       vjust = if (upright) 0.5 else 1))
  }
}

# Names of predictors along the y axis of a picture with so many panels beside each other.
beside_letters <- function(columns) max(12, 36 - 4 * columns)

# Inches that names of predictors take of the width.
inches_beside <- function(predictors, columns) 0.075 * min(max(nchar(predictors)), beside_letters(columns))

# Letters in a line below the panels.
title_letters <- function(predictors, columns) floor((5.6 - inches_beside(predictors, columns)) / 0.08)

# So many names from top to bottom.
names_size <- function(names) {
  if (names > 20) ggplot2::theme(axis.text.y = ggplot2::element_text(size = max(5, 180 / names)))
}

names_beside <- function(columns = 1) {
  ggplot2::scale_y_discrete(guide = without_overlap(),
                            labels = function(names) shortened(names, beside_letters(columns)))
}

# Panels at most, in three rows of four.
most_panels <- 12

# Of data with a panel for each level of a factor those of the first levels.
first_panels <- function(data, by, most = most_panels) {
  shown <- utils::head(levels(data[[by]]), most)
  data <- data[data[[by]] %in% shown, ]
  data[[by]] <- factor(data[[by]], shown)
  data
}

are_small <- function(panels) max(ggplot2::wrap_dims(max(panels, 1))) > 2

# Small panels leave little room beside each other, and have small numbers and names along their axes.
small_panels_theme <- function(panels) {
  if (!are_small(panels)) return(NULL)
  ggplot2::theme(axis.text = ggplot2::element_text(size = 7), panel.spacing = ggplot2::unit(5.5, "pt"))
}

# Letters in a line above each of so many panels, which have so many inches in all.
panel_letters <- function(panels, inches = 5.2, columns = ggplot2::wrap_dims(panels)[2]) {
  floor(inches / columns / 0.075)
}

# Names of so many panels: in several lines, but in one where there are rows of panels.
name_strips <- function(panels, inches = 5.2) {
  letters <- panel_letters(panels, inches)
  rows <- ggplot2::wrap_dims(panels)[1]
  ggplot2::as_labeller(function(names) if (rows > 2) shortened(names, letters) else wrapped(names, letters))
}

# Names of panels of predictors, so many beside each other, whose names are so long.
beside_strips <- function(predictors, columns) {
  between <- 0.2 * (columns - 1)
  letters <- panel_letters(inches = 5.4 - inches_beside(predictors, columns) - between, columns = columns)
  ggplot2::as_labeller(function(names) in_few_lines(names, min(24, letters)))
}

# Letters in a line above images that are `ratio` times as wide as high.
image_letters <- function(columns, rows, ratio) max(7, floor(min(4.2 / columns, 2.6 * ratio / rows) / 0.07))

# In at most three lines: what needs more loses its middle, its ends one above the other.
in_few_lines <- function(names, letters) {
  text <- wrapped(names, letters)
  long <- grepl("\n.*\n.*\n", text) | grepl("...", text, fixed = TRUE)
  text[long] <- vapply(shortened(names[long], 2 * letters - 3), in_two_lines, "", letters)
  text
}

# Text of less than twice as many letters as a line has, broken at a gap, behind what else is no letter, or
# with a hyphen between two letters.
in_two_lines <- function(text, letters) {
  length <- nchar(text)
  if (length <= letters) return(text)
  fitting <- function(pattern, most) {
    ends <- gregexpr(pattern, text, perl = TRUE)[[1]]
    ends[ends <= most & ends >= length - most]
  }
  broken <- function(end, mark = "") {
    paste0(trimws(substr(text, 1, end)), mark, "\n", trimws(substring(text, end + 1)))
  }
  for (pattern in c("[.](?=[^.])", "[^.](?=[.]{3})", "[^[:alnum:].](?=[[:alnum:]])")) {
    ends <- fitting(pattern, letters)
    if (length(ends)) return(broken(max(ends)))
  }
  between <- fitting("[[:alnum:]](?=[[:alnum:]])", letters - 1)
  if (length(between) == 0) return(broken(letters))
  broken(between[which.min(abs(between - length / 2))], "-")
}
