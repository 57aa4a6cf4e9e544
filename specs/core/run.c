#include "run.h"

#include "scope.h"

#include <errno.h>
#include <string.h>

static const char *const state_names[RUN_STATES] = {
	[RUN_DEFINED] = "defined",   [RUN_SUBMITTED] = "submitted",   [RUN_QUEUED] = "queued",
	[RUN_STARTING] = "queued",   [RUN_RUNNING] = "running",       [RUN_PAUSED] = "paused",
	[RUN_FINISHED] = "finished", [RUN_FAILED] = "failed",         [RUN_TERMINATED] = "terminated",
	[RUN_LOST] = "lost",
};

#define IN(s) (1U << RUN_##s)
#define LIVE (IN(DEFINED) | IN(SUBMITTED) | IN(QUEUED) | IN(STARTING) | IN(RUNNING) | IN(PAUSED))

/* One row an event: its word, the states it may come in, and the state it leads to (RUN_STATES: none). */
static const struct {
	const char *name;
	unsigned from;
	enum run_state to;
} moves[EV_KINDS] = {
	[EV_SUBMIT] = {"submitted", IN(DEFINED), RUN_SUBMITTED},
	[EV_QUEUED] = {"queued", IN(DEFINED) | IN(SUBMITTED) | IN(QUEUED), RUN_QUEUED},
	[EV_STARTING] = {"starting", IN(QUEUED) | IN(STARTING), RUN_STARTING},
	[EV_RUNNING] = {"running", IN(STARTING), RUN_RUNNING},
	[EV_PAUSED] = {"paused", IN(RUNNING) | IN(PAUSED), RUN_PAUSED},
	[EV_RESUMED] = {"resumed", IN(PAUSED) | IN(RUNNING), RUN_RUNNING},
	[EV_WARNING] = {"warning", ~0U, RUN_STATES},
	[EV_TERMINATING] = {"terminating", LIVE, RUN_STATES},
	[EV_FINISHED] = {"finished", IN(STARTING) | IN(RUNNING) | IN(PAUSED), RUN_FINISHED},
	[EV_FAILED] = {"failed", IN(SUBMITTED) | IN(QUEUED) | IN(STARTING) | IN(RUNNING) | IN(PAUSED), RUN_FAILED},
	[EV_TERMINATED] = {"terminated", LIVE, RUN_TERMINATED},
	[EV_LOST] = {"lost", IN(SUBMITTED) | IN(QUEUED) | IN(STARTING) | IN(RUNNING) | IN(PAUSED), RUN_LOST},
};

const char *run_state_name(enum run_state s)
{
	return s < RUN_STATES ? state_names[s] : "unknown";
}

int run_state_parse(const char *word)
{
	for (int s = 0; s < RUN_STATES; s++)
		if (strcmp(word, state_names[s]) == 0)
			return s;
	return -EINVAL;
}

const char *run_event_name(enum run_event_kind k)
{
	return k < EV_KINDS ? moves[k].name : "unknown";
}

int run_event_parse(const char *word)
{
	for (int k = 0; k < EV_KINDS; k++)
		if (strcmp(word, moves[k].name) == 0)
			return k;
	return -EINVAL;
}

int run_next(enum run_state s, enum run_event_kind k)
{
	if (s >= RUN_STATES || k >= EV_KINDS || !(moves[k].from & (1U << s)))
		return -EINVAL;
	return moves[k].to == RUN_STATES ? (int)s : (int)moves[k].to;
}

bool run_ended(enum run_state s)
{
	return s >= RUN_FINISHED && s < RUN_STATES;
}

bool run_started(enum run_state s)
{
	return s >= RUN_RUNNING && s < RUN_STATES;
}
