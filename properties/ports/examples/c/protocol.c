// Memory by the message, a JSON reader and writer, and tensors in base64: bit for bit, whatever the number.
#include "protocol.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// ---- Memory. ----

typedef struct Block {
  struct Block *before;
  size_t size, used;
  _Alignas(16) unsigned char bytes[];
} Block;

#define BLOCK ((size_t)1 << 16)
// The most that one message may take; what asks for more is a mistake of somebody's.
#define MOST ((size_t)1 << 30)

_Noreturn void fail(Work *o, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vsnprintf(o->why, sizeof o->why, format, list);
  va_end(list);
  if (o->out != NULL) longjmp(*o->out, 1);
  fprintf(stderr, "%s\n", o->why);
  exit(2);
}

void *take(Work *o, size_t n, size_t size) {
  if (size != 0 && n > MOST / size) fail(o, "RangeError: %zu things of %zu bytes are more than a message may need", n, size);
  const size_t bytes = (n * size + 15) / 16 * 16;
  Block *block = o->blocks;
  if (block == NULL || block->size - block->used < bytes) {
    const size_t room = bytes > BLOCK ? bytes : BLOCK;
    if (o->used + room > MOST) fail(o, "RangeError: a message takes more than %zu bytes", MOST);
    block = malloc(sizeof(Block) + room);
    if (block == NULL) fail(o, "RangeError: no memory for %zu bytes", room);
    *block = (Block){.before = o->blocks, .size = room, .used = 0};
    o->blocks = block;
    o->used += room;
  }
  void *at = block->bytes + block->used;
  block->used += bytes;
  return memset(at, 0, bytes);
}

Mark mark(const Work *o) { return (Mark){o->blocks, o->blocks == NULL ? 0 : o->blocks->used}; }

void release(Work *o, Mark since) {
  while (o->blocks != since.block) {
    Block *before = o->blocks->before;
    o->used -= o->blocks->size;
    free(o->blocks);
    o->blocks = before;
  }
  if (o->blocks != NULL) o->blocks->used = since.used;
}

// ---- Values. ----

Json *json_new(Work *o, JsonKind kind) {
  Json *value = take(o, 1, sizeof(Json));
  value->kind = kind;
  return value;
}

Json *json_number(Work *o, double x) {
  Json *value = json_new(o, JSON_NUMBER);
  value->number = x;
  return value;
}

Json *json_text(Work *o, const char *text) {
  Json *value = json_new(o, JSON_TEXT);
  value->text = text;
  return value;
}

Json *json_flag(Work *o, bool flag) {
  Json *value = json_new(o, JSON_FLAG);
  value->flag = flag;
  return value;
}

Json *json_tensor(Work *o, Tensor t) {
  Json *value = json_new(o, JSON_TENSOR);
  value->tensor = t;
  return value;
}

void json_add(Json *parent, const char *key, Json *child) {
  child->key = key;
  if (parent->last == NULL) parent->first = child;
  else parent->last->next = child;
  parent->last = child;
  parent->count++;
}

const Json *json_get(const Json *object, const char *key) {
  if (object == NULL || object->kind != JSON_OBJECT) return NULL;
  for (const Json *child = object->first; child != NULL; child = child->next)
    if (strcmp(child->key, key) == 0) return child;
  return NULL;
}

// ---- Reading. ----

typedef struct Reader {
  Work *o;
  const char *start, *at, *end;
} Reader;

// Lists in lists in lists, after which a message is taken for nonsense.
#define DEPTH 64

_Noreturn static void wrong(Reader *r, const char *what) {
  fail(r->o, "SyntaxError: %s at byte %zu of the message", what, (size_t)(r->at - r->start));
}

static char peek(const Reader *r) { return r->at < r->end ? *r->at : '\0'; }

static void skip(Reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static void expect(Reader *r, char c) {
  skip(r);
  if (r->at >= r->end || *r->at != c) {
    char what[32];
    snprintf(what, sizeof what, "a '%c' is missing", c);
    wrong(r, what);
  }
  r->at++;
}

static bool word(Reader *r, const char *text) {
  const size_t n = strlen(text);
  if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0) return false;
  r->at += n;
  return true;
}

static size_t digits(Reader *r) {
  const char *from = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return (size_t)(r->at - from);
}

// By the grammar of JSON; the line ends with a zero byte, so that strtod stops with it.
static Json *number(Reader *r) {
  const char *from = r->at;
  if (peek(r) == '-') r->at++;
  const char first = peek(r);
  const size_t whole = digits(r);
  if (whole == 0 || (whole > 1 && first == '0')) wrong(r, "no value begins like this");
  if (peek(r) == '.') {
    r->at++;
    if (digits(r) == 0) wrong(r, "a digit is missing");
  }
  if (peek(r) == 'e' || peek(r) == 'E') {
    r->at++;
    if (peek(r) == '+' || peek(r) == '-') r->at++;
    if (digits(r) == 0) wrong(r, "a digit is missing");
  }
  return json_number(r->o, strtod(from, NULL));
}

static unsigned hex4(Reader *r) {
  unsigned code = 0;
  for (int i = 0; i < 4; i++) {
    const char c = peek(r);
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) wrong(r, "a hexadecimal digit is missing");
    code = code * 16 + (unsigned)digit;
    r->at++;
  }
  return code;
}

static char *utf8(char *to, unsigned code) {
  if (code < 0x80) *to++ = (char)code;
  else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  }
  return to;
}

static const char *string(Reader *r) {
  expect(r, '"');
  const char *end = r->at; // of the text as it is written, which is never shorter than what it says
  while (end < r->end && *end != '"') end += *end == '\\' ? 2 : 1;
  if (end >= r->end) wrong(r, "a text has no end");
  char *text = take(r->o, (size_t)(end - r->at) + 1, 1), *to = text;
  while (*r->at != '"') {
    const char c = *r->at++;
    if ((unsigned char)c < 0x20) wrong(r, "a text holds a control character");
    if (c != '\\') {
      *to++ = c;
      continue;
    }
    const char escape = *r->at++;
    static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    const char *found = escape == '\0' ? NULL : strchr(letters, escape);
    if (found != NULL) *to++ = means[found - letters];
    else if (escape == 'u') {
      unsigned code = hex4(r);
      if (code >= 0xd800 && code < 0xdc00 && r->end - r->at > 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        const unsigned low = hex4(r);
        code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
      }
      to = utf8(to, code == 0 || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code);
    } else wrong(r, "no escape is spelt like this");
  }
  r->at++;
  return text;
}

static Json *value(Reader *r, int depth) {
  if (depth > DEPTH) wrong(r, "lists are nested too deeply");
  skip(r);
  const char c = peek(r);
  if (c == '"') return json_text(r->o, string(r));
  if (c == '[' || c == '{') {
    Json *all = json_new(r->o, c == '[' ? JSON_LIST : JSON_OBJECT);
    const char close = c == '[' ? ']' : '}';
    r->at++;
    skip(r);
    if (peek(r) == close) r->at++;
    else
      for (bool more = true; more;) {
        const char *key = NULL;
        if (c == '{') {
          key = string(r);
          expect(r, ':');
        }
        json_add(all, key, value(r, depth + 1));
        skip(r);
        more = peek(r) == ',';
        if (more) {
          r->at++;
          if (c == '{') skip(r);
        } else expect(r, close);
      }
    return all;
  }
  if (word(r, "true")) return json_flag(r->o, true);
  if (word(r, "false")) return json_flag(r->o, false);
  if (word(r, "null")) return json_new(r->o, JSON_NULL);
  return number(r);
}

Json *json_read(Work *o, const char *text, size_t length) {
  Reader r = {.o = o, .start = text, .at = text, .end = text + length};
  Json *all = value(&r, 0);
  skip(&r);
  if (r.at != r.end) wrong(&r, "something follows the value");
  return all;
}

// ---- Numbers and tensors. ----

double read_number(Work *o, const Json *value, const char *what) {
  if (value != NULL && value->kind == JSON_NUMBER) return value->number;
  if (value != NULL && value->kind == JSON_TEXT) {
    if (strcmp(value->text, "NaN") == 0) return NAN;
    if (strcmp(value->text, "Infinity") == 0) return INFINITY;
    if (strcmp(value->text, "-Infinity") == 0) return -INFINITY;
  }
  fail(o, "ArgumentError: %s must be a number", what);
}

static int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Exactly so many bytes from base64, its padding included.
static unsigned char *from_base64(Work *o, const char *text, size_t size, const char *what) {
  const size_t length = strlen(text);
  if (length != (size + 2) / 3 * 4) fail(o, "ArgumentError: %s has %zu characters of base64 for %zu bytes", what, length, size);
  unsigned char *bytes = take(o, size + 3, 1);
  for (size_t i = 0; i < length; i += 4) {
    unsigned group = 0;
    for (size_t j = 0; j < 4; j++) {
      const bool padding = text[i + j] == '=' && i / 4 * 3 + j > size;
      const int six = padding ? 0 : sextet(text[i + j]);
      if (six < 0) fail(o, "ArgumentError: %s holds what is no base64", what);
      group = group << 6 | (unsigned)six;
    }
    for (size_t j = 0; j < 3; j++) bytes[i / 4 * 3 + j] = (unsigned char)(group >> (16 - 8 * j));
  }
  return bytes;
}

// Little-endian bytes to a number, on any machine.
static uint64_t word_of(const unsigned char *bytes, size_t n) {
  uint64_t bits = 0;
  for (size_t i = n; i-- > 0;) bits = bits << 8 | bytes[i];
  return bits;
}

Tensor read_tensor(Work *o, const Json *value, const char *what) {
  if (value != NULL && value->kind == JSON_TENSOR) return value->tensor;
  const Json *shape = json_get(value, "shape");
  if (shape == NULL || shape->kind != JSON_LIST) fail(o, "ArgumentError: %s must be a tensor with a shape", what);
  Tensor t = {.rank = shape->count, .size = 1, .shape = take(o, shape->count, sizeof(size_t))};
  size_t axis = 0;
  for (const Json *n = shape->first; n != NULL; n = n->next) {
    if (n->kind != JSON_NUMBER || !(n->number >= 0 && n->number <= 0x1p40) || n->number != floor(n->number))
      fail(o, "ArgumentError: the shape of %s must hold sizes", what);
    t.shape[axis] = (size_t)n->number;
    if (t.shape[axis] != 0 && t.size > MOST / t.shape[axis]) fail(o, "RangeError: %s is too large", what);
    t.size *= t.shape[axis++];
  }
  t.data = take(o, t.size, sizeof(double));
  const Json *f64 = json_get(value, "f64"), *f32 = json_get(value, "f32"), *data = json_get(value, "data");
  if (f64 != NULL && f64->kind == JSON_TEXT) {
    const unsigned char *bytes = from_base64(o, f64->text, 8 * t.size, what);
    for (size_t i = 0; i < t.size; i++) {
      const uint64_t bits = word_of(bytes + 8 * i, 8);
      memcpy(t.data + i, &bits, 8);
    }
  } else if (f32 != NULL && f32->kind == JSON_TEXT) {
    const unsigned char *bytes = from_base64(o, f32->text, 4 * t.size, what);
    for (size_t i = 0; i < t.size; i++) {
      const uint32_t bits = (uint32_t)word_of(bytes + 4 * i, 4);
      float single;
      memcpy(&single, &bits, 4);
      t.data[i] = single;
    }
  } else if (data != NULL && data->kind == JSON_LIST && data->count == t.size) {
    size_t i = 0;
    for (const Json *x = data->first; x != NULL; x = x->next) t.data[i++] = read_number(o, x, what);
  } else fail(o, "ArgumentError: %s must hold %zu numbers as f64, f32 or data", what, t.size);
  return t;
}

// ---- Writing. ----

static void write_base64(FILE *out, const double *data, size_t size) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned group = 0, held = 0;
  for (size_t i = 0; i < size; i++) {
    uint64_t bits;
    memcpy(&bits, data + i, 8);
    for (int j = 0; j < 8; j++, bits >>= 8) {
      group = group << 8 | (unsigned)(bits & 0xff);
      if (++held < 3) continue;
      for (int k = 18; k >= 0; k -= 6) putc(letters[group >> k & 63], out);
      group = held = 0;
    }
  }
  if (held == 0) return;
  group <<= 8 * (3 - held);
  for (unsigned k = 0; k < 4; k++) putc(k <= held ? letters[group >> (18 - 6 * k) & 63] : '=', out);
}

static void write_text(FILE *out, const char *text) {
  putc('"', out);
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') fprintf(out, "\\%c", *c);
    else if ((unsigned char)*c < 0x20) fprintf(out, "\\u%04x", (unsigned)(unsigned char)*c);
    else putc(*c, out);
  }
  putc('"', out);
}

void json_write(FILE *out, const Json *value) {
  switch (value->kind) {
  case JSON_NULL: fputs("null", out); break;
  case JSON_FLAG: fputs(value->flag ? "true" : "false", out); break;
  case JSON_TEXT: write_text(out, value->text); break;
  case JSON_NUMBER:
    if (isnan(value->number)) fputs("\"NaN\"", out);
    else if (isinf(value->number)) fputs(value->number > 0 ? "\"Infinity\"" : "\"-Infinity\"", out);
    else if (value->number == 0) fputs(signbit(value->number) ? "-0.0" : "0", out);
    else fprintf(out, "%.17g", value->number);
    break;
  case JSON_TENSOR:
    fputs("{\"shape\":[", out);
    for (size_t i = 0; i < value->tensor.rank; i++) fprintf(out, i == 0 ? "%zu" : ",%zu", value->tensor.shape[i]);
    fputs("],\"f64\":\"", out);
    write_base64(out, value->tensor.data, value->tensor.size);
    fputs("\"}", out);
    break;
  case JSON_LIST:
  case JSON_OBJECT:
    putc(value->kind == JSON_LIST ? '[' : '{', out);
    for (const Json *child = value->first; child != NULL; child = child->next) {
      if (child != value->first) putc(',', out);
      if (value->kind == JSON_OBJECT) {
        write_text(out, child->key);
        putc(':', out);
      }
      json_write(out, child);
    }
    putc(value->kind == JSON_LIST ? ']' : '}', out);
  }
}
