/*
 * mem - allocation that cannot fail: out of memory prints one line and aborts.
 *
 * Sizes that come from outside are limited before they get here. Any thread.
 */
#pragma once

#include <stddef.h>

void *nn_alloc(size_t size);                 /* zeroed */
void *nn_calloc(size_t n, size_t size);      /* zeroed; n * size is checked */
void *nn_realloc(void *p, size_t size);
char *nn_strdup(const char *s);
char *nn_strndup(const char *s, size_t n);
char *nn_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* owned by the caller */
