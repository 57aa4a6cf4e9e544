/*
 * link - one thread per cluster that keeps a connection to its manager: connect, deploy, attach, exchange frames, back off, again.
 *
 * States: down (waiting to try again: 1 s doubling to 60 s) -> connecting -> up; `refused` when it makes no sense to try soon (host key unknown or
 * changed, no authentication, address unknown to ~/.ssh/config is still `down`); `paused` after link_disconnect().
 * The link knows nothing of the tree: what it should send is posted to it, what it hears goes to its host's functions, which it calls on
 * its own thread, never under a lock of its own. Everything posted is an idempotent request: on a lost connection the link forgets what was
 * posted, and asks for it all again by calling host->attached after the next welcome. So nothing is lost, and a double send does no harm.
 *
 * link_post_* and link_connect/disconnect/configure may be called on any thread, also from inside a host function; they copy or take what they are
 * given, never block, and do nothing while the link is not attached.
 */
#pragma once

#include "err.h"
#include "msg.h"
#include "wire.h"

#include <jansson.h>
#include <stdint.h>

enum link_state {
	LINK_DOWN,
	LINK_CONNECTING,
	LINK_UP,
	LINK_REFUSED,
	LINK_PAUSED,
};

const char *link_state_name(enum link_state s); /* "down", "connecting", "up", "refused", "paused": clusters/NAME/status */

struct link_config {
	const char *name;       /* the cluster's; for thread names and messages */
	const char *type;       /* "local" or "ssh" */
	const char *address;    /* ssh: [user@]host[:port], or an alias of ~/.ssh/config */
	const char *workdir;    /* on the node; NULL: ~/.neronet; local: an absolute path */
	const char *ssh_config; /* a file instead of ~/.ssh/config, or NULL */
	const char *agent;      /* path of the agent's file here: deployed to the node, or executed for `local` */
	const char *client;     /* id of this installation (ULID), said in hello */
	int store_fd;           /* the content store (snapshot.h), borrowed: blobs are read from it */
	uint32_t slots;         /* 0: the node's default */
};

/* What a link tells. Pointers are valid during the call only. Called on the link's thread. */
struct link_host {
	void *arg;
	void (*state)(void *arg, enum link_state s, const char *why);      /* why: a sentence a user can act on, or "" */
	void (*attached)(void *arg, const json_t *welcome);                 /* now post follow, submit and control */
	void (*heard)(void *arg, uint32_t latency_us, const json_t *pong);  /* after each pong (every 5 s) */
	void (*accepted)(void *arg, const char *run);
	void (*refused)(void *arg, const char *run, const char *reason);
	void (*gone)(void *arg, const char *run, const char *reason);
	/* Returns < 0 when the bytes cannot be stored or do not fit (the node lies, the disk is full): the link drops the connection and
	 * backs off, so that they are asked for again from the right offset. */
	int (*stream)(void *arg, const struct stream_chunk *chunk);
	void (*flushed)(void *arg); /* all frames that had arrived were handed over: a good moment to commit what they changed */
	void (*done)(void *arg, const char *command);
	void (*denied)(void *arg, const char *command, const char *reason);
	void (*purged)(void *arg, const char *run);
};

struct link;

/* Starts the thread, which connects at once. config and host are copied (the strings too). */
int link_open(const struct link_config *config, const struct link_host *host, struct link **ret, struct nn_err *err);

/* Ends the connection and joins the thread; at most about a second, then the thread is left behind (it holds nothing that must be saved)
 * and -ETIMEDOUT is returned: the caller must not free what host functions use. Kids and runs on the node go on. */
int link_close(struct link *l);

void link_connect(struct link *l);    /* try now; also ends `paused` and `refused` */
void link_disconnect(struct link *l); /* drop the connection and stay away until link_connect */
void link_configure(struct link *l, uint32_t slots);

/* records: array of record_to_json(); stolen. blobs: NULL-terminated hashes that the records' code needs (manifests and their files), copied.
 * Small blobs that this node is not known to have are sent first; the others when the node says that it needs them. */
void link_post_submit(struct link *l, json_t *records, const char *const *blobs);
void link_post_follow(struct link *l, const char *run, const uint64_t offsets[STREAMS]);
void link_post_control(struct link *l, const char *id, const char *run, const char *verb, const char *arg);
void link_post_purge(struct link *l, const char *run);
