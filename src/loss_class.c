#include <math.h>

#include "loss_parts.h"

/* ---- rows ---- */

size_t row_argmax(const float *o, size_t stride, size_t outputs) {
  size_t best = 0;
  float highest = o[0];
  for (size_t j = 1; j < outputs; j++) {
    float value = o[lane(j, stride)];
    bool higher = value > highest;
    best = higher ? j : best;
    highest = higher ? value : highest;
  }
  return best;
}

void class_rows(class_function *of_class, const loss *loss, const loss_block *block, range rows) {
  size_t outputs = block->outputs, d_stride = block->gradient.stride;
  for (size_t r = rows.begin; r < rows.end; r++) {
    float *d = block->gradient.data != NULL ? row_of(block->gradient, r) : NULL;
    double weight = row_weight(block, r);
    for (size_t j = 0; d != NULL && j < panels_of(outputs) * PANEL; j++) d[lane(j, d_stride)] = 0;
    number_loss row = of_class(loss, row_of(block->output, r), block->output.stride, outputs,
                               (size_t)block->targets.class_index[r], block->scale * weight, d, d_stride);
    block->row_loss[r] = weight * row.value;
    block->row_score[r] = weight * row.score;
  }
}

#define CLASS_ROWS(of_class)                                                    \
  void of_class##_rows(const loss *loss, const loss_block *block, range rows) { \
    class_rows(of_class, loss, block, rows);                                    \
  }

/* ---- focal ---- */

/* -(1 - p)^gamma log p of the softmax's p of the class. With q = 1 - p, summed over the others so that no
   digit is lost, the gradient is a (p_k - [k = class]), a = q^gamma - gamma q^(gamma - 1) p log p. */
static number_loss focal(const loss *loss, const float *o, size_t stride, size_t outputs, size_t class_index,
                         double scale, float *d, size_t d_stride) {
  size_t best = row_argmax(o, stride, outputs);
  double gamma = loss->parameter, highest = o[lane(best, stride)], own = 0, others = 0;
  for (size_t j = 0; j < outputs; j++) {
    double mass = exp(o[lane(j, stride)] - highest);
    *(j == class_index ? &own : &others) += mass;
  }
  double sum = own + others, q = others / sum, behind = highest - o[lane(class_index, stride)];
  /* log p; near p = 1 from q, elsewhere from the outputs, as p may have vanished */
  double log_p = q < .5 ? log1p(-q) : -(log(sum) + behind);
  double factor = pow(q, gamma), slope = q > 0 ? log_p / q : -1;
  double a = scale * factor * (1 - gamma * (own / sum) * slope);
  for (size_t j = 0; d != NULL && j < outputs; j++) {
    double p = exp(o[lane(j, stride)] - highest) / sum;
    d[lane(j, d_stride)] = (float)(a * (j == class_index ? -q : p));
  }
  return (number_loss){-factor * log_p, best == class_index};
}
CLASS_ROWS(focal)

/* ---- hinge ---- */

/* max(0, 1 + the highest other output - the output of the class); gradient 0 where that is 0 */
static number_loss hinge(const loss *loss, const float *o, size_t stride, size_t outputs, size_t class_index,
                         double scale, float *d, size_t d_stride) {
  (void)loss;
  size_t rival = class_index == 0;
  for (size_t j = rival + 1; j < outputs; j++) {
    if (j != class_index && o[lane(j, stride)] > o[lane(rival, stride)]) rival = j;
  }
  if (outputs < 2) return (number_loss){0, 1};
  double short_of = 1 + (double)o[lane(rival, stride)] - o[lane(class_index, stride)];
  if (d != NULL && short_of > 0) {
    d[lane(rival, d_stride)] = (float)scale;
    d[lane(class_index, d_stride)] = (float)-scale;
  }
  return (number_loss){short_of < 0 ? 0 : short_of, row_argmax(o, stride, outputs) == class_index};
}
CLASS_ROWS(hinge)

/* ---- ordinal ---- */

/* The logits of "at most class k" are c[0] = o[0], c[k] = c[k - 1] + softplus(o[k]), in order whatever the
   outputs are. As sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)), class k costs
   softplus(-c[k]) + softplus(c[k - 1]) + softplus(-o[k]), less what the first and the last class lack. */
static double ordinal_cost(double o, double c, double before, bool first, bool last) {
  if (first) return softplus(-c);
  return softplus(before) + (last ? 0 : softplus(-c) + softplus(-o));
}

static number_loss ordinal(const loss *loss, const float *o, size_t stride, size_t outputs,
                           size_t class_index, double scale, float *d, size_t d_stride) {
  (void)loss;
  double c = 0, before = 0, own = 0, own_c = 0, own_before = 0, least = INFINITY;
  size_t best = 0;
  for (size_t k = 0; k <= outputs; k++) {
    double ok = k < outputs ? o[lane(k, stride)] : 0;
    before = c;
    c = k == 0 ? ok : c + softplus(ok);
    double cost = ordinal_cost(ok, c, before, k == 0, k == outputs);
    if (cost < least) {
      least = cost;
      best = k;
    }
    if (k == class_index) {
      own = cost;
      own_c = c;
      own_before = before;
    }
  }
  if (d == NULL) return (number_loss){own, best == class_index};
  /* d cost / d c[k] and / d c[k - 1] reach every output up to there. */
  double dc = class_index < outputs ? -sigmoid(-own_c) : 0;
  double dbefore = class_index > 0 ? sigmoid(own_before) : 0;
  for (size_t j = 0; j < outputs && j <= class_index; j++) {
    double reach = j < class_index ? dc + dbefore : dc, oj = o[lane(j, stride)];
    double own_part = j == class_index && j > 0 ? -sigmoid(-oj) : 0;
    d[lane(j, d_stride)] = (float)(scale * (reach * (j == 0 ? 1 : sigmoid(oj)) + own_part));
  }
  return (number_loss){own, best == class_index};
}
CLASS_ROWS(ordinal)
