// What is random: initializers by inversion or by whole matrices, generators of numbers, and the gains in front of activations.
#include "engine.h"

#include <string.h>

// POINT: every weight is the scale; BOUNDED: uniform within it; NORMAL: of that deviation; CUT: that normal cut at two of them.
typedef enum { POINT, BOUNDED, NORMAL, CUT, ORTHOGONAL, DIAGONAL, SPARSE } Distribution;
// What the variance is divided by; GAIN: nothing, the scale is the gain itself.
typedef enum { ZERO, GAIN, FAN_IN, FAN_OUT, FAN_AVG } Mode;

struct Initializer {
  const char *name;
  Distribution distribution;
  Mode mode;
  double share; // Var[w] = gain²·share/fan
};

// The deviation of a standard normal cut at ±2, the chance below −2, and that inside.
#define CUT_SPREAD 0.87962566103423978
#define CUT_LOW 0.022750131948179207
#define CUT_INSIDE 0.95449973610364158

static const Initializer ROWS[] = {
    {"zeros", POINT, ZERO, 0},
    {"constant", POINT, GAIN, 0},
    {"normal", NORMAL, GAIN, 0},
    {"uniform", BOUNDED, GAIN, 0},
    {"truncated_normal", CUT, GAIN, 0},
    {"truncated_normal_corrected", CUT, GAIN, 1},
    {"lecun_normal", NORMAL, FAN_IN, 1},
    {"lecun_uniform", BOUNDED, FAN_IN, 1},
    {"lecun_truncated", CUT, FAN_IN, 1},
    {"xavier_uniform", BOUNDED, FAN_AVG, 1},
    {"xavier_normal", NORMAL, FAN_AVG, 1},
    {"xavier_truncated", CUT, FAN_AVG, 1},
    {"he_uniform", BOUNDED, FAN_IN, 2},
    {"he_normal", NORMAL, FAN_IN, 2},
    {"he_truncated", CUT, FAN_IN, 2},
    {"he_uniform_fan_out", BOUNDED, FAN_OUT, 2},
    {"he_normal_fan_out", NORMAL, FAN_OUT, 2},
    {"he_uniform_fan_avg", BOUNDED, FAN_AVG, 2},
    {"he_normal_fan_avg", NORMAL, FAN_AVG, 2},
    {"torch_linear", BOUNDED, FAN_IN, 1.0 / 3},
    {"orthogonal", ORTHOGONAL, GAIN, 0},
    {"identity", DIAGONAL, GAIN, 0},
    {"sparse", SPARSE, GAIN, 0},
};

const Initializer *initializer_named(Work *o, const char *name) {
  for (size_t i = 0; i < COUNT(ROWS); i++)
    if (strcmp(ROWS[i].name, name) == 0) return &ROWS[i];
  fail(o, "UnknownNameError: there is no initializer \"%.60s\"", name);
}

static double scale_of(Work *o, const Initializer *row, double fan_in, double fan_out, double gain) {
  if (!(fan_in > 0 && fan_out > 0)) fail(o, "DomainError: fans must be positive, got %g and %g", fan_in, fan_out);
  if (!isfinite(gain)) fail(o, "DomainError: the gain must be finite, got %g", gain);
  if (gain < 0 && row->distribution != POINT && row->distribution != DIAGONAL) fail(o, "DomainError: a deviation must not be negative, got %g", gain);
  if (row->mode == ZERO) return 0;
  if (row->mode == GAIN) return row->distribution == CUT && row->share == 1 ? gain / CUT_SPREAD : gain;
  const double fan = row->mode == FAN_IN ? fan_in : row->mode == FAN_OUT ? fan_out : (fan_in + fan_out) / 2;
  const double spread = row->distribution == BOUNDED ? sqrt(3) : row->distribution == CUT ? 1 / CUT_SPREAD : 1;
  return gain * spread * sqrt(row->share / fan);
}

// The weight of one uniform: the quantile of the distribution.
static double quantile(Distribution distribution, double u, double scale) {
  switch (distribution) {
  case POINT: return scale;
  case BOUNDED: return scale * (2 * u - 1);
  case CUT: {
    // from the nearer end, so that both are alike to the last bit
    const double z = normal_quantile(CUT_LOW + CUT_INSIDE * fmin(u, 1 - u));
    return scale * (u < 0.5 ? fmax(z, -2) : fmin(-z, 2));
  }
  default: return scale * normal_quantile(u);
  }
}

// Normal rows made orthonormal one after another, each twice, which is enough: Giraud, Langou & Rozložník 2005; Mezzadri 2007.
static void orthonormal(double *a, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    double *v = a + r * n, squares = 0;
    for (size_t turn = 0; turn < 2; turn++)
      for (size_t q = 0; q < r; q++) {
        double along = 0;
        for (size_t i = 0; i < n; i++) along += v[i] * a[q * n + i];
        for (size_t i = 0; i < n; i++) v[i] -= along * a[q * n + i];
      }
    for (size_t i = 0; i < n; i++) squares += v[i] * v[i];
    for (size_t i = 0; i < n; i++) v[i] /= sqrt(squares);
  }
}

// Weights into every unit that a sparse start leaves.
#define FEW 15

Tensor initial(Work *o, const Initializer *row, Key key, Tensor like, double fan_in, double fan_out, double gain) {
  Tensor w = tensor_like(o, like);
  if (row->distribution < ORTHOGONAL) {
    const double scale = scale_of(o, row, fan_in, fan_out, gain);
    uniforms(key, w.data, w.size);
    for (size_t i = 0; i < w.size; i++) w.data[i] = quantile(row->distribution, w.data[i], scale);
    return w;
  }
  if (like.rank != 2) fail(o, "DomainError: weights must be [in, out]");
  const size_t rows = like.shape[0], columns = like.shape[1];
  const double scale = scale_of(o, row, (double)rows, (double)columns, gain);
  if (row->distribution == DIAGONAL)
    for (size_t i = 0; i < rows && i < columns; i++) w.data[i * columns + i] = scale;
  else if (row->distribution == ORTHOGONAL) {
    const size_t most = rows > columns ? rows : columns, fewer = rows > columns ? columns : rows;
    double *q = take(o, w.size, sizeof(double));
    normals(key, q, w.size);
    orthonormal(q, fewer, most);
    for (size_t i = 0; i < most; i++)
      for (size_t j = 0; j < fewer; j++) w.data[rows >= columns ? i * columns + j : j * columns + i] = scale * q[j * most + i];
  } else {
    double *z = take(o, w.size, sizeof(double));
    normals(fold(key, 0), z, w.size);
    for (size_t j = 0; j < columns; j++) {
      const size_t *order = random_order(o, fold(fold(key, 1), (uint32_t)j), rows);
      for (size_t k = 0; k < rows && k < FEW; k++) w.data[order[k] * columns + j] = scale * z[order[k] * columns + j];
    }
  }
  return w;
}

// A shape that was asked for as a list of sizes.
static Tensor shaped(Work *o, const Json *list) {
  size_t *shape = take(o, list->count, sizeof(size_t)), i = 0;
  for (const Json *n = list->first; n != NULL; n = n->next) {
    const double size = read_number(o, n, "shape");
    if (!(size >= 0 && size <= 0x1p40)) fail(o, "DomainError: a shape holds sizes, got %g", size);
    shape[i++] = (size_t)size;
  }
  return tensor_new(o, list->count, shape);
}

static Json *sample(Work *o, const Json *args, const void *row) {
  const Tensor like = shaped(o, list_in(o, args, "shape"));
  const double fan_in = number_in(o, args, "fanIn"), fan_out = number_in(o, args, "fanOut");
  return with_tensor(o, answer(o), "w", initial(o, row, key_of(o, args, "seed"), like, fan_in, fan_out, number_or(o, args, "gain", 1)));
}

static Json *from_uniforms(Work *o, const Json *args, const void *of) {
  const Initializer *row = of;
  const double scale = scale_of(o, row, number_in(o, args, "fanIn"), number_in(o, args, "fanOut"), number_or(o, args, "gain", 1));
  Tensor w = tensor_copy(o, tensor_in(o, args, "u"));
  for (size_t i = 0; i < w.size; i++) w.data[i] = quantile(row->distribution, w.data[i], scale);
  return with_tensor(o, answer(o), "w", w);
}

// ---- Numbers from a seed, and Threefry by its parts. ----

typedef void (*Fill)(Key key, double *out, size_t n);
static const Fill FILLS[] = {uniforms, normals};

static Tensor filled(Work *o, Fill fill, Key key, const Json *args) {
  Tensor values = vector(o, (size_t)whole_in(o, args, "count", 0));
  fill(key, values.data, values.size);
  return values;
}

static Json *numbers(Work *o, const Json *args, const void *fill) {
  return with_tensor(o, answer(o), "values", filled(o, *(const Fill *)fill, key_of(o, args, "seed"), args));
}

static Json *children(Work *o, const Json *args, const void *fill) {
  Tensors streams = tensors_new(o, (size_t)whole_in(o, args, "n", 0));
  for (size_t i = 0; i < streams.count; i++) streams.at[i] = filled(o, *(const Fill *)fill, fold(key_of(o, args, "seed"), (uint32_t)i), args);
  return with_tensors(o, answer(o), "streams", streams);
}

static Key words_in(Work *o, const Json *args, const char *name) {
  const Json *list = list_in(o, args, name);
  if (list->count != 2) fail(o, "DomainError: %s must hold two words", name);
  const double a = read_number(o, list->first, name), b = read_number(o, list->last, name);
  if (!(a >= 0 && a < 0x1p32 && b >= 0 && b < 0x1p32)) fail(o, "DomainError: %s must hold words of 32 bits", name);
  return (Key){(uint32_t)a, (uint32_t)b};
}

static Json *words(Work *o, Key key) {
  Json *list = json_new(o, JSON_LIST);
  json_add(list, NULL, json_number(o, key.a));
  json_add(list, NULL, json_number(o, key.b));
  return list;
}

static Json *with(Json *all, const char *name, Json *value) {
  json_add(all, name, value);
  return all;
}

static Json *order(Work *o, Key key, const Json *args) {
  const size_t n = (size_t)whole_in(o, args, "count", 0), *places = random_order(o, key, n);
  Json *list = json_new(o, JSON_LIST);
  for (size_t i = 0; i < n; i++) json_add(list, NULL, json_number(o, (double)places[i]));
  return with(answer(o), "order", list);
}

static Json *block(Work *o, const Json *args, const void *row) {
  (void)row;
  const Key counter = words_in(o, args, "counter");
  return with(answer(o), "words", words(o, threefry(words_in(o, args, "key"), counter.a, counter.b)));
}
static Json *first_key(Work *o, const Json *args, const void *row) { return (void)row, with(answer(o), "words", words(o, key_of(o, args, "seed"))); }
static Json *folded(Work *o, const Json *args, const void *row) {
  (void)row;
  return with(answer(o), "words", words(o, fold(words_in(o, args, "key"), (uint32_t)(uint64_t)whole_in(o, args, "child", 0))));
}
static Json *split(Work *o, const Json *args, const void *row) {
  (void)row;
  Json *keys = json_new(o, JSON_LIST);
  const double n = whole_in(o, args, "n", 0);
  for (double i = 0; i < n; i++) json_add(keys, NULL, words(o, fold(words_in(o, args, "key"), (uint32_t)i)));
  return with(answer(o), "keys", keys);
}
static Json *key_uniforms(Work *o, const Json *args, const void *row) {
  (void)row;
  return with_tensor(o, answer(o), "values", filled(o, uniforms, words_in(o, args, "key"), args));
}
static Json *key_order(Work *o, const Json *args, const void *row) { return (void)row, order(o, words_in(o, args, "key"), args); }
static Json *seed_order(Work *o, const Json *args, const void *row) { return (void)row, order(o, key_of(o, args, "seed"), args); }

static Json *bernoulli(Work *o, const Json *args, const void *row) {
  (void)row;
  const double p = number_in(o, args, "p");
  if (!(p >= 0 && p <= 1)) fail(o, "DomainError: p must lie in [0, 1], got %g", p);
  Tensor values = tensor_copy(o, tensor_in(o, args, "u"));
  for (size_t i = 0; i < values.size; i++) values.data[i] = values.data[i] < p;
  return with_tensor(o, answer(o), "values", values);
}

// ---- Gains: PyTorch nn.init.calculate_gain; He et al. 2015, eq. 15. ----

typedef struct Gain {
  const char *name;
  double value; // NaN where it depends on the slope
} Gain;
static const Gain GAINS[] = {{"identity", 1}, {"sigmoid", 1}, {"tanh", 5.0 / 3}, {"relu", 1.4142135623730951}, {"leaky_relu", NAN}, {"selu", 0.75}};

static Json *gain(Work *o, const Json *args, const void *row) {
  const double slope = number_or(o, args, "slope", 0), value = ((const Gain *)row)->value;
  return with_number(o, answer(o), "gain", isnan(value) ? sqrt(2 / (1 + slope * slope)) : value);
}

void add_draws(Registry *all) {
  for (size_t i = 0; i < COUNT(ROWS); i++) {
    add_entry(all, "initializer", ROWS[i].name, "sample", sample, &ROWS[i]);
    if (ROWS[i].distribution < ORTHOGONAL) add_entry(all, "initializer", ROWS[i].name, "from_uniforms", from_uniforms, &ROWS[i]);
  }
  for (size_t i = 0; i < COUNT(GAINS); i++) add_entry(all, "gain", GAINS[i].name, "value", gain, &GAINS[i]);
  add_entry(all, "random", "threefry", "block", block, NULL);
  add_entry(all, "random", "threefry", "key", first_key, NULL);
  add_entry(all, "random", "threefry", "fold", folded, NULL);
  add_entry(all, "random", "threefry", "split", split, NULL);
  add_entry(all, "random", "threefry", "uniforms", key_uniforms, NULL);
  add_entry(all, "random", "threefry", "order", key_order, NULL);
  add_entry(all, "random", "permutation", "sample", seed_order, NULL);
  add_entry(all, "random", "bernoulli", "from_uniforms", bernoulli, NULL);
  static const char *const names[] = {"uniform", "normal"};
  for (size_t i = 0; i < COUNT(FILLS); i++) {
    add_entry(all, "random", names[i], "sample", numbers, &FILLS[i]);
    add_entry(all, "random", names[i], "children", children, &FILLS[i]);
  }
}
