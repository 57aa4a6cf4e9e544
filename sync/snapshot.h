/*
 * snapshot - captures code into the content store, as it is at that moment.
 *
 * The store is a directory (its descriptor is borrowed) of blobs named hash_path(hash); a blob is there whole and durable, or not at all. A
 * capture is a manifest (manifest.h), itself a blob, whose hash names the code. Files are copied while they are hashed: one that changes
 * meanwhile is captured as it was read.
 *
 * Slow: reads, hashes and fsyncs. Any thread, several at once on one store; one struct snapshot is used by one thread.
 *
 * What a walk takes: regular files; symbolic links that are relative and stay inside the captured directory as links, others by the content of
 * the file that they lead to. It skips names that begin with '.', *.pyc, __pycache__, other filesystems, the mount (`avoid`, which is never even
 * stat'ed), the store itself, links to directories elsewhere, links to nothing, sockets, pipes and devices. What is named by itself is
 * taken even so: only inside a named directory is skipped.
 */
#pragma once

#include "err.h"
#include "hash.h"
#include "manifest.h"

#define SNAPSHOT_WHOLE_FILES_MAX 10000
#define SNAPSHOT_WHOLE_BYTES_MAX (256LL << 20)
#define SNAPSHOT_NAMED_FILES_MAX 100000
#define SNAPSHOT_NAMED_BYTES_MAX (16LL << 30)

struct snapshot;

/* store_fd -1: nothing is written and codes are "", only what can be said without reading contents is checked. avoid: the mountpoint's
 * absolute path, or NULL. */
struct snapshot *snapshot_new(int store_fd, const char *avoid);

/* Everything below dir. -EFBIG: more than SNAPSHOT_WHOLE_*_MAX, or dir is /, $HOME, /tmp or the like, which nobody means. */
int snapshot_whole(struct snapshot *s, const char *dir, char code[HASH_HEX + 1], struct nn_err *err);

/* The named files, directories and globs (*, ?, [...] within a path component), NULL-terminated, relative to dir or absolute but inside it.
 * -ENOENT: one does not exist; -EXDEV: outside dir; -EFBIG. */
int snapshot_named(struct snapshot *s, const char *dir, const char *const *names, char code[HASH_HEX + 1],
		   struct nn_err *err);

/* Gives all that was captured its name in the store; durable once 0 is returned. Call once, after the captures. */
int snapshot_commit(struct snapshot *s, struct nn_err *err);

/* What was not committed is removed. */
void snapshot_free(struct snapshot *s);
static inline void snapshot_freep(struct snapshot **s)
{
	snapshot_free(*s);
}

/* 0 when name (as for snapshot_named) is there: a file, a directory, or a glob with a match; -ENOENT, -EXDEV. Sets err. */
int snapshot_has(const char *dir, const char *name, const char *avoid, struct nn_err *err);

/* True when path is at or below the directory `above`; both absolute and canonical text. above may be NULL. */
bool path_below(const char *path, const char *above);

/* Reads a code's manifest back from the store. */
int snapshot_manifest(int store_fd, const char *code, struct manifest *ret, struct nn_err *err);

/* Removes temporary files left by a crash. At start, before any capture. */
int snapshot_tidy(int store_fd);
