/*
 * manifest - the list of files that a run's code consists of; itself a blob of the content store.
 *
 * Text, one file a line in byte order of the paths: "MODE SIZE HASH PATH\n". MODE is 644 or 755, or 777 for a
 * symbolic link, whose blob then holds the target. PATH is relative, has no empty, "." or ".." component, no newline
 * and is below 4096 bytes. Decoding refuses anything else, so a manifest can be laid out below a directory without looking again.
 * Pure; any thread.
 */
#pragma once

#include "buf.h"
#include "err.h"
#include "hash.h"

#include <stdint.h>

struct manifest_file {
	unsigned mode; /* 0644, 0755 or 0777 (symbolic link) */
	uint64_t size; /* bytes */
	char hash[HASH_HEX + 1];
	char *path;
};

struct manifest {
	struct manifest_file *files;
	size_t n;
};

void manifest_done(struct manifest *m);
void manifest_add(struct manifest *m, const char *path, unsigned mode, uint64_t size, const char *hash);
void manifest_sort(struct manifest *m); /* call before encoding; drops a path given twice */
void manifest_encode(const struct manifest *m, struct buf *out);
int manifest_decode(const char *text, size_t len, struct manifest *ret, struct nn_err *err); /* ret untouched on failure */
bool manifest_path_ok(const char *path);
