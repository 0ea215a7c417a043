#include "gradient.h"

/* What the members share. */
typedef struct gradient_work {
  gradient_workspace *space;
  const loss *loss;
  const gradient_rows *rows;
  float *gradient;
  double *input_gradient;
  double loss_sum, score_sum;
} gradient_work;

/* ---- a workspace ---- */

static void lay_out(void *owner, arena *arena) {
  gradient_workspace *space = owner;
  const pass *pass = &space->pass;
  if (space->sparse.rows > 0) {
    sparse_batch_take(&space->sparse, arena);
    space->x.sparse = &space->sparse;
  } else {
    space->x.x = arena_take_panels(arena, pass->rows, network_inputs(pass->net));
  }
  if (space->profiled) space->profile = arena_take(arena, (size_t)pass->members, sizeof *space->profile);
}

status gradient_allocate(gradient_workspace *space, const network *net, const dataset *data, size_t rows,
                         int threads, bool input_gradient, bool profiled) {
  size_t block = size_min(rows, PASS_ROWS);
  *space = (gradient_workspace){.profiled = profiled};
  status result = pass_allocate(&space->pass, net, block, pass_members(net, block, threads), input_gradient);
  if (result != STATUS_OK) return result;
  space->pace.team = space->pass.members;
  if (data != NULL) space->sparse = pass_plan_batch(&space->pass, data);
  return arena_build(&space->arena, lay_out, space);
}

void gradient_free(gradient_workspace *space) {
  arena_free(&space->arena);
  pass_free(&space->pass);
}

/* ---- passes ---- */

/* Rows first .. first + n - 1 into x. A data set's are shared out, the caller's the first member reads. */
static void bring_rows(const team *team, const gradient_work *work, size_t first, size_t n) {
  const gradient_rows *rows = work->rows;
  const scaling as_it_is = {NULL, NULL, 0};
  const batch *x = &work->space->x;
  if (rows->source == NULL) {
    dataset_gather(team, rows->data, NULL, first, n, x);
    dataset_turn(team, rows->data, n, x);
  } else if (team->rank == 0) {
    matrix_to_panels(rows->source, first, n, as_it_is, x->x.data, x->x.stride);
  }
  team_barrier(team);
}

/* Forward, loss and backward for rows first .. first + n - 1; the first member adds up and moves data out. */
static void gradient_block(const team *team, gradient_work *work, size_t first, size_t n) {
  pass *pass = &work->space->pass;
  const network *net = pass->net;
  const input x = batch_input(&work->space->x);
  const targets block =
      targets_from(&work->rows->targets, first, loss_columns(work->loss, network_outputs(net)));
  const step_rows rows = {.first = (uint32_t)first, .count = pass_count(pass, block.weight, 1, n)};
  const step_rows *at = work->rows->training ? &rows : NULL;
  bring_rows(team, work, first, n);
  pass_forward(team, pass, x, n, at);
  pass_loss(team, pass, work->loss, &block, n, 1 / work->rows->total_weight);
  pass_backward(team, pass, n, at);
  pass_backward_inputs(team, pass, x, n);
  const gradient_sink sink = {.gradient = work->gradient,
                              .accumulate = first > 0,
                              .complete = first + n == work->rows->rows,
                              .parameter = net->parameter};
  pass_weights(team, pass, x, n, sink, 0);
  if (team->rank == 0) {
    for (size_t r = 0; r < n; r++) {
      work->loss_sum += pass->row_loss[r];
      work->score_sum += pass->row_score[r];
    }
    if (work->input_gradient != NULL) {
      panels_to_matrix(pass->dinput.data, pass->dinput.stride, n, network_inputs(net), work->input_gradient,
                       work->rows->rows, first);
    }
  }
  team_barrier(team);
}

static void gradient_member(const team *shared, void *data) {
  gradient_work *work = data;
  gradient_workspace *space = work->space;
  size_t rows = work->rows->rows;
  team member = *shared;
  if (space->profile != NULL) {
    member.profile = &space->profile[member.rank];
    profile_start(member.profile, PHASE_PRODUCTS);
  }
  pass_transpose(&member, &space->pass);
  for (size_t first = 0; first < rows; first += PASS_ROWS) {
    gradient_block(&member, work, first, size_min(PASS_ROWS, rows - first));
  }
  if (space->profile != NULL) profile_stop(member.profile);
}

gradient_means gradient_run(gradient_workspace *space, const loss *loss, const gradient_rows *rows,
                            float *gradient, double *input_gradient) {
  gradient_work work = {space, loss, rows, gradient, input_gradient, 0, 0};
  pace_run(&space->pace, gradient_member, &work);
  return (gradient_means){work.loss_sum / rows->total_weight, work.score_sum / rows->total_weight};
}

double gradient_phase_seconds(const gradient_workspace *space, phase phase) {
  double sum = 0;
  for (int member = 0; space->profile != NULL && member < space->pass.members; member++) {
    sum += space->profile[member].seconds[phase];
  }
  return sum;
}

status network_gradient(const network *net, int threads, const loss *loss, const gradient_rows *rows,
                        float *gradient, double *input_gradient, double *mean_loss) {
  gradient_workspace space;
  status result =
      gradient_allocate(&space, net, rows->data, rows->rows, threads, input_gradient != NULL, false);
  if (result == STATUS_OK) *mean_loss = gradient_run(&space, loss, rows, gradient, input_gradient).loss;
  gradient_free(&space);
  return result;
}

/* ---- outputs for inputs ---- */

typedef struct input_work {
  gradient_workspace *space;
  const source_matrix *x, *seed;
  scaling scaling;
  double *out;
} input_work;

/* This member's rows of a source, from row `first` on, into panels. */
static void bring_share(const source_matrix *source, size_t first, range own, scaling scaling, panels to) {
  matrix_to_panels(source, first + own.begin, own.end - own.begin, scaling, to.data + own.begin * PANEL,
                   to.stride);
}

/* Each member converts its own rows, and moves those of the result out. */
static void input_block(const team *team, const input_work *work, size_t first, size_t n) {
  pass *pass = &work->space->pass;
  const network *net = pass->net;
  const scaling as_it_is = {NULL, NULL, 0};
  const input x = batch_input(&work->space->x);
  range own = team_share(team, n);
  bring_share(work->x, first, own, work->scaling, x.dense);
  team_barrier(team);
  pass_forward(team, pass, x, n, NULL);
  bring_share(work->seed, first, own, as_it_is, pass->layer[net->layers - 1].dz);
  pass_backward(team, pass, n, NULL);
  pass_backward_inputs(team, pass, x, n);
  team_barrier(team);
  panels dinput = pass->dinput;
  panels_to_matrix(dinput.data + own.begin * PANEL, dinput.stride, own.end - own.begin, network_inputs(net),
                   work->out, work->x->rows, first + own.begin);
  matrix_scaling_backward(work->x, first + own.begin, own.end - own.begin, work->scaling, work->out);
}

static void input_member(const team *team, void *data) {
  const input_work *work = data;
  size_t rows = work->x->rows;
  pass_transpose(team, &work->space->pass);
  for (size_t first = 0; first < rows; first += PASS_ROWS) {
    input_block(team, work, first, size_min(PASS_ROWS, rows - first));
  }
}

status network_input_gradient(const network *net, int threads, const source_matrix *x, scaling scaling,
                              const double *seed, double *out) {
  const source_matrix seeds = {.real = seed, .rows = x->rows, .columns = network_outputs(net)};
  gradient_workspace space;
  status result = gradient_allocate(&space, net, NULL, x->rows, threads, true, false);
  input_work work = {&space, x, &seeds, scaling, out};
  if (result == STATUS_OK) team_run(space.pass.members, input_member, &work);
  gradient_free(&space);
  return result;
}
