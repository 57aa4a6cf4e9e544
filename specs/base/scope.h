/*
 * scope - owning locals that are released when their scope ends.
 *
 *	_free_ char *path = NULL;      free()d
 *	_close_ int fd = -1;           close()d when >= 0, errno kept
 *	_scoped_(x_done) struct x x;   x_done(&x)
 *
 * Handing over is TAKE(path) or TAKE_FD(fd): the value, leaving NULL or -1 behind.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void scope_free(void *p)
{
	free(*(void **)p);
}

static inline void scope_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

#define _scoped_(fn) __attribute__((cleanup(fn)))
#define _free_ _scoped_(scope_free)
#define _close_ _scoped_(scope_close)

#define TAKE(p) __extension__({ __auto_type take_ = (p); (p) = NULL; take_; })
#define TAKE_FD(fd) __extension__({ int take_ = (fd); (fd) = -1; take_; })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
