// What the parts of the engine share: arguments and answers, tensors, elementary functions, random keys, and their tables.
#ifndef ENGINE_H
#define ENGINE_H

#include "protocol.h"

#include <math.h>
#include <stdint.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

// ---- Arguments and answers (engine.c). ----

bool given(const Json *args, const char *name);
double number_in(Work *o, const Json *args, const char *name);
double number_or(Work *o, const Json *args, const char *name, double otherwise);
// A whole number from low to 2^53; fails for any other.
double whole_in(Work *o, const Json *args, const char *name, double low);
const char *text_in(Work *o, const Json *args, const char *name);
bool flag_in(Work *o, const Json *args, const char *name);
const Json *list_in(Work *o, const Json *args, const char *name);
Tensor tensor_in(Work *o, const Json *args, const char *name);

// Tensors in a row, as parameters are.
typedef struct Tensors {
  size_t count;
  Tensor *at;
} Tensors;
Tensors tensors_in(Work *o, const Json *args, const char *name);
Tensors tensors_of(Work *o, const Json *list, const char *what);

Json *answer(Work *o);
Json *with_tensor(Work *o, Json *answer, const char *name, Tensor t);
Json *with_tensors(Work *o, Json *answer, const char *name, Tensors all);
Json *with_number(Work *o, Json *answer, const char *name, double x);
Json *with_flag(Work *o, Json *answer, const char *name, bool flag);
Json *list_of(Work *o, Tensors all);

// ---- Tensors (engine.c). ----

Tensor tensor_new(Work *o, size_t rank, const size_t *shape);
Tensor tensor_like(Work *o, Tensor t);
Tensor tensor_copy(Work *o, Tensor t);
Tensor scalar(Work *o, double x);
Tensor vector(Work *o, size_t n);
Tensor matrix(Work *o, size_t rows, size_t columns);
Tensors tensors_new(Work *o, size_t count);
Tensors tensors_like(Work *o, Tensors all);
bool same_shape(Tensor a, Tensor b);
bool is_vector(Tensor t, size_t n);
bool is_matrix(Tensor t, size_t rows, size_t columns);
// Fails unless the shapes agree.
void must_match(Work *o, Tensor a, Tensor b, const char *what);
// The last axis, 1 for a scalar, and the number of rows in front of it.
size_t last_axis(Tensor t);
size_t rows_of(Tensor t);
// a·b, aᵀ·b and a·bᵀ of matrices.
Tensor product(Work *o, Tensor a, Tensor b);
Tensor product_left(Work *o, Tensor a, Tensor b);
Tensor product_right(Work *o, Tensor a, Tensor b);
Tensor transposed(Work *o, Tensor a);
// The sum of each column.
Tensor column_sums(Work *o, Tensor a);
double sum(const double *x, size_t n);

// ---- Elementary functions (numeric.c). ----

#define PI 3.14159265358979323846
double sigmoid(double x);
double softplus(double x);
double gelu(double x);
double gelu_tanh(double x);
double silu(double x);
double cos_pi(double x);
double normal_quantile(double p);
// 1 − βᵏ without cancellation.
double one_minus_power(double beta, double k);

// ---- Random keys (numeric.c). ----

typedef struct Key {
  uint32_t a, b;
} Key;
Key threefry(Key key, uint32_t c0, uint32_t c1);
Key key_of(Work *o, const Json *args, const char *name);
Key fold(Key key, uint32_t child);
void uniforms(Key key, double *out, size_t n);
void normals(Key key, double *out, size_t n);
// A random order of 0 … n − 1.
size_t *random_order(Work *o, Key key, size_t n);

// ---- Rows that other parts use by name. ----

typedef struct Activation Activation;
const Activation *activation_named(Work *o, const char *name);
// Where slopes come from and go to; `spec` holds the parameters by name.
Tensor activate(Work *o, const Activation *row, Tensor x, const Json *spec);
Tensor activate_back(Work *o, const Activation *row, Tensor x, Tensor dy, const Json *spec);
// Whether it works number by number; and whether y is where its slope has all but gone, where it has such a range.
bool by_element(const Activation *row);
bool has_ends(const Activation *row);
bool beyond_ends(const Activation *row, double y);

typedef struct Loss Loss;
const Loss *loss_named(Work *o, const char *name);
// The loss, and where dp is not NULL its gradient by the prediction.
double loss_of(Work *o, const Loss *row, Tensor p, Tensor y, bool mean, double delta, Tensor *dp);
// Fails for targets that the loss cannot mean.
void check_targets(Work *o, const Loss *row, Tensor y);
bool mean_in(Work *o, const Json *args);

typedef struct Norm {
  double eps, momentum;
  bool biased; // estimator of the running variance
} Norm;
Tensor dense_forward(Work *o, Tensor x, Tensor w, Tensor b);
void dense_back(Work *o, Tensor x, Tensor w, Tensor dy, Tensor *dx, Tensor *dw, Tensor *db);
// Over the batch (train: by its own moments, and running statistics after it) or by given statistics, or over features.
Tensor batch_norm_train(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta, Tensor *mean, Tensor *variance);
Tensor batch_norm_eval(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance);
Tensor layer_norm(Work *o, Norm h, Tensor x, Tensor gamma, Tensor beta);
void batch_norm_back(Work *o, Norm h, Tensor x, Tensor gamma, Tensor dy, Tensor *dx, Tensor *dgamma, Tensor *dbeta);
void layer_norm_back(Work *o, Norm h, Tensor x, Tensor gamma, Tensor dy, Tensor *dx, Tensor *dgamma, Tensor *dbeta);
typedef enum { INVERTED, CLASSIC, ALPHA } DropoutForm;
Tensor dropout_train(Work *o, DropoutForm form, Tensor x, Tensor u, double rate);
Tensor dropout_back(Work *o, DropoutForm form, Tensor dy, Tensor u, double rate);
double penalty(Tensor w, double l1, double l2);
// Adds the gradient of the penalty to dw.
void penalty_back(Tensor w, double l1, double l2, Tensor dw);

typedef struct Initializer Initializer;
const Initializer *initializer_named(Work *o, const char *name);
Tensor initial(Work *o, const Initializer *row, Key key, Tensor like, double fan_in, double fan_out, double gain);

// An optimizer under way: its rule with its numbers, and what it remembers.
typedef struct Optimizer Optimizer;
Optimizer *optimizer_start(Work *o, const char *name, const Json *hyper, Tensors params);
// The steps from the parameters, to be added to them.
Tensors optimizer_step(Work *o, Optimizer *own, Tensors params, Tensors gradients, double rate_factor);
// What it would evaluate with, and all that it remembers.
Tensors optimizer_evaluated(Work *o, Optimizer *own, Tensors params);
Tensors optimizer_memory(Work *o, Optimizer *own);

// ---- Where each part adds its entries. ----

typedef struct Registry {
  Entry entries[512];
  size_t count;
} Registry;
void add_entry(Registry *all, const char *kind, const char *name, const char *call, Answer answer, const void *row);
void add_elements(Registry *all);
void add_losses(Registry *all);
void add_layers(Registry *all);
void add_regularisers(Registry *all);
void add_draws(Registry *all);
void add_optimizers(Registry *all);
void add_wrappers(Registry *all);
void add_schedules(Registry *all);
void add_networks(Registry *all);
void add_trainings(Registry *all);
void add_diagnoses(Registry *all);
void add_perceptrons(Registry *all);
void add_machines(Registry *all);

#endif
