#include "spec_errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void spec_errors_init(struct spec_errors *e, const char *file_name)
{
	*e = (struct spec_errors){0};
	snprintf(e->file, sizeof(e->file), "%s", file_name);
}

/* Bytes of the UTF-8 sequence at s (its lead byte is not ASCII), or 0 when it is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* What a user typed may hold anything, and a cut may split a character. */
static void make_one_line(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		size_t n = *p < 0x80 ? (size_t)(*p >= 32 && *p != 127) : utf8_length(p);

		if (n == 0)
			*p = '?';
		p += n ? n : 1;
	}
}

static bool before(const struct spec_error *e, unsigned line, unsigned column)
{
	return e->line < line || (e->line == line && e->column <= column);
}

static void insert(struct spec_errors *e, const struct spec_error *entry)
{
	size_t at = e->n;

	while (at > 0 && !before(&e->list[at - 1], entry->line, entry->column))
		at--;
	memmove(&e->list[at + 1], &e->list[at], (e->n - at) * sizeof(e->list[0]));
	e->list[at] = *entry;
	e->n++;
}

static bool has(const struct spec_errors *e, const struct spec_error *entry)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->list[i].line == entry->line && e->list[i].column == entry->column &&
		    strcmp(e->list[i].text, entry->text) == 0)
			return true;
	return false;
}

int spec_errors_add(struct spec_errors *e, unsigned line, unsigned column, const char *fmt, ...)
{
	struct spec_error entry = {.line = line, .column = column};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(entry.text, sizeof(entry.text), fmt, ap);
	va_end(ap);
	make_one_line(entry.text);
	if (has(e, &entry))
		return -EINVAL;
	if (e->n == SPEC_ERRORS_MAX)
		e->more++;
	else
		insert(e, &entry);
	return -EINVAL;
}

void spec_errors_join(struct spec_errors *e, const struct spec_errors *from)
{
	for (size_t i = 0; i < from->n; i++)
		(void)spec_errors_add(e, from->list[i].line, from->list[i].column, "%s", from->list[i].text);
	e->more += from->more;
}

void spec_errors_print(const struct spec_errors *e, struct buf *out)
{
	for (size_t i = 0; i < e->n; i++)
		buf_addf(out, "%s:%u:%u: %s\n", e->file, e->list[i].line, e->list[i].column, e->list[i].text);
	if (e->more)
		buf_addf(out, "%s:%u:%u: and %zu more\n", e->file, e->list[e->n - 1].line, e->list[e->n - 1].column, e->more);
}
