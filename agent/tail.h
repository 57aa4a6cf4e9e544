/*
 * tail - the metrics of a run: reads its log as it grows, finds named numbers, appends them to its `metrics` stream.
 *
 * The rows that a log gives depend on the log alone, but for their time. So a kid that is started again for the same run reads the log from its
 * beginning and passes over as many rows as `metrics` holds; a row torn by a crash is closed so that no reader takes it for one, and made again.
 * '\n' and '\r' end a line; what is longer than METRIC_LINE_MAX is passed over up to the next end.
 */
#pragma once

#include "err.h"
#include "metric.h"

#include <stdbool.h>
#include <stdint.h>

struct tail {
	int log_fd, metrics_fd;
	uint64_t offset;      /* of the log */
	uint64_t skip;        /* rows that metrics has already */
	uint64_t metrics_size;
	bool long_line;       /* inside a line that is too long */
	struct buf line;      /* the line that has not ended */
	struct metric_steps steps;
};

int tail_open(int run_fd, struct tail *ret, struct nn_err *err);
void tail_close(struct tail *t);

/* Reads what the log has got, at most max bytes; 1 when there may be more, 0 at its end, or -errno. */
int tail_read(struct tail *t, uint64_t max, struct nn_err *err);

/* The log will not grow any more: its last line counts though it has no newline. */
int tail_finish(struct tail *t, struct nn_err *err);
