/*
 * run - the life of a run as a table: states, what moves them, and the words for both.
 *
 *	defined -> submitted -> queued -> starting -> running <-> paused -> finished | failed | terminated | lost
 *
 * `starting` is the node's own (the code is laid out, the shim is being forked) and shown to users as queued.
 * The node decides every move after `submitted`; the laptop replays the node's journal through the same run_next(),
 * so both ends hold the same state or the journal is damaged. Pure; any thread.
 */
#pragma once

#include <stdbool.h>

enum run_state {
	RUN_DEFINED,
	RUN_SUBMITTED, /* durable on the laptop, no node has confirmed it */
	RUN_QUEUED,    /* durable on the node */
	RUN_STARTING,
	RUN_RUNNING,
	RUN_PAUSED,
	RUN_FINISHED,   /* exit code 0 */
	RUN_FAILED,     /* another code, a signal, could not start */
	RUN_TERMINATED, /* by a person or a condition; the reason says which */
	RUN_LOST,       /* the node says, with proof, that it is gone */
	RUN_STATES,
};

/* What a journal line may report; the words are the journal's "event" field. */
enum run_event_kind {
	EV_SUBMIT,      /* submit: taken here, not sent (laptop only) */
	EV_QUEUED,      /* queued: durable on the node */
	EV_STARTING,    /* starting: the kid begins attempt N */
	EV_RUNNING,     /* running: the command was executed */
	EV_PAUSED,
	EV_RESUMED,
	EV_WARNING,     /* a sentence; moves nothing */
	EV_TERMINATING, /* a kill was asked for and is under way; moves nothing */
	EV_FINISHED,
	EV_FAILED,
	EV_TERMINATED,
	EV_LOST,
	EV_KINDS,
};

const char *run_state_name(enum run_state s);       /* the user's word: "queued" for RUN_STARTING too */
int run_state_parse(const char *word);              /* user's word -> state, or -EINVAL */
const char *run_event_name(enum run_event_kind k);
int run_event_parse(const char *word);              /* -> kind, or -EINVAL */

/* The state after k in state s, or -EINVAL where the table has no such move. */
int run_next(enum run_state s, enum run_event_kind k);

bool run_ended(enum run_state s);                   /* finished, failed, terminated, lost */
bool run_started(enum run_state s);                 /* running or later; a queued run that was terminated counts too */
