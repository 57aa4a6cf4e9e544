#include "shim.h"

#include "fdio.h"
#include "lock.h"
#include "scope.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_RUN 3
#define FD_GO 4

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < SIGRTMAX; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void ignore_signals(void)
{
	for (int sig = 1; sig < SIGRTMAX; sig++)
		if (sig != SIGCHLD && sig != SIGSEGV && sig != SIGBUS && sig != SIGABRT)
			(void)signal(sig, SIG_IGN);
}

static int write_command(pid_t shim, pid_t pid)
{
	char boot[BOOT_ID_LEN + 1], tmp[32], text[160];
	_close_ int fd = -1;
	int n, r;

	proc_boot_id(boot);
	n = snprintf(text, sizeof(text), "%s %d %" PRIu64 " %d %" PRIu64 "\n", boot, (int)shim, proc_start(shim), (int)pid,
		     proc_start(pid));
	snprintf(tmp, sizeof(tmp), "command.%d", (int)shim);
	fd = openat(FD_RUN, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, (size_t)n);
	if (r >= 0 && linkat(FD_RUN, tmp, FD_RUN, "command", 0) < 0)
		r = -errno;
	(void)unlinkat(FD_RUN, tmp, 0);
	return r >= 0 && fsync(FD_RUN) < 0 ? -errno : r;
}

/*
 * The child: notes itself in `command`, then becomes the command. It shares the shim's memory (vfork: no page tables to copy, a third of the time of a
 * fork), which waits until it executes or exits, so that *error is how it tells. 0: executed; -1: not to be executed, somebody else was first.
 */
static _Noreturn void become_command(const struct shim_job *job, pid_t shim, volatile int *error)
{
	int log = openat(FD_RUN, "log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int work = openat(FD_RUN, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int opened = log < 0 || work < 0 ? errno : 0;

	*error = -1;
	if (write_command(shim, getpid()) < 0)
		_exit(1);
	*error = opened;
	default_signals();
	if (!opened && (setsid() < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0 || fchdir(work) < 0))
		*error = errno;
	if (*error == 0) {
		(void)execvpe(job->argv[0], job->argv, job->envp);
		*error = errno;
	}
	_exit(127);
}

static void write_exit(const siginfo_t *end, int error)
{
	int code = end->si_code == CLD_EXITED ? end->si_status : -1;
	int sig = end->si_code == CLD_EXITED ? 0 : end->si_status;
	char text[96];
	int n = snprintf(text, sizeof(text), "%d %d %" PRId64 " %d\n", code, sig, time_now_ms(), error);

	/* A full disk must not cost the exit status: the shim has nothing else to do than to try until there is room. */
	for (int r = -EAGAIN; r < 0; (void)(r < 0 && usleep(1000000))) {
		r = file_replace(FD_RUN, "exit", text, (size_t)n, 0600);
		if (r != -ENOSPC && r != -EDQUOT)
			return;
	}
}

static _Noreturn void shim_main(const struct shim_job *job)
{
	volatile int error = 0;
	pid_t self = getpid(), pid;
	siginfo_t end;
	int lock;

	(void)prctl(PR_SET_NAME, "neronet-shim");
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)setsid();
	ignore_signals();
	lock = openat(FD_RUN, "shim.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0 || lock_take(lock) < 0)
		_exit(1);
	pid = vfork();
	if (pid == 0)
		become_command(job, self, &error);
	if (pid < 0 || error < 0)
		_exit(1);
	(void)close(FD_GO);
	for (;;) {
		if (waitid(P_ALL, 0, &end, WEXITED) < 0) {
			if (errno == EINTR)
				continue;
			_exit(0);
		}
		if (end.si_pid == pid)
			write_exit(&end, error);
	}
}

pid_t shim_start(const struct shim_job *job, int *ret_go, struct nn_err *err)
{
	int go[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	pid = fork();
	if (pid < 0) {
		int r = err_sys(err, errno, "fork");

		(void)close(go[0]);
		(void)close(go[1]);
		return r;
	}
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		int run = fcntl(job->run_fd, F_DUPFD_CLOEXEC, 64), up = fcntl(go[1], F_DUPFD_CLOEXEC, 64);

		(void)(dup2(null, 0) + dup2(null, 1) + dup2(null, 2));
		(void)(dup3(run, FD_RUN, O_CLOEXEC) + dup3(up, FD_GO, O_CLOEXEC));
		(void)close_range(FD_GO + 1, ~0U, 0);
		shim_main(job);
	}
	(void)close(go[1]);
	*ret_go = go[0];
	return pid;
}

int shim_read_command(int run_fd, struct shim_command *ret)
{
	_scoped_(buf_done) struct buf text = {0};
	struct shim_command c = {0};
	int shim, pid;
	int r = file_read(run_fd, "command", 256, &text);

	if (r < 0)
		return r;
	if (sscanf(buf_str(&text), "%36s %d %" SCNu64 " %d %" SCNu64, c.boot, &shim, &c.shim_start, &pid, &c.start) != 5)
		return -EBADMSG;
	c.shim = shim;
	c.pid = pid;
	*ret = c;
	return 0;
}

int shim_read_exit(int run_fd, struct shim_exit *ret)
{
	_scoped_(buf_done) struct buf text = {0};
	struct shim_exit e = {0};
	int r = file_read(run_fd, "exit", 256, &text);

	if (r < 0)
		return r;
	if (sscanf(buf_str(&text), "%" SCNd32 " %" SCNd32 " %" SCNd64 " %" SCNd32, &e.code, &e.signal, &e.time_ms, &e.error) != 4)
		return -EBADMSG;
	*ret = e;
	return 0;
}

int shim_alive(int run_fd)
{
	_close_ int fd = openat(run_fd, "shim.lock", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return lock_held(fd);
}
