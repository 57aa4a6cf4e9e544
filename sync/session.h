/*
 * session - one ssh connection (libssh): ~/.ssh/config, known_hosts and keys as the user has them, nothing insecure in any case.
 *
 * One thread owns a session. Opening blocks, at most SESSION_TIMEOUT_S a step.
 */
#pragma once

#include "err.h"

#include <stdbool.h>

#define SESSION_TIMEOUT_S 10

struct session;

struct session_config {
	const char *address;    /* [user@]host[:port], or an alias of ~/.ssh/config */
	const char *ssh_config; /* instead of ~/.ssh/config, or NULL */
};

/* -EHOSTDOWN and the like: try again later. -EACCES: refused, trying again makes no sense before somebody has done something: host key not known
 * or changed, no key accepted; the sentence says what to do. */
int session_open(const struct session_config *config, struct session **ret, struct nn_err *err);
void session_close(struct session *s);

/* The libssh handle, a ssh_session; for channel_ssh.c and sftp.c. */
void *session_handle(struct session *s);
