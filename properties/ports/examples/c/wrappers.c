// Around optimizers: gradients cut to a limit, decay, looks ahead and averages.
#include "optim.h"

#include <float.h>
#include <string.h>

// ---- Gradients cut to a limit; what is below it stays bit for bit. ----

static double cut(double g, double limit) { return g > limit ? limit : g < -limit ? -limit : g; }
static double scaled_back(double g, double by) { return by >= 1 ? g : g * by; }
static double global_norm(Tensors gs) {
  double squares = 0;
  for (size_t l = 0; l < gs.count; l++) squares += squared_norm(gs.at[l]);
  return sqrt(squares);
}

typedef Tensors (*Clip)(Work *o, Tensors gs, double limit, double eps);

static Tensors by_value(Work *o, Tensors gs, double limit, double eps) {
  (void)eps;
  const Tensors made = tensors_like(o, gs);
  for (size_t l = 0; l < gs.count; l++)
    for (size_t i = 0; i < gs.at[l].size; i++) made.at[l].data[i] = cut(gs.at[l].data[i], limit);
  return made;
}

static Tensors by_norm(Work *o, Tensors gs, double limit, double eps) {
  const Tensors made = tensors_like(o, gs);
  for (size_t l = 0; l < gs.count; l++) {
    const double by = limit / (sqrt(squared_norm(gs.at[l])) + eps);
    for (size_t i = 0; i < gs.at[l].size; i++) made.at[l].data[i] = scaled_back(gs.at[l].data[i], by);
  }
  return made;
}

static Tensors by_global_norm(Work *o, Tensors gs, double limit, double eps) {
  const Tensors made = tensors_like(o, gs);
  const double by = limit / (global_norm(gs) + eps);
  for (size_t l = 0; l < gs.count; l++)
    for (size_t i = 0; i < gs.at[l].size; i++) made.at[l].data[i] = scaled_back(gs.at[l].data[i], by);
  return made;
}

static const Clip CLIPS[] = {by_value, by_norm, by_global_norm};

static Json *clip(Work *o, const Json *args, const void *row) {
  const double limit = number_in(o, args, "limit"), eps = number_or(o, args, "eps", 0);
  return with_tensors(o, answer(o), "gradients", (*(const Clip *)row)(o, tensors_in(o, args, "gradients"), limit, eps));
}

// ---- Wrappers. ----

typedef struct Number {
  const char *name;
  double otherwise, low, high;
} Number;

// What a wrapper remembers, and the steps and weights that it may change.
typedef struct Wrapped {
  double a, b; // its two numbers
  double count;
  Tensors kept;
} Wrapped;

typedef struct Wrapper {
  const char *name;
  Number numbers[2];
  Tensors (*before)(Work *o, Wrapped *own, Tensors ws, Tensors gs);           // gradients
  void (*after)(Wrapped *own, Tensors ws, Tensors us);                        // steps
  Tensors (*evaluated)(Work *o, Wrapped *own, Tensors ws);
  bool begins_at_weights;
} Wrapper;

static Tensors value_first(Work *o, Wrapped *own, Tensors ws, Tensors gs) { return (void)ws, by_value(o, gs, own->a, 0); }
static Tensors norm_first(Work *o, Wrapped *own, Tensors ws, Tensors gs) { return (void)ws, by_norm(o, gs, own->a, own->b); }
static Tensors global_first(Work *o, Wrapped *own, Tensors ws, Tensors gs) { return (void)ws, by_global_norm(o, gs, own->a, own->b); }

// The slope of l2/2·Σw² joins the gradient.
static Tensors decay_first(Work *o, Wrapped *own, Tensors ws, Tensors gs) {
  const Tensors made = tensors_like(o, gs);
  for (size_t l = 0; l < gs.count; l++)
    for (size_t i = 0; i < gs.at[l].size; i++) made.at[l].data[i] = gs.at[l].data[i] + own->a * ws.at[l].data[i];
  return made;
}

// Slow weights follow by the share b once every a steps, and take the fast ones along: Zhang et al. 2019, Algorithm 1.
static void lookahead(Wrapped *own, Tensors ws, Tensors us) {
  if (++own->count < own->a) return;
  own->count = 0;
  for (size_t l = 0; l < ws.count; l++)
    for (size_t i = 0; i < ws.at[l].size; i++) {
      double *slow = own->kept.at[l].data + i, *u = us.at[l].data + i;
      const double w = ws.at[l].data[i], fast = w + *u;
      *slow += own->b * (fast - *slow);
      if (own->b != 1) *u = *slow - w; // a share of 1 leaves the inner step as it is
    }
}

// The mean of weights, and the weight that it has of 1: Polyak & Juditsky 1992, corrected for its start at zero.
static void average(Wrapped *own, Tensors ws, Tensors us) {
  own->count = own->a * own->count + (1 - own->a);
  for (size_t l = 0; l < ws.count; l++)
    for (size_t i = 0; i < ws.at[l].size; i++) {
      double *mean = own->kept.at[l].data + i;
      *mean = ema(own->a, *mean, ws.at[l].data[i] + us.at[l].data[i]);
    }
}

static Tensors averaged(Work *o, Wrapped *own, Tensors ws) {
  if (!(own->count > 0)) return ws;
  const Tensors made = tensors_like(o, ws);
  for (size_t l = 0; l < ws.count; l++)
    for (size_t i = 0; i < ws.at[l].size; i++) made.at[l].data[i] = own->kept.at[l].data[i] / own->count;
  return made;
}

#define LIMIT {"limit", 1, 0x1p-1022, DBL_MAX}
#define JOINING {"eps", 0, 0, DBL_MAX}
static const Wrapper ROWS[] = {
    {.name = "clip_by_value", .numbers = {LIMIT}, .before = value_first},
    {.name = "clip_by_norm", .numbers = {LIMIT, JOINING}, .before = norm_first},
    {.name = "clip_by_global_norm", .numbers = {LIMIT, JOINING}, .before = global_first},
    {.name = "coupled_decay", .numbers = {{"l2", 1e-4, 0, DBL_MAX}}, .before = decay_first},
    {.name = "lookahead", .numbers = {{"period", 5, 1, 0x1p40}, {"alpha", 0.5, 0, 1}}, .after = lookahead, .begins_at_weights = true},
    {.name = "ema", .numbers = {{"decay", 0.999, 0, 1 - 0x1p-53}}, .after = average, .evaluated = averaged},
};

static double number_of(Work *o, const Json *hyper, Number n) {
  if (n.name == NULL) return 0;
  const double x = number_or(o, hyper, n.name, n.otherwise);
  if (!(x >= n.low && x <= n.high)) fail(o, "DomainError: %s must lie in [%g, %g], got %g", n.name, n.low, n.high, x);
  return x;
}

static Json *run(Work *o, const Json *args, const void *of) {
  const Wrapper *row = of;
  const Json *hyper = json_get(args, "hyper"), *gradients = list_in(o, args, "gradients");
  Tensors params = tensors_in(o, args, "params");
  Optimizer *inner = optimizer_start(o, text_in(o, args, "inner"), json_get(args, "innerHyper"), params);
  for (const Json *v = hyper == NULL ? NULL : hyper->first; v != NULL; v = v->next)
    if (strcmp(v->key, row->numbers[0].name) != 0 && (row->numbers[1].name == NULL || strcmp(v->key, row->numbers[1].name) != 0))
      fail(o, "UnknownNameError: %s has no hyper-parameter \"%.60s\"", row->name, v->key);
  Wrapped own = {.a = number_of(o, hyper, row->numbers[0]), .b = number_of(o, hyper, row->numbers[1]), .kept = tensors_like(o, params)};
  if (row->begins_at_weights)
    for (size_t l = 0; l < params.count; l++) own.kept.at[l] = tensor_copy(o, params.at[l]);
  Json *steps = json_new(o, JSON_LIST), *evaluated = json_new(o, JSON_LIST);
  for (const Json *g = gradients->first; g != NULL; g = g->next) {
    Tensors gs = tensors_of(o, g, "gradients");
    if (gs.count != params.count) fail(o, "ShapeError: %zu gradients do not fit %zu parameters", gs.count, params.count);
    for (size_t l = 0; l < gs.count; l++) must_match(o, gs.at[l], params.at[l], "a parameter and its gradient");
    if (row->before != NULL) gs = row->before(o, &own, params, gs);
    const Tensors next = optimizer_step(o, inner, params, gs, 1);
    if (row->after != NULL) row->after(&own, params, next);
    for (size_t l = 0; l < params.count; l++)
      for (size_t i = 0; i < params.at[l].size; i++) next.at[l].data[i] += params.at[l].data[i];
    params = next;
    const Tensors seen = row->evaluated != NULL ? row->evaluated(o, &own, params) : optimizer_evaluated(o, inner, params);
    const Tensors copies = tensors_new(o, seen.count); // what is remembered goes on
    for (size_t l = 0; l < seen.count; l++) copies.at[l] = tensor_copy(o, seen.at[l]);
    json_add(steps, NULL, list_of(o, params));
    json_add(evaluated, NULL, list_of(o, copies));
  }
  Json *all = answer(o);
  json_add(all, "params", steps);
  json_add(all, "evaluated", evaluated);
  return all;
}

// w + rho·g/‖g‖: Foret et al. 2021, eq. 2.
static Json *probe(Work *o, const Json *args, const void *row) {
  (void)row;
  const Tensors params = tensors_in(o, args, "params"), gs = tensors_in(o, args, "gradients");
  const double rho = number_of(o, json_get(args, "hyper"), (Number){"rho", 0.05, 0, DBL_MAX});
  if (gs.count != params.count) fail(o, "ShapeError: %zu gradients do not fit %zu parameters", gs.count, params.count);
  const double by = ratio_or(rho, global_norm(gs), 0);
  for (size_t l = 0; l < params.count; l++) {
    must_match(o, gs.at[l], params.at[l], "a parameter and its gradient");
    for (size_t i = 0; i < params.at[l].size; i++) params.at[l].data[i] += by * gs.at[l].data[i];
  }
  return with_tensors(o, answer(o), "params", params);
}

void add_wrappers(Registry *all) {
  static const char *const names[] = {"by_value", "by_norm", "by_global_norm"};
  for (size_t i = 0; i < COUNT(CLIPS); i++) add_entry(all, "clip", names[i], "apply", clip, &CLIPS[i]);
  for (size_t i = 0; i < COUNT(ROWS); i++) add_entry(all, "wrapper", ROWS[i].name, "run", run, &ROWS[i]);
  add_entry(all, "wrapper", "sam", "probe", probe, NULL);
}
