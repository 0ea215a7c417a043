/* Helpers of the .Call entries: unpacking R values with the checks that memory safety needs, engine
   memory that survives an R error, and conversions that several entries share. */
#ifndef FASTMLP_R_COMMON_H
#define FASTMLP_R_COMMON_H

#include "data.h"
#include "fastmlp.h"
#include "loss.h"
#include "matrix.h"
#include "network.h"
#include "profile.h"

/* ---- raising ---- */

/* Raises an R error unless the status is STATUS_OK. */
void raise_unless_ok(status status);

/* ---- unpacking; `what` names the value in the error ---- */

/* The element of a list by name; R_NilValue if there is none. */
SEXP list_get(SEXP list, const char *name);

int unpack_int(SEXP x, const char *what);   /* integer or whole double; NA_INTEGER for NA */
int unpack_count(SEXP x, const char *what); /* at least 1 */
double unpack_number(SEXP x, const char *what);
bool unpack_flag(SEXP x, const char *what);
const char *unpack_string(SEXP x, const char *what);

/* The place of a string among `count` names. */
int unpack_choice(SEXP x, const char *const names[], size_t count, const char *what);

/* The values of a double vector of the given length. */
const double *unpack_doubles(SEXP x, R_xlen_t length, const char *what);

/* A numeric or logical matrix where it lies; a vector counts as one column. */
source_matrix unpack_matrix(SEXP x, const char *what);

/* Predictors where they lie: a matrix as above, or a list of columns of one length (a data frame), each
   double, integer, logical, or a factor that stands for one indicator a level, or, of class
   embedded_factor, for its codes. */
source_matrix unpack_predictors(SEXP x, const char *what);

/* A numeric matrix of exactly this shape. */
source_matrix unpack_shaped(SEXP x, size_t rows, size_t columns, const char *what);

scaling unpack_scaling(SEXP x, size_t columns); /* NULL: none */
activation_id unpack_activation(SEXP name);
loss unpack_loss(SEXP x);   /* its levels and function stay where they are: x must outlive it */
int unpack_threads(SEXP x); /* NA: the default */
void unpack_key(SEXP x, uint32_t key[2]);

/* ---- losses, in r_loss.c ---- */

/* Makes an R function(output, target) what a loss calls back: it must return NULL, or list(value = <double,
   one a row>, gradient = <double matrix rows x outputs>). */
void loss_set_function(loss *loss, SEXP function);

/* ---- packing ---- */

/* n doubles, each with its name. */
SEXP named_doubles(const double value[], const char *const names[], int n);

/* ---- memory ---- */

/* Floats on a cache line, zero; released by R when the .Call ends, however it ends. */
float *scratch_floats(size_t count);

/* Engine memory that an R error must not leak: an external pointer with `release` as its finalizer, made
   before the `bytes` zero bytes that it holds are allocated. `release` must cope with being called twice. */
SEXP owner_make(size_t bytes, R_CFinalizer_t release);

/* ---- targets ---- */

/* Raises unless target and weights fit `rows` rows of a loss over `outputs` outputs. */
void check_targets(SEXP target, SEXP weights, const loss *loss, size_t rows, size_t outputs);

/* Converts the targets and weights of the n rows in `rows` (NULL: the first n) into the buffers that the
   loss asks for: class_index[n] from 0 on, or value[n x columns] row-major; weight[n] unless weights is NULL,
   relative to the largest. Returns that, or 1 without weights. */
double read_targets(SEXP target, SEXP weights, const loss *loss, const uint32_t *rows, size_t n,
                    int32_t *class_index, float *value, float *weight);

/* Checks targets and reads those of all rows into scratch memory; *total_weight gets the sum of weights. */
targets scratch_targets(SEXP target, SEXP weights, const loss *loss, size_t rows, size_t outputs,
                        double *total_weight);

/* ---- networks, in r_network.c ---- */

/* Fills an empty network, already owned, from a list of layers. */
void network_from_list(network *net, SEXP layers);

/* The same from a list of such lists, of variants that share weights, which are those of the last. */
void network_from_variants(network *net, SEXP variants);

/* Fills parameters laid out like the network's from a list of layers of its shape; not whole: without what
   does not move. */
void parameters_from_list(const network *net, float *parameters, SEXP layers, bool whole);

/* list of layers from parameters laid out like the network's; of a gradient (not whole) without what does not
   move. */
SEXP network_to_list(const network *net, const float *parameters, bool whole);

/* ---- embeddings, in r_embedding.c ---- */

/* The shape of a network's embedding from a list, for a first layer that reads `width` values; what it points
   to lasts as long as the call. */
embedding unpack_embedding(SEXP x, size_t width);

/* Fills parameters laid out like the network's; whole: and the network's constants. */
void embedding_from_list(const network *net, float *parameters, SEXP x, bool whole);

/* The inverse; not whole: the parameters alone. */
SEXP embedding_to_list(const network *net, const float *parameters, bool whole);

/* Numbers that an embedding learns, and these as a flat vector: column by column, part by part. */
size_t embedding_values(const embedding *e);
void embedding_from_vector(const network *net, float *parameters, const double *value);
void embedding_to_vector(const network *net, const float *parameters, double *value);

/* ---- rows, in r_data.c ---- */

/* Fills an empty data set, already owned, from a list as fastmlp_train_open() takes it. */
void dataset_from_list(dataset *data, SEXP list, SEXP scaling, const network *net, const loss *loss,
                       int threads);

/* What fastmlp_rows_open() made. */
const dataset *unpack_shared(SEXP owner);

/* ---- training, in r_train.c ---- */

/* Seconds named by their phases. */
SEXP phases_to_vector(const double phase_seconds[PHASE_COUNT]);

/* A link by its name. */
link_id unpack_link(SEXP x);

/* The finalizer of an owner of a network. */
void network_release(SEXP owner);

/* The rows to use, counted from 0, in memory that R releases; NULL for all. *n gets their number. */
const uint32_t *unpack_rows(SEXP rows, size_t available, size_t *n);

/* The place of each available row among the n listed, in memory that R releases, as sparse.h has them; NULL
   for all. */
const uint32_t *unpack_places(const uint32_t *rows, size_t n, size_t available);

#endif
