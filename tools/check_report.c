#include "check_report.h"

#include <stdio.h>

static int failures;

void worst_update(worst *w, double error, float at) {
  if (error > w->error || isnan(error)) *w = (worst){error, at};
}

void report(const char *what, const char *unit, worst w, double bound) {
  bool failed = !(w.error <= bound);
  printf("%-34s %10.3g of %-8.3g %s at %.9g%s\n", what, w.error, bound, unit, w.at, failed ? "  FAILED" : "");
  failures += failed;
}

void expect(bool holds, const char *what) {
  if (!holds) printf("FAILED: %s\n", what);
  failures += !holds;
}

int report_end(void) {
  printf("%d failures\n", failures);
  return failures > 0;
}
