#include "outbox.h"

#include "fdio.h"
#include "mem.h"
#include "msg.h"
#include "scope.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define EAGER_BYTES (256 * 1024)      /* blobs sent before it is known whether the node lacks them */
#define FULL_BYTES (512 * 1024)       /* frames waiting to be written: no more chunks are made */
#define SUBMIT_BYTES (512 * 1024)     /* of records in one message */

struct blob_out {
	char hash[HASH_HEX + 1];
	int fd;
	uint64_t at, total;
	struct blob_out *next;
};

void outbox_init(struct outbox *o, int store_fd)
{
	*o = (struct outbox){.store_fd = store_fd, .records = json_object(), .again = json_array(), .known = json_object()};
}

static void drop_blob(struct outbox *o)
{
	struct blob_out *b = o->blobs;

	o->blobs = b->next;
	(void)close(b->fd);
	free(b);
}

void outbox_reset(struct outbox *o)
{
	while (o->blobs)
		drop_blob(o);
	buf_done(&o->frames);
	o->sent = 0;
	(void)json_object_clear(o->records);
	(void)json_array_clear(o->again);
}

void outbox_new_node(struct outbox *o)
{
	(void)json_object_clear(o->known);
}

void outbox_done(struct outbox *o)
{
	outbox_reset(o);
	json_decref(o->records);
	json_decref(o->again);
	json_decref(o->known);
}

static int open_blob(const struct outbox *o, const char *hash, uint64_t *ret_size)
{
	char path[HASH_HEX + 2];
	struct stat st;
	int fd;

	hash_path(hash, path);
	fd = openat(o->store_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0)
		*ret_size = (uint64_t)st.st_size;
	return fd;
}

static int queue_blob(struct outbox *o, const char *hash)
{
	struct blob_out **end = &o->blobs, *b;
	uint64_t size = 0;
	int fd = open_blob(o, hash, &size);

	if (fd < 0)
		return -ENOENT;
	b = nn_alloc(sizeof(*b));
	*b = (struct blob_out){.fd = fd, .total = size};
	memcpy(b->hash, hash, sizeof(b->hash));
	while (*end)
		end = &(*end)->next;
	*end = b;
	return 0;
}

/* One chunk of the oldest blob; a blob without bytes is one empty chunk. */
static void put_chunk(struct outbox *o)
{
	struct blob_out *b = o->blobs;
	_free_ char *data = nn_alloc(WIRE_CHUNK);
	struct blob_chunk c = {.offset = b->at, .total = b->total, .data = data};
	ssize_t n = fd_read_full(b->fd, data, WIRE_CHUNK);

	memcpy(c.hash, b->hash, sizeof(c.hash));
	if (n < 0 || (n == 0 && b->total > 0)) { /* cut short: the node says that it lacks it, and is told */
		drop_blob(o);
		return;
	}
	c.len = (size_t)n;
	frame_put_blob(&o->frames, &c);
	b->at += c.len;
	if (b->at < b->total)
		return;
	(void)json_object_set_new(o->known, b->hash, json_true());
	drop_blob(o);
}

static void put_submit(struct outbox *o, json_t *records)
{
	if (json_array_size(records))
		msg_put(&o->frames, MSG_SUBMIT, json_pack("{s:o}", "runs", records));
	else
		json_decref(records);
}

/* As many messages as keep each below the longest frame. */
static void put_records(struct outbox *o, const json_t *records)
{
	json_t *part = json_array(), *record;
	size_t bytes = 0, i;

	json_array_foreach (records, i, record) {
		_free_ char *text = json_dumps(record, JSON_COMPACT);
		size_t len = text ? strlen(text) : 0;

		if (bytes && bytes + len > SUBMIT_BYTES) {
			put_submit(o, part);
			part = json_array();
			bytes = 0;
		}
		(void)json_array_append(part, record);
		bytes += len;
	}
	put_submit(o, part);
}

static void send_eagerly(struct outbox *o, const char *const *blobs)
{
	uint64_t sum = 0, size = 0;

	for (size_t i = 0; blobs[i] && sum <= EAGER_BYTES; i++) {
		_close_ int fd = json_object_get(o->known, blobs[i]) ? -1 : open_blob(o, blobs[i], &size);

		sum += fd < 0 ? 0 : size + 512;
	}
	for (size_t i = 0; blobs[i] && sum <= EAGER_BYTES; i++)
		if (!json_object_get(o->known, blobs[i]) && queue_blob(o, blobs[i]) == 0)
			while (o->blobs)
				put_chunk(o);
}

void outbox_submit(struct outbox *o, json_t *records, const char *const *blobs)
{
	json_t *record;
	size_t i;

	if (!o->blobs)
		send_eagerly(o, blobs);
	json_array_foreach (records, i, record)
		(void)json_object_set(o->records, json_string_value(json_object_get(record, "id")), record);
	put_records(o, records);
	json_decref(records);
}

void outbox_need(struct outbox *o, const json_t *blobs, const json_t *runs, char ret_missing[HASH_HEX + 1])
{
	size_t i;
	json_t *item;

	ret_missing[0] = '\0';
	json_array_foreach (blobs, i, item) {
		const char *hash = json_string_value(item);

		if (hash && hash_ok(hash) && queue_blob(o, hash) < 0)
			memcpy(ret_missing, hash, HASH_HEX + 1);
	}
	json_array_foreach (runs, i, item)
		if (json_string_value(item))
			(void)json_array_append(o->again, item);
}

void outbox_answered(struct outbox *o, const char *run)
{
	(void)json_object_del(o->records, run);
}

static void submit_again(struct outbox *o)
{
	json_t *records = json_array(), *id;
	size_t i;

	json_array_foreach (o->again, i, id) {
		json_t *record = json_object_get(o->records, json_string_value(id));

		if (record)
			(void)json_array_append(records, record);
	}
	(void)json_array_clear(o->again);
	put_records(o, records);
	json_decref(records);
}

void outbox_fill(struct outbox *o)
{
	while (o->blobs && o->frames.len - o->sent < FULL_BYTES)
		put_chunk(o);
	if (!o->blobs && json_array_size(o->again))
		submit_again(o);
}

bool outbox_empty(const struct outbox *o)
{
	return o->sent == o->frames.len && !o->blobs && !json_array_size(o->again);
}
