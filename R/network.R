#' An untrained network
#'
#' Makes a multilayer perceptron: dense layers, each followed by its activation, the last one by
#' none. With input \eqn{x} a layer gives \eqn{\phi(x W + b)}; with normalisation
#' \eqn{\phi(\mathrm{norm}(x W + b))}{phi(norm(x W + b))}, and \eqn{x} is added to that where there is a
#' residual connection. [mlp_fit()] says how they work.
#'
#' @param inputs Number of inputs: a whole number of at least 1.
#' @param hidden_units Units of each hidden layer: whole numbers of at least 1; `integer()` for a
#'   network without hidden layers.
#' @param outputs Number of outputs: a whole number of at least 1.
#' @param activation Activation of the hidden layers, of [activation_names()]: one name, or one a
#'   hidden layer.
#' @param init An initialiser such as [init_he()], or a list of `list(weight = , bias = )` with the
#'   initial values of each layer (`weight` inputs x units, `bias` one number a unit; `norm` as
#'   [coef()][coef.fastmlp] gives it, if the layer is normalised; `input_scale` in the first one).
#' @param normalization Normalisation of the hidden layers: `"none"`, `"batch"` or `"layer"`, one
#'   name, or one a hidden layer.
#' @param residual Whether hidden layers that are as wide as their inputs add these to their outputs:
#'   `TRUE` or `FALSE`.
#' @param input_scale Whether each input is first multiplied by a number of its own, which starts at 1:
#'   `TRUE` or `FALSE`.
#' @param parametric_activation Whether the hidden units learn a share of their own in their activation, which
#'   starts at 1: `TRUE` or `FALSE`.
#' @param numeric_embedding What all inputs are embedded by, such as [embed_periodic()] (not
#'   [embed_piecewise()], whose bins come from data); or `"none"`.
#' @param ... Must be empty.
#' @return An object of class `mlp_network`: a list with `inputs`, `hidden_units`, `outputs` and
#'   `layers`, each a list with `weight`, `bias` and `activation`, and where they apply `norm` (a list
#'   with its `kind`, the learned `scale` and `shift` and, for batches, the running `mean` and
#'   `variance`, one number a unit each), `slope` (one number a unit) and `residual`, the first also
#'   `input_scale` (one number for each value it reads) and, with embeddings, `embedding`, as
#'   [coef()][coef.fastmlp] gives it. Draws of weights follow [set.seed()].
#' @seealso [mlp_forward()], [mlp_gradient()], [mlp_fit()]
#' @examples
#' set.seed(1)
#' network <- mlp_network(4, c(5, 5), 3, activation = "tanh")
#' network
#' mlp_forward(network, as.matrix(iris[1:3, 1:4]))
#' @export
mlp_network <- strict(function(inputs, hidden_units = integer(), outputs = 1, activation = "relu",
                               init = init_he(), normalization = "none", residual = FALSE,
                               input_scale = FALSE, parametric_activation = FALSE,
                               numeric_embedding = "none") {
  call <- environment()
  check_given()
  check_evaluates(ls(call), call)
  hidden_units <- check_units(hidden_units, "hidden_units")
  inputs <- check_count(inputs, "inputs", hint = if (length(inputs) > 2) all_sizes_hint(inputs))
  sizes <- c(inputs, hidden_units, check_count(outputs, "outputs"))
  activation <- check_choice(activation, "activation", activation_names(), length = NULL)
  dress <- plain_settings()
  dress[c("hidden_units", "activation", "parametric_activation", "normalization")] <- list(
    hidden_units, activation, check_flag(parametric_activation, "parametric_activation"),
    check_normalization(normalization, "normalization")
  )
  check_effects(dress, NULL, call)
  dress <- per_layer_settings(dress, call)
  residual <- check_residual(check_flag(residual, "residual"), sizes, call)
  input_scale <- check_flag(input_scale, "input_scale")
  embedding <- plan_without_data(check_numeric_embedding(numeric_embedding, "numeric_embedding", call),
                                 sizes[1], call)
  sizes[1] <- embedded_width(embedding, sizes[1])
  shape <- list(sizes = sizes, embedding = embedding, normalization = dress$normalization,
                input_scale = input_scale, parametric_activation = dress$parametric_activation)
  init <- check_initial(check_init(init), shape, call)
  if (isTRUE(init$needs_data)) {
    abort_argument("init", "an initialiser that needs no data", format(init), call = call)
  }
  layers <- scale_inputs(initial_layers(init, sizes, draw_key()), input_scale)
  layers <- embed_inputs(layers, embedding)
  layers <- dress_layers(layers, dress$normalization, dress$parametric_activation, residual)
  new_network(layers, dress$activation)
})

# Those who give the sizes of all layers at once.
all_sizes_hint <- function(sizes) {
  last <- length(sizes)
  inside <- if (last == 3) format(sizes[2]) else sprintf("c(%s)", paste(sizes[-c(1, last)], collapse = ", "))
  sprintf("Such as `mlp_network(%s, hidden_units = %s, outputs = %s)`.", format(sizes[1]), inside,
          format(sizes[last]))
}

hidden_activations <- function(network) {
  utils::head(vapply(network$layers, function(layer) layer$activation, ""), -1)
}

# A network from layers of list(weight, bias), with norm, residual and input_scale where they apply, and the
# hidden layers' activations.
new_network <- function(layers, activation) {
  layers <- Map(
    function(layer, activation) {
      own <- c("norm", "slope", "residual", "input_scale", "unit_scale", "embedding")
      more <- intersect(own, names(layer))
      c(layer[c("weight", "bias")], activation = activation, layer[more])
    },
    unname(layers), c(activation, "identity"), USE.NAMES = FALSE
  )
  units <- vapply(layers, function(layer) length(layer$bias), 1L)
  structure(
    list(
      inputs = inputs_of(layers),
      hidden_units = utils::head(units, -1),
      outputs = utils::tail(units, 1),
      layers = layers
    ),
    class = "mlp_network"
  )
}

#' Outputs of a network
#'
#' Runs rows through a network. Nothing follows the last layer: for classification these are the
#' values before softmax or sigmoid. Batch normalisation uses the network's running statistics, as in
#' [predict()][predict.fastmlp].
#'
#' @param network An [mlp_network()].
#' @param x Numeric matrix rows x inputs, or a sparse one of the package Matrix, without missing values. Of a
#'   factor that is embedded the input is its code: 1 for the first level and so on, and any other number for
#'   none of them.
#' @param threads Threads to use; `NULL` for [mlp_threads()].
#' @param ... Must be empty.
#' @return A matrix rows x outputs.
#' @examples
#' network <- mlp_network(2, 3, 1)
#' mlp_forward(network, matrix(c(1, 0, 0, 1), 2))
#' @export
mlp_forward <- strict(function(network, x, threads = NULL) {
  check_given()
  check_network(network)
  x <- check_network_rows(x, network, environment())
  output <- .Call(fastmlp_predict, network$layers, x, NULL, "none", resolve_threads(threads))
  if (is.null(output)) check_finite(x, "x") else output
})

#' Loss of a network and its gradient
#'
#' Computes the weighted mean loss over rows and, by back-propagation (Rumelhart, Hinton and
#' Williams 1986), its derivative for every weight and bias, and for the inputs if asked.
#'
#' @inheritParams mlp_forward
#' @param y Target: one value a row, or a matrix rows x outputs; see [loss_value()].
#' @param loss One of [loss_names()], or a loss with a setting such as [loss_huber()]. `NULL` follows
#'   `y`: `"cross_entropy"` for a factor (`"binary_cross_entropy"` if the network has one output),
#'   `"squared"` for numbers.
#' @param weights `NULL`, or one non-negative number a row.
#' @param wrt `"weights"` for the gradient of weights and biases; `"input"` for that of `x` as well.
#' @param training How batch normalisation works: `FALSE` to use the network's running statistics, as
#'   [mlp_forward()] does; `TRUE` to use those of `x`, its rows counted by `weights`, as a training step does
#'   with its batch (of at most 1024 rows; more are normalised in pieces of as many). The gradient is that of
#'   the same function. Nothing is dropped either way.
#' @return A list with `loss` (a number), `gradient` (a list with one `list(weight = , bias = )` a
#'   layer, shaped as in the network, `norm = list(scale = , shift = )` in normalised layers, `slope`, and
#'   `input_scale` and `embedding` in the first layer where it has them) and
#'   `input` (a matrix shaped like `x`, or `NULL`).
#' @references Rumelhart DE, Hinton GE, Williams RJ (1986). "Learning representations by
#'   back-propagating errors." Nature 323.
#' @examples
#' network <- mlp_network(4, 5, 3)
#' result <- mlp_gradient(network, as.matrix(iris[1:4]), iris$Species)
#' result$loss
#' str(result$gradient)
#' @export
mlp_gradient <- strict(function(network, x, y, loss = NULL, weights = NULL, wrt = c("weights", "input"),
                         training = FALSE) {
  call <- environment()
  check_given()
  check_network(network)
  x <- check_network_rows(x, network, call)
  check_some_rows(x, "x", call)
  check_finite(x, "x")
  loss <- if (is.null(loss)) default_loss(y, network$outputs) else as_loss(loss, "loss", call)
  target <- as_loss_target(y, loss, nrow(x), network$outputs, "y", call)
  weights <- check_case_weights(weights, nrow(x))
  with_input <- check_first_choice(wrt, "wrt", c("weights", "input")) == "input"
  mode <- list(input = with_input, training = check_flag(training, "training"))
  threads <- resolve_threads(NULL)
  run_loss(loss, call, function(loss) {
    .Call(fastmlp_gradient, network$layers, x, target, weights, loss, mode, threads)
  })
})

# Rows for a network: a matrix, dense or sparse.
check_network_rows <- function(x, network, call) {
  if (!is_matrix_object(x)) return(check_matrix(x, "x", columns = network$inputs, call = call))
  x <- as_sparse(x, "x", call)
  if (ncol(x) != network$inputs) {
    expected <- paste("a matrix with", count_of(network$inputs, "column"))
    abort_argument("x", expected, describe(x), "shape", call = call)
  }
  check_sparse_network(network, NULL, x, "x", call)
}

# The network is of this class and its layers can be handed to the engine: one read from a file or
# changed by hand may be anything.
check_network <- function(network, arg = "network", call = rlang::caller_env()) {
  hint <- if (inherits(network, "fastmlp")) "A fit holds its network in `$network`."
  if (!inherits(network, "mlp_network")) {
    abort_argument(arg, "an `mlp_network`", describe(network), "type", hint, call)
  }
  fault <- network_fault(unclass(network))
  if (!is.null(fault)) abort_argument(arg, "a valid network", fault, "model", call = call)
  network
}

# What is wrong with a network, or NULL.
network_fault <- function(network) {
  layers <- network$layers
  if (!is.list(layers) || length(layers) == 0) return("a network without layers")
  for (l in seq_along(layers)) {
    fault <- layer_fault(layers[[l]])
    if (!is.null(fault)) return(sprintf("%s in layer %d", fault, l))
  }
  fault <- scale_fault(layers) %||% embedding_fault(layers)
  if (!is.null(fault)) return(fault)
  if (is_dressed(layers[[length(layers)]])) return("a last layer that is normalised or residual")
  sizes <- c(nrow(layers[[1]]$weight), vapply(layers, function(layer) ncol(layer$weight), 1L))
  inputs <- vapply(layers, function(layer) nrow(layer$weight), 1L)
  if (!identical(inputs, utils::head(sizes, -1))) return("layers whose shapes do not chain")
  sizes[1] <- inputs_of(layers)
  recorded <- c(network$inputs, network$hidden_units, network$outputs)
  if (!is.numeric(recorded) || !identical(as.integer(recorded), sizes)) {
    return("`inputs`, `hidden_units` or `outputs` that differ from the layers")
  }
}

layer_fault <- function(layer) {
  if (!is.list(layer)) return(describe(layer))
  weight <- layer$weight
  bias <- layer$bias
  if (!is.matrix(weight) || !is.double(weight)) return("a `weight` that is no double matrix")
  if (!is.double(bias)) return("a `bias` that is no double vector")
  if (length(weight) == 0) return("an empty `weight`")
  if (length(bias) != ncol(weight)) return("a `bias` that does not fit its `weight`")
  if (!all(is.finite(weight), is.finite(bias))) return("values that are not finite")
  if (!rlang::is_string(layer$activation, activation_names())) return("an unknown activation")
  dress_fault(layer)
}
