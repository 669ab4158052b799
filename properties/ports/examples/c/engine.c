// Arguments by name and answers by name, tensors, and the sums and products that everything is made of.
#include "engine.h"

#include <stdlib.h>
#include <string.h>

// ---- Arguments. ----

bool given(const Json *args, const char *name) { return json_get(args, name) != NULL; }

double number_in(Work *o, const Json *args, const char *name) { return read_number(o, json_get(args, name), name); }

double number_or(Work *o, const Json *args, const char *name, double otherwise) {
  return given(args, name) ? number_in(o, args, name) : otherwise;
}

double whole_in(Work *o, const Json *args, const char *name, double low) {
  const double x = number_in(o, args, name);
  if (!(x >= low && x <= 0x1p53) || x != floor(x)) fail(o, "DomainError: %s must be a whole number from %g, got %g", name, low, x);
  return x;
}

const char *text_in(Work *o, const Json *args, const char *name) {
  const Json *value = json_get(args, name);
  if (value == NULL || value->kind != JSON_TEXT) fail(o, "ArgumentError: %s must be a text", name);
  return value->text;
}

bool flag_in(Work *o, const Json *args, const char *name) {
  const Json *value = json_get(args, name);
  if (value == NULL || value->kind != JSON_FLAG) fail(o, "ArgumentError: %s must be true or false", name);
  return value->flag;
}

const Json *list_in(Work *o, const Json *args, const char *name) {
  const Json *value = json_get(args, name);
  if (value == NULL || value->kind != JSON_LIST) fail(o, "ArgumentError: %s must be a list", name);
  return value;
}

Tensor tensor_in(Work *o, const Json *args, const char *name) { return read_tensor(o, json_get(args, name), name); }

Tensors tensors_of(Work *o, const Json *list, const char *what) {
  if (list == NULL || list->kind != JSON_LIST) fail(o, "ArgumentError: %s must be a list of tensors", what);
  Tensors all = tensors_new(o, list->count);
  size_t i = 0;
  for (const Json *t = list->first; t != NULL; t = t->next) all.at[i++] = read_tensor(o, t, what);
  return all;
}

Tensors tensors_in(Work *o, const Json *args, const char *name) { return tensors_of(o, json_get(args, name), name); }

// ---- Answers. ----

Json *answer(Work *o) { return json_new(o, JSON_OBJECT); }

Json *with_tensor(Work *o, Json *all, const char *name, Tensor t) {
  json_add(all, name, json_tensor(o, t));
  return all;
}

Json *list_of(Work *o, Tensors all) {
  Json *list = json_new(o, JSON_LIST);
  for (size_t i = 0; i < all.count; i++) json_add(list, NULL, json_tensor(o, all.at[i]));
  return list;
}

Json *with_tensors(Work *o, Json *all, const char *name, Tensors ts) {
  json_add(all, name, list_of(o, ts));
  return all;
}

Json *with_number(Work *o, Json *all, const char *name, double x) {
  json_add(all, name, json_number(o, x));
  return all;
}

Json *with_flag(Work *o, Json *all, const char *name, bool flag) {
  json_add(all, name, json_flag(o, flag));
  return all;
}

// ---- Tensors. ----

Tensor tensor_new(Work *o, size_t rank, const size_t *shape) {
  Tensor t = {.rank = rank, .size = 1, .shape = take(o, rank, sizeof(size_t))};
  for (size_t i = 0; i < rank; i++) {
    t.shape[i] = shape[i];
    if (shape[i] != 0 && t.size > SIZE_MAX / shape[i]) fail(o, "RangeError: a tensor is too large");
    t.size *= shape[i];
  }
  t.data = take(o, t.size, sizeof(double));
  return t;
}

Tensor tensor_like(Work *o, Tensor t) { return tensor_new(o, t.rank, t.shape); }

Tensor tensor_copy(Work *o, Tensor t) {
  Tensor copy = tensor_like(o, t);
  if (t.size > 0) memcpy(copy.data, t.data, t.size * sizeof(double));
  return copy;
}

Tensor scalar(Work *o, double x) {
  Tensor t = tensor_new(o, 0, NULL);
  t.data[0] = x;
  return t;
}

Tensor vector(Work *o, size_t n) { return tensor_new(o, 1, &n); }
Tensor matrix(Work *o, size_t rows, size_t columns) { return tensor_new(o, 2, (size_t[]){rows, columns}); }

Tensors tensors_new(Work *o, size_t count) { return (Tensors){.count = count, .at = take(o, count, sizeof(Tensor))}; }

Tensors tensors_like(Work *o, Tensors all) {
  Tensors made = tensors_new(o, all.count);
  for (size_t i = 0; i < all.count; i++) made.at[i] = tensor_like(o, all.at[i]);
  return made;
}

bool same_shape(Tensor a, Tensor b) {
  if (a.rank != b.rank) return false;
  for (size_t i = 0; i < a.rank; i++)
    if (a.shape[i] != b.shape[i]) return false;
  return true;
}

bool is_vector(Tensor t, size_t n) { return t.rank == 1 && t.shape[0] == n; }
bool is_matrix(Tensor t, size_t rows, size_t columns) { return t.rank == 2 && t.shape[0] == rows && t.shape[1] == columns; }

void must_match(Work *o, Tensor a, Tensor b, const char *what) {
  if (!same_shape(a, b)) fail(o, "ShapeError: %s must have one shape", what);
}

size_t last_axis(Tensor t) { return t.rank == 0 ? 1 : t.shape[t.rank - 1]; }
size_t rows_of(Tensor t) {
  size_t rows = 1;
  for (size_t i = 0; i + 1 < t.rank; i++) rows *= t.shape[i];
  return rows;
}

// ---- Sums and products. ----

double sum(const double *x, size_t n) {
  double s = 0;
  for (size_t i = 0; i < n; i++) s += x[i];
  return s;
}

static void must_multiply(Work *o, Tensor a, Tensor b, size_t inner, size_t other) {
  if (a.rank != 2 || b.rank != 2 || inner != other) fail(o, "ShapeError: the inner sizes of matrices must agree, got %zu and %zu", inner, other);
}

Tensor product(Work *o, Tensor a, Tensor b) {
  must_multiply(o, a, b, last_axis(a), rows_of(b));
  const size_t n = a.shape[0], k = a.shape[1], m = b.shape[1];
  Tensor c = matrix(o, n, m);
  for (size_t i = 0; i < n; i++)
    for (size_t t = 0; t < k; t++)
      for (size_t j = 0; j < m; j++) c.data[i * m + j] += a.data[i * k + t] * b.data[t * m + j];
  return c;
}

Tensor transposed(Work *o, Tensor a) {
  if (a.rank != 2) fail(o, "ShapeError: a matrix has two axes, got %zu", a.rank);
  const size_t n = a.shape[0], m = a.shape[1];
  Tensor t = matrix(o, m, n);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < m; j++) t.data[j * n + i] = a.data[i * m + j];
  return t;
}

Tensor product_left(Work *o, Tensor a, Tensor b) { return product(o, transposed(o, a), b); }
Tensor product_right(Work *o, Tensor a, Tensor b) { return product(o, a, transposed(o, b)); }

Tensor column_sums(Work *o, Tensor a) {
  const size_t m = last_axis(a), n = rows_of(a);
  Tensor s = vector(o, m);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < m; j++) s.data[j] += a.data[i * m + j];
  return s;
}

// ---- The table of entries. ----

void add_entry(Registry *all, const char *kind, const char *name, const char *call, Answer answer, const void *row) {
  if (all->count == COUNT(all->entries)) abort(); // the table is larger than the contract
  Entry *entry = &all->entries[all->count++];
  snprintf(entry->id, sizeof entry->id, "%s.%s.%s", kind, name, call);
  entry->answer = answer;
  entry->row = row;
}
