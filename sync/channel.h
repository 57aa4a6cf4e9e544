/*
 * channel - a byte stream to an agent on a node: over a socketpair to a child (channel_local.c) or an exec channel of ssh (channel_ssh.c).
 *
 * One thread owns a channel. Nothing blocks but channel_open_* and channel_wait.
 */
#pragma once

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct channel;
struct session;

struct channel_ops {
	int (*wait)(struct channel *c, int wake_fd, bool writing, int timeout_ms);
	ssize_t (*read)(struct channel *c, void *data, size_t len);
	ssize_t (*write)(struct channel *c, const void *data, size_t len);
	int (*why)(struct channel *c, char *out, size_t size);
	void (*close)(struct channel *c);
};

struct channel {
	const struct channel_ops *ops;
};

/* argv[0] is the agent's file. */
int channel_open_local(char *const *argv, struct channel **ret, struct nn_err *err);
/* command: a line for the login shell of the node. The session stays the caller's and must live longer. */
int channel_open_ssh(struct session *s, const char *command, struct channel **ret, struct nn_err *err);

/* Sleeps until there is something to read, room to write (writing), wake_fd is readable, or the time is over. 0 or -errno. */
static inline int channel_wait(struct channel *c, int wake_fd, bool writing, int timeout_ms)
{
	return c->ops->wait(c, wake_fd, writing, timeout_ms);
}

/* Bytes read, 0: nothing now, -EPIPE: the other side has ended, another -errno: the connection is dead. */
static inline ssize_t channel_read(struct channel *c, void *data, size_t len)
{
	return c->ops->read(c, data, len);
}

/* Bytes taken, 0: no room now, or -errno. */
static inline ssize_t channel_write(struct channel *c, const void *data, size_t len)
{
	return c->ops->write(c, data, len);
}

/* After the end: what the other side said on stderr, one line, into out; returns its exit status, -1 when unknown. May wait a second. */
static inline int channel_why(struct channel *c, char *out, size_t size)
{
	return c->ops->why(c, out, size);
}

static inline void channel_close(struct channel *c)
{
	if (c)
		c->ops->close(c);
}
