/*
 * err - one sentence that a user can act on, carried up beside a -errno.
 *
 * Functions return >= 0 or -errno and take `struct nn_err *err` last. Whoever detects a failure writes
 * the sentence with err_set(); each caller on the way up may put context in front of it with err_wrap().
 * The caller owns the struct (usually on its stack); NULL means that nobody wants the sentence.
 * Any thread; no allocation; never fails.
 */
#pragma once

struct nn_err {
	char text[512]; /* always terminated; longer sentences are cut */
};

/* Writes the sentence; returns -code. code is a positive errno. */
int err_set(struct nn_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, and ends the sentence with ": " and the system's words for code. */
int err_sys(struct nn_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "CONTEXT: " in front of the sentence that is there; returns r unchanged (r < 0). */
int err_wrap(struct nn_err *err, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
