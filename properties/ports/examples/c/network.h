// Networks as data: what the parts that run, train and diagnose them share.
#ifndef NETWORK_H
#define NETWORK_H

#include "engine.h"

typedef enum { DENSE, ACTIVATION, BATCH_NORM, LAYER_NORM, DROPOUT, RESIDUAL } LayerType;

// Where the uniforms of dropout come from: a list that is used up in order, or a key with the number of the step.
typedef struct Draws {
  const Tensors *given;
  size_t next;
  Key key;
  double step;
} Draws;

typedef struct Layer {
  LayerType type;
  const Json *spec;
  size_t units;                 // of a dense layer
  const Activation *activation; // of an activation
  Norm norm;                    // of a normalisation
  double rate;                  // of dropout
  struct Network *inside;       // of a residual
  size_t param, state;          // places of its first parameter and state in their lists
  Tensor x, u;                  // what the last run received and drew
} Layer;

typedef struct Network {
  size_t count, params, states; // layers, and what they keep together
  Layer *layers;
} Network;

// Layers as data; `params` and `states` count on from where the network stands.
Network *network_of(Work *o, const Json *layers);
// How many parameters and states a layer keeps, those inside a residual included.
size_t params_of(const Layer *layer);
// The output; in train mode states move on, in a list of their own.
Tensor network_run(Work *o, Network *net, Tensors params, Tensors states, Tensor x, bool train, Draws draws);
Tensor layer_run(Work *o, Layer *layer, Tensors params, Tensors states, Tensor x, bool train, Draws *draws);
// The cotangent of what a layer received; those of its parameters go to their places.
Tensor layer_back(Work *o, Layer *layer, Tensors params, Tensor dy, Tensors gradients);
Tensor network_back(Work *o, Network *net, Tensors params, Tensor dy, Tensors gradients);
// The penalty on the weights of dense layers; where gradients are given, its own are added to them.
double network_penalty(const Network *net, Tensors params, double l1, double l2, const Tensors *gradients);
// A list of its own, as states are that move on.
Tensors tensors_copy(Work *o, Tensors all);

#endif
