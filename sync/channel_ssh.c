#include "channel.h"

#include "mem.h"
#include "session.h"

#include <errno.h>
#define LIBSSH_LEGACY_0_4 /* not the old names: channel_read and the like are ours */
#include <libssh/libssh.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define WRITE_MAX 32768 /* one packet of ssh */

struct remote {
	struct channel base;
	ssh_session ssh;
	ssh_channel chan;
};

/* libssh keeps no whole packet back: what it has read it has handed to the channel, so its descriptor tells all. */
static int remote_wait(struct channel *c, int wake_fd, bool writing, int timeout_ms)
{
	struct remote *r = (struct remote *)c;
	bool pending = ssh_get_poll_flags(r->ssh) & SSH_WRITE_PENDING;
	struct pollfd fds[2] = {{.fd = ssh_get_fd(r->ssh), .events = POLLIN | (pending ? POLLOUT : 0)},
				{.fd = wake_fd, .events = POLLIN}};

	/* room comes as a window message, which is something to read */
	return poll(fds, 2, timeout_ms) < 0 && errno != EINTR ? -errno : 0;
}

static ssize_t remote_read(struct channel *c, void *data, size_t len)
{
	struct remote *r = (struct remote *)c;
	int n = ssh_channel_read_nonblocking(r->chan, data, (uint32_t)len, 0);

	if (n > 0)
		return n;
	if (ssh_channel_is_eof(r->chan) || ssh_channel_is_closed(r->chan))
		return ssh_is_connected(r->ssh) ? -EPIPE : -ECONNRESET;
	if (n == SSH_ERROR || !ssh_is_connected(r->ssh))
		return -ECONNRESET;
	return 0;
}

static ssize_t remote_write(struct channel *c, const void *data, size_t len)
{
	struct remote *r = (struct remote *)c;
	uint32_t room = ssh_channel_window_size(r->chan);
	int n;

	if (len > WRITE_MAX)
		len = WRITE_MAX;
	if (len > room)
		len = room;
	if (len == 0 || (ssh_get_poll_flags(r->ssh) & SSH_WRITE_PENDING))
		return 0;
	n = ssh_channel_write(r->chan, data, (uint32_t)len);
	return n == SSH_ERROR ? -ECONNRESET : n < 0 ? 0 : n;
}

static int remote_why(struct channel *c, char *out, size_t size)
{
	struct remote *r = (struct remote *)c;
	int n = ssh_channel_read_timeout(r->chan, out, (uint32_t)size - 1, 1, 1000);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return ssh_channel_get_exit_status(r->chan);
}

static void remote_close(struct channel *c)
{
	struct remote *r = (struct remote *)c;

	if (ssh_is_connected(r->ssh))
		(void)ssh_channel_close(r->chan);
	ssh_channel_free(r->chan);
	free(r);
}

static const struct channel_ops remote_ops = {remote_wait, remote_read, remote_write, remote_why, remote_close};

int channel_open_ssh(struct session *s, const char *command, struct channel **ret, struct nn_err *err)
{
	ssh_session ssh = session_handle(s);
	ssh_channel chan;
	struct remote *r;

	ssh_set_blocking(ssh, 1);
	chan = ssh_channel_new(ssh);
	if (!chan || ssh_channel_open_session(chan) != SSH_OK || ssh_channel_request_exec(chan, command) != SSH_OK) {
		int e = err_set(err, EHOSTDOWN, "no channel: %s", ssh_get_error(ssh));

		ssh_channel_free(chan);
		return e;
	}
	ssh_set_blocking(ssh, 0);
	r = nn_alloc(sizeof(*r));
	*r = (struct remote){.base.ops = &remote_ops, .ssh = ssh, .chan = chan};
	*ret = &r->base;
	return 0;
}
