// The reusable half of a port in C: memory, JSON, tensors, and the messages between the host and the port.
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Memory that is taken piece by piece and given back all at once, and the place to which a failure jumps.
typedef struct Work {
  struct Block *blocks; // the newest first
  size_t used;          // bytes of all blocks
  jmp_buf *out;         // where fail() goes
  char why[512];        // what it says there
} Work;

// Zeroed bytes for n things of a size; fails where a message asks for more than it may.
void *take(Work *o, size_t n, size_t size);
// Where the memory stands, and how to give back what was taken since; everything for a mark of zeros.
typedef struct Mark {
  struct Block *block;
  size_t used;
} Mark;
Mark mark(const Work *o);
void release(Work *o, Mark since);
// Ends what is under way with a sentence, printf-like.
_Noreturn void fail(Work *o, const char *format, ...);

// Row-major doubles; a scalar has rank 0 and size 1.
typedef struct Tensor {
  size_t rank, size;
  size_t *shape;
  double *data;
} Tensor;

typedef enum { JSON_NULL, JSON_FLAG, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT, JSON_TENSOR } JsonKind;

typedef struct Json {
  JsonKind kind;
  const char *key;           // in an object
  struct Json *next;         // in a list or an object
  struct Json *first, *last; // of a list or an object
  size_t count;
  bool flag;
  double number;
  const char *text;
  Tensor tensor; // only in what is written; read_tensor makes one of what was read
} Json;

// Reads one JSON value that fills the text; fails with what is wrong and where.
Json *json_read(Work *o, const char *text, size_t length);
// The value under a key, or NULL.
const Json *json_get(const Json *object, const char *key);

Json *json_new(Work *o, JsonKind kind);
Json *json_number(Work *o, double x);
Json *json_text(Work *o, const char *text);
Json *json_flag(Work *o, bool flag);
Json *json_tensor(Work *o, Tensor t);
// Adds to a list (key NULL) or an object.
void json_add(Json *parent, const char *key, Json *child);

// Writes a value on one line; tensors as base64 doubles, NaN and infinities elsewhere as words, -0 kept.
void json_write(FILE *out, const Json *value);

// A number, also from the words NaN, Infinity and -Infinity; fails naming `what`.
double read_number(Work *o, const Json *value, const char *what);
// A tensor from f64, f32 or data; fails naming `what`.
Tensor read_tensor(Work *o, const Json *value, const char *what);

// One thing that a port can be asked for: its id in the contract, and what answers, given the row that it belongs to.
typedef Json *(*Answer)(Work *o, const Json *args, const void *row);
typedef struct Entry {
  char id[64];
  Answer answer;
  const void *row;
} Entry;

typedef struct Port {
  const char *engine, *version;
  void (*declare)(FILE *out); // further fields of the hello as JSON text, each with a comma in front
  const Entry *entries;
  size_t count;
} Port;

// The entry of an id, or NULL.
const Entry *entry_of(const Port *port, const char *id);
// A line without its end; NULL at the end of the input. The buffer grows as needed and is the caller's to free.
char *read_line(FILE *in, char **buffer, size_t *room, size_t *length);
// Speaks the protocol until bye or the end of the input; the exit code of the program.
int serve(const Port *port, FILE *in, FILE *out);

#endif
