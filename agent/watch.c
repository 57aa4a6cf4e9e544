#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int watch_open(struct watch *ret, struct nn_err *err)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return err_sys(err, errno, "inotify");
	ret->fd = fd;
	return 0;
}

void watch_close(struct watch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}

int watch_add(struct watch *w, int dir_fd)
{
	char path[40];
	int number;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
	number = inotify_add_watch(w->fd, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	return number < 0 ? -errno : number;
}

void watch_remove(struct watch *w, int number)
{
	(void)inotify_rm_watch(w->fd, number);
}

void watch_handle(struct watch *w, void (*each)(void *arg, int number, const char *name), void *arg)
{
	_Alignas(struct inotify_event) char block[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	ssize_t n;

	while ((n = read(w->fd, block, sizeof(block))) > 0)
		for (char *p = block; p < block + n;) {
			const struct inotify_event *e = (const struct inotify_event *)p;

			if (e->mask & IN_Q_OVERFLOW)
				each(arg, -1, "");
			else if (!(e->mask & IN_IGNORED))
				each(arg, e->wd, e->len ? e->name : "");
			p += sizeof(*e) + e->len;
		}
}
