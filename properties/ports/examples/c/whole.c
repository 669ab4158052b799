// Optimizers that see more than one coordinate: norms of tensors, averages of iterates, distances, and whole matrices.
#include "optim.h"

double squared_norm(Tensor t) {
  double s = 0;
  for (size_t i = 0; i < t.size; i++) s += t.data[i] * t.data[i];
  return s;
}

// Adam scaled leaf by leaf to the norm of the weights: You et al. 2020, Algorithm 2.
static void lamb(Work *o, Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates) {
  (void)o;
  for (size_t l = 0; l < gs.count; l++) {
    const Tensor g = gs.at[l], w = ws.at[l], mu = own->memory[0].at[l], nu = own->memory[1].at[l], u = updates.at[l];
    for (size_t i = 0; i < g.size; i++) {
      mu.data[i] = ema(s->h[BETA1], mu.data[i], g.data[i]);
      nu.data[i] = ema(s->h[BETA2], nu.data[i], g.data[i] * g.data[i]);
      u.data[i] = mu.data[i] / s->c1 / denominator(s, nu.data[i]);
      if (s->h[WEIGHT_DECAY] != 0) u.data[i] += s->h[WEIGHT_DECAY] * w.data[i];
    }
    const double size = sqrt(squared_norm(w)), length = sqrt(squared_norm(u));
    const double trust = size > 0 ? ratio_or(size, length, 1) : 1;
    for (size_t i = 0; i < g.size; i++) u.data[i] = -(s->rate * (trust * u.data[i]));
  }
}

// z moves, x averages z, and the weights are in between, where the gradient is taken: Defazio et al. 2024.
static void schedule_free(Work *o, Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates) {
  (void)o;
  const double square = s->rate * s->rate, beta = s->h[BETA1];
  s->shared[0] += square;
  const double share = ratio_or(square, s->shared[0], 0);
  const bool adaptive = own->rule->slots == 3;
  for (size_t l = 0; l < gs.count; l++) {
    double *z = own->memory[0].at[l].data, *x = own->memory[1].at[l].data;
    for (size_t i = 0; i < gs.at[l].size; i++) {
      const double g = gs.at[l].data[i];
      double towards = g;
      if (adaptive) {
        double *nu = own->memory[2].at[l].data + i;
        *nu = ema(s->h[BETA2], *nu, g * g);
        towards = g / (sqrt(*nu / s->c2) + s->h[EPS]);
      }
      if (s->h[WEIGHT_DECAY] != 0) towards += s->h[WEIGHT_DECAY] * ws.at[l].data[i];
      const double z_step = -(s->rate * towards);
      z[i] += z_step;
      const double x_step = share * (z[i] - x[i]);
      x[i] += x_step;
      // by the steps of both; as a difference of positions it would lose their digits
      updates.at[l].data[i] = (1 - beta) * z_step + beta * x_step;
    }
  }
}

// Cyclic rotations of a symmetric matrix until it is diagonal; the columns of v become its eigenvectors.
static void eigen(double *a, double *v, size_t n) {
  for (size_t i = 0; i < n; i++) v[i * n + i] = 1;
  for (int sweep = 0; sweep < 30; sweep++) {
    bool done = true;
    for (size_t p = 0; p < n; p++)
      for (size_t q = p + 1; q < n; q++) {
        const double apq = a[p * n + q];
        if (apq == 0) continue;
        done = false;
        const double tau = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (tau >= 0 ? 1 : -1) / (fabs(tau) + sqrt(1 + tau * tau)), c = 1 / sqrt(1 + t * t), sine = t * c;
        for (int side = 0; side < 3; side++) { // the columns of a, its rows, the columns of v
          double *m = side == 2 ? v : a;
          const size_t step = side == 1 ? 1 : n, stride = side == 1 ? n : 1;
          for (size_t i = 0; i < n; i++) {
            double *mp = m + i * step + p * stride, *mq = m + i * step + q * stride;
            const double at_p = *mp, at_q = *mq;
            *mp = c * at_p - sine * at_q;
            *mq = sine * at_p + c * at_q;
          }
        }
        a[p * n + q] = a[q * n + p] = 0;
      }
    if (done) break;
  }
}

// (x + ridge)^(−1/4) of a symmetric matrix.
static Tensor inverse_fourth_root(Work *o, Tensor x, double ridge) {
  const size_t n = x.shape[0];
  const Tensor a = tensor_copy(o, x), v = matrix(o, n, n), root = matrix(o, n, n);
  eigen(a.data, v.data, n);
  for (size_t k = 0; k < n; k++) {
    const double value = 1 / sqrt(sqrt(a.data[k * n + k] + ridge));
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) root.data[i * n + j] += v.data[i * n + k] * value * v.data[j * n + k];
  }
  return root;
}

static void add_to(Tensor all, Tensor more) {
  for (size_t i = 0; i < all.size; i++) all.data[i] += more.data[i];
}

// Matrices between inverse fourth roots of their summed squares, other tensors as Adagrad: Gupta, Koren & Singer 2018, Algorithm 1.
static void shampoo(Work *o, Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates) {
  (void)ws;
  for (size_t l = 0; l < gs.count; l++) {
    const Tensor g = gs.at[l], total = own->memory[0].at[l];
    if (g.rank != 2) {
      for (size_t i = 0; i < g.size; i++) {
        total.data[i] += g.data[i] * g.data[i];
        updates.at[l].data[i] = -(s->rate * (g.data[i] / sqrt(total.data[i])));
      }
      continue;
    }
    add_to(own->left.at[l], product_right(o, g, g));
    add_to(own->right.at[l], product_left(o, g, g));
    const Tensor a = inverse_fourth_root(o, own->left.at[l], s->h[EPS]), b = inverse_fourth_root(o, own->right.at[l], s->h[EPS]);
    const Tensor y = product(o, product(o, a, g), b);
    for (size_t i = 0; i < g.size; i++) updates.at[l].data[i] = -(s->rate * y.data[i]);
  }
}

// Adam whose rate follows from the distance travelled: Mishchenko & Defazio 2024, Algorithm 4. Shared: that distance, and its numerator.
static void prodigy(Work *o, Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates) {
  (void)o;
  const double *h = s->h, d = s->shared[0] == 0 ? h[D0] : s->shared[0], beta3 = sqrt(h[BETA2]);
  const double rate = h[BIAS_CORRECTION] == 1 ? d * s->rate * sqrt(s->c2) / s->c1 : d * s->rate, scaled = d / h[D0] * rate;
  double along = 0, size = 0;
  for (size_t l = 0; l < gs.count; l++) {
    double *mu = own->memory[0].at[l].data, *nu = own->memory[1].at[l].data, *total = own->memory[2].at[l].data;
    const double *start = own->memory[3].at[l].data;
    double here = 0, sizes = 0;
    for (size_t i = 0; i < gs.at[l].size; i++) {
      const double g = gs.at[l].data[i];
      here += g * (start[i] - ws.at[l].data[i]);
      mu[i] = h[BETA1] * mu[i] + (1 - h[BETA1]) * d * g;
      nu[i] = h[BETA2] * nu[i] + (1 - h[BETA2]) * (d * g * (d * g));
      total[i] = beta3 * total[i] + scaled * g;
      sizes += fabs(total[i]);
    }
    along += here;
    size += sizes;
  }
  s->shared[1] = beta3 * s->shared[1] + scaled * along;
  const double reached = ratio_or(h[D_FACTOR] * s->shared[1], size, 0), next = reached > d ? reached : d;
  s->shared[0] = next;
  for (size_t l = 0; l < gs.count; l++)
    for (size_t i = 0; i < gs.at[l].size; i++)
      updates.at[l].data[i] = -(rate * own->memory[0].at[l].data[i] / (sqrt(own->memory[1].at[l].data[i]) + next * h[EPS]));
}

// Five turns of the quintic iteration that takes singular values near 1: Jordan et al. 2024.
static Tensor near_orthogonal(Work *o, Tensor x) {
  const bool tall = x.shape[0] > x.shape[1]; // the smaller side is squared
  Tensor y = tall ? transposed(o, x) : x;
  for (int turn = 0; turn < 5; turn++) {
    const Tensor a = product_right(o, y, y), square = product(o, a, a);
    for (size_t i = 0; i < a.size; i++) a.data[i] = -4.7750 * a.data[i] + 2.0315 * square.data[i];
    const Tensor by = product(o, a, y);
    for (size_t i = 0; i < by.size; i++) by.data[i] += 3.4445 * y.data[i];
    y = by;
  }
  return tall ? transposed(o, y) : y;
}

static void muon_matrix(Work *o, const Step *s, Tensor w, Tensor g, Tensor mu, Tensor update) {
  const double *h = s->h, m = h[MOMENTUM];
  Tensor u = tensor_like(o, g);
  for (size_t i = 0; i < g.size; i++) {
    mu.data[i] = ema(m, mu.data[i], g.data[i]);
    u.data[i] = (1 - m) * g.data[i] + m * mu.data[i];
  }
  const double norm = sqrt(squared_norm(u)) + h[EPS];
  for (size_t i = 0; i < g.size; i++) u.data[i] *= ratio_or(1, norm, 0);
  const Tensor y = near_orthogonal(o, u);
  const double rows = (double)g.shape[0], columns = (double)g.shape[1];
  const double size = h[RMS_SCALE] == 1 ? 0.2 * sqrt(fmax(rows, columns)) : sqrt(fmax(1, columns / rows));
  for (size_t i = 0; i < g.size; i++) {
    const double towards = size * y.data[i];
    update.data[i] = -(s->rate * (h[WEIGHT_DECAY] == 0 ? towards : towards + h[WEIGHT_DECAY] * w.data[i]));
  }
}

static void muon(Work *o, Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates) {
  for (size_t l = 0; l < gs.count; l++) {
    const Tensor g = gs.at[l], mu = own->memory[0].at[l], nu = own->memory[1].at[l];
    if (g.rank == 2) {
      muon_matrix(o, s, ws.at[l], g, mu, updates.at[l]);
      continue;
    }
    for (size_t i = 0; i < g.size; i++) {
      mu.data[i] = ema(s->h[BETA1], mu.data[i], g.data[i]);
      nu.data[i] = ema(s->h[BETA2], nu.data[i], g.data[i] * g.data[i]);
      updates.at[l].data[i] = -(s->rate * s->h[ADAM_SHARE] * (mu.data[i] / s->c1 / (sqrt(nu.data[i] / s->c2) + s->h[ADAM_EPS])));
    }
  }
}

#define BETAS {BETA1, 0.9, DECAYING}, {BETA2, 0.999, DECAYING}

const Rule WHOLE_RULES[] = {
    {.name = "lamb", .hypers = 5, .hyper = {{LR, 0.001, POSITIVE}, BETAS, {EPS, 1e-6, POSITIVE}, {WEIGHT_DECAY, 0, POSITIVE}}, .slots = 2, .whole = lamb},
    {.name = "schedule_free_sgd", .hypers = 3, .hyper = {{LR, 1, POSITIVE}, {BETA1, 0.9, SHARE}, {WEIGHT_DECAY, 0, POSITIVE}},
     .slots = 2, .slot = {{WEIGHTS, 0, 0}, {WEIGHTS, 0, 0}}, .whole = schedule_free, .averages = true},
    {.name = "schedule_free_adamw", .hypers = 5, .slots = 3, .slot = {{WEIGHTS, 0, 0}, {WEIGHTS, 0, 0}}, .whole = schedule_free, .averages = true,
     .hyper = {{LR, 0.0025, POSITIVE}, {BETA1, 0.9, SHARE}, {BETA2, 0.999, DECAYING}, {EPS, 1e-8, POSITIVE}, {WEIGHT_DECAY, 0, POSITIVE}}},
    {.name = "shampoo", .hypers = 2, .hyper = {{LR, 0.1, POSITIVE}, {EPS, 1e-4, ABOVE_0}}, .slots = 1, .slot = {{FROM, 0, EPS}}, .whole = shampoo, .factors = true},
    {.name = "prodigy", .hypers = 7, .slots = 4, .slot = {{AT, 0, 0}, {AT, 0, 0}, {AT, 0, 0}, {WEIGHTS, 0, 0}}, .whole = prodigy,
     .hyper = {{LR, 1, POSITIVE}, BETAS, {EPS, 1e-8, POSITIVE}, {D0, 1e-6, ABOVE_0}, {D_FACTOR, 1, POSITIVE}, {BIAS_CORRECTION, 0, SHARE}}},
    {.name = "muon", .hypers = 9, .slots = 2, .whole = muon,
     .hyper = {{LR, 0.02, POSITIVE}, {MOMENTUM, 0.95, DECAYING}, {EPS, 1e-7, POSITIVE}, {WEIGHT_DECAY, 0, POSITIVE}, {RMS_SCALE, 0, SHARE},
               {ADAM_SHARE, 0.015, POSITIVE}, {BETA1, 0.9, DECAYING}, {BETA2, 0.95, DECAYING}, {ADAM_EPS, 1e-10, POSITIVE}}},
};
const size_t WHOLE_COUNT = COUNT(WHOLE_RULES);
