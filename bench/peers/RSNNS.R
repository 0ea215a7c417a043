what <- "sigmoid, online backpropagation (a step a row)"

train <- function(x, y, work, threads) {
  RSNNS::mlp(
    x, y,
    size = work$units, maxit = work$epochs, linOut = TRUE, learnFunc = "Std_Backpropagation",
    learnFuncParams = c(work$learn_rate, 0)
  )
}
