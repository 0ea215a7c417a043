# Recipes: hardhat molds and forges, and what comes out takes the way of other predictors.

#' @eval usage_lines("recipe", c("x", "data", "blueprint"))
#' @rdname mlp_fit
#' @export
mlp_fit.recipe <- fit_method( # nolint: object_name_linter.
  list(x = rlang::missing_arg(), data = rlang::missing_arg(), blueprint = NULL),
  function(frame, policy) design_recipe(frame$x, frame$data, frame$blueprint, frame, policy)
)

design_recipe <- function(recipe, data, blueprint, call, policy) {
  check_data_frame(data, "data", call)
  if (!is.null(blueprint)) {
    check_class(blueprint, "blueprint", "recipe_blueprint",
                "a recipe's, by `hardhat::default_recipe_blueprint()`", call)
  }
  check_rows_stay(recipe, call)
  molded <- explain_hardhat(hardhat::mold(recipe, data, blueprint = blueprint), "x", call)
  if (length(molded$outcomes) == 0) {
    abort_argument("x", "a recipe with an outcome", "none", "outcome", call = call)
  }
  design <- design_xy(molded$predictors, molded$outcomes, call, policy, args_of_recipe(molded))
  design$predictors$blueprint <- design$blueprint
  design$blueprint <- molded$blueprint
  design$interface <- "recipe"
  design$weights <- molded$extras$roles$case_weights[[1]]
  design
}

# What has a value for each row of the data, or counts them, goes with no others.
check_rows_stay <- function(recipe, call) {
  moving <- intersect(step_names(recipe$steps), row_steps)
  if (length(moving) == 0) return(invisible())
  given <- c("weights", "offset", "validation")
  by_row <- vapply(given, function(arg) !is.null(call[[arg]]), NA)
  by_row[["validation"]] <- is_row_choice(call$validation)
  if (!any(by_row)) return(invisible())
  arg <- given[by_row][1]
  abort_argument(
    arg, sprintf("left out with `%s()`, behind which rows are no longer those of `data`", moving[1]),
    describe(call[[arg]]), "recipe", call = call,
    hint = if (arg == "weights") "Give the column of `data` the role \"case_weights\" in the recipe." else
      "Choose and order the rows before the recipe."
  )
}

# What messages call predictors and outcome.
args_of_recipe <- function(molded) {
  outcome <- names(molded$outcomes)
  list(x = "data", y = if (length(outcome) == 1) paste0("data$", outcome) else "data")
}

# The case weights given, or those that the data hold in a role of their own.
with_data_weights <- function(given, design, call) {
  if (is.null(design$weights)) return(given)
  if (!is.null(given$weights)) {
    abort_argument("weights", "left out: the recipe has a column of case weights", describe(given$weights),
                   call = call)
  }
  given$weights <- design$weights
  given
}

# ---- new rows ----

step_names <- function(steps) vapply(steps, function(step) class(step)[1], "")

# Names of the steps that new rows skip.
skipped_steps <- function(steps) step_names(Filter(function(step) isTRUE(step$skip), steps))

# Steps that choose and order rows, and change no column.
row_steps <- paste0("step_", c("naomit", "filter", "sample", "slice", "arrange", "shuffle"))

# An outcome that a step changed in the training rows alone cannot be compared with that of others. What a
# step has learned bears the names of its columns.
check_outcome_alike <- function(blueprint, arg, call) {
  outcome <- names(blueprint$ptypes$outcomes)
  changes <- function(step) {
    parts <- unclass(step)[setdiff(names(step), c("terms", "role", "id"))]
    names <- lapply(parts, function(part) c(names(part), colnames(part), if (is.character(part)) part))
    # What has no name, such as columns of dplyr's across(), may be any column.
    anything <- inherits(step, "step_mutate") && any(rlang::names2(step$inputs) == "")
    !class(step)[1] %in% row_steps && (anything || any(outcome %in% unlist(names)))
  }
  skipped <- skipped_steps(Filter(changes, blueprint$recipe$steps))
  if (length(skipped) == 0) return(invisible())
  abort_argument(arg, "without the outcome, which the recipe changes in the training rows alone",
                 sprintf("`%s(skip = TRUE)`", skipped[1]), "recipe",
                 "Change the outcome before the recipe. To validate, a share or rows of the data will do.",
                 call)
}

# The predictors of new rows as the recipe makes them, in the encoding of the fit.
forge_recipe <- function(new_data, blueprint, predictors, arg, call) {
  check_columns_present(colnames(new_data), names(blueprint$ptypes$predictors), arg, call)
  if (is.matrix(new_data)) new_data <- as.data.frame(new_data)
  new_data <- with_known_levels(new_data, blueprint$ptypes$predictors)
  x <- explain_hardhat(hardhat::forge(new_data, blueprint), arg, call)$predictors
  if (nrow(x) != nrow(new_data)) {
    got <- sprintf("%d of %d rows", nrow(x), nrow(new_data))
    abort_argument(arg, "have rows that the recipe keeps", got, "shape",
                   hint = "Steps that drop rows are for training alone: use `skip = TRUE`.", call = call)
  }
  forge_predictors(x, predictors$blueprint, predictors, arg, call)
}

# Factors of the same levels are taken whatever order these have, and whether or not they count as ordered, as
# they are without a recipe.
with_known_levels <- function(new_data, known) {
  for (name in names(Filter(is.factor, known))) {
    column <- new_data[[name]]
    levels <- levels(known[[name]])
    if (!is.factor(column) || !setequal(levels(column), levels)) next
    new_data[[name]] <- factor(as.character(column), levels, ordered = is.ordered(known[[name]]))
  }
  new_data
}
