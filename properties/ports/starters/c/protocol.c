// The protocol: one JSON message per line in, one out. Nothing here has to change; what goes to stderr is a log.
#include "protocol.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A value of a message: text, a number, or a list or object with what is in it.
typedef struct Json {
  char kind; // 's' text, 'n' number, '[' list, '{' object, '0' null, true or false
  const char *name, *text;
  double number;
  size_t count;
  struct Json *first, *next;
} Json;

// Results of a call at most.
#define MOST 8

struct Call {
  const Json *args;
  size_t given;
  const char *names[MOST];
  Tensor results[MOST];
};

// Where a call that fails goes on, and what it says.
static jmp_buf failed;
static char why[200];

// ---- Memory: one list of what the present message has taken. ----

typedef struct Block {
  struct Block *before;
  double bytes[];
} Block;
static Block *blocks;

static void *take(size_t bytes) {
  Block *block = calloc(1, sizeof(Block) + bytes);
  if (block == NULL) exit(3);
  block->before = blocks;
  blocks = block;
  return block->bytes;
}

static void release(const Block *until) {
  while (blocks != until) {
    Block *before = blocks->before;
    free(blocks);
    blocks = before;
  }
}

void fail(Call *c, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(why, sizeof why, format, list);
  va_end(list);
  (void)c; // calls are answered one at a time
  longjmp(failed, 1);
}

// ---- Reading JSON, from a line that is changed on the way. ----

static _Noreturn void garbled(const char *at) {
  fprintf(stderr, "this is no message: %.60s\n", at);
  exit(2);
}

// The next character that is no space, which stays.
static char peek(char **at) { return *(*at += strspn(*at, " \t\r")); }

static void expect(char **at, char c) {
  if (peek(at) != c) garbled(*at);
  ++*at;
}

static char *string(char **at) {
  expect(at, '"');
  char *start = *at, *to = start;
  for (; **at != '"'; ++*at) {
    if (**at == '\\') ++*at; // an escape is the letter behind it: names of the contract have none
    if (**at == '\0') garbled(start);
    *to++ = **at;
  }
  ++*at;
  *to = '\0';
  return start;
}

static Json *value(char **at) {
  Json *v = take(sizeof(Json));
  v->kind = peek(at);
  if (v->kind == '"') {
    v->kind = 's';
    v->text = string(at);
  } else if (v->kind == '[' || v->kind == '{') {
    const char close = v->kind == '[' ? ']' : '}';
    ++*at;
    for (Json **last = &v->first; peek(at) != close; last = &(*last)->next, v->count++) {
      if (v->count > 0) expect(at, ',');
      const char *name = NULL;
      if (v->kind == '{') {
        name = string(at);
        expect(at, ':');
      }
      *last = value(at);
      (*last)->name = name;
    }
    ++*at;
  } else if (v->kind == 't' || v->kind == 'f' || v->kind == 'n') {
    v->kind = '0';
    *at += strspn(*at, "truefalsn");
  } else {
    char *end;
    v->kind = 'n';
    v->number = strtod(*at, &end);
    if (end == *at) garbled(*at);
    *at = end;
  }
  return v;
}

static const Json *get(const Json *object, const char *name, char kind) {
  if (object != NULL && object->kind == '{')
    for (const Json *v = object->first; v != NULL; v = v->next)
      if (strcmp(v->name, name) == 0) return v->kind == kind ? v : NULL;
  return NULL;
}

// ---- Arguments: tensors in base64 or as JSON numbers, and words for what JSON has no number for. ----

static double number_of(Call *c, const Json *v, const char *name) {
  if (v->kind == 'n') return v->number;
  if (v->kind == 's' && strcmp(v->text, "NaN") == 0) return NAN;
  if (v->kind == 's' && strcmp(v->text, "Infinity") == 0) return INFINITY;
  if (v->kind == 's' && strcmp(v->text, "-Infinity") == 0) return -INFINITY;
  fail(c, "%s must be a number", name);
}

double number(Call *c, const char *name) {
  const Json *v = get(c->args, name, 'n');
  if (v == NULL) v = get(c->args, name, 's');
  if (v == NULL) fail(c, "%s must be a number", name);
  return number_of(c, v, name);
}

const char *text(Call *c, const char *name) {
  const Json *v = get(c->args, name, 's');
  if (v == NULL) fail(c, "%s must be text", name);
  return v->text;
}

static void from_base64(Call *c, const char *text, Tensor t, const char *name) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  uint64_t bits = 0;
  unsigned held = 0, group = 0;
  size_t bytes = 0;
  if (strlen(text) != (8 * t.size + 2) / 3 * 4) fail(c, "%s must hold %zu numbers", name, t.size);
  for (; *text != '\0' && *text != '='; text++) {
    const char *letter = strchr(letters, *text);
    if (letter == NULL) fail(c, "%s must be base64", name);
    group = group << 6 | (unsigned)(letter - letters);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bits = bits >> 8 | (uint64_t)(group >> held & 255) << 56; // little-endian: the first byte ends lowest
    if (++bytes % 8 == 0) memcpy(t.data + bytes / 8 - 1, &bits, 8);
  }
}

Tensor make(Call *c, size_t rank, const size_t *shape) {
  Tensor t = {.rank = rank, .size = 1};
  if (rank > sizeof t.shape / sizeof *t.shape) fail(c, "a tensor of %zu axes has too many", rank);
  for (size_t i = 0; i < rank; i++) t.size *= t.shape[i] = shape[i];
  t.data = take(t.size * sizeof(double));
  return t;
}

Tensor tensor(Call *c, const char *name) {
  const Json *v = get(c->args, name, '{'), *sizes = get(v, "shape", '[');
  if (sizes == NULL || sizes->count > 8) fail(c, "%s must be a tensor of at most 8 axes", name);
  size_t shape[8], rank = 0;
  for (const Json *n = sizes->first; n != NULL; n = n->next) shape[rank++] = (size_t)number_of(c, n, name);
  Tensor t = make(c, rank, shape);
  const Json *bits = get(v, "f64", 's'), *list = get(v, "data", '[');
  if (bits != NULL) from_base64(c, bits->text, t, name);
  else if (list == NULL || list->count != t.size) fail(c, "%s must hold %zu numbers", name, t.size);
  else {
    double *to = t.data;
    for (const Json *x = list->first; x != NULL; x = x->next) *to++ = number_of(c, x, name);
  }
  return t;
}

// ---- Answers. ----

void give(Call *c, const char *name, Tensor value) {
  if (c->given == MOST) fail(c, "more than %d results", MOST);
  c->names[c->given] = name;
  c->results[c->given++] = value;
}

static void print_number(double x) {
  if (isnan(x)) printf("\"NaN\"");
  else if (isinf(x)) printf(x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  else printf(x == 0 && signbit(x) ? "-0.0" : "%.17g", x);
}

static void print_tensor(Tensor t) {
  printf("{\"shape\":[");
  for (size_t i = 0; i < t.rank; i++) printf(i == 0 ? "%zu" : ",%zu", t.shape[i]);
  printf("],\"data\":[");
  for (size_t i = 0; i < t.size; i++) {
    if (i > 0) putchar(',');
    print_number(t.data[i]);
  }
  printf("]}");
}

static void print_text(const char *text) {
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    putchar((unsigned char)*text < ' ' ? ' ' : *text);
  }
  putchar('"');
}

// Whether a call goes well; what has gone wrong is in `why`.
static bool attempt(Call *c, const char *id, const Entry *entries, size_t count) {
  if (setjmp(failed) != 0) return false;
  for (size_t i = 0; i < count; i++)
    if (strcmp(entries[i].id, id) == 0) {
      entries[i].answer(c);
      return true;
    }
  fail(c, "there is no %.100s here", id);
}

static void answer(const Json *call, const Entry *entries, size_t count) {
  const Json *id = get(call, "entry", 's');
  Call c = {.args = get(call, "args", '{')};
  if (!attempt(&c, id == NULL ? "such call" : id->text, entries, count)) {
    printf("{\"error\":"); // belongs to this call alone; the next one may go well
    print_text(why);
    putchar('}');
    return;
  }
  printf("{\"result\":{");
  for (size_t k = 0; k < c.given; k++) {
    if (k > 0) putchar(',');
    print_text(c.names[k]);
    putchar(':');
    print_tensor(c.results[k]);
  }
  printf("}}");
}

static char *read_line(char **line, size_t *room) {
  for (size_t n = 0;; n++) {
    if (n + 1 >= *room) *line = realloc(*line, *room = 2 * *room + 4096);
    if (*line == NULL) exit(3);
    const int byte = getchar();
    (*line)[n] = byte == '\n' || byte == EOF ? '\0' : (char)byte;
    if (byte == '\n' || byte == EOF) return byte == EOF && n == 0 ? NULL : *line;
  }
}

int serve(const char *engine, const Entry *entries, size_t count) {
  char *line = NULL;
  for (size_t room = 0; read_line(&line, &room) != NULL; release(NULL)) {
    char *at = line;
    const Json *message = value(&at), *type = get(message, "type", 's');
    if (type == NULL || strcmp(type->text, "bye") == 0) break;
    if (strcmp(type->text, "hello") == 0) {
      printf("{\"type\":\"hello\",\"protocol\":1,%s,\"entries\":[", engine);
      for (size_t i = 0; i < count; i++) printf(i == 0 ? "\"%s\"" : ",\"%s\"", entries[i].id);
    } else {
      const Json *id = get(message, "id", 'n'), *calls = get(message, "calls", '[');
      if (id == NULL || calls == NULL) garbled(line);
      printf("{\"type\":\"answer\",\"id\":%.0f,\"answers\":[", id->number);
      for (const Json *call = calls->first; call != NULL; call = call->next) {
        const Block *before = blocks;
        answer(call, entries, count);
        release(before);
        if (call->next != NULL) putchar(',');
      }
    }
    printf("]}\n");
    fflush(stdout);
  }
  release(NULL);
  free(line);
  return 0;
}
