// Activations, one row each: the function and how a cotangent comes back through it.
#include "engine.h"

#include <string.h>

struct Activation {
  const char *name;
  double (*f)(double x, double p);
  double (*back)(double x, double dy, double p);
  const char *param; // the name of p, and what it is unless given
  double otherwise;
  double ends[2]; // where the slope has all but gone; equal ones say that it never has
  // Of rows of several numbers, in place of f and back.
  void (*row)(const double *x, double *y, size_t n);
  void (*row_back)(const double *x, const double *dy, double *dx, size_t n);
};

static double step(double x, double p) { return (void)p, x > 0 ? 1 : x <= 0 ? 0 : x; }
static double no_slope(double x, double dy, double p) { return (void)x, (void)dy, (void)p, 0; }
static double identity(double x, double p) { return (void)p, x; }
static double identity_back(double x, double dy, double p) { return (void)x, (void)p, dy; }
// NaN stays, and -0 becomes 0.
static double relu(double x, double p) { return (void)p, x <= 0 ? 0 : x; }
static double relu_back(double x, double dy, double p) { return (void)p, x > 0 ? dy : x <= 0 ? 0 : x; }
static double leaky_relu(double x, double slope) { return x > 0 ? x : slope * x; }
static double leaky_relu_back(double x, double dy, double slope) { return x > 0 ? dy : slope * dy; }
static double sigmoid_of(double x, double p) { return (void)p, sigmoid(x); }
// σ′ = e/(1 + e)² with e = e^(−|x|), so that both tails keep their relative accuracy; no rounding lifts it above its largest value.
static double sigmoid_slope(double x) {
  const double e = exp(-fabs(x));
  const double slope = e / ((1 + e) * (1 + e));
  return slope > 0.25 ? 0.25 : slope;
}
static double sigmoid_back(double x, double dy, double p) { return (void)p, dy * sigmoid_slope(x); }
// −t/(2 + t) with t = e^(−2|x|) − 1: numerator and denominator move the same way, which keeps it monotone.
static double tanh_of(double x, double p) {
  (void)p;
  const double t = expm1(-2 * fabs(x));
  return fabs(x) < 0x1p-28 ? x : copysign(-t / (2 + t), x);
}
static double tanh_back(double x, double dy, double p) { return (void)p, dy * (4 * sigmoid_slope(2 * x)); }
static double softplus_of(double x, double p) { return (void)p, softplus(x); }
static double softplus_back(double x, double dy, double p) { return (void)p, dy * sigmoid(x); }
static double elu(double x, double alpha) { return x > 0 ? x : alpha * expm1(x); }
static double elu_back(double x, double dy, double alpha) { return dy * (x > 0 ? 1 : alpha * exp(x)); }
// λ and λ·α: Klambauer et al. 2017, eq. 14.
#define SELU_SCALE 1.0507009873554804934193349852946
#define SELU_LEFT 1.7580993408473768599402175208123
static double selu(double x, double p) { return (void)p, x > 0 ? SELU_SCALE * x : SELU_LEFT * expm1(x); }
static double selu_back(double x, double dy, double p) { return (void)p, dy * (x > 0 ? SELU_SCALE : SELU_LEFT * exp(x)); }
static double gelu_of(double x, double p) { return (void)p, gelu(x); }
// Φ(x) + x·φ(x)
static double gelu_back(double x, double dy, double p) {
  (void)p;
  if (fabs(x) > 40) return x > 0 ? dy : 0 * dy;
  return dy * (erfc(-x * 0.70710678118654752440) / 2 + x * (0.39894228040143267794 * exp(-x * x / 2)));
}
// σ(u) + y·u′·σ(−u), the slope of y = x·σ(u).
static double gated(double y, double u, double slope) { return sigmoid(u) + y * slope * sigmoid(-u); }
#define GELU_SCALE 1.5957691216057307117597842397375
static double gelu_tanh_of(double x, double p) { return (void)p, gelu_tanh(x); }
static double gelu_tanh_back(double x, double dy, double p) {
  (void)p;
  if (fabs(x) > 30) return x > 0 ? dy : 0 * dy;
  const double square = x * x;
  return dy * gated(gelu_tanh(x), GELU_SCALE * (x * (1 + 0.044715 * square)), GELU_SCALE * (1 + 3 * 0.044715 * square));
}
static double silu_of(double x, double p) { return (void)p, silu(x); }
static double silu_back(double x, double dy, double p) {
  (void)p;
  return fabs(x) > 800 ? (x > 0 ? dy : 0 * dy) : dy * gated(silu(x), x, 1);
}
static double hard_sigmoid(double x, double p) { return (void)p, x >= 3 ? 1 : x <= -3 ? 0 : (x + 3) / 6; }
static double hard_sigmoid_back(double x, double dy, double p) { return (void)p, fabs(x) < 3 ? dy * (1.0 / 6) : fabs(x) >= 3 ? 0 : x; }
static double hard_tanh(double x, double p) { return (void)p, x >= 1 ? 1 : x <= -1 ? -1 : x; }
static double hard_tanh_back(double x, double dy, double p) { return (void)p, fabs(x) < 1 ? dy : fabs(x) >= 1 ? 0 : x; }
// As 1/(1 + 1/|x|), which makes no ∞/∞.
static double softsign(double x, double p) { return (void)p, fabs(x) < 0x1p-54 ? x : copysign(1 / (1 + 1 / fabs(x)), x); }
static double softsign_back(double x, double dy, double p) {
  (void)p;
  const double r = 1 / (1 + fabs(x));
  return dy * (r * r);
}

// ---- Rows of several numbers. ----

// The place of the largest, or of a NaN.
static size_t top(const double *x, size_t n) {
  size_t best = 0;
  for (size_t j = 0; j < n; j++)
    if (!(x[j] <= x[best])) best = j;
  return best;
}

static void softmax(const double *x, double *y, size_t n) {
  const double most = x[top(x, n)];
  for (size_t j = 0; j < n; j++) y[j] = exp(x[j] - most);
  const double all = sum(y, n);
  for (size_t j = 0; j < n; j++) y[j] /= all;
}

// dx = y·(dy − Σ dy·y)
static void softmax_back(const double *x, const double *dy, double *dx, size_t n) {
  softmax(x, dx, n);
  double along = 0;
  for (size_t j = 0; j < n; j++) along += dy[j] * dx[j];
  for (size_t j = 0; j < n; j++) dx[j] *= dy[j] - along;
}

// The largest is taken out of the sum, so that log1p keeps what the others add.
static void log_softmax(const double *x, double *y, size_t n) {
  const size_t best = top(x, n);
  double others = 0;
  for (size_t j = 0; j < n; j++)
    if (j != best) others += exp(x[j] - x[best]);
  const double rest = log1p(others);
  for (size_t j = 0; j < n; j++) y[j] = x[j] - x[best] - rest;
}

// dx = dy − softmax(x)·Σ dy
static void log_softmax_back(const double *x, const double *dy, double *dx, size_t n) {
  softmax(x, dx, n);
  const double all = sum(dy, n);
  for (size_t j = 0; j < n; j++) dx[j] = dy[j] - dx[j] * all;
}

static const Activation ROWS[] = {
    {.name = "step", .f = step, .back = no_slope},
    {.name = "identity", .f = identity, .back = identity_back},
    {.name = "relu", .f = relu, .back = relu_back},
    {.name = "leaky_relu", .f = leaky_relu, .back = leaky_relu_back, .param = "slope", .otherwise = 0.01},
    {.name = "sigmoid", .f = sigmoid_of, .back = sigmoid_back, .ends = {0.03, 0.97}},
    {.name = "tanh", .f = tanh_of, .back = tanh_back, .ends = {-0.97, 0.97}},
    {.name = "softplus", .f = softplus_of, .back = softplus_back},
    {.name = "elu", .f = elu, .back = elu_back, .param = "alpha", .otherwise = 1},
    {.name = "selu", .f = selu, .back = selu_back},
    {.name = "gelu", .f = gelu_of, .back = gelu_back},
    {.name = "gelu_tanh", .f = gelu_tanh_of, .back = gelu_tanh_back},
    {.name = "silu", .f = silu_of, .back = silu_back},
    {.name = "hard_sigmoid", .f = hard_sigmoid, .back = hard_sigmoid_back, .ends = {0, 1}},
    {.name = "hard_tanh", .f = hard_tanh, .back = hard_tanh_back, .ends = {-1, 1}},
    {.name = "softsign", .f = softsign, .back = softsign_back, .ends = {-0.97, 0.97}},
    {.name = "softmax", .row = softmax, .row_back = softmax_back},
    {.name = "log_softmax", .row = log_softmax, .row_back = log_softmax_back},
};

const Activation *activation_named(Work *o, const char *name) {
  for (size_t i = 0; i < COUNT(ROWS); i++)
    if (strcmp(ROWS[i].name, name) == 0) return &ROWS[i];
  fail(o, "UnknownNameError: there is no activation \"%.60s\"", name);
}

bool by_element(const Activation *row) { return row->f != NULL; }
bool has_ends(const Activation *row) { return row->ends[0] < row->ends[1]; }
bool beyond_ends(const Activation *row, double y) { return y <= row->ends[0] || y >= row->ends[1]; }

static double param(Work *o, const Activation *row, const Json *spec) {
  return row->param == NULL ? 0 : number_or(o, spec, row->param, row->otherwise);
}

static void must_have_rows(Work *o, Tensor x) {
  if (x.rank == 0 || last_axis(x) == 0) fail(o, "ShapeError: the last axis must hold at least one number");
}

Tensor activate(Work *o, const Activation *row, Tensor x, const Json *spec) {
  Tensor y = tensor_like(o, x);
  if (by_element(row)) {
    const double p = param(o, row, spec);
    for (size_t i = 0; i < x.size; i++) y.data[i] = row->f(x.data[i], p);
    return y;
  }
  must_have_rows(o, x);
  const size_t n = last_axis(x);
  for (size_t i = 0; i < x.size; i += n) row->row(x.data + i, y.data + i, n);
  return y;
}

Tensor activate_back(Work *o, const Activation *row, Tensor x, Tensor dy, const Json *spec) {
  must_match(o, x, dy, "x and dy");
  Tensor dx = tensor_like(o, x);
  if (by_element(row)) {
    const double p = param(o, row, spec);
    for (size_t i = 0; i < x.size; i++) dx.data[i] = row->back(x.data[i], dy.data[i], p);
    return dx;
  }
  must_have_rows(o, x);
  const size_t n = last_axis(x);
  for (size_t i = 0; i < x.size; i += n) row->row_back(x.data + i, dy.data + i, dx.data + i, n);
  return dx;
}

static Json *forward(Work *o, const Json *args, const void *row) {
  return with_tensor(o, answer(o), "y", activate(o, row, tensor_in(o, args, "x"), args));
}

static Json *vjp(Work *o, const Json *args, const void *row) {
  return with_tensor(o, answer(o), "dx", activate_back(o, row, tensor_in(o, args, "x"), tensor_in(o, args, "dy"), args));
}

void add_elements(Registry *all) {
  for (size_t i = 0; i < COUNT(ROWS); i++) {
    add_entry(all, "activation", ROWS[i].name, "forward", forward, &ROWS[i]);
    add_entry(all, "activation", ROWS[i].name, "vjp", vjp, &ROWS[i]);
  }
}
