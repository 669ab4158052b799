// What a network suffers from: slopes on the way down, signals on the way up, units that are copies of each other.
#include "network.h"

#include <string.h>

// √Σv², where neither a square that overflows nor one that underflows spoils it.
static double norm(Tensor t) {
  double most = 0, squares = 0;
  for (size_t i = 0; i < t.size; i++)
    if (!(fabs(t.data[i]) <= most)) most = fabs(t.data[i]);
  if (most == 0 || !isfinite(most)) return most;
  int exponent;
  frexp(most, &exponent);
  for (size_t i = 0; i < t.size; i++) {
    const double v = ldexp(t.data[i], -exponent);
    squares += v * v;
  }
  return ldexp(sqrt(squares), exponent);
}

static double root_mean_square(Tensor t) { return norm(t) / sqrt(t.size > 0 ? (double)t.size : 1); }

static const char *verdict(double own, double output) {
  if (!isfinite(own) || !isfinite(output)) return "not finite";
  if (output == 0) return "silent";
  return own / output < 1e-3 ? "vanishing" : own / output > 1e3 ? "exploding" : "healthy";
}

static Json *numbers(Work *o, const double *x, size_t n) {
  Json *list = json_new(o, JSON_LIST);
  for (size_t i = 0; i < n; i++) json_add(list, NULL, json_number(o, x[i]));
  return list;
}

static Json *slopes(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), gradients = tensors_like(o, params);
  const Tensor output = network_run(o, net, params, tensors_new(o, 0), tensor_in(o, args, "x"), true, (Draws){0});
  Tensor dy;
  loss_of(o, loss_named(o, text_in(o, args, "loss")), output, tensor_in(o, args, "y"), mean_in(o, args), 1, &dy);
  const double size = root_mean_square(dy);
  double *norms = take(o, net->count, sizeof(double)), *ratios = take(o, net->count, sizeof(double));
  double *of_params = take(o, params.count, sizeof(double));
  const char **verdicts = take(o, net->count, sizeof(char *));
  for (size_t i = net->count; i-- > 0;) {
    dy = layer_back(o, &net->layers[i], params, dy, gradients);
    norms[i] = norm(dy);
    ratios[i] = root_mean_square(dy) / size;
    verdicts[i] = verdict(root_mean_square(dy), size);
  }
  for (size_t l = 0; l < params.count; l++) of_params[l] = norm(gradients.at[l]);
  Json *all = answer(o), *said = json_new(o, JSON_LIST);
  for (size_t i = 0; i < net->count; i++) json_add(said, NULL, json_text(o, verdicts[i]));
  json_add(all, "slopes", numbers(o, norms, net->count));
  json_add(all, "ratios", numbers(o, ratios, net->count));
  json_add(all, "verdicts", said);
  json_add(all, "parameters", numbers(o, of_params, params.count));
  return all;
}

// The share of units (places of the last axis) whose slope is 0 for every sample.
static double dead_share(Work *o, const Layer *layer) {
  const Tensor x = layer->x, ones = tensor_like(o, x);
  for (size_t i = 0; i < ones.size; i++) ones.data[i] = 1;
  const Tensor dx = activate_back(o, layer->activation, x, ones, layer->spec);
  const size_t units = last_axis(x);
  size_t alive = 0;
  for (size_t j = 0; j < units; j++)
    for (size_t i = j; i < dx.size; i += units)
      if (dx.data[i] != 0) {
        alive++;
        break;
      }
  return 1 - (double)alive / (double)units;
}

static Json *signals(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), states = tensors_new(o, 0);
  Tensor x = tensor_in(o, args, "x");
  Draws draws = {0};
  Json *means = json_new(o, JSON_LIST), *variances = json_new(o, JSON_LIST), *saturated = json_new(o, JSON_LIST), *dead = json_new(o, JSON_LIST);
  for (size_t l = 0; l < net->count; l++) {
    Layer *layer = &net->layers[l];
    x = layer_run(o, layer, params, states, x, true, &draws);
    const double n = (double)x.size, mean = sum(x.data, x.size) / n;
    double squares = 0, far = 0;
    for (size_t i = 0; i < x.size; i++) squares += (x.data[i] - mean) * (x.data[i] - mean);
    json_add(means, NULL, json_number(o, mean));
    json_add(variances, NULL, json_number(o, squares / n));
    if (layer->type != ACTIVATION || !by_element(layer->activation)) continue;
    for (size_t i = 0; i < x.size; i++) far += has_ends(layer->activation) && beyond_ends(layer->activation, x.data[i]);
    json_add(saturated, NULL, json_number(o, far / n));
    json_add(dead, NULL, json_number(o, dead_share(o, layer)));
  }
  Json *all = answer(o);
  json_add(all, "means", means);
  json_add(all, "variances", variances);
  json_add(all, "saturated", saturated);
  json_add(all, "dead", dead);
  return all;
}

// Whether two units of a dense layer agree in all weights that meet in them, their biases, and all that leave them.
static bool alike(Tensor w, Tensor b, Tensor out, size_t i, size_t j) {
  const size_t units = last_axis(w), width = last_axis(out);
  if (b.data[i] != b.data[j]) return false;
  for (size_t k = 0; k < rows_of(w); k++)
    if (w.data[k * units + i] != w.data[k * units + j]) return false;
  for (size_t k = 0; k < width && out.shape[0] == units; k++)
    if (out.data[i * width + k] != out.data[j * width + k]) return false;
  return true;
}

static Json *symmetry(Work *o, const Json *args, const void *row) {
  (void)row;
  const Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params");
  Json *list = json_new(o, JSON_LIST), *all = answer(o);
  const Layer *before = NULL;
  for (size_t l = 0; l < net->count; l++) {
    const Layer *layer = &net->layers[l];
    if (layer->type != DENSE) continue;
    if (layer->param + 1 >= params.count) fail(o, "ShapeError: parameter %zu is missing", layer->param);
    const Tensor out = params.at[layer->param];
    if (!is_matrix(out, rows_of(out), layer->units) || !is_vector(params.at[layer->param + 1], layer->units))
      fail(o, "ShapeError: parameters %zu and %zu are not those of a dense layer", layer->param, layer->param + 1);
    if (before != NULL) {
      const Tensor w = params.at[before->param], b = params.at[before->param + 1];
      size_t distinct = 0;
      for (size_t i = 0; i < before->units; i++) {
        size_t j = 0;
        while (j < i && !alike(w, b, out, i, j)) j++;
        distinct += j == i;
      }
      json_add(list, NULL, json_number(o, (double)distinct));
    }
    before = layer;
  }
  json_add(all, "distinct", list);
  return all;
}

void add_diagnoses(Registry *all) {
  add_entry(all, "diagnosis", "network", "slopes", slopes, NULL);
  add_entry(all, "diagnosis", "network", "signals", signals, NULL);
  add_entry(all, "diagnosis", "network", "symmetry", symmetry, NULL);
}
