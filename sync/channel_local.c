#include "channel.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct local {
	struct channel base;
	int fd, errors;
	pid_t pid;
};

static int local_wait(struct channel *c, int wake_fd, bool writing, int timeout_ms)
{
	struct local *l = (struct local *)c;
	struct pollfd fds[2] = {{.fd = l->fd, .events = POLLIN | (writing ? POLLOUT : 0)}, {.fd = wake_fd, .events = POLLIN}};

	return poll(fds, 2, timeout_ms) < 0 && errno != EINTR ? -errno : 0;
}

static ssize_t local_read(struct channel *c, void *data, size_t len)
{
	ssize_t n = recv(((struct local *)c)->fd, data, len, MSG_DONTWAIT);

	if (n > 0)
		return n;
	if (n == 0)
		return -EPIPE;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static ssize_t local_write(struct channel *c, const void *data, size_t len)
{
	ssize_t n = send(((struct local *)c)->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int local_why(struct channel *c, char *out, size_t size)
{
	struct local *l = (struct local *)c;
	struct pollfd ended = {.fd = l->errors, .events = POLLIN};
	ssize_t n = poll(&ended, 1, 1000) > 0 ? read(l->errors, out, size - 1) : 0;

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return -1;
}

/* The child ends by itself when the socket is closed; a killed one is reaped all the same. */
static void local_close(struct channel *c)
{
	struct local *l = (struct local *)c;

	(void)close(l->fd);
	(void)close(l->errors);
	(void)waitpid(l->pid, NULL, 0);
	free(l);
}

static const struct channel_ops local_ops = {local_wait, local_read, local_write, local_why, local_close};

int channel_open_local(char *const *argv, struct channel **ret, struct nn_err *err)
{
	struct local *l;
	int pair[2], errors[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	if (pipe2(errors, O_CLOEXEC) < 0) {
		(void)(close(pair[0]) + close(pair[1]));
		return err_sys(err, errno, "pipe");
	}
	pid = spawn_stdio(argv, pair[1], errors[1], err);
	(void)(close(pair[1]) + close(errors[1]));
	if (pid < 0) {
		(void)(close(pair[0]) + close(errors[0]));
		return pid;
	}
	l = nn_alloc(sizeof(*l));
	*l = (struct local){.base.ops = &local_ops, .fd = pair[0], .errors = errors[0], .pid = pid};
	*ret = &l->base;
	return 0;
}
