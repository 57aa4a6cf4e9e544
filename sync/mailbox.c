#include "mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *m)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return -errno;
	*m = (struct mailbox){.fd = fd};
	m->last = &m->first;
	(void)pthread_mutex_init(&m->lock, NULL);
	return 0;
}

void mailbox_done(struct mailbox *m)
{
	(void)pthread_mutex_destroy(&m->lock);
	(void)close(m->fd);
}

void mailbox_wake(struct mailbox *m)
{
	uint64_t one = 1;

	(void)!write(m->fd, &one, sizeof(one));
}

void mailbox_put(struct mailbox *m, struct mail *item)
{
	item->next = NULL;
	(void)pthread_mutex_lock(&m->lock);
	*m->last = item;
	m->last = &item->next;
	(void)pthread_mutex_unlock(&m->lock);
	mailbox_wake(m);
}

struct mail *mailbox_take(struct mailbox *m)
{
	struct mail *items;
	uint64_t n;

	(void)!read(m->fd, &n, sizeof(n));
	(void)pthread_mutex_lock(&m->lock);
	items = m->first;
	m->first = NULL;
	m->last = &m->first;
	(void)pthread_mutex_unlock(&m->lock);
	return items;
}
