/*
 * spawn - the one place of the laptop's side that starts a program.
 */
#pragma once

#include "err.h"

#include <sys/types.h>

/* argv[0] with `stdio` as its standard input and output and `errors` as its standard error, nothing else open, in a session of its own. */
pid_t spawn_stdio(char *const *argv, int stdio, int errors, struct nn_err *err);
