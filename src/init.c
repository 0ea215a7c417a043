#include <R_ext/Rdynload.h>
#include <R_ext/Visibility.h>
#include <stdlib.h>

#include "fastmlp.h"
#include "kernels.h"
#include "threads.h"

/* The number of arguments in an entry's prototype: a registration cannot disagree with it. */
#define ARITY(f)                                                                                             \
  _Generic(&f, SEXP(*)(void) : 0, SEXP(*)(SEXP) : 1, SEXP(*)(SEXP, SEXP) : 2, SEXP(*)(SEXP, SEXP, SEXP) : 3, \
           SEXP(*)(SEXP, SEXP, SEXP, SEXP) : 4, SEXP(*)(SEXP, SEXP, SEXP, SEXP, SEXP) : 5,                   \
           SEXP(*)(SEXP, SEXP, SEXP, SEXP, SEXP, SEXP) : 6,                                                  \
           SEXP(*)(SEXP, SEXP, SEXP, SEXP, SEXP, SEXP, SEXP) : 7)

#define ENTRY(f) \
  { #f, (DL_FUNC)(void (*)(void))f, ARITY(f) }

/* One a line. */
/* clang-format off */
static const R_CallMethodDef entries[] = {
    ENTRY(fastmlp_info),
    ENTRY(fastmlp_threads),
    ENTRY(fastmlp_hold_teams),
    ENTRY(fastmlp_choose_simd),
    ENTRY(fastmlp_activation_names),
    ENTRY(fastmlp_loss_names),
    ENTRY(fastmlp_activation),
    ENTRY(fastmlp_dense_forward),
    ENTRY(fastmlp_dense_backward),
    ENTRY(fastmlp_loss),
    ENTRY(fastmlp_sgd_step),
    ENTRY(fastmlp_dropout),
    ENTRY(fastmlp_initial),
    ENTRY(fastmlp_scan),
    ENTRY(fastmlp_fingerprint),
    ENTRY(fastmlp_choose_rows),
    ENTRY(fastmlp_predict),
    ENTRY(fastmlp_gradient),
    ENTRY(fastmlp_input_gradient),
    ENTRY(fastmlp_rows_open),
    ENTRY(fastmlp_train_open),
    ENTRY(fastmlp_train_advance),
    ENTRY(fastmlp_train_settle),
    ENTRY(fastmlp_hear),
    ENTRY(fastmlp_owners),
    ENTRY(fastmlp_train_history),
    ENTRY(fastmlp_train_network),
    ENTRY(fastmlp_train_outputs),
    ENTRY(fastmlp_train_rates),
    ENTRY(fastmlp_train_judge),
    ENTRY(fastmlp_train_prove),
    ENTRY(fastmlp_train_step_back),
    ENTRY(fastmlp_train_close),
    ENTRY(fastmlp_train_state),
    ENTRY(fastmlp_sync),
    ENTRY(fastmlp_objective_open),
    ENTRY(fastmlp_objective_at),
    ENTRY(fastmlp_objective_validate),
    ENTRY(fastmlp_objective_close),
    {NULL, NULL, 0},
};
/* clang-format on */

/* The best instruction set, or a lower one on request; an unknown or unavailable request changes nothing. */
static void choose_kernels(void) {
  const char *name = getenv("FASTMLP_SIMD");
  if (name == NULL || !kernels_choose(name)) kernels_choose(kernels_available(0)->name);
}

void attribute_visible R_init_fastmlp(DllInfo *dll) {
  threads_load();
  choose_kernels();
  R_registerRoutines(dll, NULL, entries, NULL, NULL);
  R_useDynamicSymbols(dll, FALSE);
  R_forceSymbols(dll, TRUE);
}
