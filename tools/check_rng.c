/* Checks Philox4x32-10 against the known answers that its authors publish with Random123.
   cc -Isrc tools/check_rng.c src/rng.c -lm */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rng.h"

/* A counter's first two words are the index of the block, the others the stream. */
static const struct {
  uint32_t counter[4], key[2], answer[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

int main(void) {
  int failures = 0;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    const uint32_t *counter = known[i].counter;
    rng rng = {{known[i].key[0], known[i].key[1]}, {counter[2], counter[3]}};
    uint32_t out[4];
    rng_block(&rng, counter[0] | (uint64_t)counter[1] << 32, out);
    failures += memcmp(out, known[i].answer, sizeof out) != 0;
  }
  printf("%d of 3 known answers differ\n", failures);
  return failures != 0;
}
