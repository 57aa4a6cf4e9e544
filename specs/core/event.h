/*
 * event - one line of a run's journal: a state move or a warning, with what is known about it.
 *
 * A JSON object and a newline, below EVENT_BYTES_MAX. The journal is appended with one O_APPEND write(2) a line and fsync'd; a torn
 * last line (power cut) is closed with a newline by the next writer, and readers skip a line that does not decode.
 * Unknown fields are ignored, an unknown event is -ENOMSG (a newer writer): skip it. Pure; any thread.
 */
#pragma once

#include "buf.h"
#include "err.h"
#include "run.h"

#include <stddef.h>
#include <stdint.h>

#define EVENT_BYTES_MAX 4096
#define EXIT_UNKNOWN (-1)

struct event {
	enum run_event_kind kind;
	int64_t time_ms;     /* node's clock, Unix time */
	uint32_t attempt;    /* from 1; 0 before the first start */
	int32_t pid;         /* running: the command's pid on the node; else 0 */
	int32_t code;        /* ended: exit code, or EXIT_UNKNOWN */
	int32_t signal;      /* ended: the signal that killed it, or 0 */
	uint64_t log_bytes;     /* ended: final sizes of the streams: what a mirror must have to be complete */
	uint64_t metrics_bytes;
	char host[64];       /* running: the node's host name, else "" */
	char reason[256];    /* a sentence, or "" */
};

void event_encode(const struct event *e, struct buf *out); /* with the newline */
/* line: len bytes without the newline. -EBADMSG when it is no event, -ENOMSG when the event is unknown. */
int event_decode(const char *line, size_t len, struct event *ret);
