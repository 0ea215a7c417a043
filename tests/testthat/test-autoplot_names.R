long_names <- function(n) sprintf("a rather long name of a class, number %02d", seq_len(n))

# Inches that a part of a picture takes, "width" or "height", of 6 x 4.
inches_of <- function(plot, part, side) {
  withr::local_pdf(NULL, width = 6, height = 4)
  grob <- ggplot2::ggplotGrob(plot)
  parts <- grob$grobs[grepl(part, grob$layout$name)]
  sizes <- list(width = grid::grobWidth, height = grid::grobHeight)[[side]]
  lengths <- lapply(parts, function(part) {
    if (inherits(part, "gtable")) sum(part[[paste0(side, "s")]]) else sizes(part)
  })
  max(vapply(lengths, grid::convertUnit, 1, "inches", valueOnly = TRUE))
}

# What a picture leaves for its panels.
room <- function(plot) {
  withr::local_pdf(NULL, width = 6, height = 4)
  grob <- ggplot2::ggplotGrob(plot)
  taken <- function(units) sum(grid::convertUnit(units, "inches", valueOnly = TRUE))
  c(width = 6 - taken(grob$widths), height = 4 - taken(grob$heights))
}

# Inches that lines of text take in letters of so many points.
text_inches <- function(lines, size) {
  withr::local_pdf(NULL, width = 6, height = 4)
  vapply(lines, function(line) {
    text <- grid::textGrob(line, gp = grid::gpar(fontsize = size))
    grid::convertWidth(grid::grobWidth(text), "inches", valueOnly = TRUE)
  }, 1)
}

planes <- function(names) {
  classes <- factor(names, names)
  plane <- list_frame(list(x = seq_along(names), y = seq_along(names), .class = classes,
                           .prob = seq_along(names) / length(names)))
  regions_plot(plane, c("x", "y"), class_layers(plane, plane), NULL)
}

test_that("words are wrapped, and shortened where they are longer than a line", {
  expect_identical(wrapped(c("a class of words", "b", ""), 10), c("a class\nof words", "b", ""))
  expect_identical(wrapped("one\ntwo three", 8), "one\ntwo\nthree")
  expect_identical(wrapped("a hidden\u00a01", 9), "a\nhidden 1")
  expect_identical(wrapped("intervals at 95 %", 16), "intervals at\n95 %")
  expect_identical(wrapped("of abcdefghijkl", 9), "of\nabc...jkl")
  expect_null(shortened(NULL))
})

test_that("names that differ do so shortened, in no more letters than asked for", {
  withr::local_seed(1)
  shared <- c("One_Story_1946_and_Newer_All_Styles", "One_Story_1945_and_Older",
              "One_Story_with_Finished_Attic_All_Ages", "One_and_Half_Story_Unfinished_All_Ages",
              "One_and_Half_Story_Finished_All_Ages", "Two_Story_1946_and_Newer",
              "Two_and_Half_Story_All_Ages", "Split_Foyer", "One_Story_PUD_1946_and_Newer",
              "One_and_Half_Story_PUD_All_Ages", "Two_Story_PUD_1946_and_Newer")
  sets <- list(
    shared, sprintf("class number %02d with a rather long name indeed", 1:20),
    paste("the free and independent commonwealth of", datasets::state.name),
    replicate(40, paste(sample(letters, 60, TRUE), collapse = "")),
    sprintf("a_name_that_differs_in_one_%s_letter_in_its_middle", letters)
  )
  for (names in sets) {
    for (letters in 8:40) {
      short <- shortened(names, letters)
      expect_identical(anyDuplicated(short), 0L)
      expect_lte(max(nchar(short)), letters)
      fits <- nchar(names) <= letters
      expect_identical(short[fits], names[fits])
      for (text in list(wrapped(names, letters), in_few_lines(names, letters))) {
        expect_identical(anyDuplicated(text), 0L)
        expect_lte(max(nchar(unlist(strsplit(text, "\n")))), letters)
      }
    }
  }
  expect_identical(shortened(rev(rep(sets[[2]], 2)), 12), rev(rep(shortened(sets[[2]], 12), 2)))
})

test_that("of cuts the first that keeps names apart is taken, and else the names have numbers", {
  expect_identical(shortened(c("abcdefgh", "abcdefgi"), 7), c("ab...gh", "ab...gi"))
  expect_identical(shortened(c("abcXefghij", "abcYefghij"), 8), c("abcX...j", "abcY...j"))
  middle <- paste0(strrep("a", 9), c("X", "Y"), strrep("b", 9))
  expect_match(shortened(middle, 9), "^[.]{3}.*[XY].*[.]{3}$")
  differing <- paste0("aaaa", c("X", "Y", "X", "Y"), "aaaaaaaaaa", c("X", "X", "Y", "Y"), "aaaa")
  expect_identical(shortened(differing, 7), paste0("aa...#", c(1, 3, 2, 4)))
  expect_identical(shortened(rev(differing), 7), rev(shortened(differing, 7)))
  expect_identical(nchar(shortened(rep_len(differing, 2), 4)), c(5L, 5L))
})

test_that("legends have as many columns as fit", {
  expect_identical(legend_columns("a"), 9)
  expect_identical(legend_columns(strrep("a", 30)), 2)
  expect_identical(legend_columns(strrep("a", 30), strrep("t", 30)), 1)
  expect_identical(legend_columns(strrep("a", 300)), 1)
})

test_that("a legend of many names stands beside the picture, and names no more than it has room for", {
  expect_true(fits_above(letters[1:12]))
  expect_false(fits_above(letters[1:13]))
  expect_true(fits_above(long_names(6)))
  expect_false(fits_above(long_names(7)))
  expect_true(all(nchar(legend_labels(long_names(24))) <= 24))
  expect_true(all(nchar(legend_labels(long_names(50))) <= 12))
  expect_length(legend_breaks(long_names(300)), 72)
})

test_that("regions of many classes with long names leave most of the picture to the plane", {
  for (n in c(3, 6, 7, 25, 60, 200)) {
    left <- room(planes(long_names(n)))
    expect_gt(left[["width"]], 2.5)
    expect_gt(left[["height"]], 1.9)
    expect_lt(inches_of(planes(long_names(n)), "guide-box", "height"), 3.5)
  }
})

test_that("the legend of curves is whole, with its title", {
  for (n in c(3, 10, 11, 14, 30)) {
    curves <- data.frame(class = factor(rep(long_names(n), each = 2), long_names(n)), false_positive = 0:1,
                         true_positive = 0:1, auc = 0.5)
    expect_lt(inches_of(roc_plot(curves), "guide-box", "height"), 3.3)
    expect_gt(room(roc_plot(curves))[["width"]], 2.5)
  }
})

test_that("long names leave room for the panels of calibration and confusion", {
  for (n in c(2, 12, 20)) {
    classes <- factor(long_names(n))
    expect_gt(min(room(confusion_plot(pair_counts(classes, classes)))), 1.6)
    bins <- data.frame(class = rep(classes, each = 2), predicted = c(.2, .8), observed = c(.2, .8), rows = 5,
                       lower = 0, upper = 1, error = .1)
    plot <- calibration_plot(bins)
    strips <- plot$facet$params$labeller(list(as.character(unique(plot$data$class))))[[1]]
    expect_true(all(nchar(unlist(strsplit(strips, "\n"))) <= panel_letters(min(n, 12))))
    expect_lt(inches_of(plot, "caption", "width"), 5.9)
  }
})

test_that("titles of layers fit above their panels", {
  for (hidden in list(40, c(40, 20), rep(1000, 5))) {
    plot <- autoplot(mlp_network(1000, hidden, 10), "weights")
    layers <- levels(plot$data$layer)
    strips <- plot$facet$params$labeller(list(layers))[[1]]
    expect_true(all(nchar(unlist(strsplit(strips, "\n"))) <= panel_letters(length(layers), 3.7)))
    expect_identical(gsub("\n", " ", strips), gsub("\n", " ", layers))
  }
})

test_that("panels of many names have theirs in one line", {
  short <- function(n) name_strips(n)(list(long_names(n)))[[1]]
  expect_false(any(grepl("\n", short(13))))
  expect_true(all(grepl("\n", short(4))))
})

test_that("numbers along an axis are told apart", {
  expect_identical(big_numbers(c(8132886.11, 8132886.14)), c("8,132,886.11", "8,132,886.14"))
  expect_identical(big_numbers(c(1e6, 2e6)), c("1,000,000", "2,000,000"))
  expect_identical(big_numbers(c(1e7, 2.5e7)), c("1.0e+07", "2.5e+07"))
  expect_identical(big_numbers(c(123456789, 123456790)), c("123,456,789", "123,456,790"))
})

test_that("names of metrics break where a panel ends", {
  title <- metric_strips(6)(list("balanced_error_rate_of_all_classes"))[[1]]
  expect_identical(title, "balanced_error_rate_of_\nall_classes")
})

strip_lines <- function(names, predictors, columns) {
  strsplit(beside_strips(predictors, columns)(list(names))[[1]], "\n")
}

test_that("names above panels of predictors keep their ends in at most three lines", {
  expect_identical(in_few_lines(c("class 1", "a customer with a card 1"), 8),
                   c("class 1", "a cus...\nard 1"))
  expect_identical(in_few_lines("a customer with a card 1", 12), "a customer\nwith a card\n1")
  expect_identical(in_few_lines(c("Somerset", "pixel_row12", "bathrooms"), 7),
                   c("Some-\nrset", "pixel_\nrow12", "bath-\nrooms"))
  expect_identical(in_two_lines("An extra... number one", 13), "An extra...\nnumber one")
  expect_identical(in_two_lines("An extraord... number two", 14), "An extraord...\nnumber two")
  expect_identical(in_two_lines("An extraord... number one", 14), "An extraord...\nnumber one")
  expect_identical(in_two_lines("A number that...7", 13), "A number that\n...7")
  for (columns in 2:6) {
    lines <- strip_lines(long_names(26), strrep("p", 40), columns)
    letters <- (5.4 - 0.075 * beside_letters(columns) - 0.2 * (columns - 1)) / columns / 0.075
    expect_lte(max(nchar(unlist(lines))), letters)
    expect_lte(max(lengths(lines)), 3)
    expect_identical(anyDuplicated(lines), 0L)
  }
})

# Attributions of so many rows, by hand.
attributions <- function(outputs, predictors, rows) {
  parts <- lapply(seq_along(outputs), function(k) {
    matrix(k, length(predictors), rows, dimnames = list(predictors, NULL))
  })
  attribution_tibble(parts, list(type = "prob", output = outputs), "gradient")
}

test_that("attributions to many outputs with long names leave room for bars and points", {
  predictors <- sprintf("a_rather_long_name_of_predictor_no_%02d", 1:12)
  for (rows in c(3, 10)) {
    left <- room(autoplot(attributions(long_names(26), predictors, rows)))
    expect_gt(left[["width"]], 2.5)
    expect_gt(left[["height"]], 1.2)
  }
  few <- room(autoplot(attributions(paste("a customer with a credit card of", 1:3), letters[1:4], 3)))
  expect_gt(few[["height"]], 2)
  expect_identical(levels(autoplot(attributions(long_names(26), "a", 2))$data$output), long_names(26)[22:26])
})

test_that("importance by long names has its axis titles whole", {
  predictors <- sprintf("a_rather_long_name_of_predictor_no_%02d", 1:6)
  importance <- function(...) {
    importance_tibble(list(predictor = predictors, importance = 1:6, ...), method = "permutation",
                      metric = "rmse", larger = FALSE, repeats = 10, measured = 1.905)
  }
  plot <- autoplot(importance())
  expect_gt(room(plot)[["width"]], 3.3)
  expect_lt(inches_of(plot, "xlab-b", "width"), 3.7)
})

test_that("what regions hold is in lines that fit, a predictor in one line", {
  columns <- list_frame(rlang::set_names(rep(list(c(1.234, 2)), 6), c("x", "y", long_names(4))))
  lines <- strsplit(held_words(columns, c("x", "y")), "\n")[[1]]
  expect_gt(length(lines), 1)
  expect_lte(max(nchar(lines)), 85)
  expect_identical(sum(lengths(regmatches(lines, gregexpr("[^ ]+ = 1.6", lines)))), 4L)
})

test_that("low panels have few numbers along the y axis", {
  numbers <- function(panels) {
    axis <- prediction_axis(panels)
    axis$train(c(0.012, 0.11))
    sum(!is.na(axis$get_breaks()))
  }
  expect_lt(numbers(26), numbers(4))
  expect_gt(numbers(26), 1)
})

test_that("names beside a diagram leave room for its headings", {
  for (hidden in list(256, c(256, 256), rep(256, 3))) {
    network <- mlp_network(12, hidden, 10)
    columns <- length(hidden) + 2
    units <- network_nodes(network, 12, list(inputs = long_names(12), outputs = long_names(10)))$units
    headings <- network_headings(network, heading_letters(units, columns))
    expect_false(any(grepl("...", headings, fixed = TRUE)))
    expect_gte(heading_letters(units, columns), 9)
  }
  one_side <- side_names_shown(long_names(3), "o", 5)
  expect_identical(nchar(one_side$inputs), rep(23L, 3))
})

# What the labeller of panels makes of their names, in lines.
lines_of_strips <- function(plot, names) strsplit(plot$facet$params$labeller(list(names))[[1]], "\n")

test_that("what a picture leaves out is said", {
  expect_null(some_of(5, 5, "classes"))
  expect_identical(some_of(5, 26, "classes"), "the first 5 of 26 classes")
  expect_identical(some_of(5, 26, "classes", "with the smallest areas"),
                   "5 of 26 classes, with the smallest areas")
  expect_null(caption_of(NULL, NULL))
  expect_identical(caption_of("a", NULL, "b"), "a; b")
  first <- first_panels(data.frame(f = factor(c("c", "a", "b"), c("c", "b", "a")), i = 1:3), "f", 2)
  expect_identical(first$i, c(1L, 3L))
  expect_identical(levels(first$f), c("c", "b"))
})

test_that("titles of axes that are names fit beside their axis", {
  name <- strrep("n", 70)
  expect_lte(nchar(y_title(name)), 30)
  plot <- planes(letters[1:3])
  named <- regions_plot(rlang::set_names(plot$data, c(name, "y", ".class", ".prob")), c(name, "y"),
                        list(ggplot2::geom_blank()), NULL)
  expect_lt(inches_of(named, "xlab-b", "width"), 5.5)
})

test_that("numbers of many outcomes with long names have whole strips and room for their panels", {
  for (n in c(2, 4, 12, 26)) {
    outcomes <- factor(rep(long_names(n), each = 4), long_names(n))
    data <- data.frame(outcome = outcomes, observed = c(1, 4, 2, 3), predicted = 1:4)
    plot <- observed_plot(data)
    shown <- levels(plot$data$outcome)
    expect_identical(shown, long_names(n)[seq_len(min(n, 12))])
    expect_identical(is.null(plot$labels$caption), n <= 12)
    strips <- lines_of_strips(plot, shown)
    expect_lte(max(nchar(unlist(strips))), panel_letters(length(shown)))
    expect_identical(anyDuplicated(strips), 0L)
    expect_gt(min(room(plot)), 0.8)
    plot <- residuals_plot(observed_residuals(data))
    panels <- levels(plot$data$panel)
    expect_length(panels, 2 * min(n, 6))
    strips <- lines_of_strips(plot, panels)
    expect_identical(lengths(strips), rep(2L, length(panels)))
    columns <- if (n > 2) 4 else 2
    expect_lt(max(text_inches(unlist(strips), 7)), room(plot)[["width"]] / columns)
    expect_gt(min(room(plot)), 0.8)
    expect_lt(inches_of(plot, "caption", "width"), 5.9)
  }
  one <- data.frame(outcome = factor("a"), observed = c(1, 4, 2), predicted = 1:3)
  expect_identical(unlist(lines_of_strips(residuals_plot(observed_residuals(one)), "normal quantile")),
                   "normal quantile")
})

test_that("surfaces and labels have at most 12 panels, with whole names", {
  x <- matrix(sin(1:40), 20, dimnames = list(NULL, c("a", "b")))
  outcomes <- matrix(cos(1:520), 20, dimnames = list(NULL, long_names(26)))
  fit <- mlp_fit(x, outcomes, preset = "plain", epochs = 1, verbose = FALSE)
  plot <- autoplot(fit, "regions", as.data.frame(x), outcomes, resolution = 4)
  expect_identical(levels(plot$data$.output), colnames(outcomes)[1:12])
  expect_identical(plot$labels$caption, "the first 12 of 26 outputs")
  expect_lte(max(nchar(unlist(lines_of_strips(plot, long_names(12))))), panel_letters(12))
  expect_identical(unique(layers_drawn(plot)[[2]]$PANEL), factor(1:12))
  counts <- lapply(long_names(26), function(label) {
    cbind(label = factor(label, long_names(26)), pair_counts(factor(c("no", "yes")), factor(c("no", "yes"))))
  })
  confusion <- confusion_plot(do.call(rbind, counts))
  expect_identical(confusion$labels$caption, "the first 12 of 26 labels")
  expect_gt(min(room(confusion)), 1.2)
  expect_identical(confusion$labels$title, "Accuracy 100.0 % on 2 rows")
})

test_that("importance for many outputs shows those with the largest weights", {
  weights <- function(method, predictors) {
    importance <- outer(seq_along(predictors), 1:26, function(i, k) if (method == "garson") i else i * k)
    outputs <- rep(long_names(26), each = length(predictors))
    importance_tibble(list(predictor = rep(predictors, 26), output = outputs,
                           importance = as.vector(importance)), method = method)
  }
  predictors <- sprintf("a_rather_long_name_of_predictor_no_%02d", 1:16)
  olden <- autoplot(weights("olden", predictors))
  expect_setequal(olden$data$output, long_names(26)[21:26])
  expect_identical(olden$labels$caption, "6 of 26 outputs, with the largest weights")
  garson <- autoplot(weights("garson", predictors[1:4]))
  expect_setequal(garson$data$output, long_names(26)[1:12])
  expect_identical(garson$labels$caption, "the first 12 of 26 outputs")
  for (plot in list(olden, garson)) {
    expect_gt(room(plot)[["width"]], 2.3)
    expect_gt(room(plot)[["height"]], 1.2)
  }
})

test_that("attributions as images have whole strips", {
  many <- attributions(long_names(26), sprintf("p%d", 1:16), 6)
  plot <- autoplot(many, shape = c(4, 4))
  expect_identical(levels(plot$data$output), long_names(26)[22:26])
  expect_identical(plot$labels$caption, "5 of 26 outputs, with the largest attributions")
  expect_gte(image_letters(26, 26, 1), 7)
  expect_lt(image_letters(5, 6, 1), image_letters(5, 2, 1))
  expect_lte(image_letters(5, 1, 1) * 0.07, 4.2 / 5)
})

test_that("names along an axis leave most of the height to the data, and many stand upright", {
  for (n in c(5, 8, 26)) {
    data <- data.frame(f = factor(long_names(n)), y = 1)
    plot <- ggplot2::ggplot(data, ggplot2::aes(f, y)) + ggplot2::geom_point() + plot_theme() +
      ggplot2::scale_x_discrete(labels = along_side) + crowded_names(long_names(n))
    expect_gt(room(plot)[["height"]], 2)
    expect_identical(plot$theme$axis.text.x$angle, if (n > 6) 90 else 40)
  }
  expect_null(crowded_names(letters[1:5]))
})

test_that("importance's title takes the width that names leave", {
  title <- function(predictor) {
    autoplot(importance_tibble(list(predictor = predictor, importance = 1), method = "permutation",
                               metric = "accuracy", larger = TRUE, repeats = 10, measured = 0.5))$labels$x
  }
  expect_no_match(title("p"), "\n")
  expect_match(title(strrep("p", 40)), "\n")
})
