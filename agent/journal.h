/*
 * journal - a run's history on its node: read to know the state, appended to move it.
 *
 * One writer at a time: the manager until the kid holds the run's `lock`, then the kid. A line is one O_APPEND write(2) and one fdatasync. A line torn by
 * a power cut is closed with a newline by the next append; readers skip what does not decode.
 * The state is only ever changed by an event that was made durable first.
 */
#pragma once

#include "err.h"
#include "event.h"

#include <stdbool.h>
#include <stdint.h>

struct journal {
	int fd;
	bool torn;            /* the last byte is not a newline */
	enum run_state state; /* after the last valid line */
	uint32_t attempt;
	bool terminating;     /* a `terminating` line came */
	char reason[256];     /* its reason */
	uint64_t size;        /* bytes replayed */
};

/* Opens (creates) the journal in a run's directory and replays it from RUN_DEFINED. */
int journal_open(int run_fd, struct journal *ret, struct nn_err *err);
void journal_close(struct journal *j);

/* Replays what another process has appended since; calls each (may be NULL) for every valid line. */
int journal_catch_up(struct journal *j, void (*each)(void *arg, const struct event *e), void *arg);

/* Fills in time and attempt, appends, syncs, then moves the state. -EINVAL when run_next() has no such move: nothing was written. sync false: the
 * caller syncs the file itself (many runs at once). */
int journal_append(struct journal *j, struct event *e, bool sync, struct nn_err *err);
