// The program that the host starts: the engine, asked over standard input and answering on standard output.
#include "table.h"

int main(void) {
  const Port port = engine_port();
  return serve(&port, stdin, stdout);
}
