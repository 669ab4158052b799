// What keeps a network from learning by heart: dropout, penalties on the weights, and a limit to their norms.
#include "engine.h"

#include <string.h>

// ---- Dropout: a number is dropped where its uniform is below the rate. ----

// Where SELU saturates on the left.
#define SELU_FLOOR (-1.7580993408473768599402175208123)

typedef struct Line {
  double scale, shift, dropped;
} Line;

// What is kept becomes scale·x + shift, what is dropped a constant; at rate 1 all are 0.
static Line line_of(Work *o, DropoutForm form, double rate) {
  if (!(rate >= 0 && rate <= 1)) fail(o, "DomainError: dropRate must lie in [0, 1], got %g", rate);
  const double kept = 1 - rate;
  if (form != ALPHA || rate == 1) return (Line){1, 0, 0};
  // numbers of mean 0 and variance 1 have mean p·f and variance q·(1 + p·f²) once some have become the floor f
  const double scale = 1 / sqrt(kept * (1 + rate * SELU_FLOOR * SELU_FLOOR)), shift = -scale * rate * SELU_FLOOR;
  return (Line){scale, shift, scale * SELU_FLOOR + shift};
}

Tensor dropout_train(Work *o, DropoutForm form, Tensor x, Tensor u, double rate) {
  must_match(o, x, u, "x and its uniforms");
  const Line line = line_of(o, form, rate);
  Tensor y = tensor_like(o, x);
  for (size_t i = 0; i < x.size; i++) {
    const bool dropped = u.data[i] < rate;
    const double kept = form == INVERTED && rate < 1 ? x.data[i] / (1 - rate) : form == ALPHA ? line.scale * x.data[i] + line.shift : x.data[i];
    y.data[i] = dropped ? line.dropped : kept;
  }
  return y;
}

Tensor dropout_back(Work *o, DropoutForm form, Tensor dy, Tensor u, double rate) {
  must_match(o, dy, u, "dy and the uniforms");
  const Line line = line_of(o, form, rate);
  Tensor dx = tensor_like(o, dy);
  for (size_t i = 0; i < dy.size; i++)
    dx.data[i] = u.data[i] < rate ? 0 : form == INVERTED && rate < 1 ? dy.data[i] / (1 - rate) : line.scale * dy.data[i];
  return dx;
}

static Tensor dropout_eval(Work *o, DropoutForm form, Tensor x, double rate) {
  line_of(o, form, rate); // refuses a rate out of range
  Tensor y = tensor_copy(o, x);
  if (form == CLASSIC)
    for (size_t i = 0; i < x.size; i++) y.data[i] *= 1 - rate;
  return y;
}

static Json *train(Work *o, const Json *args, const void *form) {
  return with_tensor(o, answer(o), "y", dropout_train(o, *(const DropoutForm *)form, tensor_in(o, args, "x"), tensor_in(o, args, "u"), number_in(o, args, "dropRate")));
}

static Json *train_vjp(Work *o, const Json *args, const void *form) {
  return with_tensor(o, answer(o), "dx", dropout_back(o, *(const DropoutForm *)form, tensor_in(o, args, "dy"), tensor_in(o, args, "u"), number_in(o, args, "dropRate")));
}

static Json *eval(Work *o, const Json *args, const void *form) {
  return with_tensor(o, answer(o), "y", dropout_eval(o, *(const DropoutForm *)form, tensor_in(o, args, "x"), number_in(o, args, "dropRate")));
}

// The uniforms of a step are those of a child of the layer's child of the seed's key.
static Json *sample(Work *o, const Json *args, const void *form) {
  const Tensor x = tensor_in(o, args, "x");
  const uint32_t step = (uint32_t)(uint64_t)whole_in(o, args, "step", 0), place = (uint32_t)(uint64_t)whole_in(o, args, "place", 0);
  Tensor u = tensor_like(o, x);
  uniforms(fold(fold(key_of(o, args, "seed"), place), step), u.data, u.size);
  return with_tensor(o, answer(o), "y", dropout_train(o, *(const DropoutForm *)form, x, u, number_in(o, args, "dropRate")));
}

// ---- Penalties. ----

typedef struct Penalty {
  const char *name;
  bool l1, l2; // what it reads
} Penalty;
static const Penalty PENALTIES[] = {{"l1", true, false}, {"l2", false, true}, {"elastic_net", true, true}};

double penalty(Tensor w, double l1, double l2) {
  double sizes = 0, squares = 0;
  for (size_t i = 0; i < w.size; i++) {
    sizes += fabs(w.data[i]);
    squares += w.data[i] * w.data[i];
  }
  return (l1 == 0 ? 0 : l1 * sizes) + (l2 == 0 ? 0 : l2 / 2 * squares);
}

void penalty_back(Tensor w, double l1, double l2, Tensor dw) {
  for (size_t i = 0; i < w.size; i++) {
    const double v = w.data[i];
    if (l1 != 0) dw.data[i] += v > 0 ? l1 : v < 0 ? -l1 : v;
    if (l2 != 0) dw.data[i] += l2 * v;
  }
}

static double strength(Work *o, const Json *args, const char *name, bool reads) {
  const double v = reads ? number_or(o, args, name, 0) : 0;
  if (!(v >= 0 && v < INFINITY)) fail(o, "DomainError: %s must be finite and not negative, got %g", name, v);
  return v;
}

static Json *value(Work *o, const Json *args, const void *row) {
  const Penalty *p = row;
  return with_tensor(o, answer(o), "value", scalar(o, penalty(tensor_in(o, args, "w"), strength(o, args, "l1", p->l1), strength(o, args, "l2", p->l2))));
}

static Json *gradient(Work *o, const Json *args, const void *row) {
  const Penalty *p = row;
  const Tensor w = tensor_in(o, args, "w");
  const Tensor dw = tensor_like(o, w);
  penalty_back(w, strength(o, args, "l1", p->l1), strength(o, args, "l2", p->l2), dw);
  return with_tensor(o, answer(o), "dw", dw);
}

// Of w₁, b₁, w₂, b₂ …: every second of them, or all.
static Json *of_all(Work *o, const Json *args, const Penalty *p, size_t stride) {
  const Tensors params = tensors_in(o, args, "params"), gradients = tensors_like(o, params);
  const double l1 = strength(o, args, "l1", p->l1), l2 = strength(o, args, "l2", p->l2);
  double total = 0;
  for (size_t i = 0; i < params.count; i += stride) {
    total += penalty(params.at[i], l1, l2);
    penalty_back(params.at[i], l1, l2, gradients.at[i]);
  }
  return with_tensors(o, with_tensor(o, answer(o), "value", scalar(o, total)), "gradients", gradients);
}
static Json *of_weights(Work *o, const Json *args, const void *row) { return of_all(o, args, row, 2); }
static Json *with_biases(Work *o, const Json *args, const void *row) { return of_all(o, args, row, 1); }

static Json *loss_and_grad(Work *o, const Json *args, const void *row) {
  const Penalty *p = row;
  const Tensor x = tensor_in(o, args, "x"), w = tensor_in(o, args, "w");
  const double l1 = strength(o, args, "l1", p->l1), l2 = strength(o, args, "l2", p->l2);
  Tensor dp, dx, dw, db;
  const double loss = loss_of(o, loss_named(o, text_in(o, args, "loss")), dense_forward(o, x, w, tensor_in(o, args, "b")), tensor_in(o, args, "y"), mean_in(o, args), 1, &dp);
  dense_back(o, x, w, dp, &dx, &dw, &db);
  penalty_back(w, l1, l2, dw);
  return with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "loss", scalar(o, loss + penalty(w, l1, l2))), "dw", dw), "db", db);
}

// ---- The weights into each unit, scaled back to a norm of at most a limit. ----

static Tensor projected(Work *o, Tensor w, double limit) {
  if (w.rank != 2) fail(o, "ShapeError: weights must be [in, out]");
  if (!(limit >= 0 && limit < INFINITY)) fail(o, "DomainError: the limit must be finite and not negative, got %g", limit);
  Tensor made = tensor_copy(o, w);
  const size_t m = w.shape[1];
  for (size_t j = 0; j < m; j++) {
    double size = 0, squares = 0;
    for (size_t i = j; i < w.size; i += m) size += fabs(w.data[i]);
    // a power of two takes away no digit, and keeps the squares of huge and tiny weights within range
    const double scale = size > 0x1p450 ? 0x1p-600 : size < 0x1p-450 ? 0x1p600 : 1;
    for (size_t i = j; i < w.size; i += m) squares += w.data[i] * scale * (w.data[i] * scale);
    const double norm = sqrt(squares);
    if (norm > limit * scale)
      for (size_t i = j; i < w.size; i += m) made.data[i] = w.data[i] * scale / norm * limit;
  }
  return made;
}

static Json *project(Work *o, const Json *args, const void *row) {
  (void)row;
  return with_tensor(o, answer(o), "w", projected(o, tensor_in(o, args, "w"), number_in(o, args, "limit")));
}

static Json *constrain(Work *o, const Json *args, const void *row) {
  (void)row;
  const Tensors params = tensors_in(o, args, "params");
  for (size_t i = 0; i < params.count; i += 2) params.at[i] = projected(o, params.at[i], number_in(o, args, "limit"));
  return with_tensors(o, answer(o), "params", params);
}

void add_regularisers(Registry *all) {
  static const DropoutForm forms[] = {INVERTED, CLASSIC, ALPHA};
  static const char *const names[] = {"dropout", "classic_dropout", "alpha_dropout"};
  for (size_t i = 0; i < COUNT(forms); i++) {
    add_entry(all, "layer", names[i], "train", train, &forms[i]);
    add_entry(all, "layer", names[i], "train_vjp", train_vjp, &forms[i]);
    add_entry(all, "layer", names[i], "eval", eval, &forms[i]);
    if (forms[i] != ALPHA) add_entry(all, "layer", names[i], "sample", sample, &forms[i]);
  }
  for (size_t i = 0; i < COUNT(PENALTIES); i++) {
    const Penalty *p = &PENALTIES[i];
    add_entry(all, "regulariser", p->name, "value", value, p);
    add_entry(all, "regulariser", p->name, "gradient", gradient, p);
    add_entry(all, "regulariser", p->name, "penalty", of_weights, p);
    add_entry(all, "regulariser", p->name, "penalty_with_biases", with_biases, p);
    add_entry(all, "regulariser", p->name, "loss_and_grad", loss_and_grad, p);
  }
  add_entry(all, "regulariser", "max_norm", "project", project, NULL);
  add_entry(all, "regulariser", "max_norm", "constrain", constrain, NULL);
}
