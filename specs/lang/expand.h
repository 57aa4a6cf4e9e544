/*
 * expand - words with {name} fields, and the product of parameters: from an experiment to its runs. Pure.
 *
 * Used by spec.c only, and by tests; others use spec.h.
 */
#pragma once

#include "spec.h"

#define PIECE_TEXT SIZE_MAX

struct word_piece {
	size_t param; /* index of the parameter whose value stands here, or PIECE_TEXT */
	char *text;   /* PIECE_TEXT: literal text */
};

struct word {
	struct word_piece *pieces;
	size_t n;
	bool drop_empty; /* left out when it comes out empty */
};

/* Text of one word to pieces: {name} fields, {{ and }}. 0; or -EINVAL with why and where: *ret_offset and *ret_len are the part of text that is wrong. */
int word_compile(const char *text, const struct spec_param *params, size_t n_params, struct word *ret,
		 struct nn_err *err, size_t *ret_offset);
void word_done(struct word *w);

/* A word that is one literal text, or one parameter's value. */
void word_literal(struct word *w, const char *text);
void word_value(struct word *w, size_t param);

/* Product of the numbers of values, UINT64_MAX when it is more than that. */
uint64_t expand_count(const struct spec_param *params, size_t n_params);

/* The run's name; values[i] is the value of params[i]. */
void expand_name(const struct experiment *e, const struct run_param *params, char out[NAME_MAX_BYTES + 1]);
