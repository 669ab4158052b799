// Networks as data: layers in series and around residuals, forward and back, with their loss and its gradients.
#include "network.h"

#include <string.h>

Tensors tensors_copy(Work *o, Tensors all) {
  const Tensors made = tensors_new(o, all.count);
  for (size_t i = 0; i < all.count; i++) made.at[i] = tensor_copy(o, all.at[i]);
  return made;
}

static Network *network_from(Work *o, const Json *list, size_t params, size_t states) {
  if (list == NULL || list->kind != JSON_LIST) fail(o, "ArgumentError: layers must be a list");
  Network *net = take(o, 1, sizeof(Network));
  *net = (Network){.count = list->count, .params = params, .states = states, .layers = take(o, list->count, sizeof(Layer))};
  Layer *layer = net->layers;
  for (const Json *spec = list->first; spec != NULL; spec = spec->next, layer++) {
    *layer = (Layer){.spec = spec, .param = net->params, .state = net->states};
    const char *type = text_in(o, spec, "type");
    if (strcmp(type, "dense") == 0) {
      layer->type = DENSE;
      layer->units = (size_t)whole_in(o, spec, "units", 1);
      net->params += 2;
    } else if (strcmp(type, "activation") == 0) {
      layer->type = ACTIVATION;
      layer->activation = activation_named(o, text_in(o, spec, "name"));
    } else if (strcmp(type, "dropout") == 0) {
      layer->type = DROPOUT;
      layer->rate = number_in(o, spec, "dropRate");
    } else if (strcmp(type, "residual") == 0) {
      layer->type = RESIDUAL;
      layer->inside = network_from(o, json_get(spec, "layers"), net->params, net->states);
      net->params = layer->inside->params;
      net->states = layer->inside->states;
    } else if (strcmp(type, "batchNorm") == 0 || strcmp(type, "batch_norm") == 0 || strcmp(type, "layerNorm") == 0) {
      layer->type = type[0] == 'b' ? BATCH_NORM : LAYER_NORM;
      layer->norm = (Norm){number_or(o, spec, "eps", 1e-5), number_or(o, spec, "momentum", 0.1), false};
      net->params += 2;
      net->states += layer->type == BATCH_NORM ? 2 : 0;
    } else fail(o, "UnknownNameError: there is no layer \"%.60s\"", type);
  }
  return net;
}

Network *network_of(Work *o, const Json *layers) { return network_from(o, layers, 0, 0); }

size_t params_of(const Layer *layer) {
  return layer->type == RESIDUAL ? layer->inside->params - layer->param : layer->type == ACTIVATION || layer->type == DROPOUT ? 0 : 2;
}

static Tensor kept(Work *o, Tensors all, size_t place, const char *what) {
  if (place >= all.count) fail(o, "ShapeError: %s %zu is missing, %zu are given", what, place, all.count);
  return all.at[place];
}

static Tensor drawn(Work *o, Draws *draws, Tensor x) {
  if (draws->given == NULL) {
    const Tensor u = tensor_like(o, x);
    uniforms(fold(draws->key, (uint32_t)(uint64_t)draws->step), u.data, u.size);
    return u;
  }
  if (draws->next == draws->given->count) fail(o, "DomainError: %zu tensors of uniforms are given, and more are needed", draws->given->count);
  return draws->given->at[draws->next++];
}

// The draws of the i-th part of something.
static Draws child(const Draws *draws, size_t i) {
  Draws own = *draws;
  own.key = fold(own.key, (uint32_t)i);
  return own;
}

static Tensor run_all(Work *o, Network *net, Tensors params, Tensors states, Tensor x, bool train, Draws *draws) {
  for (size_t i = 0; i < net->count; i++) {
    Draws own = child(draws, i);
    x = layer_run(o, &net->layers[i], params, states, x, train, &own);
    draws->next = own.next;
  }
  return x;
}

Tensor layer_run(Work *o, Layer *layer, Tensors params, Tensors states, Tensor x, bool train, Draws *draws) {
  layer->x = x;
  if (layer->type == ACTIVATION) return activate(o, layer->activation, x, layer->spec);
  if (layer->type == DROPOUT) {
    if (!(layer->rate >= 0 && layer->rate <= 1)) fail(o, "DomainError: dropRate must lie in [0, 1], got %g", layer->rate);
    if (!train) return x;
    layer->u = drawn(o, draws, x);
    return dropout_train(o, INVERTED, x, layer->u, layer->rate);
  }
  if (layer->type == RESIDUAL) {
    const Tensor y = run_all(o, layer->inside, params, states, x, train, draws), all = tensor_copy(o, y);
    must_match(o, x, y, "what goes into a residual and what comes out of it");
    for (size_t i = 0; i < all.size; i++) all.data[i] += x.data[i];
    return all;
  }
  const Tensor first = kept(o, params, layer->param, "parameter"), second = kept(o, params, layer->param + 1, "parameter");
  if (layer->type == DENSE) {
    if (first.rank != 2 || first.shape[1] != layer->units) fail(o, "ShapeError: the weights must be [in, %zu]", layer->units);
    return dense_forward(o, x, first, second);
  }
  must_match(o, first, second, "gamma and beta");
  if (layer->type == LAYER_NORM) return layer_norm(o, layer->norm, x, first, second);
  Tensor mean = kept(o, states, layer->state, "state"), variance = kept(o, states, layer->state + 1, "state");
  must_match(o, first, mean, "gamma and the running mean");
  must_match(o, first, variance, "gamma and the running variance");
  if (!train) return batch_norm_eval(o, layer->norm, x, first, second, mean, variance);
  const Tensor y = batch_norm_train(o, layer->norm, x, first, second, &mean, &variance);
  states.at[layer->state] = mean;
  states.at[layer->state + 1] = variance;
  return y;
}

Tensor network_run(Work *o, Network *net, Tensors params, Tensors states, Tensor x, bool train, Draws draws) {
  return run_all(o, net, params, states, x, train, &draws);
}

Tensor layer_back(Work *o, Layer *layer, Tensors params, Tensor dy, Tensors gradients) {
  if (layer->type == ACTIVATION) return activate_back(o, layer->activation, layer->x, dy, layer->spec);
  if (layer->type == DROPOUT) return dropout_back(o, INVERTED, dy, layer->u, layer->rate);
  if (layer->type == RESIDUAL) {
    const Tensor dx = tensor_copy(o, network_back(o, layer->inside, params, dy, gradients));
    for (size_t i = 0; i < dx.size; i++) dx.data[i] += dy.data[i];
    return dx;
  }
  Tensor dx, *first = &gradients.at[layer->param], *second = first + 1;
  if (layer->type == DENSE) dense_back(o, layer->x, params.at[layer->param], dy, &dx, first, second);
  else if (layer->type == BATCH_NORM) batch_norm_back(o, layer->norm, layer->x, params.at[layer->param], dy, &dx, first, second);
  else layer_norm_back(o, layer->norm, layer->x, params.at[layer->param], dy, &dx, first, second);
  return dx;
}

Tensor network_back(Work *o, Network *net, Tensors params, Tensor dy, Tensors gradients) {
  for (size_t i = net->count; i-- > 0;) dy = layer_back(o, &net->layers[i], params, dy, gradients);
  return dy;
}

double network_penalty(const Network *net, Tensors params, double l1, double l2, const Tensors *gradients) {
  double total = 0;
  for (size_t i = 0; i < net->count; i++) {
    const Layer *layer = &net->layers[i];
    if (layer->type == RESIDUAL) total += network_penalty(layer->inside, params, l1, l2, gradients);
    if (layer->type != DENSE) continue;
    total += penalty(params.at[layer->param], l1, l2);
    if (gradients != NULL) penalty_back(params.at[layer->param], l1, l2, gradients->at[layer->param]);
  }
  return total;
}

// ---- Entries. ----

static Tensors optional(Work *o, const Json *args, const char *name) {
  return given(args, name) ? tensors_in(o, args, name) : tensors_new(o, 0);
}

static double strength(Work *o, const Json *args, const char *name) {
  const double v = number_or(o, json_get(args, "regulariser"), name, 0);
  if (!(v >= 0 && v < INFINITY)) fail(o, "DomainError: %s must be finite and not negative, got %g", name, v);
  return v;
}

static Json *loss_and_grad(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), states = optional(o, args, "state"), uniforms = optional(o, args, "uniforms");
  const double l1 = strength(o, args, "l1"), l2 = strength(o, args, "l2");
  const Tensor output = network_run(o, net, params, states, tensor_in(o, args, "x"), true, (Draws){.given = &uniforms});
  const Tensors gradients = tensors_like(o, params);
  Tensor dy;
  const double loss = loss_of(o, loss_named(o, text_in(o, args, "loss")), output, tensor_in(o, args, "y"), mean_in(o, args), 1, &dy);
  network_back(o, net, params, dy, gradients);
  Json *all = with_tensor(o, answer(o), "loss", scalar(o, loss + network_penalty(net, params, l1, l2, &gradients)));
  with_tensors(o, with_tensor(o, all, "output", output), "gradients", gradients);
  return given(args, "state") ? with_tensors(o, all, "state", states) : all;
}

static Json *forward(Work *o, const Json *args, const void *row) {
  (void)row;
  Network *net = network_of(o, json_get(args, "layers"));
  const Tensors params = tensors_in(o, args, "params"), states = optional(o, args, "state"), uniforms = optional(o, args, "uniforms");
  const bool train = strcmp(text_in(o, args, "mode"), "train") == 0;
  return with_tensor(o, answer(o), "output", network_run(o, net, params, states, tensor_in(o, args, "x"), train, (Draws){.given = &uniforms}));
}

// A failure is an answer here.
static Json *refuses(Work *o, const Json *args, const void *row) {
  jmp_buf *const outside = o->out;
  jmp_buf here;
  volatile bool refused = false;
  o->out = &here;
  if (setjmp(here) == 0) loss_and_grad(o, args, row);
  else refused = true;
  o->out = outside;
  return with_flag(o, answer(o), "refused", refused);
}

void add_networks(Registry *all) {
  add_entry(all, "model", "network", "loss_and_grad", loss_and_grad, NULL);
  add_entry(all, "model", "network", "forward", forward, NULL);
  add_entry(all, "model", "network", "refuses", refuses, NULL);
}
