// Functions that keep their relative accuracy everywhere, tails included, by libm and a second part where one is not enough.
#include "engine.h"

#include <stdlib.h>

// An unevaluated sum of two doubles, which carries twice the digits.
typedef struct Pair {
  double h, l;
} Pair;

static Pair two_product(double a, double b) {
  const double h = a * b;
  return (Pair){h, fma(a, b, -h)};
}

static Pair two_sum(double a, double b) {
  const double h = a + b, bb = h - a;
  return (Pair){h, (a - (h - bb)) + (b - bb)};
}

static Pair times(Pair a, Pair b) {
  const Pair p = two_product(a.h, b.h);
  return (Pair){p.h, p.l + (a.h * b.l + a.l * b.h)};
}

// scale·e^(−u.h − u.l) for u.h ≥ 0: what is beyond the smallest normal number is rounded once.
static double decayed(double scale, Pair u) {
  if (u.h > 760) return scale * 0.0;
  if (u.h < 600) return scale * exp(-u.h) * (1 - u.l);
  return scale * exp(512 - u.h) * (1 - u.l) * exp(-512);
}

// 1/(1 + e^(−x)): each step is monotone, so that the whole is; far on the left it is eˣ itself.
double sigmoid(double x) { return x < -40 ? exp(x) : 1 / (1 + exp(-x)); }

// log(1 + eˣ), likewise.
double softplus(double x) { return x > 40 ? x : log1p(exp(x)); }

// x·σ(x); on the left −a·e^(−a)/(1 + e^(−a)).
double silu(double x) {
  if (!(x < 0)) return x > 800 ? x : x / (1 + exp(-x));
  return x < -800 ? -0.0 : decayed(x, (Pair){-x, 0}) / (1 + exp(x));
}

// 2·√(2/π), and times 0.044715, in two parts each.
static const Pair LINE = {1.5957691216057308, -9.9693088091109202e-17};
static const Pair CUBE = {0.071354816272600249, -6.175149918155315e-19};

// x·σ(u) with u = 2·√(2/π)·(x + 0.044715·x³), u to twice the digits because an exponential magnifies its error.
double gelu_tanh(double x) {
  const double a = fabs(x);
  if (a > 40) return x > 0 ? x : -0.0;
  const Pair cube = times(two_product(a, a), CUBE);
  const Pair line = two_sum(LINE.h, cube.h);
  const Pair u = times((Pair){line.h, line.l + (cube.l + LINE.l)}, (Pair){a, 0});
  const double e = exp(-u.h) * (1 - u.l);
  return x < 0 ? decayed(x, u) / (1 + e) : x / (1 + e);
}

// √½ in two parts.
static const Pair ROOT_HALF = {0.70710678118654757, -4.833646656726457e-17};

// x·Φ(x) = x·erfc(−x/√2)/2, with the rounding of x/√2 put back; far on the left by the asymptotic series of the tail.
double gelu(double x) {
  if (x > 40) return x;
  if (x < -40) return -0.0;
  if (x < -25) {
    const double r = 1 / (x * x);
    double series = 0;
    for (int k = 9; k > 0; k--) series = -(2 * k - 1) * r * (1 + series);
    Pair square = two_product(x, x);
    square.h /= 2;
    square.l /= 2;
    return decayed(-0.39894228040143267794 * (1 + series), square);
  }
  const Pair p = two_product(-x, ROOT_HALF.h);
  const double off = p.l - x * ROOT_HALF.l;
  const double tail = erfc(p.h) - off * (1.1283791670955126 * exp(-p.h * p.h));
  return x * tail / 2;
}

// cos(πx) for 0 ≤ x ≤ 1, exact where it is 0 or ±1.
double cos_pi(double x) {
  if (x > 0.5) return -cos_pi(1 - x);
  if (x == 0.5) return 0;
  return x < 0.25 ? cos(PI * x) : sin(PI * (0.5 - x));
}

double one_minus_power(double beta, double k) { return -expm1(k * log(beta)); }

// ---- The normal quantile: Wichura 1988, Algorithm AS 241 (PPND16). ----

static const double CENTRE[2][8] = {
    {3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
     67265.770927008700853, 33430.575583588128105, 2509.0809287301226727},
    {1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
     28729.085735721942674, 5226.495278852854561}};
static const double MIDDLE[2][8] = {
    {1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
     1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4},
    {1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
     0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9}};
static const double FAR[2][8] = {
    {6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
     0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
     1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15}};

static double ratio(const double c[2][8], double r) {
  double value[2];
  for (int part = 0; part < 2; part++) {
    value[part] = c[part][7];
    for (int i = 6; i >= 0; i--) value[part] = value[part] * r + c[part][i];
  }
  return value[0] / value[1];
}

double normal_quantile(double p) {
  const double q = p - 0.5;
  if (fabs(q) <= 0.425) return q * ratio(CENTRE, 0.180625 - q * q);
  if (!(p > 0 && p < 1)) return p == 0 || p == 1 ? copysign(INFINITY, q) : NAN;
  const double r = sqrt(-log(q < 0 ? p : 1 - p));
  const double tail = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(FAR, r - 5);
  return q < 0 ? -tail : tail;
}

// ---- Threefry-2x32, 20 rounds: Salmon et al. 2011. ----

Key threefry(Key key, uint32_t c0, uint32_t c1) {
  static const int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key.a, key.b, UINT32_C(0x1bd11bda) ^ key.a ^ key.b};
  uint32_t x = c0 + keys[0], y = c1 + keys[1];
  for (uint32_t round = 0; round < 20; round++) {
    const int r = rotations[round % 8];
    x += y;
    y = (y << r | y >> (32 - r)) ^ x;
    if (round % 4 != 3) continue;
    const uint32_t s = (round + 1) / 4;
    x += keys[s % 3];
    y += keys[(s + 1) % 3] + s;
  }
  return (Key){x, y};
}

// The two's complement of a seed as two words.
Key key_of(Work *o, const Json *args, const char *name) {
  const double seed = number_in(o, args, name);
  if (!(fabs(seed) <= 0x1p53 - 1) || seed != floor(seed)) fail(o, "DomainError: %s must be a safe integer, got %g", name, seed);
  const uint64_t bits = (uint64_t)(int64_t)seed;
  return (Key){(uint32_t)(bits >> 32), (uint32_t)bits};
}

Key fold(Key key, uint32_t child) { return threefry(key, child, 1); }

void uniforms(Key key, double *out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const Key words = threefry(key, (uint32_t)i, 0);
    out[i] = ((words.a >> 6) * 0x1p26 + (words.b >> 6) + 0.5) * 0x1p-52;
  }
}

void normals(Key key, double *out, size_t n) {
  uniforms(key, out, n);
  for (size_t i = 0; i < n; i++) out[i] = normal_quantile(out[i]);
}

typedef struct Drawn {
  double u;
  size_t place;
} Drawn;

static int by_draw(const void *a, const void *b) {
  const Drawn *x = a, *y = b;
  if (x->u != y->u) return x->u < y->u ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

size_t *random_order(Work *o, Key key, size_t n) {
  double *u = take(o, n, sizeof(double));
  uniforms(key, u, n);
  Drawn *drawn = take(o, n, sizeof(Drawn));
  for (size_t i = 0; i < n; i++) drawn[i] = (Drawn){u[i], i};
  if (n > 0) qsort(drawn, n, sizeof(Drawn), by_draw);
  size_t *order = take(o, n, sizeof(size_t));
  for (size_t i = 0; i < n; i++) order[i] = drawn[i].place;
  return order;
}
