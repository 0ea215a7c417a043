test_that("a network of 4 inputs, 5 hidden units and 3 outputs shows all of them", {
  plot <- autoplot(mlp_network(4, hidden_units = 5, outputs = 3))
  layers <- layers_drawn(plot)
  expect_equal(nrow(layers[[1]]), 4 * 5 + 5 * 3)
  expect_setequal(
    shown_labels(plot), c(paste0("x[", 1:4, "]"), paste0("h[", 1:5, "]"), paste0("o[", 1:3, "]"))
  )
  headings <- plot$scales$get_scales("x")$labels
  expect_equal(headings, c("inputs\n4", "hidden 1 (relu)\n5", "outputs\n3"))
})

test_that("headings are broken before they reach their neighbours", {
  longest <- function(...) {
    network <- mlp_network(..., outputs = 10)
    units <- network_nodes(network, 12)$units
    letters <- heading_letters(units, max(units$x))
    headings <- autoplot(network)$scales$get_scales("x")$labels
    c(max(nchar(unlist(strsplit(headings, "\n")))), letters)
  }
  for (depth in c(2, 3, 6, 10)) {
    found <- longest(784, rep(256, depth), normalization = "batch", residual = TRUE,
                     activation = "hard_sigmoid")
    expect_lte(found[1], found[2])
  }
})

test_that("edges say sign and size of their weight", {
  network <- mlp_network(2, outputs = 1)
  network$layers[[1]]$weight[] <- c(-2, 1)
  edges <- layers_drawn(autoplot(network))[[1]]
  expect_length(unique(edges$colour), 2)
  strongest <- which.max(edges$linewidth)
  expect_equal(edges$colour[strongest], plot_colours[["vermilion"]])
  expect_gt(edges$alpha[strongest], edges$alpha[-strongest])
})

test_that("weights of zero and of one size are drawn", {
  network <- mlp_network(2, outputs = 2)
  network$layers[[1]]$weight[] <- 0
  expect_silent(layers_drawn(autoplot(network)))
})

test_that("wide layers show their first and last units", {
  expect_equal(shown_units(5, 12), 1:5)
  expect_equal(shown_units(12, 12), 1:12)
  expect_equal(shown_units(784, 12), c(1:6, 780:784))
  expect_equal(shown_units(13, 3), c(1, 13))
  plot <- autoplot(mlp_network(784, hidden_units = 256, outputs = 10))
  expect_equal(nrow(layers_drawn(plot)[[1]]), 11 * 11 + 11 * 10)
  expect_match(plot$scales$get_scales("x")$labels[1], "784")
  expect_true("x[784]" %in% shown_labels(plot))
})

test_that("`max_units` reaches the diagram of a fit", {
  plot <- autoplot(small_fit(Species ~ ., data = iris, hidden_units = 5), type = "network", max_units = 4)
  expect_true(all(c("h[1]", "h[2]", "h[5]") %in% shown_labels(plot)))
  expect_false("h[3]" %in% shown_labels(plot))
})

test_that("several hidden layers are told apart", {
  labels <- shown_labels(autoplot(mlp_network(2, hidden_units = c(2, 1), outputs = 1)))
  expect_true(all(c("h[1]^(1)", "h[2]^(1)", "h[1]^(2)") %in% labels))
})

test_that("a network without hidden layers is drawn", {
  expect_equal(nrow(layers_drawn(autoplot(mlp_network(3, outputs = 1)))[[1]]), 3)
})

test_that("a theme added to the diagram wins", {
  plot <- autoplot(mlp_network(2, outputs = 1)) + ggplot2::theme(legend.position = "none")
  expect_equal(plot$theme$legend.position, "none")
})

test_that("a gap says how many units it stands for", {
  plot <- autoplot(mlp_network(784, c(256, 128), 10))
  expect_true(all(c("773 more", "245 more", "117 more") %in% shown_labels(plot)))
  deep <- shown_labels(autoplot(mlp_network(20, rep(64, 8), 1)))
  expect_true(all(c("+9", "+53") %in% deep))
  expect_false(any(grepl("more", shown_labels(autoplot(mlp_network(4, 5, 3))))))
})

test_that("inputs and outputs of a fit have their names, units without are left alone", {
  fit <- small_fit(Species ~ ., data = iris)
  expect_true(all(c(names(iris)[1:4], levels(iris$Species)) %in% shown_labels(autoplot(fit, "network"))))
  fit <- small_fit(unname(iris_x), iris$Species)
  shown <- shown_labels(autoplot(fit, "network"))
  expect_false(any(grepl("V1", shown)))
  expect_true("setosa" %in% shown)
})

test_that("a network with an embedding shows what its first layer reads", {
  fit <- small_fit(Species ~ ., data = iris, standardize = "zscore",
                   numeric_embedding = embed_periodic(frequencies = 3, dim = 3))
  plot <- autoplot(fit, "network")
  read <- nrow(fit$network$layers[[1]]$weight)
  expect_gt(read, 4)
  expect_equal(sum(plot$data$layer == 1), min(read, 12))
  expect_equal(plot$scales$get_scales("x")$labels[1], paste0("4 inputs,\nembedded\n", read))
  expect_true("Sepal.Length_wave1" %in% plot$data$name)
})

test_that("labels go where circles get too small for them", {
  tall <- autoplot(mlp_network(2, 40, 1), max_units = 40)
  expect_false(any(grepl("h[", shown_labels(tall), fixed = TRUE)))
})

test_that("a deep network shows its first and last layers, and how many are left out", {
  for (depth in c(7, 60, 1000)) {
    network <- mlp_network(5, rep(2, depth), 1)
    plot <- autoplot(network)
    shown <- c(1:4, depth + 0:2)
    expect_equal(unique(plot$data$layer), shown)
    expect_identical(unique(plot$data$x), c(1:4, 6:8))
    headings <- plot$scales$get_scales("x")$labels
    expect_identical(gsub("[ \n]+", " ", headings), c(
      "inputs 5", sprintf("hidden %d (relu) 2", c(1:3, depth - 1:0)), "outputs 1"
    ))
    expect_true(sprintf("+%s\nlayers", big_numbers(depth - 5)) %in% shown_labels(plot))
    edges <- layers_drawn(plot)[[1]]
    expect_identical(nrow(edges), 10L + 3L * 4L + 2L)
    expect_true(all(edges$xend - edges$x == 1))
    last <- network$layers[[depth + 1]]$weight
    expect_setequal(network_edges(network, plot$data)$weight[edges$x == 7], as.vector(last))
  }
  expect_identical(unique(autoplot(mlp_network(5, rep(2, 6), 1))$data$x), 1:8)
})

test_that("circles have room below each other, whatever their headings", {
  sizes <- function(...) layers_drawn(autoplot(mlp_network(30, outputs = 1, ...)))[[2]]$size[1]
  many_lines <- sizes(rep(30, 6), normalization = "batch", residual = TRUE)
  expect_lt(many_lines, sizes(30))
  # Twelve circles, three quarters of their size in millimetres, below six lines in a picture 4 inches high.
  expect_lt(12 * 0.75 * many_lines, 25.4 * (4 - 0.35 - 6 * 0.13))
  expect_identical(sizes(3), sizes(30))
})

test_that("members of an ensemble can be shown", {
  fit <- small_fit(Species ~ ., data = iris, ensemble = 2)
  edges <- function(...) layers_drawn(autoplot(fit, "network", ...))[[1]]$linewidth
  expect_identical(edges(), edges(member = 1))
  expect_false(identical(edges(member = 1), edges(member = 2)))
  expect_error(autoplot(fit, "network", member = 3), "`member`", class = "fastmlp_error")
})

test_that("the picture is as it was", {
  expect_picture("network", autoplot(plain_network(4, 5, 3)))
  expect_picture("network deep", autoplot(plain_network(5, rep(4, 20), 1)))
  expect_picture("network collapsed", autoplot(plain_network(30, c(20, 10), 2), max_units = 6))
})
