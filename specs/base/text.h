/*
 * text - small text the whole program agrees on: times, durations, names, words, ids.
 *
 * Pure except for the clock and the random source. Any thread.
 */
#pragma once

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_BYTES 200 /* longest run, experiment or cluster name (INTERFACE: "Names are safe") */
#define ULID_LEN 26        /* characters of an id, without the NUL */

int64_t time_now_ms(void);  /* Unix time, milliseconds */
int64_t time_mono_ms(void); /* CLOCK_MONOTONIC, milliseconds */

/* "2026-01-31T12:00:05.123Z" (RFC 3339, UTC, milliseconds) into out; returns out. */
char *time_text(int64_t unix_ms, char out[32]);

/* "90", "90s", "1.5h", "2d", "1h30m", "01:30:00" -> seconds. EINVAL for anything else, 0 to 2^31-1. */
int text_duration(const char *s, uint32_t *ret_s, struct nn_err *err);

/* True for 1..200 bytes of [A-Za-z0-9._+=@,-] that do not begin with '.'. */
bool name_ok(const char *s);

/* Appends s with every byte outside that set turned into '_'. */
void name_safe(struct buf *b, const char *s);

/* A new ULID: 48 bits of time and 80 random bits in Crockford base32; sorts by time. */
void ulid_new(char out[ULID_LEN + 1]);
bool ulid_ok(const char *s);

/* Appends s so that a YAML 1.2 reader gets exactly s back: plain where safe, else double-quoted. */
void yaml_scalar(struct buf *b, const char *s);

/* Splits a line at blanks: the first word, and the rest without leading or trailing blanks. line is changed. */
void text_verb(char *line, char **ret_verb, char **ret_rest);

/* "SIGTERM", "TERM" or "15" -> 15; -EINVAL. And back: "SIGTERM", or "signal 77" where it has no name. */
int signal_number(const char *name);
const char *signal_name(int sig, char out[24]);
