// Schedules of the learning rate, one row each: the factor at a step, counted from 1.
#include "engine.h"

#include <float.h>
#include <string.h>

typedef struct Number {
  const char *name;
  double otherwise, low, high;
} Number;

typedef struct Schedule {
  const char *name;
  Number numbers[4];
  double (*factor)(double k, const double *h);
} Schedule;

static double within(double x, double low, double high) { return x < low ? low : x > high ? high : x; }
// From a at 0 to b at 1, along half a cosine.
static double half_cosine(double a, double b, double t) { return b + (a - b) * ((1 + cos_pi(t)) / 2); }

static double constant(double k, const double *h) { return (void)k, (void)h, 1; }

static double step(double k, const double *h) { return pow(h[1], floor((k - 1) / h[0])); }

static double exponential(double k, const double *h) {
  const double t = (k - 1) / h[0];
  return pow(h[1], h[2] == 1 ? floor(t) : t);
}

static double inverse_root(double k, const double *h) { return fmin(k / h[0], sqrt(h[0] / k)); }

static double polynomial(double k, const double *h) {
  const double left = fmax(h[0] - (k - 1), 0) / h[0];
  return (1 - h[2]) * (h[1] == 1 ? left : pow(left, h[1])) + h[2];
}

static double cosine(double k, const double *h) { return half_cosine(1, h[1], fmin((k - 1) / h[0], 1)); }

// Each cycle begins where the one before has ended.
static double warm_restarts(double k, const double *h) {
  double before = 0, length = h[0];
  for (double n = 1; n < h[3] && before + length <= k - 1; n++) {
    before += length;
    length *= h[1];
  }
  return half_cosine(1, h[2], fmin((k - 1 - before) / length, 1));
}

static double one_cycle(double k, const double *h) {
  const double at = k - 1, top = h[1] * h[0];
  if (at < top) return half_cosine(h[2], 1, fmin(at / top, 1));
  return half_cosine(1, h[3], within((at - top) / (h[0] - top), 0, 1));
}

static double warmup_stable_decay(double k, const double *h) {
  const double up = h[1] == 0 ? 1 : fmin(k / h[1], 1), late = within((k - 1 - (h[0] - h[2])) / h[2], 0, 1);
  return fmin(up, 1 - (h[3] == 1 ? sqrt(late) : late));
}

#define STEPS(name, otherwise) {name, otherwise, 1, 0x1p40}
#define PART(name, otherwise) {name, otherwise, 0, 1}
static const Schedule ROWS[] = {
    {.name = "constant", .factor = constant},
    {"step", {STEPS("every", 100), PART("gamma", 0.1)}, step},
    {"exponential", {STEPS("every", 100), {"rate", 0.5, DBL_MIN, 1}, PART("staircase", 0)}, exponential},
    {"inverse_root", {STEPS("warmup", 100)}, inverse_root},
    {"polynomial", {STEPS("steps", 1000), {"power", 1, DBL_MIN, DBL_MAX}, PART("final", 0)}, polynomial},
    {"cosine", {STEPS("steps", 1000), PART("final", 0)}, cosine},
    {"warm_restarts", {STEPS("first", 100), {"growth", 2, 1, 100}, PART("final", 0), {"cycles", 10, 1, 64}}, warm_restarts},
    {"one_cycle", {STEPS("steps", 1000), {"peak", 0.3, 0x1p-20, 1 - 0x1p-20}, PART("start", 0.04), PART("final", 4e-6)}, one_cycle},
    {"warmup_stable_decay", {STEPS("steps", 1000), {"warmup", 100, 0, 0x1p40}, STEPS("decay", 200), PART("rooted", 0)}, warmup_stable_decay},
};

static Json *factor(Work *o, const Json *args, const void *of) {
  const Schedule *row = of;
  const Json *hyper = json_get(args, "hyper"), *steps = list_in(o, args, "steps");
  double h[4] = {0};
  size_t known = 0, i = 0;
  for (; known < 4 && row->numbers[known].name != NULL; known++) {
    const Number n = row->numbers[known];
    h[known] = number_or(o, hyper, n.name, n.otherwise);
    if (!(h[known] >= n.low && h[known] <= n.high)) fail(o, "DomainError: %s must lie in [%g, %g], got %g", n.name, n.low, n.high, h[known]);
  }
  for (const Json *v = hyper == NULL ? NULL : hyper->first; v != NULL; v = v->next) {
    size_t n = 0;
    while (n < known && strcmp(row->numbers[n].name, v->key) != 0) n++;
    if (n == known) fail(o, "UnknownNameError: %s has no hyper-parameter \"%.60s\"", row->name, v->key);
  }
  Tensor factors = vector(o, steps->count);
  for (const Json *k = steps->first; k != NULL; k = k->next) factors.data[i++] = row->factor(read_number(o, k, "steps"), h);
  return with_tensor(o, answer(o), "factor", factors);
}

void add_schedules(Registry *all) {
  for (size_t i = 0; i < COUNT(ROWS); i++) add_entry(all, "schedule", ROWS[i].name, "factor", factor, &ROWS[i]);
}
