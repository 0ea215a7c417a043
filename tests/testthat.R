library(testthat)
library(fastmlp)

test_check("fastmlp")
