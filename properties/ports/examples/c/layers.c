// Layers as functions of tensors, with their cotangents: dense, normalisations, and dropout from given uniforms.
#include "engine.h"

#include <string.h>

// ---- Dense: y = x·w + b; axes between the batch and the features are more of the batch. ----

static Tensor flat(Tensor x, size_t *shape) {
  shape[0] = rows_of(x);
  shape[1] = last_axis(x);
  return (Tensor){.rank = 2, .size = x.size, .shape = shape, .data = x.data};
}

static void must_be_dense(Work *o, Tensor x, Tensor w, Tensor b) {
  if (x.rank == 0 || w.rank != 2 || !is_vector(b, last_axis(w)) || last_axis(x) != w.shape[0])
    fail(o, "ShapeError: dense takes x [n, in], w [in, out] and b [out]");
}

static Tensor with_last(Work *o, Tensor x, size_t last) {
  Tensor y = {.rank = x.rank};
  size_t *shape = take(o, x.rank, sizeof(size_t));
  memcpy(shape, x.shape, x.rank * sizeof(size_t));
  shape[x.rank - 1] = last;
  y = tensor_new(o, x.rank, shape);
  return y;
}

Tensor dense_forward(Work *o, Tensor x, Tensor w, Tensor b) {
  must_be_dense(o, x, w, b);
  Tensor y = with_last(o, x, w.shape[1]);
  size_t shape[2];
  const Tensor xw = product(o, flat(x, shape), w);
  for (size_t i = 0; i < y.size; i++) y.data[i] = xw.data[i] + b.data[i % b.size];
  return y;
}

void dense_back(Work *o, Tensor x, Tensor w, Tensor dy, Tensor *dx, Tensor *dw, Tensor *db) {
  size_t left[2], right[2];
  const Tensor xs = flat(x, left), ds = flat(dy, right);
  if (rows_of(x) != rows_of(dy) || dy.rank == 0 || last_axis(dy) != w.shape[1]) fail(o, "ShapeError: dy must have the shape of the output");
  *dx = tensor_like(o, x);
  memcpy(dx->data, product_right(o, ds, w).data, x.size * sizeof(double));
  *dw = product_left(o, xs, ds);
  *db = column_sums(o, ds);
}

static Json *dense(Work *o, const Json *args, const void *row) {
  (void)row;
  return with_tensor(o, answer(o), "y", dense_forward(o, tensor_in(o, args, "x"), tensor_in(o, args, "w"), tensor_in(o, args, "b")));
}

static Json *dense_vjp(Work *o, const Json *args, const void *row) {
  (void)row;
  const Tensor x = tensor_in(o, args, "x"), w = tensor_in(o, args, "w");
  must_be_dense(o, x, w, tensor_in(o, args, "b"));
  Tensor dx, dw, db;
  dense_back(o, x, w, tensor_in(o, args, "dy"), &dx, &dw, &db);
  return with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "dx", dx), "dw", dw), "db", db);
}

// ---- Normalisation of groups of numbers: the places of a group are `start + i·stride` for i < n. ----

typedef struct Group {
  size_t start, stride, n;
} Group;

// Groups of a batch normalisation are the features, of a layer normalisation the samples.
static Group group_of(Tensor x, bool batch, size_t i) {
  const size_t m = last_axis(x), n = rows_of(x);
  return batch ? (Group){i, m, n} : (Group){i * m, 1, m};
}

// Two passes, so that a large mean does not cancel.
static double moments(const double *x, Group g, double *squares) {
  double total = 0;
  for (size_t i = 0; i < g.n; i++) total += x[g.start + i * g.stride];
  const double mean = total / (double)g.n;
  *squares = 0;
  for (size_t i = 0; i < g.n; i++) {
    const double c = x[g.start + i * g.stride] - mean;
    *squares += c * c;
  }
  return mean;
}

static void must_be_affine(Work *o, Norm h, Tensor x, Tensor gamma) {
  if (x.rank == 0 || !is_vector(gamma, last_axis(x))) fail(o, "ShapeError: a normalisation takes x [batch, …, n] and vectors of n");
  if (!(h.eps >= 0 && h.eps < INFINITY)) fail(o, "DomainError: eps must be finite and not negative, got %g", h.eps);
  if (!(h.momentum >= 0 && h.momentum <= 1)) fail(o, "DomainError: momentum must lie in [0, 1], got %g", h.momentum);
}

static void must_be_batch(Work *o, Tensor x) {
  if (rows_of(x) < 2) fail(o, "DomainError: train mode needs a batch of at least 2, got %zu", rows_of(x));
}

Tensor batch_norm_train(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta, Tensor *mean, Tensor *variance) {
  must_be_affine(o, h, x, gamma);
  must_be_batch(o, x);
  Tensor y = tensor_like(o, x);
  const Tensor old_mean = *mean, old_variance = *variance;
  *mean = tensor_like(o, old_mean);
  *variance = tensor_like(o, old_variance);
  for (size_t j = 0; j < last_axis(x); j++) {
    const Group g = group_of(x, true, j);
    double squares;
    const double m = moments(x.data, g, &squares), n = (double)g.n;
    const double root = sqrt(squares / n + h.eps);
    for (size_t i = 0; i < g.n; i++) {
      const size_t at = g.start + i * g.stride;
      y.data[at] = gamma.data[j] * ((x.data[at] - m) / root) + beta.data[j];
    }
    mean->data[j] = (1 - h.momentum) * old_mean.data[j] + h.momentum * m;
    variance->data[j] = (1 - h.momentum) * old_variance.data[j] + h.momentum * (squares / (h.biased ? n : n - 1));
  }
  return y;
}

Tensor batch_norm_eval(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance) {
  must_be_affine(o, h, x, gamma);
  Tensor y = tensor_like(o, x);
  const size_t m = last_axis(x);
  for (size_t i = 0; i < x.size; i++)
    y.data[i] = gamma.data[i % m] * ((x.data[i] - mean.data[i % m]) / sqrt(variance.data[i % m] + h.eps)) + beta.data[i % m];
  return y;
}

Tensor layer_norm(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta) {
  must_be_affine(o, h, x, gamma);
  Tensor y = tensor_like(o, x);
  for (size_t r = 0; r < rows_of(x); r++) {
    const Group g = group_of(x, false, r);
    double squares;
    const double m = moments(x.data, g, &squares), root = sqrt(squares / (double)g.n + h.eps);
    for (size_t j = 0; j < g.n; j++) y.data[g.start + j] = gamma.data[j] * ((x.data[g.start + j] - m) / root) + beta.data[j];
  }
  return y;
}

// dx = (c − mean c − hat·mean(c·hat))/root with c = γ·dy, hat = (x − mean)/root, group by group.
static void norm_back(Work *o, Norm h, bool batch, Tensor x, Tensor gamma, Tensor dy, Tensor *dx, Tensor *dgamma, Tensor *dbeta) {
  must_match(o, x, dy, "x and dy");
  *dx = tensor_like(o, x);
  *dgamma = tensor_like(o, gamma);
  *dbeta = tensor_like(o, gamma);
  for (size_t k = 0; k < (batch ? last_axis(x) : rows_of(x)); k++) {
    const Group g = group_of(x, batch, k);
    double squares, all = 0, along = 0;
    const double m = moments(x.data, g, &squares), n = (double)g.n, root = sqrt(squares / n + h.eps);
    for (size_t i = 0; i < g.n; i++) {
      const size_t at = g.start + i * g.stride, j = batch ? k : i;
      const double hat = (x.data[at] - m) / root, c = gamma.data[j] * dy.data[at];
      all += c;
      along += c * hat;
      dgamma->data[j] += dy.data[at] * hat;
      dbeta->data[j] += dy.data[at];
    }
    for (size_t i = 0; i < g.n; i++) {
      const size_t at = g.start + i * g.stride, j = batch ? k : i;
      const double hat = (x.data[at] - m) / root;
      dx->data[at] = (gamma.data[j] * dy.data[at] - all / n - hat * (along / n)) / root;
    }
  }
}

void batch_norm_back(Work *o, Norm h, Tensor x, Tensor gamma, Tensor dy, Tensor *dx, Tensor *dgamma, Tensor *dbeta) {
  must_be_affine(o, h, x, gamma);
  must_be_batch(o, x);
  norm_back(o, h, true, x, gamma, dy, dx, dgamma, dbeta);
}

void layer_norm_back(Work *o, Norm h, Tensor x, Tensor gamma, Tensor dy, Tensor *dx, Tensor *dgamma, Tensor *dbeta) {
  must_be_affine(o, h, x, gamma);
  norm_back(o, h, false, x, gamma, dy, dx, dgamma, dbeta);
}

typedef struct Affine {
  Norm h;
  Tensor x, gamma, beta, mean, variance;
} Affine;

static Affine affine(Work *o, const Json *args, bool batch) {
  Affine a = {.h = {number_in(o, args, "eps"), number_or(o, args, "momentum", 0.1), false}};
  if (given(args, "runningVariance")) a.h.biased = strcmp(text_in(o, args, "runningVariance"), "biased") == 0;
  a.x = tensor_in(o, args, "x");
  a.gamma = tensor_in(o, args, "gamma");
  a.beta = tensor_in(o, args, "beta");
  must_match(o, a.gamma, a.beta, "gamma and beta");
  if (!batch) return a;
  a.mean = tensor_in(o, args, "mean");
  a.variance = tensor_in(o, args, "variance");
  must_match(o, a.gamma, a.mean, "gamma and mean");
  must_match(o, a.gamma, a.variance, "gamma and variance");
  return a;
}

static Json *pulled(Work *o, Tensor dx, Tensor dgamma, Tensor dbeta) {
  return with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "dx", dx), "dgamma", dgamma), "dbeta", dbeta);
}

static Tensor filled(Work *o, size_t n, double x) {
  Tensor t = vector(o, n);
  for (size_t i = 0; i < n; i++) t.data[i] = x;
  return t;
}

static Json *norm_start(Work *o, const Json *args, const void *row) {
  (void)row;
  const size_t n = (size_t)whole_in(o, args, "features", 0);
  return with_tensor(o, with_tensor(o, answer(o), "gamma", filled(o, n, 1)), "beta", vector(o, n));
}

static Json *batch_start(Work *o, const Json *args, const void *row) {
  const size_t n = (size_t)whole_in(o, args, "features", 0);
  return with_tensor(o, with_tensor(o, norm_start(o, args, row), "mean", vector(o, n)), "variance", filled(o, n, 1));
}

static Json *batch_train(Work *o, const Json *args, const void *row) {
  (void)row;
  Affine a = affine(o, args, true);
  const Tensor y = batch_norm_train(o, a.h, a.x, a.gamma, a.beta, &a.mean, &a.variance);
  return with_tensor(o, with_tensor(o, with_tensor(o, answer(o), "y", y), "mean", a.mean), "variance", a.variance);
}

static Json *batch_train_vjp(Work *o, const Json *args, const void *row) {
  (void)row;
  const Affine a = affine(o, args, true);
  Tensor dx, dgamma, dbeta;
  batch_norm_back(o, a.h, a.x, a.gamma, tensor_in(o, args, "dy"), &dx, &dgamma, &dbeta);
  return pulled(o, dx, dgamma, dbeta);
}

static Json *batch_eval(Work *o, const Json *args, const void *row) {
  (void)row;
  const Affine a = affine(o, args, true);
  return with_tensor(o, answer(o), "y", batch_norm_eval(o, a.h, a.x, a.gamma, a.beta, a.mean, a.variance));
}

static Json *batch_eval_vjp(Work *o, const Json *args, const void *row) {
  (void)row;
  const Affine a = affine(o, args, true);
  must_be_affine(o, a.h, a.x, a.gamma);
  const Tensor dy = tensor_in(o, args, "dy");
  must_match(o, a.x, dy, "x and dy");
  Tensor dx = tensor_like(o, a.x), dgamma = tensor_like(o, a.gamma), dbeta = tensor_like(o, a.gamma);
  for (size_t i = 0, m = last_axis(a.x); i < a.x.size; i++) {
    const size_t j = i % m;
    const double root = sqrt(a.variance.data[j] + a.h.eps);
    dx.data[i] = a.gamma.data[j] * dy.data[i] / root;
    dgamma.data[j] += dy.data[i] * ((a.x.data[i] - a.mean.data[j]) / root);
    dbeta.data[j] += dy.data[i];
  }
  return pulled(o, dx, dgamma, dbeta);
}

static Json *layer_forward(Work *o, const Json *args, const void *row) {
  (void)row;
  const Affine a = affine(o, args, false);
  return with_tensor(o, answer(o), "y", layer_norm(o, a.h, a.x, a.gamma, a.beta));
}

static Json *layer_vjp(Work *o, const Json *args, const void *row) {
  (void)row;
  const Affine a = affine(o, args, false);
  Tensor dx, dgamma, dbeta;
  layer_norm_back(o, a.h, a.x, a.gamma, tensor_in(o, args, "dy"), &dx, &dgamma, &dbeta);
  return pulled(o, dx, dgamma, dbeta);
}

void add_layers(Registry *all) {
  add_entry(all, "layer", "dense", "forward", dense, NULL);
  add_entry(all, "layer", "dense", "vjp", dense_vjp, NULL);
  add_entry(all, "layer", "batch_norm", "start", batch_start, NULL);
  add_entry(all, "layer", "batch_norm", "train", batch_train, NULL);
  add_entry(all, "layer", "batch_norm", "train_vjp", batch_train_vjp, NULL);
  add_entry(all, "layer", "batch_norm", "eval", batch_eval, NULL);
  add_entry(all, "layer", "batch_norm", "eval_vjp", batch_eval_vjp, NULL);
  add_entry(all, "layer", "layer_norm", "start", norm_start, NULL);
  add_entry(all, "layer", "layer_norm", "forward", layer_forward, NULL);
  add_entry(all, "layer", "layer_norm", "vjp", layer_vjp, NULL);
}
