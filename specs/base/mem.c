#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (!p) {
		fputs("neronet: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *nn_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *nn_calloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *nn_realloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

char *nn_strdup(const char *s)
{
	return checked(strdup(s));
}

char *nn_strndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *nn_printf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : s);
}
