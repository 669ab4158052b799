// Losses, one row each: what one prediction costs against one target, and the slope of that.
#include "engine.h"

#include <string.h>

typedef enum { ANY, LABEL, SIGN, SHARE } Target;

struct Loss {
  const char *name;
  Target target;
  double (*cost)(double p, double y, double delta);
  double (*slope)(double p, double y, double delta);
  // Of rows whose numbers belong together, in place of both; returns the cost and adds nothing to dp unless it is there.
  double (*row)(const double *p, const double *y, double *dp, size_t n);
};

// ---- Binary cross-entropy of probabilities: logarithms are floored at -100. ----

#define FLOOR 100
static double floored(double logarithm) { return -logarithm > FLOOR ? FLOOR : -logarithm; }
static double bce(double p, double y, double delta) {
  (void)delta;
  return y * floored(log(p)) + (1 - y) * floored(log1p(-p));
}
static double bce_slope(double p, double y, double delta) {
  (void)delta;
  const bool on_p = -log(p) < FLOOR, on_q = -log1p(-p) < FLOOR;
  // inside both floors the two terms join, which cancels no further than p − y itself
  if (on_p && on_q) return (p - y) / (p * (1 - p));
  return on_p ? -(y / p) : on_q ? (1 - y) / (1 - p) : 0;
}

// ---- Of logits: both terms are positive, and nothing overflows. ----

static double logits(double z, double y, double delta) {
  (void)delta;
  return (z > 0 ? (1 - y) * z : -y * z) + log1p(exp(-fabs(z)));
}
static double logits_slope(double z, double y, double delta) {
  (void)delta;
  return (1 - y) * sigmoid(z) - y * sigmoid(-z);
}

static double mse(double p, double y, double delta) { return (void)delta, (p - y) * (p - y); }
static double mse_slope(double p, double y, double delta) { return (void)delta, 2 * (p - y); }

static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static double mae(double p, double y, double delta) { return (void)delta, fabs(p - y); }
static double mae_slope(double p, double y, double delta) { return (void)delta, sign(p - y); }

static double huber(double p, double y, double delta) {
  const double r = p - y, a = fabs(r);
  return a <= delta ? r * r / 2 : delta * (a - delta / 2);
}
static double huber_slope(double p, double y, double delta) {
  const double r = p - y;
  return fabs(r) > delta ? delta * sign(r) : r;
}

static double hinge(double p, double y, double delta) {
  (void)delta;
  const double missing = 1 - y * p;
  return missing <= 0 ? 0 : missing;
}
static double hinge_slope(double p, double y, double delta) { return (void)delta, 1 - y * p > 0 ? -y : 0; }

// ---- Rows of shares. ----

static double top(const double *x, size_t n) {
  double most = x[0];
  for (size_t j = 1; j < n; j++)
    if (!(x[j] <= most)) most = x[j];
  return most;
}

static double cross_entropy(const double *z, const double *y, double *dz, size_t n) {
  const double most = top(z, n);
  bool left_out = false; // the 1 of the largest, which log1p adds
  double others = 0;
  for (size_t j = 0; j < n; j++)
    if (z[j] == most && !left_out) left_out = true;
    else others += exp(z[j] - most);
  const double rest = log1p(others);
  double cost = 0;
  for (size_t j = 0; j < n; j++) cost += y[j] * (z[j] - most - rest);
  if (dz != NULL) {
    const double mass = sum(y, n);
    for (size_t j = 0; j < n; j++) dz[j] = exp(z[j] - most) / (1 + others) * mass - y[j];
  }
  return -cost;
}

// log(y/p) with its relative accuracy where the two are close, and without overflow where they are far apart.
static double log_ratio(double y, double p) {
  const double r = y / p;
  if (r > 0.5 && r < 2) return log1p((y - p) / p);
  return r >= 0x1p-1022 && r < INFINITY ? log(r) : p != 0 ? log(y) - log(p) : log(r);
}

static double relative_entropy(const double *p, const double *y, double *dp, size_t n) {
  double cost = 0;
  for (size_t j = 0; j < n; j++) {
    if (y[j] != 0) cost += y[j] * log_ratio(y[j], p[j]);
    else cost += isnan(p[j]) ? p[j] : 0;
    if (dp != NULL) dp[j] = y[j] != 0 ? -(y[j] / p[j]) : 0;
  }
  return cost;
}

static const Loss ROWS[] = {
    {.name = "bce", .target = LABEL, .cost = bce, .slope = bce_slope},
    {.name = "bce_with_logits", .target = LABEL, .cost = logits, .slope = logits_slope},
    {.name = "mse", .target = ANY, .cost = mse, .slope = mse_slope},
    {.name = "mae", .target = ANY, .cost = mae, .slope = mae_slope},
    {.name = "huber", .target = ANY, .cost = huber, .slope = huber_slope},
    {.name = "hinge", .target = SIGN, .cost = hinge, .slope = hinge_slope},
    {.name = "softmax_cross_entropy", .target = SHARE, .row = cross_entropy},
    {.name = "kl", .target = SHARE, .row = relative_entropy},
};

const Loss *loss_named(Work *o, const char *name) {
  for (size_t i = 0; i < COUNT(ROWS); i++)
    if (strcmp(ROWS[i].name, name) == 0) return &ROWS[i];
  fail(o, "UnknownNameError: there is no loss \"%.60s\"", name);
}

void check_targets(Work *o, const Loss *row, Tensor y) {
  for (size_t i = 0; i < y.size; i++) {
    const double v = y.data[i];
    const bool fits = row->target == ANY ? !isnan(v) : row->target == SIGN ? v == 1 || v == -1 : v >= 0 && v <= 1;
    if (!fits) fail(o, "DomainError: %s cannot mean the target %g at %zu", row->name, v, i);
  }
}

double loss_of(Work *o, const Loss *row, Tensor p, Tensor y, bool mean, double delta, Tensor *dp) {
  must_match(o, p, y, "prediction and target");
  if (p.size == 0) fail(o, "DomainError: the batch must not be empty");
  if (!(delta > 0 && delta < INFINITY)) fail(o, "DomainError: delta must be positive and finite, got %g", delta);
  if (dp != NULL) *dp = tensor_like(o, p);
  const size_t n = row->row == NULL ? 1 : last_axis(p), terms = p.size / n;
  double total = 0;
  for (size_t i = 0; i < p.size; i += n) {
    if (row->row != NULL) total += row->row(p.data + i, y.data + i, dp == NULL ? NULL : dp->data + i, n);
    else {
      total += row->cost(p.data[i], y.data[i], delta);
      if (dp != NULL) dp->data[i] = row->slope(p.data[i], y.data[i], delta);
    }
  }
  if (!mean) return total;
  if (dp != NULL)
    for (size_t i = 0; i < p.size; i++) dp->data[i] /= (double)terms;
  return total / (double)terms;
}

bool mean_in(Work *o, const Json *args) {
  const char *reduction = text_in(o, args, "reduction");
  if (strcmp(reduction, "mean") != 0 && strcmp(reduction, "sum") != 0) fail(o, "ArgumentError: the reduction must be mean or sum");
  return strcmp(reduction, "mean") == 0;
}

static Json *forward(Work *o, const Json *args, const void *row) {
  const Tensor p = tensor_in(o, args, "prediction"), y = tensor_in(o, args, "target");
  return with_tensor(o, answer(o), "loss", scalar(o, loss_of(o, row, p, y, mean_in(o, args), number_or(o, args, "delta", 1), NULL)));
}

static Json *vjp(Work *o, const Json *args, const void *row) {
  const Tensor p = tensor_in(o, args, "prediction"), y = tensor_in(o, args, "target");
  Tensor dp;
  loss_of(o, row, p, y, mean_in(o, args), number_or(o, args, "delta", 1), &dp);
  return with_tensor(o, answer(o), "dprediction", dp);
}

void add_losses(Registry *all) {
  for (size_t i = 0; i < COUNT(ROWS); i++) {
    add_entry(all, "loss", ROWS[i].name, "forward", forward, &ROWS[i]);
    add_entry(all, "loss", ROWS[i].name, "vjp", vjp, &ROWS[i]);
  }
}
