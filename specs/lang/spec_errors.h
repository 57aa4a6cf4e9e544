/*
 * spec_errors - what is wrong with a file that a person wrote, and where: "FILE:LINE:COLUMN: sentence\n" each.
 *
 * A plain value (about 10 KB), nothing to free. Kept in the order of the file, each sentence
 * once a place; beyond SPEC_ERRORS_MAX the rest is counted
 * and one line says how many. Used for warnings as well. Lines and columns count from 1; columns count characters.
 * One thread at a time.
 */
#pragma once

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

#define SPEC_ERRORS_MAX 20

struct spec_error {
	unsigned line, column;
	char text[480]; /* one line of valid UTF-8 */
};

struct spec_errors {
	char file[256]; /* as the user calls it */
	struct spec_error list[SPEC_ERRORS_MAX];
	size_t n;       /* entries in list */
	size_t more;    /* found, not kept */
};

void spec_errors_init(struct spec_errors *e, const char *file_name); /* a longer name is cut */

/* Always returns -EINVAL, so that a finder can `return spec_errors_add(...)`. Control characters become '?'. */
int spec_errors_add(struct spec_errors *e, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* As if each had been added: for warnings of a part. */
void spec_errors_join(struct spec_errors *e, const struct spec_errors *from);

/* Appends the lines; nothing when there are none. */
void spec_errors_print(const struct spec_errors *e, struct buf *out);
