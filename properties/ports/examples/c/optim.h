// What a row of the table of optimizers is: names and ranges of its numbers, what it remembers, and its rule.
#ifndef OPTIM_H
#define OPTIM_H

#include "engine.h"

// Every hyper-parameter that some optimizer has.
typedef enum {
  LR, BETA1, BETA2, BETA3, EPS, EPS_ROOT, EPS_HAT, EPS_INNER, EPS_ADDED, MOMENTUM, DAMPENING, FIRST_STEP_FULL, LR_INSIDE, UP, DOWN,
  MIN_FACTOR, MAX_FACTOR, WEIGHT_DECAY, INITIAL_ACCUMULATOR, INITIAL_MOMENT, DECAY, CENTERED, MAX_CORRECTED, PSI, SCHEDULED,
  THRESHOLD, D0, D_FACTOR, BIAS_CORRECTION, RMS_SCALE, ADAM_SHARE, ADAM_EPS, HYPERS
} Hyper;

// POSITIVE: from 0 on; DECAYING: from 0 to below 1; SHARE: from 0 to 1, and of flags these two; ABOVE_0; FROM_4.
typedef enum { POSITIVE, DECAYING, SHARE, ABOVE_0, FROM_4 } Range;
typedef struct Taken {
  Hyper id;
  double otherwise;
  Range range;
} Taken;

// Where a slot starts: at a number, at a hyper-parameter, or at the weights.
typedef enum { AT, FROM, WEIGHTS } Begin;
typedef struct Slot {
  Begin begin;
  double at;
  Hyper from;
} Slot;

#define SLOTS 4
#define SHARED 2

// One step of a training: its number from 1, the rate, the numbers of the rule, and 1 − βᵏ of the three betas.
typedef struct Step {
  double k, rate, c1, c2, c3;
  const double *h;
  double *shared; // what there is one of for all leaves
} Step;

// The step of one coordinate; m is what it remembers.
typedef double (*Coordinate)(const Step *s, double g, double w, double *m);
// The steps of all leaves, for rules that see more than one coordinate.
typedef void (*Whole)(Work *o, struct Optimizer *own, const Step *s, Tensors ws, Tensors gs, Tensors updates);

typedef struct Rule {
  const char *name;
  size_t hypers;
  Taken hyper[10];
  size_t slots;
  Slot slot[SLOTS];
  Coordinate step;
  Whole whole;
  void (*prepare)(Step *s); // once a step
  double shared[SHARED];    // where those start
  bool averages;            // slot 1 is what it evaluates with
  bool factors;             // there are square matrices beside every matrix
} Rule;

struct Optimizer {
  const Rule *rule;
  double h[HYPERS], k, shared[SHARED];
  Tensors memory[SLOTS]; // [slot][leaf]
  Tensors left, right;   // Kronecker factors of matrices
};

extern const Rule COORDINATE_RULES[], WHOLE_RULES[];
extern const size_t COORDINATE_COUNT, WHOLE_COUNT;

double ema(double beta, double m, double x);
// √(ν/(1 − β₂ᵏ) + epsRoot) + eps + epsHat/√(1 − β₂ᵏ)
double denominator(const Step *s, double nu);
// a/b, and otherwise where b is not above 0.
double ratio_or(double a, double b, double otherwise);
double squared_norm(Tensor t);
// Fails for a value out of a range, NaN included.
void must_lie(Work *o, const char *name, Range range, double x);
// The optimizers and their hyper-parameters as the object that a hello declares.
void write_hypers(FILE *out);

#endif
