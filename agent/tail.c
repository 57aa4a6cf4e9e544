#include "tail.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define BLOCK 65536

/* Counts the rows that are there. A torn last one is closed with " \n", which no reader takes for a row, and made again. */
static int resume(struct tail *t)
{
	_free_ char *block = nn_alloc(BLOCK);
	char last = '\n';
	ssize_t n;

	while ((n = pread(t->metrics_fd, block, BLOCK, (off_t)t->metrics_size)) > 0) {
		for (ssize_t i = 0; i < n; last = block[i++])
			t->skip += block[i] == '\n' && last != ' ';
		t->metrics_size += (uint64_t)n;
	}
	if (n < 0)
		return -errno;
	if (last == '\n')
		return 0;
	t->metrics_size += 2;
	return fd_write_all(t->metrics_fd, " \n", 2);
}

int tail_open(int run_fd, struct tail *ret, struct nn_err *err)
{
	struct tail t = {0};
	int r;

	t.log_fd = openat(run_fd, "log", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (t.log_fd < 0)
		return err_sys(err, errno, "log");
	t.metrics_fd = openat(run_fd, "metrics", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	r = t.metrics_fd < 0 ? -errno : resume(&t);
	if (r < 0) {
		tail_close(&t);
		return err_sys(err, -r, "metrics");
	}
	*ret = t;
	return 0;
}

void tail_close(struct tail *t)
{
	if (t->log_fd >= 0)
		(void)close(t->log_fd);
	if (t->metrics_fd >= 0)
		(void)close(t->metrics_fd);
	buf_done(&t->line);
	metric_steps_done(&t->steps);
	t->log_fd = t->metrics_fd = -1;
}

static void put_line(struct tail *t, const char *line, size_t len, struct buf *rows)
{
	struct metric_point points[METRICS_PER_LINE];
	size_t n = metric_scan(line, len, points, METRICS_PER_LINE);

	if (n)
		metric_steps_put(&t->steps, points, n, time_now_ms(), rows);
}

/* A piece of output up to the end of a line, or up to the end of what was read. */
static void take_piece(struct tail *t, const char *piece, size_t len, bool ended, struct buf *rows)
{
	if (!ended || t->line.len || t->long_line) {
		if (t->line.len + len > METRIC_LINE_MAX)
			t->long_line = true;
		else if (!t->long_line)
			buf_add(&t->line, piece, len);
		if (!ended)
			return;
		if (!t->long_line)
			put_line(t, t->line.data, t->line.len, rows);
		buf_reset(&t->line);
		t->long_line = false;
		return;
	}
	put_line(t, piece, len, rows);
}

static int write_rows(struct tail *t, struct buf *rows)
{
	size_t from = 0;
	int r;

	for (; t->skip && from < rows->len; t->skip--) {
		const char *end = memchr(rows->data + from, '\n', rows->len - from);

		from = (size_t)(end - rows->data) + 1;
	}
	if (from == rows->len)
		return 0;
	r = fd_write_all(t->metrics_fd, rows->data + from, rows->len - from);
	if (r >= 0)
		t->metrics_size += rows->len - from;
	return r;
}

int tail_read(struct tail *t, uint64_t max, struct nn_err *err)
{
	_free_ char *block = nn_alloc(BLOCK);
	_scoped_(buf_done) struct buf rows = {0};
	uint64_t end = t->offset + max;
	ssize_t n = 0;

	while (t->offset < end && (n = pread(t->log_fd, block, BLOCK, (off_t)t->offset)) > 0) {
		size_t at = 0;

		while (at < (size_t)n) {
			size_t len = 0;
			bool ended = false;

			while (at + len < (size_t)n && !(ended = block[at + len] == '\n' || block[at + len] == '\r'))
				len++;
			take_piece(t, block + at, len, ended, &rows);
			at += len + ended;
		}
		t->offset += (uint64_t)n;
	}
	if (n < 0)
		return err_sys(err, errno, "log");
	if (write_rows(t, &rows) < 0)
		return err_sys(err, EIO, "metrics");
	return n > 0;
}

int tail_finish(struct tail *t, struct nn_err *err)
{
	_scoped_(buf_done) struct buf rows = {0};
	int r;

	while ((r = tail_read(t, 1 << 24, err)) > 0)
		;
	if (r < 0)
		return r;
	if (t->line.len && !t->long_line)
		put_line(t, t->line.data, t->line.len, &rows);
	buf_reset(&t->line);
	return write_rows(t, &rows) < 0 ? err_sys(err, EIO, "metrics") : 0;
}
