/* Training: epochs of mini-batches, validation, early stopping, in slices of time. */
#ifndef FASTMLP_TRAIN_H
#define FASTMLP_TRAIN_H

#include "data.h"
#include "dropout.h"
#include "network.h"
#include "optimizer.h"
#include "rates.h"

typedef struct train_options {
  int epochs;
  size_t batch_size;
  bool drop_incomplete; /* the epoch's last batch is left out if it is smaller than the others */
  bool shuffle;
  int patience;           /* epochs without a better validation loss before stopping; 0: never stop */
  double min_improvement; /* by how much a loss must be better for patience to begin anew */
  bool keep_last_tie;     /* of several best epochs the last is kept, not the first */
  bool judged_outside;    /* an epoch is kept by trainer_judge() alone, which tells what patience watches */
  bool pause;             /* trainer_advance() returns at the end of each epoch */
  bool steps_back;        /* the epoch kept before the last one is held, too */
  bool whole_epochs;      /* before the first epoch has ended the initial parameters are kept */
  double clip_norm;       /* the largest norm of the gradient of the loss; 0 for no limit */
  double max_norm;        /* the largest norm of a hidden unit's weights; 0 for no limit */
  bool ntk;               /* weights are trained as in NTK parametrisation */
  double ema_decay;       /* of the running average of the parameters, which is judged and kept; 0: none */
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
  double rate;                    /* the learning rate's factor at the epoch's last step */
} epoch_record;

typedef struct trainer trainer;

/* Prepares training of net on data; valid may be NULL. All four must outlive the trainer. */
status trainer_open(trainer **trainer, network *net, const dataset *data, const dataset *valid,
                    const loss *loss, const optimizer *optimizer, const train_options *options);

/* Where training stands between two steps. With the buffers below it is all that going on needs. */
typedef struct train_position {
  int epoch;       /* epochs completed */
  size_t row;      /* rows of the running epoch that are done, */
  double loss_sum; /* and what they add to its means */
  double score_sum;
  double steps; /* taken since the beginning */
  int kept_epoch;
  double best;     /* value of the kept epoch */
  double improved; /* value of the last epoch that was enough of an improvement */
  int improved_epoch;
  int previous_epoch; /* kept before it, or -1: none is held */
} train_position;

/* Buffers laid out like the network's parameters, moments from TRAIN_MOMENT on. */
typedef enum train_buffer {
  TRAIN_PARAMETERS,
  TRAIN_KEPT,
  TRAIN_PREVIOUS,
  TRAIN_AVERAGE,
  TRAIN_MOMENT
} train_buffer;

/* One of them; NULL if this training has no such one. */
float *trainer_buffer(trainer *trainer, int buffer);

/* Completes a step that is under way, and with it perhaps the epoch; the state. */
train_state trainer_settle(trainer *trainer);

/* The present position; a step that is under way is completed first. */
train_position trainer_position(trainer *trainer);

/* Goes to a position. To be called before the first trainer_advance(), with the buffers filled; the network
   as it was opened counts as kept. Records begin anew: the first is that of the running epoch. */
void trainer_restore(trainer *trainer, const train_position *position);

/* Trains until about `seconds` have passed, factors of the learning rate are wanting, the epoch ends (if the
   options say pause), or to the end. */
train_state trainer_advance(trainer *trainer, double seconds);

/* The factors by which a kind of rate is multiplied in the coming steps, the one under way being the first.
   Once there were any, training waits for more where they end. */
status trainer_set_rates(trainer *trainer, rate_kind kind, const double *factor, size_t count);

/* The step under way, counted from 1, and whether its factor is wanting. */
double trainer_step(const trainer *trainer);
bool trainer_wants_rate(const trainer *trainer);

/* Tells the value of the epoch just ended, less being better, and keeps or stops by it (without patience:
   keeps it); with judged_outside. */
train_state trainer_judge(trainer *trainer, double value);

/* Epochs completed since the beginning; how many of them, the latest, there are records of; and those. */
int trainer_epochs(const trainer *trainer);
int trainer_records(const trainer *trainer);
const epoch_record *trainer_record(const trainer *trainer, int record);

/* Training rows that an epoch takes. */
size_t trainer_epoch_rows(const trainer *trainer);

/* Share of the running epoch that is done, in [0, 1). */
double trainer_epoch_progress(const trainer *trainer);

/* The epoch (1-based) whose weights training would keep now: with patience the one of least validation loss,
   otherwise the last finite one; 0 before the first has ended. */
int trainer_kept_epoch(const trainer *trainer);
/* Whether training diverged for the loss of the validation rows. */
bool trainer_valid_lost(const trainer *trainer);

/* An epoch's training losses are those before its steps. `sound` tells whether the network with the weights
   that are kept (initial ones always) gives the first `rows` training rows a finite loss. */
status trainer_prove(trainer *trainer, size_t rows, bool *sound);

/* Keeps the epoch that was kept before; without effect where none is held. */
void trainer_step_back(trainer *trainer);

/* What is validated and kept: the network, or the same with its averages, until the next call as one of its
   variants. */
const network *trainer_judged(trainer *trainer, int variant);

/* Puts the kept epoch's weights into the network. Before the first epoch has ended: the present weights, or,
   if those are not finite or with whole_epochs, the initial ones. */
void trainer_keep(trainer *trainer);

/* Seconds that training steps took, with the order of rows in each epoch, without validation. */
double trainer_step_seconds(const trainer *trainer);

/* Seconds that all members together spent in a phase; 0 unless the options ask for the profile. */
double trainer_phase_seconds(const trainer *trainer, phase phase);

/* The most threads that a step uses. */
int trainer_threads(const trainer *trainer);

void trainer_close(trainer *trainer);

#endif
