// A port for tautograd with the standard library alone: what the engine can do.
#include "protocol.h"

#include <math.h>
#include <string.h>

// What the engine says of itself. Choices that differ from the usual ones join it, as "conventions":{"bce":"probability"}.
static const char ENGINE[] = "\"engine\":\"my engine\",\"version\":\"0.1\",\"dtype\":\"f64\",\"tensors\":\"json\"";

static void identity(Call *c) { give(c, "y", tensor(c, "x")); }

static void identity_vjp(Call *c) { give(c, "dx", tensor(c, "dy")); }

static void relu(Call *c) {
  const Tensor x = tensor(c, "x");
  const Tensor y = make(c, x.rank, x.shape);
  for (size_t i = 0; i < x.size; i++) y.data[i] = x.data[i] <= 0 ? 0 : x.data[i]; // NaN is not <= 0, and stays NaN
  give(c, "y", y);
}

static void relu_vjp(Call *c) {
  const Tensor x = tensor(c, "x"), dy = tensor(c, "dy");
  const Tensor dx = make(c, x.rank, x.shape);
  for (size_t i = 0; i < x.size; i++) dx.data[i] = x.data[i] <= 0 ? 0 : dy.data[i];
  give(c, "dx", dx);
}

static void sigmoid(Call *c) {
  const Tensor x = tensor(c, "x");
  const Tensor y = make(c, x.rank, x.shape);
  for (size_t i = 0; i < x.size; i++) {
    const double e = exp(-fabs(x.data[i])); // never overflows
    y.data[i] = (x.data[i] < 0 ? e : 1) / (1 + e);
  }
  give(c, "y", y);
}

static void sigmoid_vjp(Call *c) {
  const Tensor x = tensor(c, "x"), dy = tensor(c, "dy");
  const Tensor dx = make(c, x.rank, x.shape);
  for (size_t i = 0; i < x.size; i++) {
    const double e = exp(-fabs(x.data[i])); // y * (1 - y) would lose all digits where y is near 1
    dx.data[i] = dy.data[i] * (e / ((1 + e) * (1 + e)));
  }
  give(c, "dx", dx);
}

// What a loss of that many terms is divided by.
static double share(Call *c, size_t terms) {
  if (terms == 0) fail(c, "an empty batch has no loss");
  return strcmp(text(c, "reduction"), "mean") == 0 ? (double)terms : 1;
}

static void mse(Call *c) {
  const Tensor p = tensor(c, "prediction"), t = tensor(c, "target");
  const Tensor loss = make(c, 0, NULL);
  for (size_t i = 0; i < p.size; i++) loss.data[0] += (p.data[i] - t.data[i]) * (p.data[i] - t.data[i]);
  loss.data[0] /= share(c, p.size);
  give(c, "loss", loss);
}

static void mse_vjp(Call *c) {
  const Tensor p = tensor(c, "prediction"), t = tensor(c, "target");
  const Tensor slope = make(c, p.rank, p.shape);
  const double n = share(c, p.size);
  for (size_t i = 0; i < p.size; i++) slope.data[i] = 2 * (p.data[i] - t.data[i]) / n;
  give(c, "dprediction", slope);
}

// [n, k] times [k, m].
static Tensor matmul(Call *c, Tensor a, Tensor b) {
  const size_t n = a.shape[0], k = a.shape[1], m = b.shape[1];
  const Tensor y = make(c, 2, (size_t[]){n, m});
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < m; j++)
      for (size_t l = 0; l < k; l++) y.data[i * m + j] += a.data[i * k + l] * b.data[l * m + j];
  return y;
}

static Tensor transposed(Call *c, Tensor a) {
  const size_t n = a.shape[0], m = a.shape[1];
  const Tensor y = make(c, 2, (size_t[]){m, n});
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < m; j++) y.data[j * n + i] = a.data[i * m + j];
  return y;
}

static void dense(Call *c) {
  const Tensor b = tensor(c, "b"), y = matmul(c, tensor(c, "x"), tensor(c, "w"));
  for (size_t i = 0; i < y.size; i++) y.data[i] += b.data[i % b.size];
  give(c, "y", y);
}

static void dense_vjp(Call *c) {
  const Tensor x = tensor(c, "x"), w = tensor(c, "w"), b = tensor(c, "b"), dy = tensor(c, "dy");
  const Tensor db = make(c, 1, b.shape);
  for (size_t i = 0; i < dy.size; i++) db.data[i % db.size] += dy.data[i];
  give(c, "dx", matmul(c, dy, transposed(c, w)));
  give(c, "dw", matmul(c, transposed(c, x), dy));
  give(c, "db", db);
}

// CONTRACT.md lists what else can be asked; what is not here is not covered. What is here is judged as the
// engine's own: put calls of yours in its place, and delete what the engine does not have.
static const Entry ENTRIES[] = {
    {"activation.identity.forward", identity}, {"activation.identity.vjp", identity_vjp},
    {"activation.relu.forward", relu},         {"activation.relu.vjp", relu_vjp},
    {"activation.sigmoid.forward", sigmoid},   {"activation.sigmoid.vjp", sigmoid_vjp},
    {"loss.mse.forward", mse},                 {"loss.mse.vjp", mse_vjp},
    {"layer.dense.forward", dense},            {"layer.dense.vjp", dense_vjp},
};

int main(void) { return serve(ENGINE, ENTRIES, sizeof ENTRIES / sizeof *ENTRIES); }
