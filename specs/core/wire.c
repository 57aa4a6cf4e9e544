#include "wire.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#define HEADER 5
#define STREAM_HEADER (ULID_LEN + 1 + 8)
#define BLOB_HEADER (HASH_HEX + 8 + 8)

static const struct {
	const char *name;
	char code;
} streams[STREAMS] = {
	[STREAM_JOURNAL] = {"journal", 'j'},
	[STREAM_LOG] = {"log", 'l'},
	[STREAM_METRICS] = {"metrics", 'm'},
};

const char *stream_name(enum stream_id s)
{
	return s < STREAMS ? streams[s].name : "unknown";
}

int frame_next(const char *data, size_t len, struct frame *ret, struct nn_err *err)
{
	uint32_t n;

	if (len < HEADER)
		return 0;
	memcpy(&n, data, 4);
	n = be32toh(n);
	if (n > WIRE_PAYLOAD_MAX)
		return err_set(err, EPROTO, "a frame of %u bytes: longer than any of the protocol", n);
	if (len < HEADER + (size_t)n)
		return 0;
	*ret = (struct frame){.kind = data[4], .payload = data + HEADER, .len = n, .size = HEADER + (size_t)n};
	return 1;
}

static void put_header(struct buf *out, char kind, size_t len)
{
	uint32_t n = htobe32((uint32_t)len);

	buf_add(out, &n, 4);
	buf_addc(out, kind);
}

static void put_u64(struct buf *out, uint64_t v)
{
	v = htobe64(v);
	buf_add(out, &v, 8);
}

static uint64_t get_u64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return be64toh(v);
}

void frame_put_msg(struct buf *out, const char *json, size_t len)
{
	put_header(out, 'M', len);
	buf_add(out, json, len);
}

char *frame_put_stream_room(struct buf *out, const struct stream_chunk *c)
{
	char *at;

	put_header(out, 'S', STREAM_HEADER + c->len);
	buf_add(out, c->run, ULID_LEN);
	buf_addc(out, streams[c->stream].code);
	put_u64(out, c->offset);
	at = buf_room(out, c->len);
	out->len += c->len;
	out->data[out->len] = '\0';
	return at;
}

void frame_put_stream(struct buf *out, const struct stream_chunk *c)
{
	char *at = frame_put_stream_room(out, c);

	if (c->len)
		memcpy(at, c->data, c->len);
}

void frame_put_blob(struct buf *out, const struct blob_chunk *c)
{
	put_header(out, 'B', BLOB_HEADER + c->len);
	buf_add(out, c->hash, HASH_HEX);
	put_u64(out, c->offset);
	put_u64(out, c->total);
	buf_add(out, c->data, c->len);
}

int frame_get_stream(const struct frame *f, struct stream_chunk *ret, struct nn_err *err)
{
	struct stream_chunk c = {0};
	int s;

	if (f->kind != 'S' || f->len < STREAM_HEADER)
		return err_set(err, EPROTO, "a stream frame of %zu bytes", f->len);
	memcpy(c.run, f->payload, ULID_LEN);
	for (s = 0; s < STREAMS; s++)
		if (streams[s].code == f->payload[ULID_LEN])
			break;
	c.stream = (enum stream_id)s;
	c.offset = get_u64(f->payload + ULID_LEN + 1);
	c.data = f->payload + STREAM_HEADER;
	c.len = f->len - STREAM_HEADER;
	if (!ulid_ok(c.run) || s == STREAMS || c.offset > INT64_MAX - c.len)
		return err_set(err, EPROTO, "a stream frame with a wrong run, stream or offset");
	*ret = c;
	return 0;
}

int frame_get_blob(const struct frame *f, struct blob_chunk *ret, struct nn_err *err)
{
	struct blob_chunk c = {0};

	if (f->kind != 'B' || f->len < BLOB_HEADER)
		return err_set(err, EPROTO, "a blob frame of %zu bytes", f->len);
	memcpy(c.hash, f->payload, HASH_HEX);
	c.offset = get_u64(f->payload + HASH_HEX);
	c.total = get_u64(f->payload + HASH_HEX + 8);
	c.data = f->payload + BLOB_HEADER;
	c.len = f->len - BLOB_HEADER;
	if (!hash_ok(c.hash) || c.total > INT64_MAX || c.len > c.total || c.offset > c.total - c.len)
		return err_set(err, EPROTO, "a blob frame with a wrong hash or size");
	*ret = c;
	return 0;
}
