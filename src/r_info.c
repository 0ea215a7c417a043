#include "pace.h"
#include "r_common.h"
#include "threads.h"

static SEXP available_tables(void) {
  int count = 0;
  while (kernels_available(count) != NULL) count++;
  SEXP names = PROTECT(Rf_allocVector(STRSXP, count));
  for (int i = 0; i < count; i++) SET_STRING_ELT(names, i, Rf_mkChar(kernels_available(i)->name));
  UNPROTECT(1);
  return names;
}

SEXP fastmlp_info(void) {
  const char *names[] = {"simd", "available", "openmp", "cores", "threads", ""};
  SEXP info = PROTECT(Rf_mkNamed(VECSXP, names));
  SET_VECTOR_ELT(info, 0, Rf_mkString(kernels_active()->name));
  SET_VECTOR_ELT(info, 1, available_tables());
  SET_VECTOR_ELT(info, 2, Rf_ScalarLogical(threads_have_openmp()));
  SET_VECTOR_ELT(info, 3, Rf_ScalarInteger(threads_cores()));
  SET_VECTOR_ELT(info, 4, Rf_ScalarInteger(threads_default()));
  UNPROTECT(1);
  return info;
}

SEXP fastmlp_threads(SEXP n) {
  threads_set(unpack_int(n, "n") == NA_INTEGER ? 0 : unpack_count(n, "n"));
  return Rf_ScalarInteger(threads_default());
}

SEXP fastmlp_hold_teams(SEXP hold) {
  threads_hold(unpack_flag(hold, "hold"));
  const pace_count counted = pace_counted();
  const char *names[] = {"stretches", "fewer", ""};
  SEXP result = PROTECT(Rf_mkNamed(INTSXP, names));
  INTEGER(result)[0] = (int)counted.stretches;
  INTEGER(result)[1] = (int)counted.fewer;
  UNPROTECT(1);
  return result;
}

SEXP fastmlp_choose_simd(SEXP name) { return Rf_ScalarLogical(kernels_choose(unpack_string(name, "name"))); }
