#include "log.h"

#include "fdio.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const words[] = {"error", "warning", "info", "debug"};
static const char *log_program = "neronet";
static enum log_level log_max = LOG_LEVEL_INFO;
static int log_stamped;

void log_setup(const char *program, enum log_level level, int stamped)
{
	log_program = program;
	log_max = level;
	log_stamped = stamped;
}

int log_level_parse(const char *word)
{
	for (int i = 0; i < 4; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return -EINVAL;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[2048], when[32];
	va_list ap;
	int n, more;

	if (level > log_max)
		return;
	if (log_stamped)
		n = snprintf(line, sizeof(line), "%s %s: ", time_text(time_now_ms(), when), words[level]);
	else
		n = snprintf(line, sizeof(line), "%s: ", log_program);
	va_start(ap, fmt);
	more = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	n += more;
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	(void)fd_write_all(STDERR_FILENO, line, (size_t)n);
}
