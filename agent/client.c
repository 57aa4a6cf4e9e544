/*
 * client - one attached laptop: takes its frames, sends what it follows.
 *
 * Everything it says is checked in form before it is used. Its streams are pumped while less than UNSENT_MAX waits to be sent, one chunk a run in
 * turn: a laptop that reads slowly delays nobody but itself.
 */
#include "serve.h"

#include "blob.h"
#include "command.h"
#include "fdio.h"
#include "log.h"
#include "manifest.h"
#include "mem.h"
#include "msg.h"
#include "node.h"
#include "scope.h"
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNSENT_MAX (1 << 20)
#define SILENCE_MS 60000
#define READ_AT_ONCE (256 * 1024)
#define SYNC_EACH_MAX 8 /* more runs than this in one message are synced together */

struct follow {
	char run[ULID_LEN + 1];
	uint64_t at[STREAMS];
	int watch;
	bool changed;
	struct follow *next;
};

struct client {
	struct serve *serve;
	int sock, in_fd, out_fd;
	uv_poll_t sock_poll, in_poll, out_poll;
	uv_timer_t silence;
	int handles;  /* still to be closed by the loop */
	bool closing, writing, attached, stdio;
	struct buf in, out;
	size_t sent;  /* of out */
	struct blob_in blob;
	char checked[HASH_HEX + 1]; /* the last manifest whose files were all here */
	struct follow *follows;
	struct client *next;
};

static void flush(struct client *c);

/* ---- life ---- */

static void on_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	if (--c->handles)
		return;
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static void close_handle(struct client *c, uv_handle_t *h)
{
	h->data = c;
	uv_close(h, on_closed);
}

static void drop_follow(struct client *c, struct follow *f)
{
	int watch = f->watch;

	for (struct follow **p = &c->follows; *p; p = &(*p)->next)
		if (*p == f) {
			*p = f->next;
			break;
		}
	free(f);
	if (watch >= 0)
		serve_unwatch(c->serve, watch);
}

static void close_client(struct client *c, const char *why)
{
	if (c->closing)
		return;
	c->closing = true;
	log_info("laptop detached: %s", why);
	for (struct client **p = &c->serve->clients; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	while (c->follows)
		drop_follow(c, c->follows);
	blob_drop(c->serve->w->store_fd, &c->blob);
	close_handle(c, (uv_handle_t *)&c->sock_poll);
	close_handle(c, (uv_handle_t *)&c->silence);
	if (c->stdio) {
		close_handle(c, (uv_handle_t *)&c->in_poll);
		close_handle(c, (uv_handle_t *)&c->out_poll);
		(void)close(c->in_fd);
		(void)close(c->out_fd);
	}
	(void)close(c->sock);
}

void client_close_all(struct serve *s)
{
	while (s->clients)
		close_client(s->clients, "the manager stops");
}

static void say(struct client *c, enum msg_type t, json_t *json)
{
	msg_put(&c->out, t, json);
}

/* ---- streams ---- */

bool client_watches(const struct serve *s, int watch)
{
	for (const struct client *c = s->clients; c; c = c->next)
		for (const struct follow *f = c->follows; f; f = f->next)
			if (f->watch == watch)
				return true;
	return false;
}

/* Sends at most one chunk of one stream up to its size now; 1 when there is more, 0, -errno. */
static int send_chunk(struct client *c, struct follow *f, int run, enum stream_id s, uint64_t end)
{
	_close_ int fd = openat(run, stream_name(s), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stream_chunk chunk = {.stream = s, .offset = f->at[s]};
	size_t before = c->out.len;
	ssize_t n;
	char *to;

	if (fd < 0 || end <= f->at[s])
		return 0;
	chunk.len = end - f->at[s] < WIRE_CHUNK ? (size_t)(end - f->at[s]) : WIRE_CHUNK;
	memcpy(chunk.run, f->run, sizeof(chunk.run));
	to = frame_put_stream_room(&c->out, &chunk);
	n = pread(fd, to, chunk.len, (off_t)f->at[s]);
	if (n != (ssize_t)chunk.len) { /* it shrank: somebody changed an append-only file by hand */
		c->out.len = before;
		return -EIO;
	}
	f->at[s] += chunk.len;
	return f->at[s] < end;
}

static uint64_t size_of(int run, enum stream_id s)
{
	struct stat st;

	return fstatat(run, stream_name(s), &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : (uint64_t)st.st_size;
}

/* The journal's size is taken first and its bytes go last: so the line that ends a run comes after all of its log and metrics. */
static bool pump_run(struct client *c, struct follow *f)
{
	_close_ int run = rundir_open(c->serve->w, f->run);
	uint64_t journal = run < 0 ? 0 : size_of(run, STREAM_JOURNAL);
	int more;

	if (run < 0)
		return false;
	more = send_chunk(c, f, run, STREAM_LOG, size_of(run, STREAM_LOG));
	if (more == 0)
		more = send_chunk(c, f, run, STREAM_METRICS, size_of(run, STREAM_METRICS));
	if (more == 0)
		more = send_chunk(c, f, run, STREAM_JOURNAL, journal);
	return more > 0;
}

static void pump(struct client *c)
{
	bool again = true;

	while (again) {
		again = false;
		for (struct follow *f = c->follows; f; f = f->next) {
			if (!f->changed)
				continue;
			if (c->out.len - c->sent >= UNSENT_MAX)
				return;
			f->changed = pump_run(c, f);
			again |= f->changed;
		}
	}
}

void client_run_changed(struct serve *s, int watch, const char *file)
{
	for (struct client *c = s->clients, *next; c; c = next) {
		bool any = false;

		next = c->next;
		for (struct follow *f = c->follows; f; f = f->next)
			if (watch < 0 || f->watch == watch)
				any = f->changed = true;
		if (any)
			flush(c);
	}
}

/* ---- output ---- */

static void on_writable(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;

	if (!c->closing)
		flush(c);
}

static void flush(struct client *c)
{
	for (;;) {
		ssize_t n;

		pump(c);
		if (c->sent == c->out.len)
			break;
		n = write(c->out_fd, c->out.data + c->sent, c->out.len - c->sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!c->writing)
				(void)uv_poll_start(&c->out_poll, UV_WRITABLE, on_writable);
			c->writing = true;
			return;
		}
		if (n < 0) {
			close_client(c, strerrordesc_np(errno));
			return;
		}
		c->sent += (size_t)n;
		if (c->sent == c->out.len || c->sent > UNSENT_MAX) {
			buf_cut(&c->out, c->sent);
			c->sent = 0;
		}
	}
	if (c->writing)
		(void)uv_poll_stop(&c->out_poll);
	c->writing = false;
	if (c->out.cap > 65536) /* a burst is over: give its memory back */
		buf_done(&c->out);
}

/* ---- messages ---- */

static void on_hello(struct client *c, const json_t *msg)
{
	const struct serve *s = c->serve;

	c->attached = true;
	log_info("laptop attached: %.64s", msg_text(msg, "client"));
	say(c, MSG_WELCOME,
	    json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "version", WIRE_VERSION, "agent", s->agent, "host", s->w->host,
		      "node", s->w->node, "boot", s->boot, "pid", (int)getpid(), "slots", (int)s->slots, "cpus", (int)s->cpus));
}

static void on_config(struct client *c, const json_t *msg)
{
	json_int_t slots = msg_int(msg, "slots");

	if (slots >= 0 && slots <= 1000000)
		serve_set_slots(c->serve, (uint32_t)slots);
}

/* Adds the blobs of a run's code that are not here to need; how many. */
static size_t missing_blobs(struct client *c, const char *code, json_t *need)
{
	_scoped_(manifest_done) struct manifest m = {0};
	_scoped_(buf_done) struct buf text = {0};
	char path[HASH_HEX + 2];
	size_t n = 0;

	if (!code[0] || strcmp(code, c->checked) == 0)
		return 0;
	hash_path(code, path);
	if (file_read(c->serve->w->store_fd, path, 64 << 20, &text) < 0) {
		(void)json_array_append_new(need, json_string(code));
		return 1;
	}
	if (manifest_decode(buf_str(&text), text.len, &m, NULL) < 0)
		return 0; /* laying it out will say why */
	for (size_t i = 0; i < m.n; i++)
		if (!blob_has(c->serve->w->store_fd, m.files[i].hash)) {
			(void)json_array_append_new(need, json_string(m.files[i].hash));
			n++;
		}
	if (n == 0)
		memcpy(c->checked, code, sizeof(c->checked));
	return n;
}

struct submit {
	json_t *accepted, *created, *need, *waiting;
};

static void submit_one(struct client *c, const json_t *json, struct submit *s)
{
	_scoped_(record_done) struct record rec = {0};
	_close_ int there = -1;
	struct nn_err err;
	const char *id = json_string_value(json_object_get(json, "id"));
	int r = record_from_json(json, &rec, &err);

	if (r >= 0 && (there = rundir_open(c->serve->w, rec.id)) >= 0) {
		(void)json_array_append_new(s->accepted, json_string(rec.id));
		return;
	}
	if (r >= 0 && missing_blobs(c, rec.code, s->need)) {
		(void)json_array_append_new(s->waiting, json_string(rec.id));
		return;
	}
	if (r >= 0)
		r = job_create(c->serve, &rec, &err);
	if (r >= 0) {
		(void)json_array_append_new(s->created, json_string(rec.id));
	} else if (r == -EINVAL && id && ulid_ok(id)) {
		say(c, MSG_REFUSED, json_pack("{s:s, s:s}", "run", id, "reason", err.text));
	} else {
		log_error("submit: %s", err.text); /* the laptop asks again */
	}
}

/* Makes new runs durable: then they count as accepted. What cannot be synced is not accepted: the laptop asks again. */
static void accept_created(struct client *c, struct submit *s)
{
	bool together = json_array_size(s->created) > SYNC_EACH_MAX;
	struct nn_err err;
	size_t i;
	json_t *id;

	if (together && syncfs(c->serve->w->fd) < 0) {
		log_error("submit: syncfs: %s", strerrordesc_np(errno));
		return;
	}
	json_array_foreach (s->created, i, id) {
		if (!together && rundir_sync(c->serve->w, json_string_value(id), &err) < 0)
			log_error("submit: %s", err.text);
		else
			(void)json_array_append(s->accepted, id);
	}
}

static void on_submit(struct client *c, const json_t *msg)
{
	struct submit s = {json_array(), json_array(), json_array(), json_array()};
	size_t i;
	json_t *json;

	json_array_foreach (json_object_get(msg, "runs"), i, json)
		submit_one(c, json, &s);
	serve_schedule(c->serve); /* what may start need not wait for the disk: the shim syncs before it lets a command go */
	accept_created(c, &s);
	if (json_array_size(s.accepted))
		say(c, MSG_ACCEPTED, json_pack("{s:O}", "runs", s.accepted));
	if (json_array_size(s.waiting))
		say(c, MSG_NEED, json_pack("{s:O, s:O}", "blobs", s.need, "runs", s.waiting));
	json_decref(s.accepted);
	json_decref(s.created);
	json_decref(s.need);
	json_decref(s.waiting);
}

static struct follow *follow_of(struct client *c, const char *run)
{
	struct follow *f = c->follows;

	while (f && strcmp(f->run, run) != 0)
		f = f->next;
	if (!f) {
		f = nn_alloc(sizeof(*f));
		memcpy(f->run, run, sizeof(f->run));
		f->watch = -1;
		f->next = c->follows;
		c->follows = f;
	}
	return f;
}

static void gone(struct client *c, const char *run)
{
	say(c, MSG_GONE, json_pack("{s:s, s:s}", "run", run, "reason", "its directory is not on the node any more"));
}

static void follow_one(struct client *c, const json_t *json)
{
	const char *run = json_string_value(json_object_get(json, "run"));
	_close_ int dir = -1;
	struct follow *f;

	if (!run || !ulid_ok(run))
		return;
	dir = rundir_open(c->serve->w, run);
	if (dir < 0) {
		gone(c, run);
		return;
	}
	f = follow_of(c, run);
	for (int s = 0; s < STREAMS; s++) {
		json_int_t at = json_integer_value(json_object_get(json, stream_name((enum stream_id)s)));

		f->at[s] = at > 0 ? (uint64_t)at : 0;
	}
	if (f->watch < 0)
		f->watch = watch_add(&c->serve->watch, dir);
	f->changed = true;
}

static void on_follow(struct client *c, const json_t *msg)
{
	size_t i;
	json_t *json;

	json_array_foreach (json_object_get(msg, "runs"), i, json)
		follow_one(c, json);
}

static void deny(struct client *c, const char *id, const char *why)
{
	say(c, MSG_DENIED, json_pack("{s:s, s:s}", "id", id, "reason", why));
}

static void on_control(struct client *c, const json_t *msg)
{
	const char *id = msg_text(msg, "id"), *run = msg_text(msg, "run");
	struct job *j = ulid_ok(run) ? job_find(c->serve, run) : NULL;
	_close_ int dir = ulid_ok(run) ? rundir_open(c->serve->w, run) : -1;
	struct command cmd;
	struct nn_err err;

	if (command_parse(id, msg_text(msg, "verb"), msg_text(msg, "arg"), &cmd, &err) < 0) {
		deny(c, id, err.text);
	} else if (dir < 0) {
		gone(c, ulid_ok(run) ? run : "");
	} else if (!j || run_ended(j->journal.state)) {
		deny(c, id, "the run has ended");
	} else if (command_append(dir, id, msg_text(msg, "verb"), msg_text(msg, "arg"), &err) < 0) {
		log_error("control: %s", err.text);
	} else {
		say(c, MSG_DONE, json_pack("{s:s}", "id", id));
		job_command(j);
		serve_schedule(c->serve);
	}
}

static void on_purge(struct client *c, const json_t *msg)
{
	const char *run = msg_text(msg, "run");

	if (!ulid_ok(run) || job_find(c->serve, run))
		return;
	if (rundir_remove(c->serve->w, run) >= 0)
		say(c, MSG_PURGED, json_pack("{s:s}", "run", run));
}

static void on_ping(struct client *c, const json_t *msg)
{
	uint32_t running, queued;
	json_t *pong = node_status(c->serve->w->fd);

	serve_counts(c->serve, &running, &queued);
	(void)json_object_set_new(pong, "slots", json_integer(c->serve->slots));
	(void)json_object_set_new(pong, "cpus", json_integer(c->serve->cpus));
	(void)json_object_set_new(pong, "running", json_integer(running));
	(void)json_object_set_new(pong, "queued", json_integer(queued));
	say(c, MSG_PONG, pong);
}

static void (*const handlers[MSG_TYPES])(struct client *c, const json_t *msg) = {
	[MSG_HELLO] = on_hello,	    [MSG_CONFIG] = on_config, [MSG_SUBMIT] = on_submit, [MSG_FOLLOW] = on_follow,
	[MSG_CONTROL] = on_control, [MSG_PURGE] = on_purge,   [MSG_PING] = on_ping,
};

/* ---- input ---- */

static int take_msg(struct client *c, const struct frame *f, struct nn_err *err)
{
	enum msg_type t;
	json_t *msg;
	int r = msg_parse(f->payload, f->len, &t, &msg, err);

	if (r < 0)
		return r == -ENOMSG ? 0 : r;
	if (!handlers[t] || (!c->attached && t != MSG_HELLO))
		r = err_set(err, EPROTO, "message '%s' out of place", msg_name(t));
	else
		handlers[t](c, msg);
	json_decref(msg);
	return r;
}

static int take_frame(struct client *c, const struct frame *f, struct nn_err *err)
{
	struct blob_chunk blob;
	int r;

	if (f->kind == 'M')
		return take_msg(c, f, err);
	if (f->kind != 'B')
		return 0;
	r = frame_get_blob(f, &blob, err);
	if (r >= 0 && (r = blob_take(c->serve->w->store_fd, &c->blob, &blob)) < 0 && r != -ESTALE)
		log_error("blob %.12s: %s", blob.hash, strerrordesc_np(-r));
	return r == -EPROTO ? r : 0;
}

static void take_input(struct client *c)
{
	struct frame f;
	struct nn_err err;
	size_t at = 0;
	int r;

	while (!c->closing && (r = frame_next(buf_str(&c->in) + at, c->in.len - at, &f, &err)) != 0) {
		if (r > 0)
			r = take_frame(c, &f, &err);
		if (r < 0) {
			close_client(c, err.text);
			return;
		}
		at += f.size;
	}
	buf_cut(&c->in, at);
	if (c->in.len == 0 && c->in.cap > 65536)
		buf_done(&c->in);
	if (!c->closing)
		flush(c);
}

static void on_silence(uv_timer_t *t)
{
	close_client(t->data, "nothing heard for a minute");
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;
	ssize_t n;

	if (c->closing)
		return;
	n = read(c->in_fd, buf_room(&c->in, READ_AT_ONCE), READ_AT_ONCE);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_client(c, n ? strerrordesc_np(errno) : "the channel was closed");
		return;
	}
	c->in.len += (size_t)n;
	(void)uv_timer_again(&c->silence);
	take_input(c);
}

/* ---- the attach process ---- */

static void poll_stdio(struct client *c)
{
	(void)fd_nonblock(c->in_fd, true);
	(void)fd_nonblock(c->out_fd, true);
	(void)uv_poll_init(&c->serve->loop, &c->in_poll, c->in_fd);
	(void)uv_poll_init(&c->serve->loop, &c->out_poll, c->out_fd);
	c->in_poll.data = c->out_poll.data = c;
	c->handles += 2;
	c->stdio = true;
	(void)uv_poll_start(&c->in_poll, UV_READABLE, on_readable);
}

/* First the channel's descriptors come, then nothing: the end of the socket is the end of attach. */
static void on_sock(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;
	int r;

	if (c->closing)
		return;
	if (c->stdio) {
		close_client(c, "attach has ended");
		return;
	}
	r = sock_take_stdio(c->sock, &c->in_fd, &c->out_fd);
	if (r == -EAGAIN)
		return;
	if (r < 0)
		close_client(c, strerrordesc_np(-r));
	else
		poll_stdio(c);
}

int client_open(struct serve *s, int sock)
{
	struct client *c = nn_alloc(sizeof(*c));

	c->serve = s;
	c->sock = sock;
	c->in_fd = c->out_fd = -1;
	c->handles = 2;
	(void)uv_poll_init(&s->loop, &c->sock_poll, sock);
	(void)uv_timer_init(&s->loop, &c->silence);
	c->sock_poll.data = c->silence.data = c;
	(void)uv_poll_start(&c->sock_poll, UV_READABLE, on_sock);
	(void)uv_timer_start(&c->silence, on_silence, SILENCE_MS, SILENCE_MS);
	c->next = s->clients;
	s->clients = c;
	return 0;
}
