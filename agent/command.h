/*
 * command - what a person asked of a run, as lines of its `control` file on the node: appended by the manager, read by the kid.
 *
 * A line is {"id":ULID,"verb":...,"arg":...}; an id is appended once. A kid that is started again reads them all again: terminate and kill are
 * idempotent, and a signal is noted in `control.at` before it is sent, so that it is sent at most once.
 */
#pragma once

#include "err.h"
#include "text.h"

#include <stdint.h>

enum verb {
	VERB_TERMINATE, /* arg: seconds of grace, or "" for the record's */
	VERB_KILL,
	VERB_SIGNAL,    /* arg: the signal's name */
	VERBS,
};

struct command {
	char id[ULID_LEN + 1];
	enum verb verb;
	uint32_t grace_s; /* terminate; UINT32_MAX: the record's */
	int signal;       /* signal */
};

/* Checks a verb and its argument. -EINVAL with a sentence. */
int command_parse(const char *id, const char *verb, const char *arg, struct command *ret, struct nn_err *err);

/* Appends and syncs it unless an entry with its id is there. 1 appended, 0 was there, -errno. */
int command_append(int run_fd, const char *id, const char *verb, const char *arg, struct nn_err *err);

/* Hands over the commands behind *offset, and moves it. */
int command_read(int run_fd, uint64_t *offset, void (*each)(void *arg, const struct command *c), void *arg);
