/*
 * buf - a growing run of bytes, always followed by a NUL that len does not count.
 *
 * Zero-initialised is empty: `_scoped_(buf_done) struct buf b = {0};`. Not thread-safe.
 * Running out of memory ends the process (see mem.h): every process here may die at any
 * instant without losing anything, so there is one tested way to go down, not hundreds.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL while nothing was ever put in */
	size_t len;
	size_t cap;
};

void buf_done(struct buf *b);
void buf_reset(struct buf *b);               /* len = 0, memory kept */
char *buf_room(struct buf *b, size_t n);     /* room for n more bytes; write there, then add to len */
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
void buf_cut(struct buf *b, size_t n);       /* drop the first n bytes */
const char *buf_str(const struct buf *b);    /* never NULL */
char *buf_take(struct buf *b);               /* the string, owned by the caller; b is empty again */
