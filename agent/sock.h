/*
 * sock - the manager's Unix socket, hosts/HOST/sock: reached through /proc/self/fd so that a long WORKDIR does not matter, the peer's uid checked.
 */
#pragma once

#include "err.h"

#define SOCK_HELLO "neronet-attach 1"

int sock_listen(int host_fd, struct nn_err *err);  /* descriptor; replaces a stale one */
int sock_connect(int host_fd, struct nn_err *err); /* descriptor, or -ENOENT, -ECONNREFUSED: no manager */
int sock_accept(int listen_fd);                    /* descriptor, or -errno (-EPERM: another user's) */

/* Hands two descriptors over with SOCK_HELLO; and takes them: 0, -errno. */
int sock_send_stdio(int fd, int in, int out);
int sock_take_stdio(int fd, int *ret_in, int *ret_out);
