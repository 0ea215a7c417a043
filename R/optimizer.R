#' Optimizers
#'
#' `opt_sgd()` is mini-batch stochastic gradient descent, optionally with momentum. `opt_adam()`
#' scales each step by running moments of the gradient; `opt_adamw()` adds decoupled weight decay.
#'
#' With gradient \eqn{g} of the mean loss over the batch, plus `penalty` times the weights (see
#' [mlp_fit()]), one step with learning rate \eqn{\eta}, momentum \eqn{\mu} and weight decay
#' \eqn{\lambda} is
#' \deqn{v \leftarrow \mu v + g, \qquad w \leftarrow (1 - \eta \lambda) w - \eta v}
#' and with `nesterov` the last term is \eqn{\eta (g + \mu v)}, as in Sutskever, Martens, Dahl and
#' Hinton (2013).
#'
#' Adam (Kingma and Ba 2015) keeps moments that start at zero, and with \eqn{t} counting the steps from 1
#' \deqn{m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2}
#' \deqn{w \leftarrow (1 - \eta \lambda) w -
#'   \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}}
#' where \eqn{\lambda} is zero but for `opt_adamw()`. Biases are never decayed. Decay that is decoupled
#' from the gradient is that of Loshchilov and Hutter (2019); for decay that is coupled to it, give
#' `penalty` to [mlp_fit()].
#'
#' @param learn_rate The step size: a finite number above 0.
#' @param momentum Share of the last step that is kept: a number in `[0, 1)`.
#' @param nesterov Whether the gradient is taken ahead of the momentum step: `TRUE` or `FALSE`.
#'   Needs `momentum` above 0.
#' @param weight_decay Decoupled weight decay: a finite number of at least 0.
#' @param beta1,beta2 What the moments of the gradient and of its square keep in each step: numbers in
#'   `[0, 1)`.
#' @param epsilon What is added to the root of the second moment: a finite number of at least 1e-30.
#' @return An object of class `fastmlp_optimizer` for the `optimizer` argument of [mlp_fit()].
#' @references Sutskever I, Martens J, Dahl G, Hinton G (2013). "On the importance of
#'   initialization and momentum in deep learning." ICML.
#'
#'   Kingma DP, Ba J (2015). "Adam: A method for stochastic optimization." ICLR.
#'
#'   Loshchilov I, Hutter F (2019). "Decoupled weight decay regularization." ICLR.
#' @examples
#' opt_sgd(learn_rate = 0.05, momentum = 0.9)
#' opt_adamw(weight_decay = 0.05)
#' @export
opt_sgd <- function(learn_rate = 0.1, momentum = 0, nesterov = FALSE, weight_decay = 0) {
  momentum <- check_number(momentum, "momentum", 0, 1, open = "to")
  nesterov <- check_flag(nesterov, "nesterov")
  if (nesterov && momentum == 0) {
    abort_argument("momentum", "above 0 with `nesterov = TRUE`", "0")
  }
  new_optimizer(
    "sgd",
    learn_rate = check_number(learn_rate, "learn_rate", 0, open = c("from", "to")),
    momentum = momentum,
    nesterov = nesterov,
    weight_decay = check_number(weight_decay, "weight_decay", 0, open = "to")
  )
}

#' @rdname opt_sgd
#' @export
opt_adam <- function(learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
  do.call(new_optimizer, c("adam", check_adam(learn_rate, beta1, beta2, epsilon)))
}

#' @rdname opt_sgd
#' @export
opt_adamw <- function(learn_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8,
                      weight_decay = 0.01) {
  settings <- check_adam(learn_rate, beta1, beta2, epsilon)
  settings$weight_decay <- check_number(weight_decay, "weight_decay", 0, open = "to")
  do.call(new_optimizer, c("adamw", settings))
}

check_adam <- function(learn_rate, beta1, beta2, epsilon, call = rlang::caller_env()) {
  list(
    learn_rate = check_number(learn_rate, "learn_rate", 0, open = c("from", "to"), call = call),
    beta1 = check_number(beta1, "beta1", 0, 1, open = "to", call = call),
    beta2 = check_number(beta2, "beta2", 0, 1, open = "to", call = call),
    # Smaller ones would be zero in single precision.
    epsilon = check_number(epsilon, "epsilon", 1e-30, open = "to", call = call)
  )
}

new_optimizer <- function(name, ...) structure(list(name = name, ...), class = "fastmlp_optimizer")

#' @export
format.fastmlp_optimizer <- function(x, ...) format_constructor("opt", x)

#' @export
print.fastmlp_optimizer <- function(x, ...) print_line(x)

# opt_sgd(learn_rate = 0.1, ...): the call that makes the object.
format_constructor <- function(prefix, x) {
  settings <- unclass(x)[-1]
  values <- vapply(settings, function(value) format_value(value), "")
  inner <- paste(names(settings), "=", values, collapse = ", ", recycle0 = TRUE)
  sprintf("%s_%s(%s)", prefix, x$name, inner)
}

print_line <- function(x) {
  writeLines(format(x))
  invisible(x)
}
