/*
 * wire - frames between the laptop and a node's manager, over any byte stream. A codec: no I/O of its own.
 *
 *	frame   = length (u32, big endian, of what follows the kind) kind (u8) payload
 *	'M'     a message: JSON object, see msg.h
 *	'S'     stream bytes:  run id (26 bytes)  stream (u8: 'j' journal, 'l' log, 'm' metrics)  offset (u64 BE)  bytes
 *	'B'     blob bytes:    hash (64 hex bytes)  offset (u64 BE)  total size (u64 BE)  bytes; offset + bytes == total ends it
 *
 * A frame of an unknown kind is skipped by whoever reads it (a newer peer). A length over WIRE_PAYLOAD_MAX is a
 * protocol error: the connection is dropped. Pure; any thread.
 */
#pragma once

#include "buf.h"
#include "err.h"
#include "text.h"
#include "hash.h"

#include <stdint.h>

#define WIRE_VERSION 1
#define WIRE_CHUNK (128 * 1024)             /* most stream or blob bytes that a writer puts in a frame */
#define WIRE_PAYLOAD_MAX (1024 * 1024 + 256) /* longest payload a reader takes */

enum stream_id {
	STREAM_JOURNAL,
	STREAM_LOG,
	STREAM_METRICS,
	STREAMS,
};

/* The stream's name: also its file's name in the run's directory on the node. */
const char *stream_name(enum stream_id s);

struct stream_chunk {
	char run[ULID_LEN + 1];
	enum stream_id stream;
	uint64_t offset;
	const char *data; /* points into the frame */
	size_t len;
};

struct blob_chunk {
	char hash[HASH_HEX + 1];
	uint64_t offset;
	uint64_t total;
	const char *data; /* points into the frame */
	size_t len;
};

struct frame {
	char kind;
	const char *payload; /* points into the reader's buffer: valid until the buffer changes */
	size_t len;
	size_t size;         /* of the whole frame: cut this much off the buffer when done with it */
};

/* Looks at len bytes at data: 1 and *ret when they begin with a whole frame, 0 when more bytes are needed, -EPROTO. */
int frame_next(const char *data, size_t len, struct frame *ret, struct nn_err *err);

void frame_put_msg(struct buf *out, const char *json, size_t len);
void frame_put_stream(struct buf *out, const struct stream_chunk *c);
void frame_put_blob(struct buf *out, const struct blob_chunk *c);
/* As frame_put_stream, but leaves c->len bytes of room at the end, to be filled by the caller; returns where. */
char *frame_put_stream_room(struct buf *out, const struct stream_chunk *c);

int frame_get_stream(const struct frame *f, struct stream_chunk *ret, struct nn_err *err);
int frame_get_blob(const struct frame *f, struct blob_chunk *ret, struct nn_err *err);
