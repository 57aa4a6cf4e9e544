#include "attach.h"

#include "fdio.h"
#include "scope.h"
#include "sock.h"
#include "spawn.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#define BANNER "\n!neronet-agent 1\n"
#define TRIES 5 /* a manager that leaves just as we come: once more */

/* A connection to the manager. One that was started by us or by another attach at the same moment is waited for through its pipe. */
static int reach_manager(const struct workdir *w, struct nn_err *err)
{
	int r = sock_connect(w->host_fd, err);

	for (int i = 0; (r == -ENOENT || r == -ECONNREFUSED) && i < TRIES; i++) {
		_close_ int ready = -1;
		char end;
		int s = spawn_manager(w, &ready, err);

		if (s < 0)
			return s;
		(void)fd_read_full(ready, &end, 1);
		r = sock_connect(w->host_fd, err);
	}
	return r;
}

int attach_main(const struct workdir *w, struct nn_err *err)
{
	_close_ int manager = -1;
	struct pollfd fds[2] = {{.events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
	int r = fd_write_all(STDOUT_FILENO, BANNER, sizeof(BANNER) - 1);

	if (r < 0)
		return err_sys(err, -r, "standard output");
	manager = reach_manager(w, err);
	if (manager < 0)
		return err_wrap(err, manager, "no manager on this host");
	r = sock_send_stdio(manager, STDIN_FILENO, STDOUT_FILENO);
	if (r < 0)
		return err_sys(err, -r, "the manager");
	fds[0].fd = manager;
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return 0;
}
