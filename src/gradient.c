#include "gradient.h"

#include "pass.h"

/* What the members share. */
typedef struct gradient_work {
  pass pass;
  arena arena;
  panels x; /* [rows x inputs] */
  const source_matrix *source;
  const loss *loss;
  const targets *targets;
  double scale; /* 1 / total weight */
  float *gradient;
  double *input_gradient;
  double sum; /* of the rows' losses */
} gradient_work;

/* Forward, loss and backward for rows first .. first + n - 1; the first member moves data in and out. */
static void gradient_block(const team *team, gradient_work *work, size_t first, size_t n) {
  pass *pass = &work->pass;
  const network *net = pass->net;
  const scaling as_it_is = {NULL, NULL};
  if (team->rank == 0) matrix_to_panels(work->source, first, n, as_it_is, work->x.data, work->x.stride);
  team_barrier(team);
  pass_forward(team, pass, work->x, n);
  const targets block = targets_from(work->targets, first, loss_columns(work->loss, network_outputs(net)));
  pass_loss(team, pass, work->loss, &block, n, work->scale);
  pass_backward(team, pass, n);
  pass_weights(team, pass, work->x, n, (gradient_sink){.gradient = work->gradient, .accumulate = first > 0});
  if (team->rank == 0) {
    for (size_t r = 0; r < n; r++) work->sum += pass->row_loss[r];
    if (work->input_gradient != NULL) {
      panels_to_matrix(pass->dx.data, pass->dx.stride, n, net->layer[0].inputs, work->input_gradient,
                       work->source->rows, first);
    }
  }
  team_barrier(team);
}

static void gradient_member(const team *team, void *data) {
  gradient_work *work = data;
  pass_transpose(team, &work->pass);
  for (size_t first = 0; first < work->source->rows; first += PASS_ROWS) {
    gradient_block(team, work, first, size_min(PASS_ROWS, work->source->rows - first));
  }
}

static void lay_out(void *owner, arena *arena) {
  gradient_work *work = owner;
  work->x = arena_take_panels(arena, work->pass.rows, work->pass.net->layer[0].inputs);
}

status network_gradient(const network *net, int threads, const source_matrix *x, const loss *loss,
                        const targets *targets, double total_weight, float *gradient, double *input_gradient,
                        double *mean_loss) {
  size_t rows = size_min(x->rows, PASS_ROWS);
  int members = pass_members(net, rows, threads);
  gradient_work work = {.source = x,
                        .loss = loss,
                        .targets = targets,
                        .scale = 1 / total_weight,
                        .gradient = gradient,
                        .input_gradient = input_gradient};
  status result = pass_allocate(&work.pass, net, rows, members, input_gradient != NULL);
  if (result == STATUS_OK) result = arena_build(&work.arena, lay_out, &work);
  if (result == STATUS_OK) {
    team_run(members, gradient_member, &work);
    *mean_loss = work.sum / total_weight;
  }
  arena_free(&work.arena);
  pass_free(&work.pass);
  return result;
}
