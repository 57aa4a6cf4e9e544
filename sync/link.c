#include "link.h"

#include "channel.h"
#include "deploy.h"
#include "mailbox.h"
#include "mem.h"
#include "outbox.h"
#include "scope.h"
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define PING_MS 5000
#define SILENCE_MS 15000
#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000
#define CLOSE_MS 1000
#define BANNER "\n!neronet-agent 1\n"
#define BANNER_MAX 65536 /* what a login shell may print before it */
#define READ_AT_ONCE 262144

enum post_kind {
	POST_CLOSE,
	POST_CONNECT,
	POST_DISCONNECT,
	POST_SLOTS,
	POST_SUBMIT,
	POST_MESSAGE, /* a message that is ready */
	POST_FOLLOW,
};

struct post {
	struct mail mail;
	enum post_kind kind;
	enum msg_type type;
	json_t *json;
	char **blobs;
	uint32_t slots;
};

struct link {
	struct link_config config; /* own copies */
	struct link_host host;
	struct mailbox mailbox;
	pthread_t thread;
	atomic_bool ended; /* the thread has */
	/* the thread's own */
	enum link_state state;
	char why[384];
	bool closing, wanted; /* wanted: not paused */
	bool up, banner;
	struct session *session;
	struct channel *channel;
	struct deploy deploy;
	struct outbox out;
	struct buf in;
	char node[ULID_LEN + 1];
	int64_t heard_ms, pinged_ms, next_try_ms, ping_sent_us;
	uint32_t backoff_ms;
};

static const char *const state_names[] = {
	[LINK_DOWN] = "down",	    [LINK_CONNECTING] = "connecting", [LINK_UP] = "up",
	[LINK_REFUSED] = "refused", [LINK_PAUSED] = "paused",
};

const char *link_state_name(enum link_state s)
{
	return s <= LINK_PAUSED ? state_names[s] : "unknown";
}

static int64_t mono_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void set_state(struct link *l, enum link_state s, const char *why)
{
	if (l->state == s && strcmp(l->why, why) == 0)
		return;
	l->state = s;
	snprintf(l->why, sizeof(l->why), "%s", why);
	l->host.state(l->host.arg, s, l->why);
}

/* ---- posts ---- */

static void free_post(struct post *p)
{
	json_decref(p->json);
	for (char **b = p->blobs; b && *b; b++)
		free(*b);
	free(p->blobs);
	free(p);
}

static void post(struct link *l, struct post p)
{
	struct post *copy = nn_alloc(sizeof(*copy));

	*copy = p;
	mailbox_put(&l->mailbox, &copy->mail);
}

void link_connect(struct link *l)
{
	post(l, (struct post){.kind = POST_CONNECT});
}

void link_disconnect(struct link *l)
{
	post(l, (struct post){.kind = POST_DISCONNECT});
}

void link_configure(struct link *l, uint32_t slots)
{
	post(l, (struct post){.kind = POST_SLOTS, .slots = slots});
}

void link_post_submit(struct link *l, json_t *records, const char *const *blobs)
{
	size_t n = 0;
	char **copy;

	while (blobs && blobs[n])
		n++;
	copy = nn_calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = nn_strdup(blobs[i]);
	post(l, (struct post){.kind = POST_SUBMIT, .json = records, .blobs = copy});
}

void link_post_follow(struct link *l, const char *run, const uint64_t offsets[STREAMS])
{
	json_t *follow = json_pack("{s:s, s:I, s:I, s:I}", "run", run, "journal", (json_int_t)offsets[STREAM_JOURNAL], "log",
				   (json_int_t)offsets[STREAM_LOG], "metrics", (json_int_t)offsets[STREAM_METRICS]);

	post(l, (struct post){.kind = POST_FOLLOW, .json = follow});
}

void link_post_control(struct link *l, const char *id, const char *run, const char *verb, const char *arg)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "run", run, "verb", verb, "arg", arg);

	if (json)
		post(l, (struct post){.kind = POST_MESSAGE, .type = MSG_CONTROL, .json = json});
}

void link_post_purge(struct link *l, const char *run)
{
	post(l, (struct post){.kind = POST_MESSAGE, .type = MSG_PURGE, .json = json_pack("{s:s}", "run", run)});
}

/* ---- connection ---- */

static void hang_up(struct link *l)
{
	channel_close(TAKE(l->channel));
	session_close(TAKE(l->session));
	outbox_reset(&l->out);
	buf_done(&l->in);
	l->up = l->banner = false;
}

/* The connection is lost, or never came about: when to try again. */
static void give_up(struct link *l, int code, const char *why)
{
	bool was_up = l->up;

	hang_up(l);
	l->backoff_ms = was_up || !l->backoff_ms ? BACKOFF_MIN_MS : l->backoff_ms * 2;
	if (l->backoff_ms > BACKOFF_MAX_MS || code == -EACCES)
		l->backoff_ms = BACKOFF_MAX_MS;
	l->next_try_ms = time_mono_ms() + (was_up ? 0 : l->backoff_ms);
	set_state(l, code == -EACCES ? LINK_REFUSED : LINK_DOWN, why);
}

static void say(struct link *l, enum msg_type t, json_t *json)
{
	msg_put(&l->out.frames, t, json);
}

static int open_local(struct link *l, struct nn_err *err)
{
	char *const argv[] = {(char *)l->config.agent, (char *)"attach", (char *)"--dir", (char *)l->config.workdir, NULL};

	return channel_open_local(argv, &l->channel, err);
}

static int open_ssh(struct link *l, struct nn_err *err)
{
	struct session_config c = {.address = l->config.address, .ssh_config = l->config.ssh_config};
	int r = session_open(&c, &l->session, err);

	return r < 0 ? r : channel_open_ssh(l->session, l->deploy.command, &l->channel, err);
}

static void greet(struct link *l)
{
	l->heard_ms = l->pinged_ms = time_mono_ms();
	say(l, MSG_HELLO, json_pack("{s:i, s:s}", "version", WIRE_VERSION, "client", l->config.client));
	say(l, MSG_CONFIG, json_pack("{s:i}", "slots", (int)l->config.slots));
}

static void try_connect(struct link *l)
{
	bool local = strcmp(l->config.type, "local") == 0;
	struct nn_err err;
	int r;

	set_state(l, LINK_CONNECTING, "");
	r = l->deploy.command ? 0 : deploy_plan(l->config.agent, local ? NULL : l->config.workdir, &l->deploy, &err);
	if (r >= 0)
		r = local ? open_local(l, &err) : open_ssh(l, &err);
	if (r < 0)
		give_up(l, r, err.text);
	else
		greet(l);
}

/* The channel ended before the banner: is the agent missing there? */
static void no_banner(struct link *l)
{
	char said[200];
	int status = channel_why(l->channel, said, sizeof(said));
	struct nn_err err;
	int r;

	if (!l->session || (status != 127 && status != 126)) {
		(void)err_set(&err, EIO, "the agent did not start: %s", said[0] ? said : "no reason given");
		give_up(l, -EIO, err.text);
		return;
	}
	channel_close(TAKE(l->channel));
	if (strstr(said, "format error") || strstr(said, "cannot execute")) {
		give_up(l, -EACCES, "the node's processor is not of the kind that the agent was built for");
		return;
	}
	r = deploy_upload(&l->deploy, l->session, l->config.agent, &err);
	r = r < 0 ? r : channel_open_ssh(l->session, l->deploy.command, &l->channel, &err);
	if (r < 0) {
		give_up(l, r, err.text);
		return;
	}
	outbox_reset(&l->out);
	greet(l);
}

/* ---- what the node says ---- */

static void on_welcome(struct link *l, const json_t *msg)
{
	if (msg_int(msg, "version") != WIRE_VERSION) {
		struct nn_err err;

		(void)err_set(&err, EPROTO, "the node's agent speaks version %d of the protocol, this program %d",
			      (int)msg_int(msg, "version"), WIRE_VERSION);
		give_up(l, -EACCES, err.text);
		return;
	}
	if (strcmp(l->node, msg_text(msg, "node")) != 0)
		outbox_new_node(&l->out);
	snprintf(l->node, sizeof(l->node), "%s", msg_text(msg, "node"));
	l->up = true;
	l->backoff_ms = 0;
	set_state(l, LINK_UP, "");
	l->host.attached(l->host.arg, msg);
}

static void each_run(struct link *l, const json_t *list, void (*each)(void *arg, const char *run))
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *run = json_string_value(item);

		if (!run || !ulid_ok(run))
			continue;
		outbox_answered(&l->out, run);
		each(l->host.arg, run);
	}
}

static void on_accepted(struct link *l, const json_t *msg)
{
	each_run(l, json_object_get(msg, "runs"), l->host.accepted);
}

static void on_need(struct link *l, const json_t *msg)
{
	char missing[HASH_HEX + 1], why[160];
	json_t *item;
	size_t i;

	outbox_need(&l->out, json_object_get(msg, "blobs"), json_object_get(msg, "runs"), missing);
	if (!missing[0])
		return;
	snprintf(why, sizeof(why), "a file of its code is gone from the store (%.12s...)", missing);
	json_array_foreach (json_object_get(msg, "runs"), i, item)
		if (json_string_value(item) && ulid_ok(json_string_value(item)))
			l->host.refused(l->host.arg, json_string_value(item), why);
}

static void with_reason(struct link *l, const json_t *msg, const char *key,
			void (*each)(void *arg, const char *id, const char *reason))
{
	const char *id = msg_text(msg, key);

	if (ulid_ok(id))
		each(l->host.arg, id, msg_text(msg, "reason"));
}

static void on_refused(struct link *l, const json_t *msg)
{
	outbox_answered(&l->out, msg_text(msg, "run"));
	with_reason(l, msg, "run", l->host.refused);
}

static void on_gone(struct link *l, const json_t *msg)
{
	with_reason(l, msg, "run", l->host.gone);
}

static void on_denied(struct link *l, const json_t *msg)
{
	with_reason(l, msg, "id", l->host.denied);
}

static void on_done(struct link *l, const json_t *msg)
{
	if (ulid_ok(msg_text(msg, "id")))
		l->host.done(l->host.arg, msg_text(msg, "id"));
}

static void on_purged(struct link *l, const json_t *msg)
{
	if (ulid_ok(msg_text(msg, "run")))
		l->host.purged(l->host.arg, msg_text(msg, "run"));
}

static void on_pong(struct link *l, const json_t *msg)
{
	l->host.heard(l->host.arg, (uint32_t)(mono_us() - l->ping_sent_us), msg);
}

static void on_error(struct link *l, const json_t *msg)
{
	struct nn_err err;

	(void)err_set(&err, EPROTO, "the node ended the connection: %.200s", msg_text(msg, "reason"));
	give_up(l, -EPROTO, err.text);
}

static void (*const handlers[MSG_TYPES])(struct link *l, const json_t *msg) = {
	[MSG_WELCOME] = on_welcome, [MSG_ACCEPTED] = on_accepted, [MSG_NEED] = on_need,	    [MSG_REFUSED] = on_refused,
	[MSG_GONE] = on_gone,	    [MSG_DONE] = on_done,	  [MSG_DENIED] = on_denied, [MSG_PURGED] = on_purged,
	[MSG_PONG] = on_pong,	    [MSG_ERROR] = on_error,
};

static int take_message(struct link *l, const struct frame *f, struct nn_err *err)
{
	enum msg_type t;
	json_t *msg;
	int r = msg_parse(f->payload, f->len, &t, &msg, err);

	if (r < 0)
		return r == -ENOMSG ? 0 : r;
	if (!handlers[t] || (!l->up && t != MSG_WELCOME && t != MSG_ERROR))
		r = err_set(err, EPROTO, "message '%s' out of place", msg_name(t));
	else
		handlers[t](l, msg);
	json_decref(msg);
	return r;
}

static int take_frame(struct link *l, const struct frame *f, struct nn_err *err)
{
	struct stream_chunk chunk;
	int r;

	if (f->kind == 'M')
		return take_message(l, f, err);
	if (f->kind != 'S' || !l->up)
		return 0;
	r = frame_get_stream(f, &chunk, err);
	if (r >= 0 && (r = l->host.stream(l->host.arg, &chunk)) < 0)
		(void)err_sys(err, -r, "the %s of run %s cannot be kept", stream_name(chunk.stream), chunk.run);
	return r;
}

static bool skip_banner(struct link *l)
{
	char *at;

	if (l->banner)
		return true;
	at = memmem(buf_str(&l->in), l->in.len, BANNER, sizeof(BANNER) - 1);
	if (at) {
		buf_cut(&l->in, (size_t)(at - l->in.data) + sizeof(BANNER) - 1);
		l->banner = true;
	} else if (l->in.len > BANNER_MAX) {
		give_up(l, -EPROTO, "the node's login shell prints without end before the agent starts");
	}
	return l->banner;
}

static void take_input(struct link *l)
{
	struct nn_err err;
	struct frame f;
	size_t at = 0;
	int r = 0;

	if (!skip_banner(l))
		return;
	while (l->channel && (r = frame_next(buf_str(&l->in) + at, l->in.len - at, &f, &err)) > 0) {
		r = take_frame(l, &f, &err);
		if (r < 0)
			break;
		at += f.size;
	}
	if (r < 0) {
		(void)err_wrap(&err, r, "the node misbehaves");
		give_up(l, -EPROTO, err.text);
	}
	if (l->channel)
		buf_cut(&l->in, at);
	l->host.flushed(l->host.arg);
}

static void read_channel(struct link *l)
{
	bool any = false;
	ssize_t n = 0;

	while (l->in.len < 4 * READ_AT_ONCE && (n = channel_read(l->channel, buf_room(&l->in, READ_AT_ONCE), READ_AT_ONCE)) > 0) {
		l->in.len += (size_t)n;
		any = true;
	}
	if (any) {
		l->heard_ms = time_mono_ms();
		take_input(l);
	}
	if (n < 0 && l->channel && !l->banner && n == -EPIPE)
		no_banner(l);
	else if (n < 0 && l->channel)
		give_up(l, (int)n, n == -EPIPE ? "the node closed the connection" : "the connection broke");
}

static void write_channel(struct link *l)
{
	struct outbox *o = &l->out;

	for (;;) {
		ssize_t n;

		outbox_fill(o);
		if (o->sent == o->frames.len)
			break;
		n = channel_write(l->channel, o->frames.data + o->sent, o->frames.len - o->sent);
		if (n < 0) {
			give_up(l, (int)n, "the connection broke");
			return;
		}
		if (n == 0)
			return;
		o->sent += (size_t)n;
	}
	buf_reset(&o->frames);
	o->sent = 0;
	if (o->frames.cap > 4 * READ_AT_ONCE)
		buf_done(&o->frames);
}

/* ---- the thread ---- */

static void take_post(struct link *l, struct post *p)
{
	json_t *list;

	switch (p->kind) {
	case POST_CLOSE:
		l->closing = true;
		break;
	case POST_CONNECT:
		l->wanted = true;
		l->next_try_ms = 0;
		l->backoff_ms = 0;
		break;
	case POST_DISCONNECT:
		l->wanted = false;
		hang_up(l);
		set_state(l, LINK_PAUSED, "disconnected by hand: echo connect > control");
		break;
	case POST_SLOTS:
		l->config.slots = p->slots;
		if (l->up)
			say(l, MSG_CONFIG, json_pack("{s:i}", "slots", (int)p->slots));
		break;
	case POST_SUBMIT:
		if (l->up)
			outbox_submit(&l->out, TAKE(p->json), (const char *const *)p->blobs);
		break;
	case POST_MESSAGE:
		if (l->up)
			say(l, p->type, TAKE(p->json));
		break;
	case POST_FOLLOW:
		if (!l->up)
			break;
		list = json_array();
		(void)json_array_append_new(list, TAKE(p->json));
		say(l, MSG_FOLLOW, json_pack("{s:o}", "runs", list));
		break;
	}
}

static void take_posts(struct link *l)
{
	struct mail *next;

	for (struct mail *m = mailbox_take(&l->mailbox); m; m = next) {
		next = m->next;
		take_post(l, (struct post *)m);
		free_post((struct post *)m);
	}
}

static void check_silence(struct link *l)
{
	int64_t now = time_mono_ms();

	if (now - l->heard_ms >= SILENCE_MS) {
		give_up(l, -ETIMEDOUT, "nothing heard for 15 s");
		return;
	}
	if (l->up && now - l->pinged_ms >= PING_MS) {
		l->pinged_ms = now;
		l->ping_sent_us = mono_us();
		say(l, MSG_PING, json_object());
	}
}

static int sleep_ms(const struct link *l)
{
	int64_t now = time_mono_ms(), until;

	if (!l->channel && !l->wanted)
		return -1;
	until = !l->channel ? l->next_try_ms : l->pinged_ms + PING_MS;
	return until <= now ? l->channel ? 1 : 0 : (int)(until - now);
}

static void one_round(struct link *l)
{
	if (!l->channel && l->wanted && time_mono_ms() >= l->next_try_ms)
		try_connect(l);
	if (l->channel)
		write_channel(l);
	if (l->channel) {
		(void)channel_wait(l->channel, l->mailbox.fd, !outbox_empty(&l->out), sleep_ms(l));
		read_channel(l);
	} else {
		struct pollfd wake = {.fd = l->mailbox.fd, .events = POLLIN};

		(void)poll(&wake, 1, sleep_ms(l));
	}
	take_posts(l);
	if (l->channel)
		check_silence(l);
}

static void *link_main(void *arg)
{
	struct link *l = arg;
	char name[16];

	snprintf(name, sizeof(name), "link %.10s", l->config.name);
	(void)prctl(PR_SET_NAME, name);
	while (!l->closing)
		one_round(l);
	hang_up(l);
	atomic_store(&l->ended, true);
	return NULL;
}

static char *copy_or_null(const char *s)
{
	return s ? nn_strdup(s) : NULL;
}

static void free_link(struct link *l)
{
	const char *const own[] = {l->config.name, l->config.type, l->config.address, l->config.workdir, l->config.ssh_config, l->config.agent, l->config.client};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		free((char *)own[i]);
	take_posts(l);
	outbox_done(&l->out);
	deploy_done(&l->deploy);
	buf_done(&l->in);
	mailbox_done(&l->mailbox);
	free(l);
}

int link_open(const struct link_config *config, const struct link_host *host, struct link **ret, struct nn_err *err)
{
	struct link *l = nn_alloc(sizeof(*l));
	sigset_t all, old;
	int r;

	l->config = *config;
	l->config.name = copy_or_null(config->name);
	l->config.type = copy_or_null(config->type);
	l->config.address = copy_or_null(config->address);
	l->config.workdir = copy_or_null(config->workdir);
	l->config.ssh_config = copy_or_null(config->ssh_config);
	l->config.agent = copy_or_null(config->agent);
	l->config.client = copy_or_null(config->client);
	l->host = *host;
	l->wanted = true;
	outbox_init(&l->out, config->store_fd);
	r = mailbox_init(&l->mailbox);
	if (r >= 0) {
		(void)sigfillset(&all); /* signals are main's */
		(void)pthread_sigmask(SIG_SETMASK, &all, &old);
		r = -pthread_create(&l->thread, NULL, link_main, l);
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (r < 0) {
		free_link(l);
		return err_sys(err, -r, "cluster %s", config->name);
	}
	*ret = l;
	return 0;
}

int link_close(struct link *l)
{
	struct timespec until;

	post(l, (struct post){.kind = POST_CLOSE});
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_MS / 1000;
	if (pthread_timedjoin_np(l->thread, NULL, &until) != 0) {
		(void)pthread_detach(l->thread); /* inside a connect: it ends with the process */
		return -ETIMEDOUT;
	}
	free_link(l);
	return 0;
}
