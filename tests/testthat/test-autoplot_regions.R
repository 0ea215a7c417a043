layers_drawn <- function(plot) ggplot2::ggplot_build(plot)$data

taught <- function(...) {
  small_fit(..., standardize = "zscore", activation = "tanh", epochs = 20, optimizer = opt_sgd(0.02))
}

regions <- function(fit, ..., resolution = 12) autoplot(fit, type = "regions", ..., resolution = resolution)

test_that("each point of the plane has its predicted class and probability, the rest being held", {
  fit <- taught(Species ~ ., iris)
  sides <- c("Petal.Length", "Petal.Width")
  plane <- regions(fit, new_data = iris, variables = sides)$data
  held <- cbind(plane[sides], Sepal.Length = 5.8, Sepal.Width = 3)
  expect_identical(nrow(plane), 144L)
  expect_equal(range(plane$Petal.Width), range(iris$Petal.Width) + c(-0.04, 0.04) * 2.4)
  expect_equal(plane$.class, predict(fit, held)$.pred_class)
  expect_equal(plane$.prob, do.call(pmax, predict(fit, held, "prob")), tolerance = 1e-6)
  expect_length(unique(plane$.class), 3)
})

test_that("points have their outcome, as far as it is known", {
  fit <- taught(iris[3:4], iris$Species)
  points <- function(plot) plot$layers[[2]]$data
  expect_null(points(regions(fit, new_data = iris))$.class)
  plot <- regions(fit, new_data = iris, truth = iris$Species)
  expect_identical(points(plot)$.class, iris$Species)
  expect_identical(nrow(points(regions(fit, new_data = iris, truth = iris$Species, max_points = 50))), 50L)
  fit <- taught(Species ~ Petal.Length + Petal.Width, iris)
  expect_identical(points(regions(fit, new_data = iris))$.class, iris$Species)
})

test_that("numbers are a surface, several in panels of their own", {
  fit <- taught(mpg ~ wt + hp + cyl, transform(mtcars, cyl = factor(cyl)), standardize_outcome = TRUE)
  cars <- transform(mtcars, cyl = factor(cyl))
  plot <- regions(fit, new_data = cars, variables = c("hp", "wt"))
  plane <- plot$data
  expect_equal(plane$.pred, predict(fit, cbind(plane[1:2], cyl = factor(8, levels(cars$cyl))))$.pred)
  expect_equal(plot$layers[[2]]$data$.pred, mtcars$mpg)
  expect_match(plot$labels$caption, "at cyl = 8")
  fit <- taught(cbind(mpg, qsec) ~ wt + hp, mtcars, standardize_outcome = TRUE)
  plot <- regions(fit, new_data = mtcars)
  expect_identical(levels(plot$data$.output), c("mpg", "qsec"))
  expect_equal(plot$layers[[2]]$data$.pred, c(mtcars$mpg, mtcars$qsec))
  expect_null(plot$labels$caption)
})

test_that("other losses have regions, too", {
  hinge <- taught(iris[3:4], iris$Species, loss = "hinge")
  plot <- regions(hinge, new_data = iris)
  expect_true(all(is.na(plot$data$.prob)))
  expect_false(anyNA(layers_drawn(plot)[[1]]$fill))
  labels <- cbind(am = mtcars$am == 1, vs = mtcars$vs == 1)
  plot <- regions(taught(mtcars[c("wt", "hp")], labels), new_data = mtcars, truth = labels)
  expect_true(all(plot$data$.pred >= 0 & plot$data$.pred <= 1))
  expect_identical(levels(plot$data$.output), c("am", "vs"))
  fit <- taught(mpg ~ wt + hp, mtcars, loss = loss_quantile(c(0.1, 0.9)), standardize_outcome = FALSE)
  expect_identical(levels(regions(fit, new_data = mtcars)$data$.output), c("q0.1", "q0.9"))
  fit <- taught(carb ~ wt + hp + offset(log(cyl)), mtcars, loss = "poisson")
  plane <- regions(fit, new_data = mtcars)$data
  expect_equal(plane$.pred, predict(fit, cbind(plane[1:2], cyl = 1))$.pred)
})

test_that("missing values and the columns before a recipe's steps have a plane", {
  cars <- transform(mtcars, wt = replace(wt, 1:8, NA), hp = as.integer(hp),
                    cyl = replace(factor(cyl), 5:12, NA))
  fit <- taught(mpg ~ wt + hp + cyl, cars, na_action = "impute", standardize_outcome = TRUE)
  plot <- regions(fit, new_data = cars, variables = c("wt", "hp"))
  expect_equal(plot$data$.pred, predict(fit, cbind(plot$data[1:2], cyl = "8"))$.pred)
  expect_no_warning(layers_drawn(plot))
  skip_if_not_installed("recipes")
  recipe <- recipes::update_role(recipes::recipe(mpg ~ hp + disp + qsec, cars), qsec, new_role = "id")
  fit <- taught(recipes::step_log(recipe, hp), cars, standardize_outcome = TRUE)
  plane <- regions(fit, new_data = cars)$data
  expect_equal(plane$.pred, predict(fit, transform(plane, hp = floor(hp + 0.5), qsec = 1))$.pred)
  fit <- taught(mpg ~ log(wt) + sqrt(am), mtcars, standardize_outcome = TRUE)
  plane <- regions(fit, new_data = transform(mtcars, wt = wt - 1.5))$data
  expect_equal(vapply(plane[1:2], range, c(0, 0)), cbind(wt = range(mtcars$wt) - 1.5, am = 0:1))
})

test_that("pictures are drawn", {
  withr::local_pdf(NULL)
  fit <- taught(iris[3:4], iris$Species)
  expect_s3_class(plot(fit, type = "regions", new_data = as.matrix(iris[3:4]), resolution = 5), "ggplot")
})

test_that("bad arguments are refused", {
  fit <- taught(Species ~ ., iris)
  one <- taught(mpg ~ wt + cyl, transform(mtcars, cyl = factor(cyl)), standardize_outcome = TRUE)
  sides <- c("Petal.Width", "Petal.Length")
  expect_conditions({
    autoplot(fit, type = "regions")
    autoplot(fit, type = "regions", new_data = iris)
    autoplot(fit, type = "regions", new_data = iris, variables = "Petal.Width")
    autoplot(fit, type = "regions", new_data = iris, variables = c("Petal.Width", "Species"))
    autoplot(fit, type = "regions", new_data = iris, sides = sides)
    autoplot(fit, type = "regions", new_data = iris, variables = sides, resolution = 1)
    autoplot(one, type = "regions", new_data = transform(mtcars, cyl = factor(cyl)))
    autoplot(fit, type = "regions", new_data = iris, variables = sides, truth = iris$Species[1:3])
  })
})

test_that("large numbers have marks", {
  plane <- list_frame(list(price = rep(c(0, 4e5), 2), size = rep(1:2, each = 2), .pred = 1:4 * 1e5,
                           .output = factor(rep("y", 4))))
  points <- list_frame(list(price = 1e5, size = 1, .pred = 1e5))
  plot <- regions_plot(plane, c("price", "size"), surface_layers(plane, points, "numeric"), NULL)
  built <- ggplot2::ggplot_build(plot)
  expect_true("200,000" %in% built$layout$panel_params[[1]]$x$get_labels())
  expect_true("300,000" %in% built$plot$scales$get_scales("fill")$get_labels())
})

test_that("it looks as it did", {
  plane <- list_frame(list(x = rep(1:4, 3), y = rep(c(10, 20, 30), each = 4),
                           .class = factor(rep(c("a", "b", "c"), 4)), .prob = 4:15 / 15))
  points <- list_frame(list(x = c(1, 2.5), y = c(15, 25), .class = factor(c("a", "b"), c("a", "b", "c"))))
  sides <- c("x", "y")
  expect_picture("regions of classes", regions_plot(plane, sides, class_layers(plane, points), "at z = 1"))
  plane <- list_frame(list(x = rep(1:4, 3), y = rep(c(10, 20, 30), each = 4), .pred = 1:12 * 1e4,
                           .output = factor(rep("price", 12))))
  points <- list_frame(list(x = c(1, 2.5), y = c(15, 25), .pred = c(2e4, 1e5)))
  expect_picture("surface", regions_plot(plane, sides, surface_layers(plane, points, "numeric"), NULL))
})
