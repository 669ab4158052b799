// Optimizers under way: their numbers checked, their slots begun, step by step; and the entries that run them.
#include "optim.h"

#include <float.h>
#include <string.h>

// The contract's names, in the order of Hyper.
static const char *const NAMES[HYPERS] = {
    "lr", "beta1", "beta2", "beta3", "eps", "epsRoot", "epsHat", "epsInner", "epsAdded", "momentum", "dampening", "firstStepFull", "lrInside",
    "up", "down", "minFactor", "maxFactor", "weightDecay", "initialAccumulator", "initialMoment", "decay", "centered", "maxCorrected", "psi",
    "scheduled", "threshold", "d0", "dFactor", "biasCorrection", "rmsScale", "adamShare", "adamEps"};

void must_lie(Work *o, const char *name, Range range, double x) {
  static const double low[] = {[POSITIVE] = 0, [DECAYING] = 0, [SHARE] = 0, [ABOVE_0] = 0x1p-100, [FROM_4] = 4};
  static const double high[] = {[POSITIVE] = DBL_MAX, [DECAYING] = 1 - 0x1p-53, [SHARE] = 1, [ABOVE_0] = DBL_MAX, [FROM_4] = DBL_MAX};
  if (!(x >= low[range] && x <= high[range])) fail(o, "DomainError: %s must lie in [%g, %g], got %g", name, low[range], high[range], x);
}

static const Rule *rule_named(Work *o, const char *name) {
  for (size_t i = 0; i < COORDINATE_COUNT; i++)
    if (strcmp(COORDINATE_RULES[i].name, name) == 0) return &COORDINATE_RULES[i];
  for (size_t i = 0; i < WHOLE_COUNT; i++)
    if (strcmp(WHOLE_RULES[i].name, name) == 0) return &WHOLE_RULES[i];
  fail(o, "UnknownNameError: there is no optimizer \"%.60s\"", name);
}

static void hypers(Work *o, const Rule *rule, const Json *given, double *h) {
  for (size_t i = 0; i < rule->hypers; i++) h[rule->hyper[i].id] = rule->hyper[i].otherwise;
  if (given == NULL || given->kind != JSON_OBJECT) fail(o, "ArgumentError: hyper must be an object");
  for (const Json *v = given->first; v != NULL; v = v->next) {
    size_t i = 0;
    while (i < rule->hypers && strcmp(NAMES[rule->hyper[i].id], v->key) != 0) i++;
    if (i == rule->hypers) fail(o, "UnknownNameError: %s has no hyper-parameter \"%.60s\"", rule->name, v->key);
    const double x = read_number(o, v, v->key);
    must_lie(o, v->key, rule->hyper[i].range, x);
    h[rule->hyper[i].id] = x;
  }
}

Optimizer *optimizer_start(Work *o, const char *name, const Json *given, Tensors params) {
  Optimizer *own = take(o, 1, sizeof(Optimizer));
  own->rule = rule_named(o, name);
  hypers(o, own->rule, given, own->h);
  memcpy(own->shared, own->rule->shared, sizeof own->shared);
  for (size_t s = 0; s < own->rule->slots; s++) {
    const Slot slot = own->rule->slot[s];
    own->memory[s] = tensors_like(o, params);
    for (size_t l = 0; l < params.count; l++)
      for (size_t i = 0; i < params.at[l].size; i++)
        own->memory[s].at[l].data[i] = slot.begin == WEIGHTS ? params.at[l].data[i] : slot.begin == FROM ? own->h[slot.from] : slot.at;
  }
  own->left = tensors_new(o, params.count);
  own->right = tensors_new(o, params.count);
  for (size_t l = 0; l < params.count; l++) {
    const Tensor w = params.at[l];
    const bool squares = own->rule->factors && w.rank == 2;
    own->left.at[l] = squares ? matrix(o, w.shape[0], w.shape[0]) : vector(o, 0);
    own->right.at[l] = squares ? matrix(o, w.shape[1], w.shape[1]) : vector(o, 0);
  }
  return own;
}

Tensors optimizer_step(Work *o, Optimizer *own, Tensors params, Tensors gradients, double factor) {
  if (params.count != gradients.count) fail(o, "ShapeError: %zu gradients do not fit %zu parameters", gradients.count, params.count);
  for (size_t l = 0; l < params.count; l++) must_match(o, params.at[l], gradients.at[l], "a parameter and its gradient");
  const double *h = own->h;
  const double k = own->k += 1;
  Step s = {.k = k, .rate = h[LR] * factor, .h = h, .shared = own->shared,
            .c1 = one_minus_power(h[BETA1], k), .c2 = one_minus_power(h[BETA2], k), .c3 = one_minus_power(h[BETA3], k)};
  if (own->rule->prepare != NULL) own->rule->prepare(&s);
  const Tensors updates = tensors_like(o, params);
  if (own->rule->whole != NULL) own->rule->whole(o, own, &s, params, gradients, updates);
  else
    for (size_t l = 0; l < params.count; l++)
      for (size_t i = 0; i < params.at[l].size; i++) {
        double m[SLOTS];
        for (size_t slot = 0; slot < own->rule->slots; slot++) m[slot] = own->memory[slot].at[l].data[i];
        updates.at[l].data[i] = own->rule->step(&s, gradients.at[l].data[i], params.at[l].data[i], m);
        for (size_t slot = 0; slot < own->rule->slots; slot++) own->memory[slot].at[l].data[i] = m[slot];
      }
  return updates;
}

Tensors optimizer_evaluated(Work *o, Optimizer *own, Tensors params) {
  (void)o;
  return own->rule->averages ? own->memory[1] : params;
}

Tensors optimizer_memory(Work *o, Optimizer *own) {
  const size_t slots = own->rule->slots, leaves = own->left.count;
  Tensors all = tensors_new(o, (slots + 2) * leaves + 1);
  for (size_t s = 0; s < slots; s++)
    for (size_t l = 0; l < leaves; l++) all.at[s * leaves + l] = own->memory[s].at[l];
  for (size_t l = 0; l < leaves; l++) {
    all.at[slots * leaves + l] = own->left.at[l];
    all.at[(slots + 1) * leaves + l] = own->right.at[l];
  }
  all.at[all.count - 1] = (Tensor){.rank = 1, .size = SHARED, .shape = take(o, 1, sizeof(size_t)), .data = own->shared};
  all.at[all.count - 1].shape[0] = SHARED;
  return all;
}

// ---- Entries. ----

static Json *trained(Work *o, const Json *args, const void *row, const Json *rates) {
  Tensors params = tensors_in(o, args, "params");
  const Json *gradients = list_in(o, args, "gradients");
  Optimizer *own = optimizer_start(o, ((const Rule *)row)->name, json_get(args, "hyper"), params);
  if (rates != NULL) {
    if (rates->kind != JSON_LIST || rates->count != gradients->count) fail(o, "ArgumentError: there must be one rate for each step");
    own->h[LR] = 1;
    rates = rates->first;
  }
  Json *steps = json_new(o, JSON_LIST);
  for (const Json *g = gradients->first; g != NULL; g = g->next) {
    const double factor = rates == NULL ? 1 : read_number(o, rates, "rates");
    if (rates != NULL) rates = rates->next;
    const Tensors next = optimizer_step(o, own, params, tensors_of(o, g, "gradients"), factor);
    for (size_t l = 0; l < params.count; l++)
      for (size_t i = 0; i < params.at[l].size; i++) next.at[l].data[i] += params.at[l].data[i];
    params = next;
    json_add(steps, NULL, list_of(o, params));
  }
  Json *all = answer(o);
  json_add(all, "params", steps);
  return all;
}

static Json *run(Work *o, const Json *args, const void *row) { return trained(o, args, row, NULL); }
static Json *run_with_rates(Work *o, const Json *args, const void *row) { return trained(o, args, row, list_in(o, args, "rates")); }

// Whether the numbers are taken: a failure is an answer here.
static Json *accepts(Work *o, const Json *args, const void *row) {
  jmp_buf *const outside = o->out;
  jmp_buf here;
  volatile bool accepted = true;
  o->out = &here;
  if (setjmp(here) == 0) {
    double h[HYPERS];
    hypers(o, row, json_get(args, "hyper"), h);
  } else accepted = false;
  o->out = outside;
  return with_flag(o, answer(o), "accepted", accepted);
}

static void add(Registry *all, const Rule *rule) {
  add_entry(all, "optimizer", rule->name, "run", run, rule);
  add_entry(all, "optimizer", rule->name, "run_with_rates", run_with_rates, rule);
  add_entry(all, "optimizer", rule->name, "accepts", accepts, rule);
}

void add_optimizers(Registry *all) {
  for (size_t i = 0; i < COORDINATE_COUNT; i++) add(all, &COORDINATE_RULES[i]);
  for (size_t i = 0; i < WHOLE_COUNT; i++) add(all, &WHOLE_RULES[i]);
}

static void write_rule(FILE *out, const Rule *rule, const char *before) {
  fprintf(out, "%s\"%s\":[", before, rule->name);
  for (size_t i = 0; i < rule->hypers; i++) fprintf(out, i == 0 ? "\"%s\"" : ",\"%s\"", NAMES[rule->hyper[i].id]);
  putc(']', out);
}

void write_hypers(FILE *out) {
  for (size_t i = 0; i < COORDINATE_COUNT; i++) write_rule(out, &COORDINATE_RULES[i], i == 0 ? "" : ",");
  for (size_t i = 0; i < WHOLE_COUNT; i++) write_rule(out, &WHOLE_RULES[i], ",");
}
