#include "queue.h"

#include <stdlib.h>

static int by_order(const void *a, const void *b)
{
	uint64_t x = ((const struct queue_item *)a)->order, y = ((const struct queue_item *)b)->order;

	return (x > y) - (x < y);
}

size_t queue_pick(struct queue_item *items, size_t n, uint32_t slots, uint32_t running)
{
	size_t room = slots > running ? slots - running : 0;

	if (room == 0)
		return 0;
	if (n > 1)
		qsort(items, n, sizeof(*items), by_order);
	return n < room ? n : room;
}
