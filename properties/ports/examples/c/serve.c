// The conversation with the host: hello, calls by the batch, bye; a call that fails says why, and the next one goes on.
#include "protocol.h"

#include <stdlib.h>
#include <string.h>

// What a port says that was told something that is no message.
enum { ORDERLY = 0, GARBLED = 2 };

const Entry *entry_of(const Port *port, const char *id) {
  for (size_t i = 0; i < port->count; i++)
    if (strcmp(port->entries[i].id, id) == 0) return &port->entries[i];
  return NULL;
}

char *read_line(FILE *in, char **buffer, size_t *room, size_t *length) {
  *length = 0;
  for (;;) {
    const int c = getc(in);
    if (*length + 1 >= *room) {
      const size_t more = *room == 0 ? 1 << 12 : 2 * *room;
      char *grown = realloc(*buffer, more);
      if (grown == NULL) return NULL;
      *buffer = grown;
      *room = more;
    }
    if (c == '\n' || c == EOF) {
      (*buffer)[*length] = '\0';
      return c == EOF && *length == 0 ? NULL : *buffer;
    }
    (*buffer)[(*length)++] = (char)c;
  }
}

static const char *text_of(const Json *object, const char *key) {
  const Json *value = json_get(object, key);
  return value == NULL || value->kind != JSON_TEXT ? "" : value->text;
}

static void say_hello(const Port *port, FILE *out) {
  fprintf(out, "{\"type\":\"hello\",\"protocol\":1,\"engine\":\"%s\",\"version\":\"%s\",\"dtype\":\"f64\",\"tensors\":\"base64\"",
          port->engine, port->version);
  port->declare(out);
  fputs(",\"entries\":[", out);
  for (size_t i = 0; i < port->count; i++) fprintf(out, i == 0 ? "\"%s\"" : ",\"%s\"", port->entries[i].id);
  fputs("]}\n", out);
}

// The answer to one call: its result, or why there is none.
static Json *answer_to(Work *o, const Port *port, const Json *call) {
  jmp_buf *const outside = o->out;
  jmp_buf here;
  Json *volatile answer = json_new(o, JSON_OBJECT);
  o->out = &here;
  if (setjmp(here) == 0) {
    const Entry *entry = entry_of(port, text_of(call, "entry"));
    if (entry == NULL) fail(o, "UnknownError: there is no entry \"%.100s\" here", text_of(call, "entry"));
    json_add(answer, "result", entry->answer(o, json_get(call, "args"), entry->row));
  } else {
    o->out = outside;
    char *why = take(o, strlen(o->why) + 1, 1);
    json_add(answer, "error", json_text(o, strcpy(why, o->why)));
  }
  o->out = outside;
  return answer;
}

static void answer_all(Work *o, const Port *port, const Json *message, FILE *out) {
  const Json *id = json_get(message, "id"), *calls = json_get(message, "calls");
  if (id == NULL || id->kind != JSON_NUMBER || calls == NULL || calls->kind != JSON_LIST)
    fail(o, "a call message must have an id and calls");
  fprintf(out, "{\"type\":\"answer\",\"id\":%.17g,\"answers\":[", id->number);
  const Mark before = mark(o);
  for (const Json *call = calls->first; call != NULL; call = call->next) {
    json_write(out, answer_to(o, port, call));
    fputs(call->next == NULL ? "" : ",", out);
    release(o, before); // an answer that is written is not needed any more
  }
  fputs("]}\n", out);
}

int serve(const Port *port, FILE *in, FILE *out) {
  Work work = {0};
  Work *const o = &work;
  jmp_buf garbled;
  char *buffer = NULL;
  size_t room = 0, length = 0;
  volatile int code = ORDERLY;
  o->out = &garbled;
  if (setjmp(garbled) == 0) {
    for (char *line; (line = read_line(in, &buffer, &room, &length)) != NULL; release(o, (Mark){0})) {
      const Json *message = json_read(o, line, length);
      const char *type = text_of(message, "type");
      if (strcmp(type, "bye") == 0) break;
      if (strcmp(type, "hello") == 0) say_hello(port, out);
      else if (strcmp(type, "call") == 0) answer_all(o, port, message, out);
      else fail(o, "a message must be hello, call or bye, got \"%.100s\"", type);
      if (fflush(out) != 0) fail(o, "nobody reads the answers any more");
    }
  } else {
    fprintf(stderr, "%s: %s\n", port->engine, o->why);
    code = GARBLED;
  }
  release(o, (Mark){0});
  free(buffer);
  return code;
}
