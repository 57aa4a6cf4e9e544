/*
 * log - one line a message on standard error: "PROGRAM: what: why", with a time and level once a log file is used.
 *
 * Only mains, the FUSE operations and thread bodies log; libraries return errors (err.h). Any thread: a line is one write(2).
 */
#pragma once

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Call once before threads start. program is kept, not copied. stamped: "TIME LEVEL message" lines, for a log file. */
void log_setup(const char *program, enum log_level level, int stamped);
int log_level_parse(const char *word); /* "error", "warning", "info", "debug" -> level, or -EINVAL */

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
