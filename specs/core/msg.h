/*
 * msg - the messages of the wire protocol: one row of a table each, checked on the way in and on the way out.
 *
 * A message is a JSON object {"type": NAME, ...}. A row names the fields that must be there with their JSON types; unknown
 * fields are ignored, an unknown type is -ENOMSG (a newer peer): skip it. Who sends what, and what follows, is told in doc/PROTOCOL.md.
 * Pure; any thread (a json_t belongs to one thread).
 */
#pragma once

#include "buf.h"
#include "err.h"

#include <jansson.h>
#include <stdbool.h>

enum msg_type {
	/* laptop to node */
	MSG_HELLO,   /* version, client: the first message; who speaks */
	MSG_CONFIG,  /* slots: what clusters.yaml sets for this node (0: the node's own default) */
	MSG_SUBMIT,  /* runs: [record, ...]; idempotent on each record's id */
	MSG_FOLLOW,  /* runs: [{run, journal, log, metrics}]: send each stream from that offset on, now and as it grows */
	MSG_CONTROL, /* id, run, verb, arg: carry out once; idempotent on id */
	MSG_PURGE,   /* run: delete its directory; a live run is refused */
	MSG_PING,
	/* node to laptop */
	MSG_WELCOME,  /* version, agent (hash of its file), host, node (id of this installation), boot, pid, slots, cpus */
	MSG_ACCEPTED, /* runs: [id, ...]: durable on the node (also when they were there before) */
	MSG_NEED,     /* blobs: [hash, ...], runs: [id, ...]: send these blobs, then submit those runs again */
	MSG_REFUSED,  /* run, reason: this record will never be accepted */
	MSG_GONE,     /* run, reason: followed or controlled, but there is no such run directory on this node */
	MSG_DONE,     /* id: the control command is durable on the node */
	MSG_DENIED,   /* id, reason: it cannot be carried out */
	MSG_PURGED,   /* run */
	MSG_PONG,     /* load: [1, 5, 15 min], cpus, memory, memory_free, disk, disk_free (bytes), slots, running, queued */
	MSG_ERROR,    /* reason: the peer broke the protocol; the connection closes */
	MSG_TYPES,
};

const char *msg_name(enum msg_type t);
bool msg_from_laptop(enum msg_type t);

/* Puts a whole frame. Steals json (an object; "type" is added to it). A missing or wrong field is a bug and aborts. */
void msg_put(struct buf *out, enum msg_type t, json_t *json);

/* *ret is a new reference. -ENOMSG unknown type, -EPROTO anything wrong; outputs untouched then. */
int msg_parse(const char *payload, size_t len, enum msg_type *ret_type, json_t **ret, struct nn_err *err);

/* Fields that the table guarantees. */
const char *msg_text(const json_t *msg, const char *key);
json_int_t msg_int(const json_t *msg, const char *key);
