#include "activation.h"

#include <string.h>

enum { OUTPUT = false, INPUT = true };

#define ACTIVATION_TABLE_ROW(name, reads) [ACTIVATION_##name] = {#name, reads},
static const activation table[ACTIVATION_COUNT] = {ACTIVATION_LIST(ACTIVATION_TABLE_ROW)};

const activation *activation_of(activation_id id) { return &table[id]; }

activation_id activation_find(const char *name) {
  int id = 0;
  while (id < ACTIVATION_COUNT && strcmp(table[id].name, name) != 0) id++;
  return (activation_id)id;
}
