/*
 * mailbox - how messages go from any thread to one: a list under a mutex, and an eventfd that wakes the reader's poll.
 *
 * The one way in which threads here hand work to each other. Items are malloc'd by the sender and owned by the reader once taken. Items embed
 * struct mail as their first member.
 */
#pragma once

#include <pthread.h>

struct mail {
	struct mail *next;
};

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first, **last;
	int fd; /* readable while something may be in it */
};

int mailbox_init(struct mailbox *m);             /* 0 or -errno */
void mailbox_done(struct mailbox *m);            /* what is in it must have been taken */
void mailbox_put(struct mailbox *m, struct mail *item);
struct mail *mailbox_take(struct mailbox *m);    /* all items, oldest first, NULL: none; clears the wake-up */
void mailbox_wake(struct mailbox *m);            /* only wakes the reader */
