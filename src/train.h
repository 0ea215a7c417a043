/* Training: epochs of mini-batches, validation, early stopping, in slices of time. */
#ifndef FASTMLP_TRAIN_H
#define FASTMLP_TRAIN_H

#include "data.h"
#include "dropout.h"
#include "network.h"
#include "optimizer.h"

typedef struct train_options {
  int epochs;
  size_t batch_size;
  bool shuffle;
  int patience; /* epochs without a better validation loss before stopping; 0: never stop */
  uint32_t key[2];
  int threads;
  bool profile; /* whether to measure the phases of a step */
  input_noise input;
} train_options;

typedef enum train_state {
  TRAIN_RUNNING,  /* call train_advance() again */
  TRAIN_FINISHED, /* all epochs done */
  TRAIN_STOPPED,  /* patience ran out */
  TRAIN_DIVERGED, /* a loss, of training or validation, or a parameter was not finite; the last finite epoch
                     is kept */
  TRAIN_OUT_OF_MEMORY
} train_state;

/* One epoch's results: means over the rows of each set. */
typedef struct epoch_record {
  double train_loss, train_score;
  double valid_loss, valid_score; /* meaningless without validation rows */
} epoch_record;

typedef struct trainer trainer;

/* Prepares training of net on data; valid may be NULL. All four must outlive the trainer. */
status trainer_open(trainer **trainer, network *net, const dataset *data, const dataset *valid,
                    const loss *loss, const optimizer *optimizer, const train_options *options);

/* Trains until about `seconds` have passed, or to the end. */
train_state trainer_advance(trainer *trainer, double seconds);

/* Epochs completed, and their records. */
int trainer_epochs(const trainer *trainer);
const epoch_record *trainer_record(const trainer *trainer, int epoch);

/* Share of the running epoch that is done, in [0, 1). */
double trainer_epoch_progress(const trainer *trainer);

/* The epoch (1-based) whose weights training would keep now: with patience the one of least validation loss,
   otherwise the last finite one; 0 before the first has ended. */
int trainer_kept_epoch(const trainer *trainer);

/* Puts the kept epoch's weights into the network. Before the first epoch has ended: the present weights, or,
   if those are not finite, the initial ones. */
void trainer_keep(trainer *trainer);

/* Seconds that training steps took, without validation. */
double trainer_step_seconds(const trainer *trainer);

/* Seconds that all members together spent in a phase; 0 unless the options ask for the profile. */
double trainer_phase_seconds(const trainer *trainer, phase phase);

/* The most threads that a step uses. */
int trainer_threads(const trainer *trainer);

void trainer_close(trainer *trainer);

#endif
