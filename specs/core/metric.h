/*
 * metric - named numbers found in lines of output, and the stream that carries them.
 *
 * A line gives metrics when it is, in this order:
 *	{"loss": 0.3, "step": 7}    a JSON object: its numbers (nan and inf cannot be written in JSON)
 *	loss 0.3                    one name, one number, nothing else (Neronet 1.0)
 *	... loss=0.3, acc: 91% ...  name=number or name: number anywhere; a number ends at a blank, ',', ';', ')', ']', '%' or the end
 * Names begin with a letter or '_' and go on with those, digits, '.', '/', '-' and '@', at most 64 bytes.
 *
 * The step: a metric called "step" sets it for its line and those after it. Until one was seen, steps are counted from 1 and
 * a new one begins when a name comes again (Guild AI's rule).
 *
 * The stream (the run's `metrics` file on the node): "STEP TIME_MS NAME VALUE\n", appended; VALUE is the number as it was printed.
 * Pure; not shared between threads.
 */
#pragma once

#include "buf.h"

#include <stdint.h>

#define METRIC_NAME_MAX 64
#define METRIC_VALUE_MAX 40  /* longest number's text */
#define METRICS_PER_LINE 64  /* further ones on a line are passed over */
#define METRICS_PER_RUN 1024 /* further names of a run are passed over */
#define METRIC_LINE_MAX 16384 /* a longer line is searched this far */

struct metric_point {
	char name[METRIC_NAME_MAX + 1];
	char text[METRIC_VALUE_MAX + 1];
	double value;
};

/* Finds at most max points in a line of len bytes (no newline); returns how many. */
size_t metric_scan(const char *line, size_t len, struct metric_point *points, size_t max);

struct metric_steps {
	int64_t step;
	int explicit_step; /* a "step" was seen */
	char **seen;       /* names in the current implied step */
	size_t n_seen;
};

void metric_steps_done(struct metric_steps *s);

/* Gives n points of one line their step and appends them to out in the stream's form; "step" itself is not put. */
void metric_steps_put(struct metric_steps *s, const struct metric_point *points, size_t n, int64_t time_ms, struct buf *out);

struct metric_row {
	int64_t step;
	int64_t time_ms;
	char name[METRIC_NAME_MAX + 1];
	char text[METRIC_VALUE_MAX + 1];
};

/* One line of the stream, without its newline. -EBADMSG when it is none. */
int metric_row_decode(const char *line, size_t len, struct metric_row *ret);
