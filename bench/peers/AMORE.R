what <- "tanh, online gradient descent (a step a row)"

train <- function(x, y, work, threads) {
  net <- AMORE::newff(
    c(ncol(x), work$units, 1),
    learning.rate.global = work$learn_rate, momentum.global = 0, hidden.layer = "tansig",
    output.layer = "purelin", method = "ADAPTgd"
  )
  AMORE::train(net, x, y, report = FALSE, n.shows = 1, show.step = work$epochs)
}
