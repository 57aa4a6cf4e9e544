/*
 * fdio - whole reads and writes, files replaced atomically, directories made.
 *
 * All take a directory descriptor and a relative path as the *at() calls do (AT_FDCWD for paths).
 * Every descriptor is CLOEXEC. >= 0 or -errno; EINTR is retried. Any thread.
 */
#pragma once

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

int fd_write_all(int fd, const void *data, size_t len);
int fd_pwrite_all(int fd, const void *data, size_t len, off_t at);
ssize_t fd_read_full(int fd, void *data, size_t len);  /* fewer bytes than len only at the end of the file */

/* Appends at most max bytes of the file to b; -EFBIG when it is longer. */
int file_read(int dirfd, const char *name, size_t max, struct buf *b);

/* Writes NAME.tmp, fsyncs, renames it to NAME and fsyncs the directory: after 0 the new content survives a
 * power cut, after a failure the old content is whole. One writer per name. */
int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode);

/* open(O_DIRECTORY). */
int dir_open(int dirfd, const char *name);

/* mkdir -p with mode 0700 for what is missing. */
int dir_make(int dirfd, const char *path);

/* rm -rf; 0 also when it does not exist. Follows no link. */
int dir_remove(int dirfd, const char *name);

/* Copies a file's content, by reflink where the filesystem can. */
int fd_copy(int from, int to);

int fd_nonblock(int fd, bool on);
