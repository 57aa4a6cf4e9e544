/*
 * kid - looks after one run: lays out its code, has the shim start it, finds metrics in its log, carries out what is asked of it, kills what it
 * leaves behind, and writes its history into the journal. doc/PROTOCOL.md says what happens when it dies.
 *
 * A process of its own (`neronet-agent run ID`), single-threaded, asleep while nothing happens. It holds the run's `lock`; a second one for the same run
 * leaves at once.
 */
#pragma once

#include "err.h"
#include "rundir.h"

/* Returns when the run has ended (0), somebody else looks after it (0), or this cannot go on (-errno). */
int kid_main(const struct workdir *w, const char *id, struct nn_err *err);

/* Pid and start time of the kid that holds the run's lock, for a pidfd: 0, or -ENOENT when nobody holds it. */
int kid_holder(int run_fd, pid_t *ret_pid, uint64_t *ret_start);
