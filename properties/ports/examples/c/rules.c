// Optimizers that treat every coordinate alike: their rules, one row each.
#include "optim.h"

double ema(double beta, double m, double x) { return beta * m + (1 - beta) * x; }
double ratio_or(double a, double b, double otherwise) { return b > 0 ? a / b : otherwise; }
static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static double larger(double a, double b) { return a < b ? b : isnan(b) ? b : a; }
static double smaller(double a, double b) { return b < a ? b : isnan(b) ? b : a; }

double denominator(const Step *s, double nu) {
  const double root = sqrt(nu / s->c2 + s->h[EPS_ROOT]) + s->h[EPS];
  return s->h[EPS_HAT] == 0 ? root : root + s->h[EPS_HAT] / sqrt(s->c2);
}

// ---- Descent, momentum and signs. ----

static double sgd(const Step *s, double g, double w, double *m) { return (void)w, (void)m, -(s->rate * g); }

static double momentum(const Step *s, double g, double w, double *m) {
  (void)w;
  const double *h = s->h;
  const double push = (h[FIRST_STEP_FULL] == 1 && s->k == 1 ? 1 : 1 - h[DAMPENING]) * g;
  m[0] = h[MOMENTUM] * m[0] + (h[LR_INSIDE] == 1 ? s->rate * push : push);
  return h[LR_INSIDE] == 1 ? -m[0] : -(s->rate * m[0]);
}

static double nesterov(const Step *s, double g, double w, double *m) {
  (void)w;
  const double push = s->h[LR_INSIDE] == 1 ? s->rate * g : g;
  m[0] = s->h[MOMENTUM] * m[0] + push;
  const double ahead = push + s->h[MOMENTUM] * m[0];
  return s->h[LR_INSIDE] == 1 ? -ahead : -(s->rate * ahead);
}

// m: the factor on the rate, and the gradient of before; a product of the two might underflow.
static double rprop(const Step *s, double g, double w, double *m) {
  (void)w;
  const double turn = sign(g) * sign(m[1]);
  m[0] = smaller(larger(m[0] * (turn > 0 ? s->h[UP] : turn < 0 ? s->h[DOWN] : 1), s->h[MIN_FACTOR]), s->h[MAX_FACTOR]);
  m[1] = turn < 0 ? 0 : g;
  return -(s->rate * (m[0] * sign(m[1])));
}

static double sign_sgd(const Step *s, double g, double w, double *m) { return (void)w, (void)m, -(s->rate * sign(g)); }

static double signum(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] = ema(s->h[MOMENTUM], m[0], g);
  return -(s->rate * sign(m[0]));
}

static double decayed(const Step *s, double direction, double w) {
  return s->h[WEIGHT_DECAY] == 0 ? direction : direction + s->h[WEIGHT_DECAY] * w;
}

static double lion(const Step *s, double g, double w, double *m) {
  const double towards = sign(ema(s->h[BETA1], m[0], g));
  m[0] = ema(s->h[BETA2], m[0], g);
  return -(s->rate * decayed(s, towards, w));
}

// ---- Steps divided by what gradients were. ----

static double adagrad(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] += g * g;
  return -(s->rate * (g / (sqrt(m[0] + s->h[EPS_ROOT]) + s->h[EPS])));
}

static double rmsprop(const Step *s, double g, double w, double *m) {
  (void)w;
  const double *h = s->h;
  m[0] = ema(h[DECAY], m[0], g * g);
  m[1] = ema(h[DECAY], m[1], g);
  const double spread = h[CENTERED] == 1 ? larger(m[0] - m[1] * m[1], 0) : m[0];
  m[2] = h[MOMENTUM] * m[2] + g / (sqrt(spread + h[EPS_ROOT]) + h[EPS]);
  return -(s->rate * m[2]);
}

static double adadelta(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] = ema(s->h[DECAY], m[0], g * g);
  const double towards = sqrt(m[1] + s->h[EPS_ROOT]) / sqrt(m[0] + s->h[EPS_ROOT]) * g;
  m[1] = ema(s->h[DECAY], m[1], towards * towards);
  return -(s->rate * towards);
}

static double adamax(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] = ema(s->h[BETA1], m[0], g);
  m[1] = larger(s->h[BETA2] * m[1], fabs(g) + s->h[EPS_INNER]);
  return -(s->rate * ratio_or(m[0] / s->c1, m[1] + s->h[EPS], 0));
}

// ---- Adam and its family. ----

static void means(const Step *s, double g, double *m) {
  m[0] = ema(s->h[BETA1], m[0], g);
  m[1] = ema(s->h[BETA2], m[1], g * g);
}

static double adam(const Step *s, double g, double w, double *m) {
  means(s, g, m);
  return -(s->rate * decayed(s, m[0] / s->c1 / denominator(s, m[1]), w));
}

static double amsgrad(const Step *s, double g, double w, double *m) {
  (void)w;
  const double *h = s->h;
  means(s, g, m);
  const bool corrected = h[MAX_CORRECTED] == 1;
  m[2] = larger(m[2], corrected ? m[1] / s->c2 : m[1]);
  const double root = corrected ? sqrt(m[2] + h[EPS_ROOT]) + h[EPS] + h[EPS_HAT] / sqrt(s->c2) : denominator(s, m[2]);
  return -(s->rate * (m[0] / s->c1 / root));
}

// Shared: the product of all shares so far; a share fades in on a schedule of its own.
static double nadam_share(const Step *s, double k) {
  return s->h[SCHEDULED] == 0 ? s->h[BETA1] : s->h[BETA1] * (1 - exp(k * s->h[PSI] * log(0.96)) / 2);
}
static void nadam_prepare(Step *s) { s->shared[0] *= nadam_share(s, s->k); }
static double nadam(const Step *s, double g, double w, double *m) {
  (void)w;
  const double now = nadam_share(s, s->k), next = nadam_share(s, s->k + 1), product = s->shared[0];
  means(s, g, m);
  return -(s->rate * ((next * m[0] / (1 - product * next) + (1 - now) * g / (1 - product)) / denominator(s, m[1])));
}

static double radam(const Step *s, double g, double w, double *m) {
  (void)w;
  means(s, g, m);
  const double longest = 2 / (1 - s->h[BETA2]) - 1, length = longest - 2 * s->k * (1 - s->c2) / s->c2;
  const double first = m[0] / s->c1;
  if (!(length > s->h[THRESHOLD])) return -(s->rate * first);
  const double rectify = sqrt((length - 4) * (length - 2) / length / ((longest - 4) * (longest - 2) / longest));
  return -(s->rate * (rectify * first / denominator(s, m[1])));
}

static double adabelief(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] = ema(s->h[BETA1], m[0], g);
  m[1] = ema(s->h[BETA2], m[1], (g - m[0]) * (g - m[0])) + s->h[EPS_ADDED];
  return -(s->rate * (m[0] / s->c1 / denominator(s, m[1])));
}

static double yogi(const Step *s, double g, double w, double *m) {
  (void)w;
  m[0] = ema(s->h[BETA1], m[0], g);
  m[1] -= (1 - s->h[BETA2]) * sign(m[1] - g * g) * (g * g);
  return -(s->rate * (m[0] / s->c1 / denominator(s, m[1])));
}

// m: the mean of gradients, of their changes, of squares seen ahead, and the gradient of before.
static double adan(const Step *s, double g, double w, double *m) {
  (void)w;
  const double *h = s->h, change = s->k == 1 ? 0 : g - m[3], ahead = g + h[BETA2] * change;
  m[0] = ema(h[BETA1], m[0], g);
  m[1] = ema(h[BETA2], m[1], change);
  m[2] = ema(h[BETA3], m[2], ahead * ahead);
  m[3] = g;
  return -(s->rate * ((m[0] / s->c1 + h[BETA2] * (m[1] / s->c2)) / (sqrt(m[2] / s->c3) + h[EPS])));
}

static double adopt(const Step *s, double g, double w, double *m) {
  (void)w;
  if (s->k == 1) {
    m[0] = ema(s->h[BETA1], m[0], 0);
    m[1] = g * g;
    return -(s->rate * m[0]);
  }
  const double limit = sqrt(sqrt(s->k)), normed = g / larger(sqrt(m[1]), s->h[EPS]);
  m[0] = ema(s->h[BETA1], m[0], smaller(larger(normed, -limit), limit));
  m[1] = ema(s->h[BETA2], m[1], g * g);
  return -(s->rate * m[0]);
}

#define BETAS(a, b) {BETA1, a, DECAYING}, {BETA2, b, DECAYING}
#define EPSILONS {EPS, 1e-8, POSITIVE}, {EPS_ROOT, 0, POSITIVE}, {EPS_HAT, 0, POSITIVE}

const Rule COORDINATE_RULES[] = {
    {.name = "sgd", .hypers = 1, .hyper = {{LR, 0.01, POSITIVE}}, .step = sgd},
    {.name = "momentum", .hypers = 5, .slots = 1, .step = momentum,
     .hyper = {{LR, 0.01, POSITIVE}, {MOMENTUM, 0.9, DECAYING}, {DAMPENING, 0, DECAYING}, {FIRST_STEP_FULL, 0, SHARE}, {LR_INSIDE, 0, SHARE}}},
    {.name = "nesterov", .hypers = 3, .slots = 1, .step = nesterov,
     .hyper = {{LR, 0.01, POSITIVE}, {MOMENTUM, 0.9, DECAYING}, {LR_INSIDE, 0, SHARE}}},
    {.name = "rprop", .hypers = 5, .slots = 2, .slot = {{AT, 1, 0}}, .step = rprop,
     .hyper = {{LR, 0.01, POSITIVE}, {UP, 1.2, POSITIVE}, {DOWN, 0.5, POSITIVE}, {MIN_FACTOR, 1e-4, POSITIVE}, {MAX_FACTOR, 5000, POSITIVE}}},
    {.name = "sign_sgd", .hypers = 1, .hyper = {{LR, 0.001, POSITIVE}}, .step = sign_sgd},
    {.name = "signum", .hypers = 2, .hyper = {{LR, 0.001, POSITIVE}, {MOMENTUM, 0.9, DECAYING}}, .slots = 1, .step = signum},
    {.name = "lion", .hypers = 4, .hyper = {{LR, 1e-4, POSITIVE}, BETAS(0.9, 0.99), {WEIGHT_DECAY, 0, POSITIVE}}, .slots = 1, .step = lion},
    {.name = "adagrad", .hypers = 4, .slots = 1, .slot = {{FROM, 0, INITIAL_ACCUMULATOR}}, .step = adagrad,
     .hyper = {{LR, 0.01, POSITIVE}, {EPS, 1e-10, POSITIVE}, {EPS_ROOT, 0, POSITIVE}, {INITIAL_ACCUMULATOR, 0, POSITIVE}}},
    {.name = "rmsprop", .hypers = 6, .slots = 3, .step = rmsprop,
     .hyper = {{LR, 0.01, POSITIVE}, {DECAY, 0.99, DECAYING}, {EPS, 1e-8, POSITIVE}, {EPS_ROOT, 0, POSITIVE}, {CENTERED, 0, SHARE}, {MOMENTUM, 0, DECAYING}}},
    {.name = "adadelta", .hypers = 3, .hyper = {{LR, 1, POSITIVE}, {DECAY, 0.9, DECAYING}, {EPS_ROOT, 1e-6, POSITIVE}}, .slots = 2, .step = adadelta},
    {.name = "adamax", .hypers = 5, .slots = 2, .step = adamax,
     .hyper = {{LR, 0.002, POSITIVE}, BETAS(0.9, 0.999), {EPS, 1e-8, POSITIVE}, {EPS_INNER, 0, POSITIVE}}},
    {.name = "adam", .hypers = 6, .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.999), EPSILONS}, .slots = 2, .step = adam},
    {.name = "adamw", .hypers = 7, .slots = 2, .step = adam,
     .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.999), EPSILONS, {WEIGHT_DECAY, 0.01, POSITIVE}}},
    {.name = "amsgrad", .hypers = 7, .slots = 3, .step = amsgrad,
     .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.999), EPSILONS, {MAX_CORRECTED, 0, SHARE}}},
    {.name = "nadam", .hypers = 8, .slots = 2, .shared = {1}, .prepare = nadam_prepare, .step = nadam,
     .hyper = {{LR, 0.002, POSITIVE}, BETAS(0.9, 0.999), EPSILONS, {PSI, 0.004, POSITIVE}, {SCHEDULED, 1, SHARE}}},
    {.name = "radam", .hypers = 7, .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.999), EPSILONS, {THRESHOLD, 5, FROM_4}}, .slots = 2, .step = radam},
    {.name = "adabelief", .hypers = 5, .slots = 2, .step = adabelief,
     .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.999), {EPS, 1e-16, POSITIVE}, {EPS_ADDED, 1e-16, POSITIVE}}},
    {.name = "yogi", .hypers = 6, .slots = 2, .slot = {{FROM, 0, INITIAL_MOMENT}, {FROM, 0, INITIAL_ACCUMULATOR}}, .step = yogi,
     .hyper = {{LR, 0.01, POSITIVE}, BETAS(0.9, 0.999), {EPS, 1e-3, POSITIVE}, {INITIAL_MOMENT, 0, POSITIVE}, {INITIAL_ACCUMULATOR, 1e-6, POSITIVE}}},
    {.name = "adan", .hypers = 5, .slots = 4, .step = adan,
     .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.98, 0.92), {BETA3, 0.99, DECAYING}, {EPS, 1e-8, POSITIVE}}},
    {.name = "adopt", .hypers = 4, .hyper = {{LR, 0.001, POSITIVE}, BETAS(0.9, 0.9999), {EPS, 1e-6, POSITIVE}}, .slots = 2, .step = adopt},
};
const size_t COORDINATE_COUNT = COUNT(COORDINATE_RULES);
