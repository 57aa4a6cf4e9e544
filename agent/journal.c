#include "journal.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static void apply(struct journal *j, const struct event *e)
{
	int next = run_next(j->state, e->kind);

	if (next < 0)
		return;
	j->state = (enum run_state)next;
	if (e->attempt)
		j->attempt = e->attempt;
	if (e->kind == EV_TERMINATING) {
		j->terminating = true;
		snprintf(j->reason, sizeof(j->reason), "%s", e->reason);
	}
}

int journal_catch_up(struct journal *j, void (*each)(void *arg, const struct event *e), void *arg)
{
	_scoped_(buf_done) struct buf text = {0};
	char *line, *end;
	ssize_t n;

	while ((n = pread(j->fd, buf_room(&text, 65536), 65536, (off_t)(j->size + text.len))) > 0)
		text.len += (size_t)n;
	if (n < 0)
		return -errno;
	j->torn = text.len && text.data[text.len - 1] != '\n';
	for (line = text.data; line && (end = memchr(line, '\n', text.len - (size_t)(line - text.data))); line = end + 1) {
		struct event e;

		j->size += (size_t)(end - line) + 1;
		if (event_decode(line, (size_t)(end - line), &e) < 0)
			continue;
		apply(j, &e);
		if (each)
			each(arg, &e);
	}
	return 0;
}

int journal_open(int run_fd, struct journal *ret, struct nn_err *err)
{
	struct journal j = {.fd = openat(run_fd, "journal", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
	int r;

	if (j.fd < 0)
		return err_sys(err, errno, "journal");
	r = journal_catch_up(&j, NULL, NULL);
	if (r < 0) {
		(void)close(j.fd);
		return err_sys(err, -r, "journal");
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		(void)close(j->fd);
	j->fd = -1;
}

int journal_append(struct journal *j, struct event *e, bool sync, struct nn_err *err)
{
	_scoped_(buf_done) struct buf line = {0};
	int r;

	if (run_next(j->state, e->kind) < 0)
		return err_set(err, EINVAL, "a run that is %s cannot become %s", run_state_name(j->state),
			       run_event_name(e->kind));
	e->time_ms = time_now_ms();
	if (e->attempt == 0)
		e->attempt = j->attempt;
	if (j->torn)
		buf_addc(&line, '\n');
	event_encode(e, &line);
	r = fd_write_all(j->fd, line.data, line.len);
	if (r >= 0 && sync && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "journal");
	return journal_catch_up(j, NULL, NULL);
}
