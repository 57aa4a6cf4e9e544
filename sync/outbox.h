/*
 * outbox - what a link is about to send: frames, and blobs that are read from the store as room comes, so that memory stays bounded.
 *
 * Also keeps which records wait for the node's word, so that they can be sent again with the blobs that it lacked. One thread.
 */
#pragma once

#include "buf.h"
#include "hash.h"
#include "text.h"

#include <jansson.h>
#include <stdbool.h>

struct outbox {
	int store_fd;            /* borrowed */
	struct buf frames;       /* ready to be written */
	size_t sent;             /* of frames */
	struct blob_out *blobs;  /* being sent or waiting for it, oldest first */
	json_t *records;         /* run id -> record: submitted, not answered yet */
	json_t *again;           /* run ids to submit once the blobs are sent */
	json_t *known;           /* hash -> true: blobs that this node has */
};

void outbox_init(struct outbox *o, int store_fd);
void outbox_reset(struct outbox *o); /* the connection is lost: forget all but what the node is known to have */
void outbox_done(struct outbox *o);
void outbox_new_node(struct outbox *o); /* another installation: it has nothing */

/* Sends records (an array, stolen) after those of their blobs that are few and small and that the node is not known to have. */
void outbox_submit(struct outbox *o, json_t *records, const char *const *blobs);
/* The node lacks blobs (array of hashes) for runs (array of ids): sends them, then submits those runs again. A hash that is not in the store: it is
 * put into ret_missing. */
void outbox_need(struct outbox *o, const json_t *blobs, const json_t *runs, char ret_missing[HASH_HEX + 1]);
void outbox_answered(struct outbox *o, const char *run);

/* Puts blob chunks behind the frames while there is room. */
void outbox_fill(struct outbox *o);
bool outbox_empty(const struct outbox *o);
