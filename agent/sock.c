#include "sock.h"

#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == geteuid() ? 0 : -EPERM;
}

static int make(int host_fd, struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(addr->sun_path, sizeof(addr->sun_path), "/proc/self/fd/%d/sock", host_fd);
	return fd < 0 ? -errno : fd;
}

int sock_listen(int host_fd, struct nn_err *err)
{
	struct sockaddr_un addr;
	_close_ int fd = make(host_fd, &addr);

	if (fd < 0)
		return err_sys(err, -fd, "socket");
	if (unlinkat(host_fd, "sock", 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "sock");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || fchmodat(host_fd, "sock", 0600, 0) < 0 || listen(fd, 64) < 0)
		return err_sys(err, errno, "sock (does the filesystem of the work directory allow sockets?)");
	return TAKE_FD(fd);
}

int sock_connect(int host_fd, struct nn_err *err)
{
	struct sockaddr_un addr;
	_close_ int fd = make(host_fd, &addr);
	int r;

	if (fd < 0)
		return err_sys(err, -fd, "socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_sys(err, errno, "the manager's socket");
	r = check_peer(fd);
	return r < 0 ? err_sys(err, -r, "the manager's socket") : TAKE_FD(fd);
}

int sock_accept(int listen_fd)
{
	_close_ int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int r;

	if (fd < 0)
		return -errno;
	r = check_peer(fd);
	return r < 0 ? r : TAKE_FD(fd);
}

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(2 * sizeof(int))];
};

int sock_send_stdio(int fd, int in, int out)
{
	static char words[] = SOCK_HELLO;
	struct iovec hello = {.iov_base = words, .iov_len = sizeof(words)};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &hello, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fds[2] = {in, out};

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int sock_take_stdio(int fd, int *ret_in, int *ret_out)
{
	char hello[sizeof(SOCK_HELLO)];
	struct iovec iov = {.iov_base = hello, .iov_len = sizeof(hello)};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int fds[2];

	if (n < 0)
		return -errno;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	if (n != sizeof(hello) || memcmp(hello, SOCK_HELLO, sizeof(hello)) != 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -EPROTO;
	}
	*ret_in = fds[0];
	*ret_out = fds[1];
	return 0;
}
