// What an entry is written with: arguments by name in, results by name out.
#ifndef PROTOCOL_H
#define PROTOCOL_H
#include <stddef.h>

// Sizes (a scalar has none), and as many numbers as their product, row by row.
typedef struct {
  size_t rank, size, shape[8];
  double *data;
} Tensor;

// One call; memory taken for it is free again when it is answered.
typedef struct Call Call;

Tensor tensor(Call *, const char *name);
double number(Call *, const char *name);
const char *text(Call *, const char *name);

// A tensor of zeros.
Tensor make(Call *, size_t rank, const size_t *shape);
void give(Call *, const char *name, Tensor);
// Ends the call: what is printed is its answer.
_Noreturn void fail(Call *, const char *format, ...);

typedef struct {
  const char *id;
  void (*answer)(Call *);
} Entry;

// Answers until `bye`, to the hello with what the engine says of itself; returns the exit code.
int serve(const char *engine, const Entry *entries, size_t count);
#endif
