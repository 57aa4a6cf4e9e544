/*
 * words - text split into words as a POSIX shell does: blanks, '...', "..." and backslashes; nothing is expanded. Pure.
 */
#pragma once

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX 4096

struct shell_word {
	char *text;
	bool quoted;   /* some of it was in quotes or behind a backslash */
	size_t offset; /* of its first byte in the text */
};

struct shell_words {
	struct shell_word *list;
	size_t n;
};

/* 0; or -EINVAL, *ret_why a sentence and *ret_offset where. */
int words_split(const char *text, struct shell_words *ret, const char **ret_why, size_t *ret_offset);
void words_done(struct shell_words *w);

/* Appends argv as one line that a shell splits into the same words; only what needs quotes gets them. */
void words_join(char *const *argv, struct buf *out);
