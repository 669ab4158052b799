// Reads golden vectors from files and judges the engine by them: no host, no messages, no oracle.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

enum { ALL_RIGHT = 0, SOME_WRONG = 1, NO_VECTORS = 2 };

// A whole file with a zero byte behind it; the caller's to free.
static char *file_of(const char *dir, const char *name, size_t *length) {
  char path[4096];
  if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) return NULL;
  FILE *in = fopen(path, "rb");
  if (in == NULL) return NULL;
  char *all = NULL;
  size_t room = 0;
  *length = 0;
  for (;;) {
    if (*length + 2 > room) {
      room = room == 0 ? 1 << 16 : 2 * room;
      char *grown = realloc(all, room);
      if (grown == NULL) break;
      all = grown;
    }
    const size_t got = fread(all + *length, 1, room - *length - 1, in);
    *length += got;
    if (got == 0) break;
  }
  fclose(in);
  if (all != NULL) all[*length] = '\0';
  return all;
}

static const char *text_of(const Json *object, const char *key) {
  const Json *value = json_get(object, key);
  return value == NULL || value->kind != JSON_TEXT ? "" : value->text;
}

// ---- Large tensors: the length of a header, the header in JSON, then doubles, all little-endian. ----

typedef struct Large {
  const unsigned char *bytes;
  size_t length, start; // of the numbers
  const Json *header;
} Large;

static Large large_of(Work *o, const char *bytes, size_t length) {
  uint64_t size = 0;
  if (length < 8) fail(o, "the file of tensors is too short");
  for (size_t i = 8; i-- > 0;) size = size << 8 | (unsigned char)bytes[i];
  if (size > length - 8) fail(o, "the file of tensors is shorter than its header");
  char *text = take(o, size + 1, 1); // a JSON text must end with a zero byte
  memcpy(text, bytes + 8, size);
  return (Large){(const unsigned char *)bytes, length, 8 + (size_t)size, json_read(o, text, size)};
}

static Tensor tensor_of(Work *o, const Large *large, const char *name) {
  const Json *row = json_get(large->header, name);
  const Json *shape = json_get(row, "shape"), *offsets = json_get(row, "data_offsets");
  if (shape == NULL || offsets == NULL || offsets->first == NULL || strcmp(text_of(row, "dtype"), "F64") != 0)
    fail(o, "there is no tensor %.100s of doubles", name);
  Tensor t = {.rank = shape->count, .size = 1, .shape = take(o, shape->count, sizeof(size_t))};
  size_t axis = 0;
  for (const Json *n = shape->first; n != NULL; n = n->next) t.size *= t.shape[axis++] = (size_t)n->number;
  const size_t from = large->start + (size_t)offsets->first->number;
  if (from > large->length || t.size > (large->length - from) / 8) fail(o, "the tensor %.100s has no end", name);
  t.data = take(o, t.size, sizeof(double));
  for (size_t i = 0; i < t.size; i++) {
    uint64_t bits = 0;
    for (size_t j = 8; j-- > 0;) bits = bits << 8 | large->bytes[from + 8 * i + j];
    memcpy(t.data + i, &bits, 8);
  }
  return t;
}

// Puts the large tensors of a value where they belong.
static void fill(Work *o, Json *value, const Large *large) {
  if (value->kind == JSON_OBJECT && json_get(value, "safetensors") != NULL) {
    value->tensor = tensor_of(o, large, text_of(value, "name"));
    value->kind = JSON_TENSOR;
  } else if (value->kind == JSON_OBJECT || value->kind == JSON_LIST)
    for (Json *child = value->first; child != NULL; child = child->next) fill(o, child, large);
}

// ---- Judging. ----

// How far numbers may be off, one after another.
typedef struct Allowed {
  const Json *all; // one number, a list, a tensor, or nothing at all
  const Json *next;
  size_t at;
  bool is_signed;
} Allowed;

static double allowed_next(Allowed *a) {
  if (a->all == NULL) return 0;
  if (a->all->kind == JSON_NUMBER) return a->all->number;
  if (a->all->kind == JSON_TENSOR) return a->all->tensor.data[a->at++];
  const Json *here = a->next;
  if (here == NULL) return 0;
  a->next = here->next;
  return here->number;
}

static bool near(double got, double expected, double allowed, bool is_signed) {
  if (isnan(expected) || isnan(got)) return isnan(expected) && isnan(got);
  if (isinf(expected) || isinf(got)) return got == expected;
  if (is_signed && got == 0 && expected == 0) return signbit(got) == signbit(expected);
  return fabs(got - expected) <= allowed;
}

static bool is_tensor(const Json *value) {
  return value->kind == JSON_TENSOR || (json_get(value, "shape") != NULL && json_get(value, "data") != NULL);
}

// Whether an answer is the expected one; what is wrong is said in `why`.
static bool right(Work *o, const Json *want, const Json *got, Allowed *allowed, char why[256]) {
  if (got == NULL) return snprintf(why, 256, "it is missing"), false;
  if (is_tensor(want)) {
    const Tensor a = read_tensor(o, want, "the vector"), b = read_tensor(o, got, "the answer");
    bool same = a.rank == b.rank;
    for (size_t i = 0; same && i < a.rank; i++) same = a.shape[i] == b.shape[i];
    if (!same) return snprintf(why, 256, "its shape is another one"), false;
    for (size_t i = 0; i < a.size; i++) {
      const double most = allowed_next(allowed);
      if (!near(b.data[i], a.data[i], most, allowed->is_signed))
        return snprintf(why, 256, "number %zu: expected %.17g, got %.17g, allowed error %.17g", i, a.data[i], b.data[i], most), false;
    }
    return true;
  }
  if (got->kind == JSON_NUMBER) {
    const double x = read_number(o, want, "the vector"), most = allowed_next(allowed);
    if (near(got->number, x, most, allowed->is_signed)) return true;
    return snprintf(why, 256, "expected %.17g, got %.17g, allowed error %.17g", x, got->number, most), false;
  }
  if (want->kind != got->kind || want->count != got->count) return snprintf(why, 256, "its form is another one"), false;
  if (want->kind == JSON_FLAG && want->flag != got->flag) return snprintf(why, 256, "expected %s", want->flag ? "true" : "false"), false;
  if (want->kind == JSON_TEXT && strcmp(want->text, got->text) != 0)
    return snprintf(why, 256, "expected %.50s, got %.50s", want->text, got->text), false;
  const Json *other = got->first;
  for (const Json *child = want->first; child != NULL; child = child->next) {
    if (!right(o, child, want->kind == JSON_OBJECT ? json_get(got, child->key) : other, allowed, why)) return false;
    if (want->kind == JSON_LIST) other = other->next;
  }
  return true;
}

static bool names(const Json *list, const char *field) {
  for (const Json *one = list == NULL ? NULL : list->first; one != NULL; one = one->next)
    if (strcmp(one->text, field) == 0) return true;
  return false;
}

typedef struct Tally {
  size_t right, wrong, uncovered;
} Tally;

// One case: asks the engine, and compares every field that is known.
static void judge(Work *o, const Port *port, const Json *one, Tally *tally) {
  const Entry *entry = entry_of(port, text_of(one, "op"));
  if (entry == NULL) {
    tally->uncovered++;
    return;
  }
  jmp_buf here;
  char why[256] = "";
  const char *volatile field = "the whole answer";
  volatile bool good = true;
  o->out = &here;
  if (setjmp(here) == 0) {
    const Json *answer = entry->answer(o, json_get(one, "args"), entry->row);
    for (const Json *want = json_get(one, "outputs")->first; good && want != NULL; want = want->next) {
      const Json *most = json_get(json_get(one, "allowed"), want->key);
      Allowed allowed = {most, most == NULL ? NULL : most->first, 0, names(json_get(one, "signed"), want->key)};
      field = want->key;
      if (json_get(answer, field) == NULL && names(json_get(one, "optional"), field)) continue;
      good = right(o, want, json_get(answer, want->key), &allowed, why);
    }
  } else {
    good = false;
    snprintf(why, sizeof why, "%.200s", o->why);
  }
  o->out = NULL;
  if (good) tally->right++;
  else {
    tally->wrong++;
    printf("%s: %s: %s\n", text_of(one, "id"), field, why);
  }
}

int main(int count, char **words) {
  if (count != 2) {
    fputs("usage: check <folder that `tautograd vectors export` has written>\n", stderr);
    return NO_VECTORS;
  }
  const Port port = engine_port();
  Work kept = {0}, work = {0}; // what lasts, and what a case needs
  size_t length = 0;
  char *manifest = file_of(words[1], "manifest.json", &length);
  if (manifest == NULL) {
    fprintf(stderr, "check: there is no manifest in %s\n", words[1]);
    return NO_VECTORS;
  }
  const Json *all = json_read(&kept, manifest, length);
  const Json *tensors = json_get(all, "tensors");
  char *bytes = tensors == NULL || tensors->kind != JSON_OBJECT ? NULL : file_of(words[1], text_of(tensors, "file"), &length);
  const Large large = bytes == NULL ? (Large){0} : large_of(&kept, bytes, length);
  Tally tally = {0};
  for (const Json *file = json_get(all, "files")->first; file != NULL; file = file->next) {
    char *text = file_of(words[1], text_of(file, "file"), &length);
    if (text == NULL) {
      fprintf(stderr, "check: there is no file %s\n", text_of(file, "file"));
      return NO_VECTORS;
    }
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
      *end = '\0';
      Json *one = json_read(&work, line, (size_t)(end - line));
      fill(&work, one, &large);
      judge(&work, &port, one, &tally);
      release(&work, (Mark){0});
    }
    free(text);
  }
  printf("%zu cases: %zu right, %zu wrong, %zu not covered\n", tally.right + tally.wrong + tally.uncovered, tally.right, tally.wrong, tally.uncovered);
  release(&kept, (Mark){0});
  free(bytes);
  free(manifest);
  return tally.wrong == 0 ? ALL_RIGHT : SOME_WRONG;
}
