/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).
   A draw is a pure function of (key, stream, index), so any thread can make any draw. */
#ifndef FASTMLP_RNG_H
#define FASTMLP_RNG_H

#include "common.h"

/* What a stream of draws is for; streams never overlap. */
typedef enum rng_stream {
  RNG_STREAM_SHUFFLE = 1, /* one sub-stream an epoch */
  RNG_STREAM_INIT,        /* one sub-stream a layer */
  RNG_STREAM_DROPOUT,     /* one a step, in streams apart for each layer; dropout.c */
  RNG_STREAM_NOISE,       /* one a step */
  RNG_STREAM_VARIANT      /* keys of variants */
} rng_stream;

typedef struct rng {
  uint32_t key[2];
  uint32_t stream[2]; /* purpose, sub-stream */
} rng;

rng rng_make(const uint32_t key[2], rng_stream purpose, uint32_t substream);

/* The four 32-bit words of block `index`. */
void rng_block(const rng *rng, uint64_t index, uint32_t out[4]);

/* Draw `index` from U[0, 1), with 53 random bits. */
double rng_uniform(const rng *rng, uint64_t index);

/* Draw `index` from N(0, 1), by Box-Muller. */
double rng_normal(const rng *rng, uint64_t index);

/* Fills order[0 .. n-1] with a uniformly random permutation of 0 .. n-1 (Fisher-Yates). */
void rng_permutation(const rng *rng, uint32_t *order, size_t n);

#endif
