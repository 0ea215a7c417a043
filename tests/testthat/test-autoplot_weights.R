test_that("each cell of a small layer is a weight", {
  network <- plain_network(4, 5, 3)
  cells <- autoplot(network, "weights")$data
  titles <- c("inputs to hidden 1\n4 x 5, up to 1.2", "hidden 1 to outputs\n5 x 3, up to 1.2")
  expect_equal(levels(cells$layer), titles)
  first <- cells[as.integer(cells$layer) == 1, ]
  expect_equal(first$weight, network$layers[[1]]$weight[cbind(first$from, first$to)])
  expect_equal(max(abs(first$relative)), 1)
})

test_that("large layers are means of blocks", {
  weight <- matrix(seq_len(500 * 3), 500)
  blocks <- block_means(weight, most = 100)
  expect_equal(nrow(blocks), 300)
  expect_equal(blocks$weight[1], mean(weight[1:5, 1]))
  expect_equal(blocks$from[1:2], c(3, 8))
  expect_equal(unique(blocks$to), 1:3)
  uneven <- block_means(matrix(1, 7, 5), most = 3)
  expect_true(all(uneven$weight == 1))
  cells <- autoplot(mlp_network(784, 256, 10), "weights")$data
  expect_equal(as.vector(table(cells$layer)), c(200 * 200, 200 * 10))
})

test_that("colours are symmetric, and of a network without weights white", {
  network <- plain_network(3, outputs = 2)
  fill <- layers_drawn(autoplot(network, "weights"))[[1]]$fill
  expect_equal(autoplot(network, "weights")$scales$get_scales("fill")$limits, c(-1, 1) * 1.25)
  network$layers[[1]]$weight[] <- 0
  expect_equal(toupper(unique(layers_drawn(autoplot(network, "weights"))[[1]]$fill)), "#FFFFFF")
  expect_gt(length(unique(fill)), 3)
})

test_that("one layer has names on its sides while there is room", {
  fit <- small_fit(Species ~ ., data = iris)
  plot <- autoplot(fit, "weights", layer = 1)
  expect_equal(plot$scales$get_scales("y")$labels, names(iris)[1:4])
  expect_equal(autoplot(fit, "weights", layer = 2)$scales$get_scales("x")$labels, levels(iris$Species))
  expect_true(is.function(autoplot(fit, "weights")$scales$get_scales("y")$labels))
})

test_that("units are shown as images, pixels row by row", {
  network <- mlp_network(6, 3, 2)
  network$layers[[1]]$weight[] <- c(1:6, 0, 0, 0, 0, 0, 0, -(6:1) * 2)
  images <- autoplot(network, "weights", shape = c(2, 3))$data
  expect_equal(levels(images$unit), c("3", "1", "2"))
  first <- images[images$unit == "1", ]
  expect_equal(first$weight, (1:6) / 6)
  expect_equal(first$row, rep(1:2, each = 3))
  expect_equal(first$column, rep(1:3, 2))
  expect_equal(images$weight[images$unit == "2"], rep(0, 6))
  expect_equal(nlevels(autoplot(network, "weights", shape = c(2, 3), max_units = 2)$data$unit), 2)
})

test_that("the histograms hold all weights and biases", {
  network <- plain_network(4, 5, 3)
  plot <- autoplot(network, "weight_histogram")
  expect_equal(nrow(plot$data), 4 * 5 + 5 + 5 * 3 + 3)
  biases <- plot$data$value[plot$data$parameter == "biases" & plot$data$layer == "hidden 1"]
  expect_equal(biases, network$layers[[1]]$bias)
  bars <- do.call(rbind, lapply(layers_drawn(plot)[-1], function(layer) layer[c("PANEL", "count")]))
  expect_equal(as.vector(tapply(bars$count, bars$PANEL, sum)), c(20, 5, 15, 3))
})

test_that("the picture is as it was", {
  expect_picture("weight histogram", autoplot(plain_network(4, 5, 3), "weight_histogram"))
  expect_picture("weights", autoplot(plain_network(4, 5, 3), "weights"))
  expect_picture("weights of one layer", autoplot(plain_network(4, 5, 3), "weights", layer = 2))
  expect_picture("weights as images", autoplot(plain_network(6, 5, 3), "weights", shape = c(2, 3)))
})

test_that("of many layers the first are drawn, and the picture says so", {
  deep <- mlp_network(5, rep(4, 1000), 1)
  for (type in c("weights", "weight_histogram")) {
    plot <- autoplot(deep, type)
    expect_identical(nlevels(plot$data$layer), 12L)
    expect_identical(plot$labels$caption, "the first 12 of 1001 layers")
    expect_s3_class(ggplot2::ggplotGrob(plot), "gtable")
    expect_null(autoplot(mlp_network(5, c(4, 4), 1), type)$labels$caption)
  }
  expect_identical(levels(autoplot(deep, "weights", layer = 900)$data$layer)[1],
                   levels(autoplot(deep, "weights", layer = 900)$data$layer))
})
