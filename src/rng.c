#include "rng.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586476925286766559;

rng rng_make(const uint32_t key[2], rng_stream purpose, uint32_t substream) {
  return (rng){.key = {key[0], key[1]}, .stream = {(uint32_t)purpose, substream}};
}

void rng_block(const rng *rng, uint64_t index, uint32_t out[4]) {
  enum { ROUNDS = 10 };
  uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32), c2 = rng->stream[0], c3 = rng->stream[1];
  uint32_t k0 = rng->key[0], k1 = rng->key[1];
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t a = (uint64_t)UINT32_C(0xD2511F53) * c0;
    uint64_t b = (uint64_t)UINT32_C(0xCD9E8D57) * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)b;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)a;
    k0 += UINT32_C(0x9E3779B9);
    k1 += UINT32_C(0xBB67AE85);
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* The top 53 of 64 random bits, as a number in [0, 1). */
static double unit_interval(uint32_t low, uint32_t high) {
  uint64_t bits = (uint64_t)high << 32 | low;
  return (double)(bits >> 11) * 0x1p-53;
}

/* A block holds two draws. */
double rng_uniform(const rng *rng, uint64_t index) {
  uint32_t word[4];
  rng_block(rng, index / 2, word);
  return index % 2 == 0 ? unit_interval(word[0], word[1]) : unit_interval(word[2], word[3]);
}

/* A block holds the radius and angle of a point in the plane: its two coordinates are two draws. */
double rng_normal(const rng *rng, uint64_t index) {
  uint32_t word[4];
  rng_block(rng, index / 2, word);
  double radius = sqrt(-2 * log(1 - unit_interval(word[0], word[1])));
  double angle = TWO_PI * unit_interval(word[2], word[3]);
  return radius * (index % 2 == 0 ? cos(angle) : sin(angle));
}

/* The words of a stream one after another, many blocks at a time so that their rounds overlap. */
enum { WORDS = 64 };
typedef struct word_source {
  const rng *rng;
  uint64_t block;
  int used;
  uint32_t word[WORDS];
} word_source;

static inline uint32_t next_word(word_source *source) {
  if (source->used == WORDS) {
    for (int i = 0; i < WORDS; i += 4) rng_block(source->rng, source->block++, source->word + i);
    source->used = 0;
  }
  return source->word[source->used++];
}

/* An unbiased draw from 0 .. bound - 1: the high half of word * bound, where the few words that would favour
   some results are drawn again (Lemire 2019). */
static inline uint32_t bounded_draw(word_source *source, uint32_t bound) {
  uint64_t product = (uint64_t)next_word(source) * bound;
  if ((uint32_t)product < bound) {
    uint32_t surplus = -bound % bound;
    while ((uint32_t)product < surplus) product = (uint64_t)next_word(source) * bound;
  }
  return (uint32_t)(product >> 32);
}

void rng_permutation(const rng *rng, uint32_t *order, size_t n) {
  word_source source = {.rng = rng, .used = WORDS};
  for (size_t i = 0; i < n; i++) {
    size_t j = bounded_draw(&source, (uint32_t)(i + 1));
    order[i] = order[j];
    order[j] = (uint32_t)i;
  }
}
