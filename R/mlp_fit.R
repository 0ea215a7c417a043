#' Fit a multilayer perceptron
#'
#' @description
#' Trains a multilayer perceptron by mini-batch gradient descent, or on all rows at once, with gradients by
#' back-propagation (Rumelhart et al. 1986): for classes (softmax with cross-entropy), ordered
#' classes and several labels, for numbers, counts, quantiles and distributions, or for a loss of your own.
#'
#' The data are all that has to be given: a matrix or a data frame `x` with the outcome `y` beside it, or a
#' formula and a data frame. An argument that is left out, or `NULL`, comes from a preset (see
#' [mlp_preset()]): a tuned recipe by default, the textbook with `preset = "plain"`. The texts of the
#' arguments end with their defaults: where presets differ, "by preset", and that of the textbook.
#' [predict()][predict.fastmlp] then uses the fit, [summary()][summary.fastmlp] says what it was made with,
#' [autoplot()][autoplot.fastmlp] draws how it went. The sections behind the arguments give
#' formulas and rules.
#'
#' @section What is minimised:
#' The mean loss of the training rows, weighted by `weights` and `class_weights`, plus the penalty
#' \deqn{\lambda \sum_j (\frac{1 - \alpha}{2} w_j^2 + \alpha |w_j|)}{
#'   lambda sum_j (((1 - alpha) / 2) w_j^2 + alpha |w_j|)}
#' on all weights \eqn{w_j} of the network (never biases), where \eqn{\lambda} is
#' `penalty` and \eqn{\alpha} is `mixture` (the elastic net of Zou and Hastie 2005). Losses are given in
#' [loss_value()], the steps in [opt_sgd()], the initial weights in [init_he()].
#'
#' @section Hidden layers:
#' A hidden layer takes its input \eqn{x} through these steps, of which all but the first and third are
#' there only if asked for:
#' 1. \eqn{a = x W + b};
#' 2. `normalization`: \eqn{z = \gamma (a - m) / \sqrt{v + 10^{-5}} + \beta}, with \eqn{\gamma} (scale,
#'    first 1) and \eqn{\beta} (shift, first 0) learned for each unit, without penalty or decay.
#'    `"batch"` (Ioffe and Szegedy 2015) takes mean \eqn{m = \sum_i s_i a_i}{m = sum_i s_i a_i} and variance
#'    \eqn{v = \sum_i s_i (a_i - m)^2}{v = sum_i s_i (a_i - m)^2} of each unit over the rows of the batch,
#'    whose shares \eqn{s_i} are their case weights divided by the sum of these (all alike without weights,
#'    or where all are 0). Predictions and validation take running ones, which start at 0 and 1 and after
#'    each batch move a tenth of the way to \eqn{m} and \eqn{v n / (n - 1)}, where \eqn{n}, at least 2, is the
#'    number of rows, or the sum of their case weights: whole numbers count rows, other weights are first
#'    divided by the mean of those of the training rows that are not 0. The bias, which \eqn{m} takes away
#'    again, stays what it was at the start. A batch of one row has no variance and is refused; one of more
#'    than 1024 rows is normalised in pieces of 1024 and what is left (ghost batches, Hoffer et al. 2017).
#'    `"layer"` (Ba et al. 2016)
#'    takes \eqn{m} and \eqn{v} of each row over the units, in training and prediction alike;
#' 3. the activation: \eqn{h = \phi(z)}; with `parametric_activation` it is
#'    \eqn{h = z + s (\phi(z) - z)}, with \eqn{s} (`slope`, first 1) learned for each unit, without
#'    penalty or decay (Holzmueller et al. 2024);
#' 4. `dropout`, in training only: each unit of each row becomes 0 with the probability asked for, and
#'    the others are divided by the probability of staying (Srivastava et al. 2014). After the
#'    activation `"selu"` this is alpha dropout (Klambauer et al. 2017), which keeps a mean of 0 and a
#'    variance of 1: dropped units become \eqn{\alpha' = -1.758}, \eqn{\phi}'s limit, and then all
#'    become \eqn{u h + s}, where \eqn{u = (q + \alpha'^2 q (1 - q))^{-1/2}},
#'    \eqn{s = -u (1 - q) \alpha'} and \eqn{q} is the probability of staying. Probabilities are
#'    rounded to multiples of 1/65536;
#' 5. `residual`: \eqn{x} is added, if the layer has as many units as inputs (He et al. 2016).
#'
#' Before the first layer come `input_noise`, then `input_dropout` (never alpha dropout), in training
#' only. What is drawn at random depends on the seed, the step, the row's place in the batch, the layer
#' and the unit.
#'
#' @section Outcome:
#' A factor makes a classifier with one output a level; characters and logicals are turned into a
#' factor. Levels without rows stay classes of the model, with a warning. A logical matrix, or several
#' columns that are all logical or factors with two levels, makes a classifier of several labels, one
#' output each, of which any number may be true in a row. Numbers (whole numbers
#' too) make a regression; a matrix or several columns one with several outputs. Without
#' `standardize_outcome`, which the tuned presets set, numbers are fitted as they are: an outcome far
#' from 0, or with a spread far from 1, then asks for a smaller learning rate.
#'
#' @section Predictors:
#' A numeric or logical matrix is read as it is. In data frames and formulas a factor or character column
#' becomes one indicator a level (0 or 1) or, if it has two levels, a single predictor that is -1 for the
#' first and 1 for the second and is named after the second; with `factor_embedding` and many levels it
#' becomes a few learned values. An ordered factor is encoded like others or, with
#' `ordered_factors = "scores"` (as in the presets `"tabular"` and `"fast"`) and three levels or more, as one
#' number: 1 for the first level, 2 for the second and so on, which is standardised and embedded as numbers
#' are, never by `factor_embedding`. There is no intercept column (every layer has its bias). In a formula
#' with functions or interactions factors are indicators throughout, one each of two levels, too. A logical
#' column counts as 0 and 1. Dates, times, lists, complex numbers and the like are refused by name.
#'
#' Infinite values are refused, and so are missing ones unless `na_action` says otherwise; constant and
#' duplicated columns give one warning each.
#' The statistics for standardising are those of the training rows, never of a validation share.
#'
#' @param x,formula First comes `x`, the predictors: a numeric matrix, a data frame of numeric, logical,
#'   factor or character columns, or a sparse matrix of the package Matrix; one row a case. Or a
#'   [recipes::recipe()], which is prepared on `data`: roles `predictor`, `outcome` and `case_weights` are
#'   used, others not; it prepares validation data, too. Or a formula `outcome ~ predictors`: functions such
#'   as `log(x)`, interactions and `.` work; `a + b ~ .` and `cbind(a, b) ~ .` make a regression with two
#'   outputs; `offset(log(n))` is the argument `offset`. All its variables are columns of `data`, and
#'   functions of your own are not found: compute such terms as columns first. Factors, too, are made
#'   beforehand, so that their levels are remembered.
#' @param y,data With predictors, `y` is the outcome, one row a case: a factor, character or logical for
#'   classes; a numeric vector or matrix, or a data frame of numeric columns, for numbers; a logical matrix,
#'   or a data frame of logical columns and factors with two levels, for several labels. A data frame of one
#'   column may hold classes or numbers. With a formula or a recipe, `data` is a data frame with its
#'   variables.
#' @param blueprint `NULL`, or a blueprint by [hardhat::default_recipe_blueprint()] that says how the
#'   recipe's predictors are held.
#' @param hidden_units Units of each hidden layer, from the predictors on: whole numbers of at least 1.
#'   `integer()` gives linear or softmax regression. `r default_of("hidden_units")`
#' @param activation Activation of the hidden layers: names from [activation_names()], one for all or one a
#'   layer; formulas and sources in [activation_value()]. Without hidden layers only the plain default.
#'   `r default_of("activation")`
#' @param normalization Normalisation before the activation (formulas in the section on hidden layers):
#'   `"none"`, `"batch"` (Ioffe and Szegedy 2015) or `"layer"` (Ba et al. 2016), one for all hidden layers or
#'   one a layer. `r default_of("normalization")`
#' @param parametric_activation Whether each hidden unit learns how much of its activation it takes
#'   (Holzmueller et al. 2024; formula in the section on hidden layers): `TRUE` or `FALSE`.
#'   `r default_of("parametric_activation")`
#' @param residual Whether hidden layers that are as wide as their inputs add these to their outputs (He et
#'   al. 2016): `TRUE` (an error where there is no such layer) or `FALSE`. `r default_of("residual")`
#' @param loss One of [loss_names()], a loss with settings such as [loss_huber()] or, with smoothed labels,
#'   [loss_cross_entropy()] (formulas and sources in [loss_value()]), or one of your own by [loss_custom()].
#'   `NULL` is `"cross_entropy"` for classes, `"binary_cross_entropy"` for several labels and `"squared"` for
#'   numbers. `"binary_cross_entropy"` with one outcome needs a factor with two levels, and has one output:
#'   the logit of the second level. `r default_of("loss")`
#' @param optimizer An optimizer such as [opt_sgd()], [opt_adam()] or [opt_lbfgs()]; formulas and sources
#'   there. `r default_of("optimizer")`
#' @param learn_rate The learning rate, in place of that of `optimizer`, be it given or the preset's: a
#'   number in `[1e-30, 1e30]`, or `NULL` to leave it. Not with [opt_lbfgs()]. `r default_of("learn_rate")`
#' @param schedule What the learning rate is multiplied by as training goes on, such as [schedule_cosine()];
#'   formulas and sources there. `r default_of("schedule")`
#' @param epochs Passes through the training rows (with [opt_lbfgs()] iterations, of one or a few passes): a
#'   whole number of at least 1. `r default_of("epochs")`
#' @param batch_size Rows a step: a whole number of at least 1, or `Inf` for all rows at once. [opt_rprop()]
#'   and [opt_lbfgs()] take all rows, by default and at the least. `r default_of("batch_size")`
#' @param validation Rows to validate on after each epoch, which are not trained on: 0 for none; a share in
#'   `(0, 1)` of the rows, drawn at random (within each class for a classifier); or rows of the data: a
#'   logical vector, one value a row, or whole numbers, of which a single one is at least 2 (for row 1 alone,
#'   give a logical vector); or other data: a data frame for formulas and recipes, `list(x = , y = )` for the
#'   others. Rows of the data keep their `weights`; other data count equally, but for `class_weights`.
#'   `r default_of("validation")`
#' @param patience Epochs without improvement before training stops (early stopping, Prechelt 1998): a whole
#'   number of at least 1, or `Inf` to never stop. With a number, the epoch of the best validation loss (or
#'   `stop_metric`) is kept, otherwise the last. A `patience` of at least `epochs` keeps the best without
#'   ever stopping. Needs `validation`. `r default_of("patience")`
#' @param min_improvement An epoch is an improvement, for `patience`, if it is better by more than this than
#'   the last epoch that was one: a finite number of at least 0, in the unit of what is watched. It has no
#'   say in which epoch is kept. `r default_of("min_improvement")`
#' @param ties Which of several best epochs is kept: the `"first"` or the `"last"`. `r default_of("ties")`
#' @param metrics Metrics to compute after each epoch (`NULL` for no more), beside the loss and accuracy or
#'   root mean squared error, for the training rows and the validation rows. Names: for classes `"accuracy"`,
#'   `"auc"` (the area under the ROC curve; for more than two classes its mean over all pairs, Hand and Till
#'   2001), `"log_loss"` (mean of `-log(p)`, with `p` of at least 1e-15); for numbers `"rmse"`, `"mae"`,
#'   `"rsq"` (\eqn{R^2}, 1 - residual / total sum of squares, the mean over several outcomes). Or a list of
#'   such names and of functions under new names, as in `list("mae", mine = f)`. A function is called as
#'   `f(truth, estimate, weights)` and returns one number: `truth` is a factor, or numbers (a matrix for
#'   several outcomes, of 0 and 1 for several labels); `estimate` a matrix of probabilities (of scores for
#'   hinge losses) with a column a class or label, or numbers (a column for each quantile); `weights` one
#'   number a row, class weights included. All metrics are weighted. Those listed here take one more pass
#'   through the rows an epoch. `r default_of("metrics")`
#' @param stop_metric What `patience` and [schedule_plateau()] watch: `"loss"`, the score of the loss (see
#'   `history` below), or one of the `metrics` (known ones need not be listed there). `NULL` is `"loss"`.
#'   Where it is not finite after an epoch, training ends with a warning. `r default_of("stop_metric")`
#' @param stop_direction Whether to `"minimize"` or `"maximize"` `stop_metric`; `NULL` for metrics that are
#'   known. Needed for functions of your own only. `r default_of("stop_direction")`
#' @param penalty Amount \eqn{\lambda} of the penalty on the weights (elastic net, Zou and Hastie 2005;
#'   formula in the section on what is minimised): a finite number of at least 0. `r default_of("penalty")`
#' @param mixture Share \eqn{\alpha} of the penalty that is L1: a number in `[0, 1]`. Through steps of its
#'   subgradient weights come close to zero, but hardly ever are exactly zero. `r default_of("mixture")`
#' @param clip_value Largest size \eqn{c} of each element of the gradient \eqn{g} of the loss, which becomes
#'   \eqn{\max(-c, \min(g_j, c))}{max(-c, min(g_j, c))} (Mikolov 2012): a number of at least 1e-30, or `Inf`
#'   for no limit. `r default_of("clip_value")`
#' @param clip_norm Largest Euclidean norm \eqn{c} of the gradient \eqn{g} of the loss over all parameters
#'   together: a number of at least 1e-30, or `Inf` for no limit. A longer gradient is multiplied by
#'   \eqn{c / \|g\|}{c / |g|} (Pascanu et al. 2013), before `clip_value` acts. `r default_of("clip_norm")`
#' @param max_norm Largest Euclidean norm \eqn{c} of the weights \eqn{w} that lead into one hidden unit: a
#'   number of at least 1e-30, or `Inf` for no limit. After each step longer ones are multiplied by
#'   \eqn{c / \|w\|}{c / |w|} (Srivastava et al. 2014). The output layer is left free.
#'   `r default_of("max_norm")`
#' @param ema_decay Decay \eqn{\rho} of an exponential moving average of all parameters, and of the running
#'   statistics of batch normalisation: a number in `[0, 1)`, 0 for none. After \eqn{T} steps the parameters
#'   after step \eqn{t} have the weight \eqn{(1 - \rho) \rho^{T - t} / (1 - \rho^T)} in it: an average as
#'   that of Polyak and Juditsky (1992), but one that fades, without a share of the initial values. It is
#'   what is validated, kept and returned. `r default_of("ema_decay")`
#' @param dropout Share of the units dropped in training (Srivastava et al. 2014; alpha dropout, Klambauer et
#'   al. 2017, after `"selu"`; formulas in the section on hidden layers): numbers in `[0, 1)`, one for all
#'   hidden layers or one a layer. `r default_of("dropout")`
#' @param input_dropout Share of the predictors' values dropped in training, by the formula of `dropout`: a
#'   number in `[0, 1)`. `r default_of("input_dropout")`
#' @param input_noise Standard deviation of the normal noise added to the predictors in training (Bishop
#'   1995), after they are standardised: a finite number of at least 0. `r default_of("input_noise")`
#' @param weights Case weights: one non-negative number a row, or `NULL` for equal ones. The gradient of a
#'   batch is `sum(weights * gradient)` over its rows, divided by the number of its rows times the mean
#'   weight of all training rows: a weight of 2 counts as two rows, whatever the batch size. So it does in
#'   batch normalisation (formula in the section on hidden layers; batches of more than 1024 rows are cut into
#'   pieces by rows, not by weights), in the statistics that standardise or fill in missing values, in the
#'   range of `clamp` and the edges of [embed_piecewise()], where weights that are no whole numbers are first
#'   brought to a mean of 1 (whole ones with class weights that are none: their products to the mean of the
#'   case weights, which stay numbers of rows). Initialisers that look at the data count each row
#'   once.
#'   `r default_of("weights")`
#' @param class_weights Weights of classes, which multiply `weights` and act just as these do in loss,
#'   gradient and metrics: numbers from 0 up with a name for each class; `"balanced"`, which gives each class
#'   the weight `rows / (classes * rows of the class)`, with rows counted by their `weights`, those held
#'   for validation among them (King and Zeng 2001); or `NULL` for none. `r default_of("class_weights")`
#' @param offset What is added to predictions and not learned, as in [stats::glm()]: one finite number a row,
#'   or `NULL` for nothing. With a log link (`"poisson"`, `"gamma"`, [loss_tweedie()] and
#'   [loss_negative_binomial()]) it is added to the outputs before the link, such as the logarithm of an
#'   exposure; with `"binary_cross_entropy"` and `"binary_focal"` to the logits; with other losses of
#'   numbers, in the unit of the outcome, to mean and quantiles, and `standardize_outcome` and `clamp` see
#'   what is left of the outcome without it. Members of an `ensemble` have it added each by itself before
#'   their probabilities are averaged: an offset of 1 then moves the logit of the mean by 1 where they agree
#'   and by less where they do not. Not with losses of more classes, hinge and ordinal losses, and those of
#'   your own. In a formula write `offset()` instead. Validation data then need theirs, too:
#'   `list(x = , y = , offset = )`. `r default_of("offset")`
#' @param standardize What is done to the predictors first, by statistics of each column's training rows:
#'   `"none"`; `"zscore"` (subtract the mean, divide by the standard deviation: LeCun et al. 1998);
#'   `"robust"` (subtract the median, divide by the interquartile range over 1.349, which is that of a
#'   standard normal variable); `"robust_clip"` (\eqn{u}, the value less the median, over the interquartile
#'   range or, where that is 0, half the range; then \eqn{u / \sqrt{1 + (u/3)^2}}, which lies within 3:
#'   Holzmueller et al. 2024); `"scale"` (divide by the standard deviation, which leaves zeros as they are);
#'   `"global"` (one mean and one standard deviation, those of all columns' values together: for pixels and
#'   other columns on one scale). `r default_of("standardize")`
#' @param standardize_outcome Whether a numeric outcome is centred and scaled to mean 0 and standard
#'   deviation 1 in the training rows: `TRUE` or `FALSE`. Predictions and metrics are in the outcome's units
#'   (`"rmse"` for one outcome; of several, in the history, it is that of the numbers as transformed and
#'   standardised, but for the validation rows of an `ensemble`), the loss and `type = "raw"` are not. For
#'   losses on numbers as they are: squared, absolute, Huber, log-cosh, quantile and Gaussian.
#'   `r default_of("standardize_outcome")`
#' @param clamp Whether predicted means of a numeric outcome are limited to the range of its training rows
#'   (Holzmueller et al. 2024): `TRUE` or `FALSE`; for the same losses but quantiles. In the history `"rmse"`
#'   is that of the means without limits. `r default_of("clamp")`
#' @param init An initialiser such as [init_he()] (formulas and sources there), or initial values: a list of
#'   `list(weight = , bias = )`, one a layer, such as [coef()][coef.fastmlp] gives; in normalised layers they
#'   may hold `norm`, too, which otherwise starts as the section on hidden layers says.
#'   `r default_of("init")`
#' @param shuffle Whether the order of rows is drawn anew for each epoch: `TRUE` or `FALSE`.
#'   `r default_of("shuffle")`
#' @param callbacks Functions to call at the beginning and the end of training and of each epoch: a list with
#'   elements named `on_train_begin`, `on_epoch_begin`, `on_epoch_end` or `on_train_end`, or a list of such
#'   lists; `NULL` for none. See the section on callbacks. `r default_of("callbacks")`
#' @param checkpoint A file to write what training needs to go on to, or `NULL` for none. It is written at
#'   ends of epochs (at fewer of them where writing would take more than a tenth of the time), at an
#'   interrupt and at the end, and is always whole, whatever happens meanwhile. The same call with the same
#'   data and arguments (`threads` and `verbose` may differ; functions are compared by their text and the
#'   values that they use, callbacks by their text) goes on from it, whatever the seed is by then, and ends
#'   as the unbroken run would have, on processors of the same instruction set ([mlp_info()]); once that has
#'   ended it returns the fit at once. Delete the file to start
#'   anew. Not with `ensemble`, `refit` and `keep_epochs`, nor by [opt_lbfgs()]. `r default_of("checkpoint")`
#' @param threads Threads to use: a whole number of at least 1, or `NULL` for [mlp_threads()].
#'   `r default_of("threads")`
#' @param verbose Whether to show progress: `TRUE` or `FALSE`; `2`, to measure and show at the end where the
#'   time of the training steps went, too (which slows small networks down); or `NULL`, for `TRUE` in
#'   interactive sessions. `r default_of("verbose")`
#' @param preset Where the arguments that are not given come from: `"tabular"`, `"fast"`, `"pixels"`,
#'   `"sparse"`, or `"plain"` for the textbook, with nothing beyond what is written; or what [mlp_preset()]
#'   gives, perhaps changed. By default it depends on the data: see [mlp_preset()].
#' @param ... Must be empty.
#' @return An object of class `fastmlp`, a list of
#' * `network`: the trained [mlp_network()];
#' * `history`: a data frame with `epoch`, `set` (`"train"`, `"validation"`), `metric` (`"loss"`, the
#'   score of the loss: `"accuracy"`, `"rmse"`, `"deviance"`, `"pinball"`, or `"value"` for a loss of your
#'   own, and those of `metrics`) and `value`. Training values of the first two are means over the
#'   epoch's batches, taken while the weights move, with batches normalised and units dropped as in
#'   training; by [opt_lbfgs()] they are those of all rows after the iteration. The loss is without the
#'   penalty. With a `schedule`, or where a callback changed it,
#'   `"learn_rate"` of set `"train"` is the rate of the epoch's last step;
#' * `outcome`, `predictors`, `standardize`, `blueprint`: what [predict()][predict.fastmlp] needs;
#' * `arguments`: what the fit was made with, and `given`: those of them that were given, which
#'   [update()][update.fastmlp] takes;
#' * `training`: `rows`, `validation_rows`, `epochs` completed, `kept_epoch`, why it `stopped`
#'   (`"finished"`, `"stopped"` early, by a `"callback"`, `"diverged"`, `"interrupted"`; `"converged"` or
#'   `"stuck"` by [opt_lbfgs()]), `seconds`
#'   in all and `step_seconds` of the training steps alone (without conversion and validation), both up to
#'   the last checkpoint where a run was broken off and went on, `threads`, `simd`, and with
#'   `verbose = 2` the `profile`: a data frame with the `seconds` and the `share` of each `phase` of the
#'   steps, summed over the threads; `preset_rule`, why the preset was chosen where none was given; and
#'   `refit`, whether the network was trained again;
#' * `members`, the networks of an ensemble, of which `network` is the first; else `NULL`;
#' * `state`, what [mlp_continue()] needs beside the data; `NULL` if training diverged, by [opt_lbfgs()],
#'   of an ensemble, after `refit`, and where a loss of the user's own broke off in the midst of a step;
#' * `epochs`, with `keep_epochs`: for each of these epochs a list of its [mlp_network()], or of an
#'   ensemble's;
#' * `version` of the package.
#'
#' It holds neither the training data nor the call, and can be saved with [saveRDS()].
#' @references Ba JL, Kiros JR, Hinton GE (2016). "Layer normalization." arXiv:1607.06450.
#'
#'   Bishop CM (1995). "Training with noise is equivalent to Tikhonov regularization." Neural Computation 7.
#'
#'   Goodfellow I, Bengio Y, Courville A (2016). Deep learning. MIT Press.
#'
#'   Gorishniy Y, Kotelnikov A, Babenko A (2025). "TabM: advancing tabular deep learning with
#'   parameter-efficient ensembling." ICLR, arXiv:2410.24210.
#'
#'   Guo C, Pleiss G, Sun Y, Weinberger K (2017). "On calibration of modern neural networks." ICML.
#'
#'   Hand DJ, Till RJ (2001). "A simple generalisation of the area under the ROC curve for multiple class
#'   classification problems." Machine Learning 45.
#'
#'   He K, Zhang X, Ren S, Sun J (2016). "Deep residual learning for image recognition." CVPR.
#'
#'   Hoffer E, Hubara I, Soudry D (2017). "Train longer, generalize better." NeurIPS.
#'
#'   Holzmueller D, Grinsztajn L, Steinwart I (2024). "Better by default: strong pre-tuned MLPs and boosted
#'   trees on tabular data." NeurIPS, arXiv:2407.04491.
#'
#'   Ioffe S, Szegedy C (2015). "Batch normalization." ICML.
#'
#'   Jacot A, Gabriel F, Hongler C (2018). "Neural tangent kernel: convergence and generalization in neural
#'   networks." NeurIPS.
#'
#'   Josse J, Prost N, Scornet E, Varoquaux G (2019). "On the consistency of supervised learning with missing
#'   values." arXiv:1902.06931.
#'
#'   King G, Zeng L (2001). "Logistic regression in rare events data." Political Analysis 9.
#'
#'   Klambauer G, Unterthiner T, Mayr A, Hochreiter S (2017). "Self-normalizing neural networks." NeurIPS.
#'
#'   Krogh A, Vedelsby J (1995). "Neural network ensembles, cross validation, and active learning." NeurIPS.
#'
#'   Lakshminarayanan B, Pritzel A, Blundell C (2017). "Simple and scalable predictive uncertainty estimation
#'   using deep ensembles." NeurIPS.
#'
#'   LeCun Y, Bottou L, Orr G, Mueller K (1998). "Efficient BackProp." In Neural Networks: Tricks of the
#'   Trade.
#'
#'   Mikolov T (2012). "Statistical language models based on neural networks." PhD thesis, Brno University of
#'   Technology.
#'
#'   Pascanu R, Mikolov T, Bengio Y (2013). "On the difficulty of training recurrent neural networks." ICML.
#'
#'   Polyak BT, Juditsky AB (1992). "Acceleration of stochastic approximation by averaging." SIAM Journal on
#'   Control and Optimization 30.
#'
#'   Prechelt L (1998). "Early stopping - but when?" In Neural Networks: Tricks of the Trade.
#'
#'   Rumelhart DE, Hinton GE, Williams RJ (1986). "Learning representations by back-propagating errors."
#'   Nature 323.
#'
#'   Srivastava N, Hinton G, Krizhevsky A, Sutskever I, Salakhutdinov R (2014). "Dropout: a simple way to
#'   prevent neural networks from overfitting." Journal of Machine Learning Research 15.
#'
#'   Wen Y, Tran D, Ba J (2020). "BatchEnsemble: an alternative approach to efficient ensemble and lifelong
#'   learning." ICLR, arXiv:2002.06715.
#'
#'   Zou H, Hastie T (2005). "Regularization and variable selection via the elastic net." Journal of the
#'   Royal Statistical Society B 67.
#' @order 1
#' @seealso [mlp_continue()], [update()][update.fastmlp], [tidy()][tidy.fastmlp], [predict.fastmlp()],
#' [coef.fastmlp()], [mlp_network()]
#' @examples
#' set.seed(1)
#' fit <- mlp_fit(Species ~ ., iris, epochs = 60) # the preset's 256 take some seconds
#' fit
#' predict(fit, iris[c(1, 51, 101), ], type = "prob")
#'
#' # The textbook: what is written is what runs
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 16, epochs = 50, batch_size = 16,
#'         standardize = "zscore")
#'
#' # Regression from a matrix, by three networks, with intervals from the validation rows
#' x <- as.matrix(mtcars[-1])
#' fit <- mlp_fit(x, mtcars$mpg, preset = "fast", ensemble = 3, validation = 0.3)
#' predict(fit, x[1:3, ], type = "pred_int", level = 0.8)
#'
#' # Counts of words: a sparse matrix
#' if (requireNamespace("Matrix", quietly = TRUE)) {
#'   words <- Matrix::rsparsematrix(200, 500, density = 0.05, rand.x = function(n) rpois(n, 2) + 1)
#'   topic <- factor(Matrix::rowSums(words[, 1:250]) > Matrix::rowSums(words[, 251:500]))
#'   mlp_fit(words, topic, preset = "plain", hidden_units = 16, optimizer = opt_adam())
#' }
#'
#' # Two normalised layers of which the second adds its input to its output; a tenth of the units drop
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = c(16, 16), normalization = "batch",
#'         residual = TRUE, dropout = 0.1, epochs = 30, batch_size = 25)
#'
#' # A schedule, and the epoch with the best area under the curve
#' fit <- mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 16, epochs = 30, batch_size = 16,
#'                standardize = "zscore", optimizer = opt_adam(0.01),
#'                schedule = schedule_warmup(3, then = schedule_cosine()),
#'                validation = 0.2, patience = 30, stop_metric = "auc")
#' autoplot(fit)
#'
#' # Missing values, filled in
#' ozone <- airquality[!is.na(airquality$Ozone), ]
#' fit <- mlp_fit(Ozone ~ ., ozone, preset = "fast", na_action = "impute")
#' predict(fit, airquality[5:7, ])
#'
#' # A callback that stops
#' enough <- function(state) {
#'   loss <- subset(state$history, metric == "loss")$value
#'   list(stop = loss[state$epoch] < 0.5)
#' }
#' mlp_fit(Species ~ ., iris, preset = "plain", hidden_units = 16, epochs = 100, batch_size = 16,
#'         callbacks = list(on_epoch_end = enough))
#' @export
mlp_fit <- function(x, ...) {
  if (...length() == 0) check_given(list(x = fit_first_hint))
  arguments <- c("formula", "y", names(formals(mlp_fit.recipe)))
  check_unambiguous(names_given(sys.nframe()), arguments, fit_synonyms)
  UseMethod("mlp_fit")
}

# A method: its own arguments, then the settings that all methods share. design(frame, policy) makes a design
# from the former; `policy` is what values_policy() gives.
fit_method <- function(own, design) {
  method <- function(...) {
    call <- environment()
    check_no_dots(..., known = names(formals()), synonyms = fit_synonyms)
    check_given(list(
      data = if ("formula" %in% names(own)) "The variables of a formula are columns of `data`." else
        "The recipe is prepared on it: `mlp_fit(recipe, data)`.",
      y = "Give predictors and outcome, `mlp_fit(x, y)`, or a formula, `mlp_fit(outcome ~ ., data)`."
    ))
    given <- omit_rows(call, given_settings(call), names(own))
    mlp_bridge(design(call, values_policy(given)), given, call)
  }
  force(design)
  settings <- lapply(plain_arguments, function(default) NULL)
  formals(method) <- c(own, settings, list(preset = NULL), list(... = rlang::missing_arg()))
  method
}

#' @eval usage_lines("matrix", c("x", "y"))
#' @rdname mlp_fit
#' @export
mlp_fit.matrix <- fit_method(
  list(x = rlang::missing_arg(), y = rlang::missing_arg()),
  function(frame, policy) design_matrix(frame$x, frame$y, frame, policy)
)

# Data frames take what matrices do, so that the help page shows it once.
#' @usage NULL
#' @rdname mlp_fit
#' @export
mlp_fit.data.frame <- fit_method(
  list(x = rlang::missing_arg(), y = rlang::missing_arg()),
  function(frame, policy) design_xy(frame$x, frame$y, frame, policy)
)

#' @eval usage_lines("formula", c("formula", "data"))
#' @rdname mlp_fit
#' @export
mlp_fit.formula <- fit_method(
  list(formula = rlang::missing_arg(), data = rlang::missing_arg()),
  function(frame, policy) design_formula(frame$formula, frame$data, frame, policy)
)

fit_first_hint <-
  "A formula comes first, without quotes, `mlp_fit(y ~ ., data)`; or predictors, `mlp_fit(x, y)`."

#' @usage NULL
#' @rdname mlp_fit
#' @export
mlp_fit.default <- function(x, ...) {
  check_given(list(x = fit_first_hint))
  abort_argument("x", "a numeric matrix, a data frame, a formula or a recipe", describe(x), "type",
                 swapped_hint(x, list(...)))
}
