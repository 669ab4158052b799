// The engine as a port, for whoever asks it: the host by way of messages, or a reader of files.
#ifndef TABLE_H
#define TABLE_H

#include "protocol.h"

Port engine_port(void);

#endif
