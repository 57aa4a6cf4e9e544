/*
 * spawn - processes of the agent's own program, and the environment that a command gets. With shim.c the only place that forks.
 */
#pragma once

#include "err.h"
#include "record.h"
#include "rundir.h"

#include <sys/types.h>

/* The environment of a command: this process's without SSH_*, the record's, and NERONET_*. NULL-terminated, malloc'd as one piece with its words. */
char **spawn_environment(const struct record *r, const struct workdir *w, uint32_t attempt);

/* `neronet-agent run ID` in a session of its own, stdio on /dev/null and the manager's log. Its pid, a child of ours; *ret_pidfd: its pidfd. */
pid_t spawn_kid(const struct workdir *w, const char *id, int *ret_pidfd, struct nn_err *err);

/* `neronet-agent serve` as a daemon: no child of ours, no descriptor of ours, stdio on /dev/null and hosts/HOST/log. *ret_ready: a pipe that ends
 * when it listens or has left. */
int spawn_manager(const struct workdir *w, int *ret_ready, struct nn_err *err);

/* The agent's own file. */
#define SELF "/proc/self/exe"
