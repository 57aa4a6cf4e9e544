#include "spawn.h"

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

extern char **environ;

pid_t spawn_stdio(char *const *argv, int stdio, int errors, struct nn_err *err)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid;
	int r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, stdio, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, stdio, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
	r = posix_spawn(&pid, argv[0], &files, &attr, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	return r ? err_sys(err, r, "%s", argv[0]) : pid;
}
