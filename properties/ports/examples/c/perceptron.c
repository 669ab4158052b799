// Rosenblatt's perceptron: learning by mistakes, the bound on their number, and the proof that some data cannot be learnt.
#include "engine.h"

#include <float.h>

typedef struct Samples {
  Tensor x;
  size_t n, d;
  double *signs;
} Samples;

// Labels are 0 and 1, or −1 and 1.
static Samples samples_in(Work *o, const Json *args) {
  const Tensor x = tensor_in(o, args, "x"), y = tensor_in(o, args, "y");
  if (x.rank != 2 || !is_vector(y, x.shape[0])) fail(o, "ShapeError: data must be [n, d] with n labels");
  Samples s = {.x = x, .n = x.shape[0], .d = x.shape[1], .signs = take(o, y.size, sizeof(double))};
  bool zero = false, minus = false;
  for (size_t i = 0; i < y.size; i++) {
    const double v = y.data[i];
    zero = zero || v == 0;
    minus = minus || v == -1;
    if ((v != 0 && v != 1 && v != -1) || (zero && minus)) fail(o, "DomainError: labels must be 0 and 1, or -1 and 1, got %g", v);
    s.signs[i] = v == 1 ? 1 : -1;
  }
  return s;
}

static double score(const double *x, const double *w, double b, size_t d) {
  for (size_t j = 0; j < d; j++) b += x[j] * w[j];
  return b;
}

static Json *fit(Work *o, const Json *args, const void *row) {
  (void)row;
  const Samples s = samples_in(o, args);
  const double lr = number_in(o, args, "lr"), epochs = whole_in(o, args, "epochs", 0);
  if (!(lr > 0 && lr < INFINITY)) fail(o, "DomainError: lr must be positive and finite, got %g", lr);
  const Tensor w = vector(o, s.d);
  double b = 0, mistakes = 0, *counts = take(o, s.n, sizeof(double));
  bool converged = false;
  for (double epoch = 0; epoch < epochs && !converged; epoch++) {
    converged = true;
    for (size_t i = 0; i < s.n; i++) {
      const double *x = s.x.data + i * s.d;
      if ((score(x, w.data, b, s.d) > 0) == (s.signs[i] > 0)) continue;
      converged = false;
      counts[i]++;
      mistakes++;
      b += lr * s.signs[i];
      for (size_t j = 0; j < s.d; j++) w.data[j] += lr * s.signs[i] * x[j];
    }
  }
  Json *all = with_number(o, with_number(o, with_tensor(o, answer(o), "w", w), "b", b), "mistakes", mistakes), *list = json_new(o, JSON_LIST);
  for (size_t i = 0; i < s.n; i++) json_add(list, NULL, json_number(o, counts[i]));
  json_add(all, "counts", list);
  return with_flag(o, all, "converged", converged);
}

static Json *predict(Work *o, const Json *args, const void *row) {
  (void)row;
  const Tensor x = tensor_in(o, args, "x"), w = tensor_in(o, args, "w");
  if (x.rank != 2 || !is_vector(w, x.shape[1])) fail(o, "ShapeError: data must be [n, d] and weights [d]");
  const Tensor y = vector(o, x.shape[0]);
  for (size_t i = 0; i < y.size; i++) y.data[i] = score(x.data + i * w.size, w.data, number_in(o, args, "b"), w.size) > 0;
  return with_tensor(o, answer(o), "y", y);
}

// (R/γ)², the constant feature counted in: Novikoff 1962.
static Json *mistake_bound(Work *o, const Json *args, const void *row) {
  (void)row;
  const Samples s = samples_in(o, args);
  const Tensor w = tensor_in(o, args, "w");
  const double b = number_in(o, args, "b");
  if (!is_vector(w, s.d)) fail(o, "ShapeError: weights must be [%zu]", s.d);
  double norm = b * b, margin = INFINITY, radius = -INFINITY;
  for (size_t j = 0; j < s.d; j++) norm += w.data[j] * w.data[j];
  for (size_t i = 0; i < s.n; i++) {
    const double *x = s.x.data + i * s.d;
    double square = 1;
    for (size_t j = 0; j < s.d; j++) square += x[j] * x[j];
    radius = fmax(radius, square);
    margin = fmin(margin, s.signs[i] * score(x, w.data, b, s.d));
  }
  if (!(margin > 0)) fail(o, "DomainError: the separator must separate strictly, got the margin %g", margin);
  return with_number(o, answer(o), "bound", radius * norm / (margin * margin));
}

// Whether Σ αᵢ·sᵢ·(xᵢ, 1) = 0, which turns the conditions of a separator into 0 > 0.
static bool refutes(const Samples *s, const double *alpha) {
  for (size_t j = 0; j <= s->d; j++) {
    double total = 0;
    for (size_t i = 0; i < s->n; i++) total += alpha[i] * s->signs[i] * (j < s->d ? s->x.data[i * s->d + j] : 1);
    if (total != 0) return false;
  }
  return true;
}

// The most combinations of multipliers that are tried.
#define TRIES 0x1p28

static Json *refutation(Work *o, const Json *args, const void *row) {
  (void)row;
  const Samples s = samples_in(o, args);
  const double most = given(args, "most") ? whole_in(o, args, "most", 0) : 1;
  if (pow(most + 1, (double)s.n) > TRIES) fail(o, "DomainError: %zu samples are too many to try multipliers up to %g", s.n, most);
  double *alpha = take(o, s.n, sizeof(double));
  Json *list = json_new(o, JSON_LIST), *all = answer(o);
  json_add(all, "alpha", list);
  for (;;) { // counting in the base most + 1
    size_t i = 0;
    while (i < s.n && alpha[i] == most) alpha[i++] = 0;
    if (i == s.n) return all;
    alpha[i]++;
    if (refutes(&s, alpha)) break;
  }
  for (size_t i = 0; i < s.n; i++) json_add(list, NULL, json_number(o, alpha[i]));
  return all;
}

void add_perceptrons(Registry *all) {
  add_entry(all, "perceptron", "perceptron", "fit", fit, NULL);
  add_entry(all, "perceptron", "perceptron", "predict", predict, NULL);
  add_entry(all, "perceptron", "perceptron", "mistake_bound", mistake_bound, NULL);
  add_entry(all, "perceptron", "perceptron", "refutation", refutation, NULL);
}
