#include "spawn.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct words {
	char **list;
	size_t n;
};

static void put(struct words *w, char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < w->n; i++)
		if (strncmp(w->list[i], word, len + 1) == 0) {
			free(w->list[i]);
			w->list[i] = word;
			return;
		}
	w->list = nn_realloc(w->list, (w->n + 2) * sizeof(*w->list));
	w->list[w->n++] = word;
	w->list[w->n] = NULL;
}

char **spawn_environment(const struct record *r, const struct workdir *w, uint32_t attempt)
{
	_free_ char *params = json_dumps(r->params, JSON_COMPACT);
	struct words env = {0};

	put(&env, nn_strdup("PYTHONUNBUFFERED=1"));
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "SSH_", 4) != 0 && strncmp(*e, "NERONET_", 8) != 0)
			put(&env, nn_strdup(*e));
	for (char **e = r->env; *e; e++)
		if (strchr(*e, '='))
			put(&env, nn_strdup(*e));
	put(&env, nn_printf("NERONET_RUN_ID=%s", r->id));
	put(&env, nn_printf("NERONET_NAME=%s", r->name));
	put(&env, nn_printf("NERONET_RUN_DIR=%s/runs/%s", w->path, r->id));
	put(&env, nn_printf("NERONET_PARAMS=%s", params ? params : "{}"));
	put(&env, nn_printf("NERONET_ATTEMPT=%u", attempt));
	return env.list;
}

/* In the child: stdio on /dev/null and the host's log, no other descriptor but keep (-1: none), default signals, a session of its own. */
static void detach(const struct workdir *w, int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = openat(w->host_fd, "log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	sigset_t none;

	(void)setsid();
	(void)(dup2(null, 0) + dup2(null, 1) + dup2(log < 0 ? null : log, 2));
	if (keep >= 0 && keep != 3)
		keep = dup2(keep, 3);
	(void)close_range(keep >= 0 ? 4 : 3, ~0U, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* posix_spawn: the child shares our memory until it executes, which takes half of the time that a fork does. */
pid_t spawn_kid(const struct workdir *w, const char *id, int *ret_pidfd, struct nn_err *err)
{
	const char *argv[] = {"neronet-agent", "run", "--dir", w->path, id, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid;
	int fd, r;

	(void)sigemptyset(&none);
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)posix_spawn_file_actions_init(&files); /* our stdio is what it gets: /dev/null and the host's log */
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	r = posix_spawn(&pid, SELF, &files, &attr, (char *const *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	if (r != 0)
		return err_sys(err, r, "starting a supervisor");
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return err_sys(err, errno, "pidfd");
	*ret_pidfd = fd;
	return pid;
}

int spawn_manager(const struct workdir *w, int *ret_ready, struct nn_err *err)
{
	const char *argv[] = {"neronet-agent", "serve", "--dir", w->path, "--ready", "3", NULL};
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		detach(w, ready[1]);
		if (chdir("/") == 0)
			(void)execv(SELF, (char *const *)argv);
		_exit(127);
	}
	(void)close(ready[1]);
	if (pid < 0) {
		(void)close(ready[0]);
		return err_sys(err, errno, "fork");
	}
	(void)waitpid(pid, NULL, 0);
	*ret_ready = ready[0];
	return 0;
}
