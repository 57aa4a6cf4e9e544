/*
 * hash - BLAKE2b-256 of contents (libsodium), as 64 lower-case hex digits. Names blobs and the agent's file.
 *
 * Any thread. hash_fd reads from the descriptor's current offset to its end.
 */
#pragma once

#include "err.h"

#include <stdbool.h>
#include <stddef.h>

#define HASH_HEX 64

void hash_bytes(const void *data, size_t len, char out[HASH_HEX + 1]);
int hash_fd(int fd, char out[HASH_HEX + 1]); /* 0 or -errno */
bool hash_ok(const char *hex);

/* "ab/cdef...": the blob's path below a content store. */
void hash_path(const char *hex, char out[HASH_HEX + 2]);
