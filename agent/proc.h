/*
 * proc - what /proc says about processes: start times, and which of them belong to a run.
 *
 * A pid alone is no identity: it is used again. Pid plus start time (clock ticks since boot, /proc/PID/stat field 22) plus boot id is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BOOT_ID_LEN 36

/* The kernel's boot id, "" when it cannot be read. */
void proc_boot_id(char out[BOOT_ID_LEN + 1]);

/* The start time of pid, or 0 when there is no such process (or it is a zombie). */
uint64_t proc_start(pid_t pid);

/* A pidfd of exactly that process, or -ESRCH when it is gone or the pid is another's now. */
int proc_open(pid_t pid, uint64_t start);

/*
 * All live processes that belong to a run: descendants of any of the n roots (the roots themselves and `except` are left out), and, when
 * tag is not NULL, those whose environment holds the string tag ("NERONET_RUN_ID=..."). malloc'd list in *ret, its length returned, or -errno.
 */
ssize_t proc_tree(const pid_t *roots, size_t n, const char *tag, pid_t **ret);
