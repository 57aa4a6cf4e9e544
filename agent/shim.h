/*
 * shim - the process between a kid and the command: it lets the command go, waits for it, writes its exit status, and reaps its orphans.
 *
 * Forked from the kid without an exec, it keeps no descriptor but the run's directory and its lock, ignores every signal it can, and is the
 * subreaper of all that the command starts. It does nothing else, so that nothing else can go wrong with it: its death is the only one that can cost
 * an exit status.
 *
 * In the run's directory it makes
 *	shim.lock  flock'ed while it lives
 *	command    "BOOT SHIM_PID SHIM_START COMMAND_PID COMMAND_START\n", linked into place and synced before the command may execute. Whoever finds it
 *	           there already is the loser of a race, starts nothing and exits.
 *	exit       "CODE SIGNAL TIME_MS ERRNO\n", written atomically when the command itself has ended; ERRNO: it could not be executed.
 * It exits when no descendant is left.
 */
#pragma once

#include "err.h"
#include "proc.h"

#include <stdint.h>
#include <sys/types.h>

struct shim_job {
	int run_fd;        /* the run's directory; log and work/ are there */
	char *const *argv; /* executed with execvp rules in work/ */
	char *const *envp;
};

/* Forks the shim; its pid, or -errno. *ret_go: a pipe that becomes readable (end of file) once the command executes or cannot. */
pid_t shim_start(const struct shim_job *job, int *ret_go, struct nn_err *err);

struct shim_command {
	char boot[BOOT_ID_LEN + 1];
	pid_t shim, pid;
	uint64_t shim_start, start;
};

struct shim_exit {
	int32_t code, signal;
	int64_t time_ms;
	int32_t error; /* errno of execve, 0: it was executed */
};

int shim_read_command(int run_fd, struct shim_command *ret); /* 0, -ENOENT, -EBADMSG */
int shim_read_exit(int run_fd, struct shim_exit *ret);
int shim_alive(int run_fd); /* 1: shim.lock is held; 0: not; -errno */
