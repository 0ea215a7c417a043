#' Activation functions
#'
#' `activation_value()` applies an activation function to each element, `activation_gradient()` its
#' derivative, and `activation_names()` lists the functions. The derivative is the one that
#' training uses: it comes out of the engine's backward pass.
#'
#' | name | value | source |
#' | --- | --- | --- |
#' | `"identity"` | \eqn{x} | |
#' | `"relu"` | \eqn{\max(x, 0)}{max(x, 0)}, derivative 0 at 0 | Nair and Hinton (2010) |
#' | `"leaky_relu"` | \eqn{x} above 0, else \eqn{0.01 x} | Maas, Hannun and Ng (2013) |
#' | `"elu"` | \eqn{x} above 0, else \eqn{e^x - 1} | Clevert, Unterthiner and Hochreiter (2016) |
#' | `"selu"` | \eqn{1.0507 x} above 0, else \eqn{1.7581 (e^x - 1)} | Klambauer et al. (2017) |
#' | `"gelu"` | \eqn{x \Phi(x)}, \eqn{\Phi} the normal distribution | Hendrycks and Gimpel (2016) |
#' | `"silu"` | \eqn{x\, \mathrm{sigmoid}(x)}{x sigmoid(x)}, or swish | Elfwing, Uchibe and Doya (2018) |
#' | `"mish"` | \eqn{x \tanh(\log(1 + e^x))}{x tanh(log(1 + e^x))} | Misra (2020) |
#' | `"softplus"` | \eqn{\log(1 + e^x)}{log(1 + e^x)} | Dugas et al. (2001) |
#' | `"sigmoid"` | \eqn{1 / (1 + e^{-x})}, derivative at most 1/4 | |
#' | `"tanh"` | \eqn{\tanh(x)}{tanh(x)}, derivative at most 1 | |
#' | `"hard_sigmoid"` | \eqn{x / 6 + 1/2}, kept within 0 and 1 | Courbariaux et al. (2015) |
#' | `"hard_tanh"` | \eqn{x}, kept within -1 and 1 | Collobert (2004) |
#'
#' The engine computes in single precision (about seven digits), with functions of its own whose
#' error is bounded in units in the last place (ulp; one is at most 1.2e-7 of a number): 1.1 ulp for
#' \eqn{e^x} and \eqn{e^x - 1}, 2 for \eqn{\log x}{log x} and \eqn{\log(1 + x)}{log(1 + x)}, 2.6 for
#' `"sigmoid"` and `"tanh"`, 2.9 for `"softplus"`, and for the smaller of \eqn{\Phi(x)} and
#' \eqn{1 - \Phi(x)}, in
#' place of the error function, 6 for \eqn{|x| \le 2} and 67 beyond. The bounds are checked on all
#' numbers in single precision. Where its size is above 1e-30, the relative error of every
#' activation is below 1e-6 for \eqn{|x| \le 2}, below 2e-6 up to 8 and below 5e-6 beyond.
#'
#' @param x Numbers: a vector, matrix or array.
#' @param activation One of `activation_names()`.
#' @param ... Must be empty.
#' @return Doubles with the length, dimensions and names of `x`; `activation_names()`: a character
#'   vector.
#' @references Clevert D, Unterthiner T, Hochreiter S (2016). "Fast and accurate deep network learning by
#'   exponential linear units (ELUs)." ICLR.
#'
#'   Collobert R (2004). "Large scale machine learning." PhD thesis, Universite Paris VI.
#'
#'   Courbariaux M, Bengio Y, David J (2015). "BinaryConnect: training deep neural networks with binary
#'   weights during propagations." NeurIPS.
#'
#'   Dugas C, Bengio Y, Belisle F, Nadeau C, Garcia R (2001). "Incorporating second-order functional
#'   knowledge for better option pricing." NeurIPS.
#'
#'   Elfwing S, Uchibe E, Doya K (2018). "Sigmoid-weighted linear units for neural network function
#'   approximation in reinforcement learning." Neural Networks 107.
#'
#'   Hendrycks D, Gimpel K (2016). "Gaussian error linear units (GELUs)." arXiv:1606.08415.
#'
#'   Klambauer G, Unterthiner T, Mayr A, Hochreiter S (2017). "Self-normalizing neural networks." NeurIPS.
#'
#'   Maas A, Hannun A, Ng A (2013). "Rectifier nonlinearities improve neural network acoustic models." ICML
#'   workshop.
#'
#'   Misra D (2020). "Mish: a self regularized non-monotonic activation function." BMVC.
#'
#'   Nair V, Hinton GE (2010). "Rectified linear units improve restricted Boltzmann machines." ICML.
#' @examples
#' activation_value(c(-2, 0, 2), "relu")
#' activation_gradient(c(-2, 0, 2), "sigmoid")
#' activation_names()
#' @export
activation_value <- strict(function(x, activation) {
  check_given()
  check_evaluates("activation")
  activation_result(x, activation, gradient = FALSE, call = environment())
})

#' @rdname activation_value
#' @export
activation_gradient <- strict(function(x, activation) {
  check_given()
  check_evaluates("activation")
  activation_result(x, activation, gradient = TRUE, call = environment())
})

#' @rdname activation_value
#' @export
activation_names <- function() .Call(fastmlp_activation_names)

activation_result <- function(x, activation, gradient, call) {
  values <- check_numeric(x, "x", call = call)
  activation <- check_choice(activation, "activation", activation_names(), call = call)
  like(.Call(fastmlp_activation, values, activation, gradient), x)
}

# `values` with the dimensions and names of `x`.
like <- function(values, x) {
  attributes(values) <- attributes(x)
  values
}

#' A dense layer, forward and backward
#'
#' `dense_forward()` computes \eqn{O = X W + 1 b^\top}{O = X W + 1 b^T}. `dense_backward()` takes the
#' gradient of a loss with respect to \eqn{O} back to the layer's input, weight and bias:
#' \deqn{dX = dO\, W^\top, \qquad dW = X^\top dO, \qquad db = dO^\top 1.}{
#'   dX = dO W^T,
#'   dW = X^T dO,
#'   db = dO^T 1.}
#'
#' @param x Numeric matrix rows x inputs.
#' @param weight Numeric matrix inputs x units.
#' @param bias Numeric vector, one number a unit.
#' @param gradient Numeric matrix rows x units: the derivative of a loss with respect to the
#'   layer's output, such as [loss_gradient()] gives.
#' @param ... Must be empty.
#' @return `dense_forward()`: a matrix rows x units. `dense_backward()`: a list with `input` (rows x
#'   inputs), `weight` (inputs x units) and `bias` (units).
#' @examples
#' # A perceptron with one hidden layer, from scratch
#' set.seed(1)
#' x <- scale(as.matrix(iris[1:4]))
#' layers <- coef(mlp_network(4, 8, 3))
#' for (step in 1:50) {
#'   z <- dense_forward(x, layers[[1]]$weight, layers[[1]]$bias)
#'   h <- activation_value(z, "relu")
#'   output <- dense_forward(h, layers[[2]]$weight, layers[[2]]$bias)
#'   d_output <- loss_gradient(output, iris$Species, "cross_entropy")
#'   back <- dense_backward(h, layers[[2]]$weight, d_output)
#'   d_z <- back$input * activation_gradient(z, "relu")
#'   gradient <- list(dense_backward(x, layers[[1]]$weight, d_z)[-1], back[-1])
#'   layers <- sgd_step(layers, gradient, learn_rate = 0.5)
#' }
#' loss_value(output, iris$Species, "cross_entropy")
#' @export
dense_forward <- strict(function(x, weight, bias) {
  check_given()
  check_matrix(x, "x")
  check_matrix(weight, "weight", rows = ncol(x))
  bias <- check_numeric(bias, "bias", ncol(weight))
  .Call(fastmlp_dense_forward, x, as_double(weight), bias)
})

#' @rdname dense_forward
#' @export
dense_backward <- strict(function(x, weight, gradient) {
  check_given()
  check_matrix(x, "x")
  check_matrix(weight, "weight", rows = ncol(x))
  check_matrix(gradient, "gradient", rows = nrow(x), columns = ncol(weight))
  .Call(fastmlp_dense_backward, x, as_double(weight), as_double(gradient))
})

#' One step of gradient descent
#'
#' Moves parameters against their gradient: `parameters - learn_rate * gradient`, as training with
#' [opt_sgd()] does without momentum.
#'
#' @param parameters Numbers: a vector, matrix or array, or a list (of lists) of these, such as
#'   [coef()][coef.fastmlp] gives.
#' @param gradient The same structure, with the same shapes, such as the `gradient` of
#'   [mlp_gradient()].
#' @param learn_rate The step size: a finite number above 0.
#' @param ... Must be empty.
#' @return The new parameters, in the structure of `parameters`.
#' @examples
#' sgd_step(c(1, 2), c(10, -10), learn_rate = 0.1)
#' sgd_step(list(weight = diag(2), bias = c(0, 0)), list(weight = diag(2), bias = c(1, 1)), 0.5)
#' @export
sgd_step <- strict(function(parameters, gradient, learn_rate) {
  check_given()
  learn_rate <- check_number(learn_rate, "learn_rate", 0, open = c("from", "to"))
  step_along(parameters, gradient, learn_rate, suffix = "", call = environment())
})

# One step for an array, or for each element of a list; `suffix` is the way into the list.
step_along <- function(parameters, gradient, learn_rate, suffix, call) {
  names <- paste0(c("parameters", "gradient"), suffix)
  if (!is.list(parameters)) {
    values <- check_numeric(parameters, names[1], call = call)
    check_same_shape(gradient, parameters, names, call)
    return(like(.Call(fastmlp_sgd_step, values, as.double(gradient), learn_rate), parameters))
  }
  if (!is.list(gradient) || length(gradient) != length(parameters)) {
    expected <- sprintf("a list of length %d, like `%s`", length(parameters), names[1])
    abort_argument(names[2], expected, describe(gradient), "shape", call = call)
  }
  gradient <- match_names(gradient, parameters, names, call)
  parameters[] <- lapply(seq_along(parameters), function(i) {
    step_along(parameters[[i]], gradient[[i]], learn_rate, paste0(suffix, "[[", i, "]]"), call)
  })
  parameters
}

# Named lists are matched by name, so that list(bias, weight) does no harm.
match_names <- function(gradient, parameters, names, call) {
  if (is.null(names(gradient)) || is.null(names(parameters))) return(gradient)
  if (!setequal(names(gradient), names(parameters))) {
    expected <- sprintf("named like `%s` (%s)", names[1], enumerate(names(parameters)))
    abort_argument(names[2], expected, enumerate(names(gradient)), "shape", call = call)
  }
  gradient[names(parameters)]
}

check_same_shape <- function(gradient, parameters, names, call) {
  check_numeric(gradient, names[2], length(parameters), call)
  if (!identical(dim(gradient), dim(parameters))) {
    expected <- sprintf("of the shape of `%s` (%s)", names[1], describe(parameters))
    abort_argument(names[2], expected, describe(gradient), "shape", call = call)
  }
}

as_double <- function(x) {
  if (!is.double(x)) storage.mode(x) <- "double"
  x
}
