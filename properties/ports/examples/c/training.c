// Trainings: first weights, steps over batches, interruptions by way of text, and the order of samples.
#include "network.h"

#include <stdlib.h>
#include <string.h>

// The child of a training's key that draws in train mode; layers have the children counted from 0.
#define DRAWS UINT32_MAX

typedef struct Training {
  Network *net;
  Tensors params, states;
  Optimizer *optimizer;
  const Loss *loss;
  bool mean;
  Key key;
  double k; // steps made
} Training;

// Numbers written as text and read back, as saved trainings are.
static void through_text(Tensors all) {
  char text[40];
  for (size_t l = 0; l < all.count; l++)
    for (size_t i = 0; i < all.at[l].size; i++) {
      snprintf(text, sizeof text, "%.17g", all.at[l].data[i]);
      if (!isnan(all.at[l].data[i])) all.at[l].data[i] = strtod(text, NULL);
    }
}

static void save_and_load(Work *o, Training *t) {
  through_text(t->params);
  through_text(t->states);
  through_text(optimizer_memory(o, t->optimizer));
}

// Running statistics before any training: mean 0 and variance 1.
static Tensors first_states(Work *o, const Network *net, Tensors params) {
  const Tensors states = tensors_new(o, net->states);
  for (size_t i = 0; i < net->count; i++) {
    const Layer *layer = &net->layers[i];
    if (layer->type != BATCH_NORM) continue;
    if (layer->param >= params.count) fail(o, "ShapeError: parameter %zu is missing", layer->param);
    states.at[layer->state] = tensor_like(o, params.at[layer->param]);
    states.at[layer->state + 1] = tensor_like(o, params.at[layer->param]);
    for (size_t j = 0; j < params.at[layer->param].size; j++) states.at[layer->state + 1].data[j] = 1;
  }
  return states;
}

static Training training_of(Work *o, const Json *args, Network *net, Tensors params, bool mean) {
  if (params.count != net->params) fail(o, "ShapeError: %zu parameters are given, the layers have %zu", params.count, net->params);
  return (Training){.net = net, .params = params, .states = first_states(o, net, params), .mean = mean,
                    .optimizer = optimizer_start(o, text_in(o, args, "optimizer"), json_get(args, "hyper"), params),
                    .loss = loss_named(o, text_in(o, args, "loss")), .key = fold(key_of(o, args, "seed"), DRAWS)};
}

// One step; the loss is that of the batch before it. A loss that is not finite leaves all as it was.
static double train_step(Work *o, Training *t, Tensor x, Tensor y) {
  check_targets(o, t->loss, y);
  const Tensors states = tensors_copy(o, t->states), gradients = tensors_like(o, t->params);
  const Draws draws = {.key = t->key, .step = t->k};
  Tensor dy;
  const double loss = loss_of(o, t->loss, network_run(o, t->net, t->params, states, x, true, draws), y, t->mean, 1, &dy);
  if (!isfinite(loss)) return loss;
  network_back(o, t->net, t->params, dy, gradients);
  const Tensors next = optimizer_step(o, t->optimizer, t->params, gradients, 1);
  for (size_t l = 0; l < next.count; l++)
    for (size_t i = 0; i < next.at[l].size; i++) next.at[l].data[i] += t->params.at[l].data[i];
  t->params = next;
  t->states = states;
  t->k++;
  return loss;
}

// Mean loss in eval mode, with the weights that the optimizer evaluates with.
static double loss_on(Work *o, Training *t, const Json *data) {
  const Tensors params = optimizer_evaluated(o, t->optimizer, t->params);
  const Tensor y = tensor_in(o, data, "y");
  check_targets(o, t->loss, y);
  const Tensor output = network_run(o, t->net, params, t->states, tensor_in(o, data, "x"), false, (Draws){0});
  return loss_of(o, t->loss, output, y, true, 1, NULL);
}

// ---- Fits. ----

static Json *numbers(Work *o, Json *list, double x) {
  json_add(list, NULL, json_number(o, x));
  return list;
}

static Json *fitted(Work *o, const Json *args, double resume_at, const Json *validation) {
  Network *net = network_of(o, json_get(args, "layers"));
  Training t = training_of(o, args, net, tensors_in(o, args, "params"), mean_in(o, args));
  Json *params = json_new(o, JSON_LIST), *state = json_new(o, JSON_LIST), *losses = json_new(o, JSON_LIST), *evaluations = json_new(o, JSON_LIST);
  double step = 0;
  if (resume_at == 0) save_and_load(o, &t);
  for (const Json *batch = list_in(o, args, "batches")->first; batch != NULL; batch = batch->next) {
    const double loss = train_step(o, &t, tensor_in(o, batch, "x"), tensor_in(o, batch, "y"));
    numbers(o, losses, loss);
    json_add(params, NULL, list_of(o, tensors_copy(o, t.params)));
    json_add(state, NULL, list_of(o, tensors_copy(o, t.states)));
    if (!isfinite(loss)) break;
    if (++step == resume_at) save_and_load(o, &t);
    if (validation == NULL) continue;
    const double judged = loss_on(o, &t, validation);
    numbers(o, evaluations, judged);
    if (judged <= number_in(o, args, "stopAt")) break;
  }
  Json *all = answer(o);
  json_add(all, "params", params);
  json_add(all, "state", state);
  json_add(all, "losses", losses);
  json_add(all, "evaluations", evaluations);
  return with_tensors(o, all, "final", t.params);
}

static Json *fit(Work *o, const Json *args, const void *row) { return (void)row, fitted(o, args, -1, NULL); }
static Json *fit_watched(Work *o, const Json *args, const void *row) { return (void)row, fitted(o, args, -1, json_get(args, "validation")); }
static Json *fit_resumed(Work *o, const Json *args, const void *row) { return (void)row, fitted(o, args, whole_in(o, args, "at", 0), NULL); }

static Json *exported_output(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), states = first_states(o, net, params);
  through_text(params);
  return with_tensor(o, answer(o), "y", network_run(o, net, params, states, tensor_in(o, args, "x"), false, (Draws){0}));
}

// ---- First weights. ----

// Layer i draws from the key's child i.
static Tensors first_params(Work *o, const Network *net, Key key, size_t inputs) {
  const Tensors params = tensors_new(o, net->params);
  for (size_t i = 0; i < net->count; i++) {
    const Layer *layer = &net->layers[i];
    if (layer->type == BATCH_NORM || layer->type == LAYER_NORM) {
      params.at[layer->param] = vector(o, inputs);
      params.at[layer->param + 1] = vector(o, inputs);
      for (size_t j = 0; j < inputs; j++) params.at[layer->param].data[j] = 1;
    }
    if (layer->type == RESIDUAL) fail(o, "ArgumentError: a residual is not started here");
    if (layer->type != DENSE) continue;
    const Initializer *init = initializer_named(o, given(layer->spec, "init") ? text_in(o, layer->spec, "init") : "xavier_uniform");
    const Tensor like = matrix(o, inputs, layer->units);
    params.at[layer->param] = initial(o, init, fold(key, (uint32_t)i), like, (double)inputs, (double)layer->units, number_or(o, layer->spec, "gain", 1));
    params.at[layer->param + 1] = vector(o, layer->units);
    inputs = layer->units;
  }
  return params;
}

static Json *init(Work *o, const Json *args, const void *row) {
  (void)row;
  const Network *net = network_of(o, json_get(args, "layers"));
  return with_tensors(o, answer(o), "params", first_params(o, net, key_of(o, args, "seed"), (size_t)whole_in(o, args, "inputs", 1)));
}

static double variance_of(Tensor t) {
  const double n = (double)t.size, mean = sum(t.data, t.size) / n;
  double squares = 0;
  for (size_t i = 0; i < t.size; i++) squares += (t.data[i] - mean) * (t.data[i] - mean);
  return squares / n;
}

// The output of the layers up to a place: without dropout's noise, by the statistics of the batch.
static Tensor output_of(Work *o, Network *net, Tensors params, Tensors states, Tensor x, size_t place) {
  Draws draws = {0};
  for (size_t i = 0; i <= place; i++) x = layer_run(o, &net->layers[i], params, states, x, net->layers[i].type == BATCH_NORM, &draws);
  return x;
}

// Mishkin & Matas 2016, Algorithm 1: every dense layer divided by the deviation of its outputs until their variance is 1.
static Json *lsuv(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), states = first_states(o, net, params);
  const Tensor x = tensor_in(o, args, "x");
  const double tolerance = number_in(o, args, "tolerance");
  const Key key = key_of(o, args, "seed");
  for (size_t i = 0; i < net->count; i++) {
    const Layer *layer = &net->layers[i];
    if (layer->type != DENSE || layer->param >= params.count) continue;
    Tensor *w = &params.at[layer->param];
    *w = initial(o, initializer_named(o, "orthogonal"), fold(key, (uint32_t)i), *w, 1, 1, 1);
    const bool behind = flag_in(o, args, "post") && i + 1 < net->count && net->layers[i + 1].type == ACTIVATION;
    for (int turn = 0; turn < 10; turn++) {
      const double spread = variance_of(output_of(o, net, params, states, x, behind ? i + 1 : i));
      if (!(spread > 0)) fail(o, "DomainError: layer %zu must have outputs that vary, got the variance %g", i, spread);
      if (fabs(spread - 1) < tolerance) break;
      for (size_t j = 0; j < w->size; j++) w->data[j] /= sqrt(spread);
    }
  }
  return with_tensors(o, answer(o), "params", params);
}

// ---- Sessions: full batches from a seed, saved and loaded, and evaluated, on the way. ----

static bool holds(Work *o, const Json *list, double x) {
  for (const Json *v = list->first; v != NULL; v = v->next)
    if (read_number(o, v, "a step") == x) return true;
  return false;
}

static Json *session(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensor x = tensor_in(o, args, "x"), y = tensor_in(o, args, "y");
  Training t = training_of(o, args, net, first_params(o, net, key_of(o, args, "seed"), last_axis(x)), true);
  const double steps = whole_in(o, args, "steps", 0);
  const Json *resume = list_in(o, args, "resumeAt"), *evaluate = list_in(o, args, "evaluateAt");
  Tensor losses = vector(o, (size_t)steps);
  for (double k = 1; k <= steps; k++) {
    losses.data[(size_t)k - 1] = train_step(o, &t, x, y);
    if (holds(o, resume, k)) save_and_load(o, &t);
    if (holds(o, evaluate, k)) loss_on(o, &t, args);
  }
  const Tensors memory = optimizer_memory(o, t.optimizer);
  const Tensors parts[] = {t.params, t.states, memory};
  Json *variables = json_new(o, JSON_LIST), *all = answer(o);
  for (size_t p = 0; p < COUNT(parts); p++)
    for (size_t i = 0; i < parts[p].count; i++) json_add(variables, NULL, json_tensor(o, parts[p].at[i]));
  json_add(all, "variables", variables);
  return with_tensor(o, all, "losses", losses);
}

static Json *round_trip(Work *o, const Json *args, const void *row) {
  (void)row;
  Tensor values = tensor_in(o, args, "values");
  through_text((Tensors){.count = 1, .at = &values});
  return with_tensor(o, answer(o), "values", values);
}

// ---- Which samples each batch holds. ----

static Json *indices(Work *o, const Json *args, const void *row) {
  (void)row;
  const size_t n = (size_t)whole_in(o, args, "samples", 1), size = (size_t)whole_in(o, args, "size", 1);
  const double epochs = whole_in(o, args, "epochs", 0), from = whole_in(o, args, "from", 0);
  const bool keep = strcmp(text_in(o, args, "last"), "keep") == 0;
  const size_t each = n / size + (keep && n % size != 0);
  if (each == 0) fail(o, "DomainError: %zu samples do not fill a batch of %zu", n, size);
  Json *list = json_new(o, JSON_LIST), *all = answer(o);
  double number = 0;
  for (double epoch = 0; epoch < epochs; epoch++) {
    const size_t *order = random_order(o, fold(key_of(o, args, "seed"), (uint32_t)(uint64_t)epoch), n);
    for (size_t b = 0; b < each; b++) {
      if (number++ < from) continue;
      Json *batch = json_new(o, JSON_LIST);
      for (size_t i = b * size; i < (b + 1) * size && i < n; i++) numbers(o, batch, (double)order[i]);
      json_add(list, NULL, batch);
    }
  }
  json_add(all, "indices", list);
  return all;
}

void add_trainings(Registry *all) {
  add_entry(all, "training", "network", "init", init, NULL);
  add_entry(all, "training", "network", "lsuv", lsuv, NULL);
  add_entry(all, "training", "network", "fit", fit, NULL);
  add_entry(all, "training", "network", "fit_watched", fit_watched, NULL);
  add_entry(all, "training", "network", "fit_resumed", fit_resumed, NULL);
  add_entry(all, "training", "network", "exported_output", exported_output, NULL);
  add_entry(all, "training", "batches", "indices", indices, NULL);
  add_entry(all, "session", "training", "run", session, NULL);
  add_entry(all, "session", "text", "round_trip", round_trip, NULL);
}
