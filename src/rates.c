#include "rates.h"

#include <stdlib.h>
#include <string.h>

status rates_set(rates *rates, const double *factor, size_t count, double first) {
  double *copy = malloc(count * sizeof *copy);
  if (copy == NULL) return STATUS_MEMORY;
  memcpy(copy, factor, count * sizeof *copy);
  free(rates->factor);
  *rates = (struct rates){copy, count, first};
  return STATUS_OK;
}

void rates_free(rates *rates) {
  free(rates->factor);
  *rates = (struct rates){0};
}

double rates_at(const rates *rates, double step) {
  if (rates->count == 0) return 1;
  return rates->factor[size_min((size_t)(step - rates->first), rates->count - 1)];
}

bool rates_used_up(const rates *rates, double step) {
  return rates->count > 0 && step >= rates->first + (double)rates->count;
}
