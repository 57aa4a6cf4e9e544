/*
 * watch - inotify on directories, for one event loop: which file of which directory changed.
 */
#pragma once

#include "err.h"

#include <stdint.h>

struct watch {
	int fd; /* readable when there is something to handle; non-blocking */
};

int watch_open(struct watch *ret, struct nn_err *err);
void watch_close(struct watch *w);

/* Changes, creations and renames of files in the directory; the watch's number, the same one when it is watched already, or -errno. */
int watch_add(struct watch *w, int dir_fd);
void watch_remove(struct watch *w, int number);

/* Hands over all that is there; name "" for the directory itself. number -1: events were lost, look at everything. */
void watch_handle(struct watch *w, void (*each)(void *arg, int number, const char *name), void *arg);
