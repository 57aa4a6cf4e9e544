/*
 * queue - which waiting runs may start now. Pure: values in, values out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct queue_item {
	uint64_t order; /* of acceptance; smaller starts first */
	size_t run;     /* the caller's */
};

/* Sorts items by order and returns how many of them, from the front, start now. */
size_t queue_pick(struct queue_item *items, size_t n, uint32_t slots, uint32_t running);
