/*
 * serve - the manager of a host: accepts submissions, starts runs within the slots, watches over their kids, tells laptops what grows.
 *
 * One process per host and WORKDIR, holding hosts/HOST/lock (its pid is the lock's content). One libuv loop, one thread.
 *	struct serve   the manager            serve.c
 *	struct job     a run known to it      job.c     (runs that have not ended, and ended ones that a laptop follows)
 *	struct client  an attached laptop     client.c
 */
#pragma once

#include "err.h"
#include "journal.h"
#include "record.h"
#include "rundir.h"
#include "watch.h"

#include <stdbool.h>
#include <uv.h>

struct client;
struct serve;

struct job {
	struct serve *serve;
	char id[ULID_LEN + 1];
	uint64_t order;
	struct journal journal; /* its descriptor is open only while it is used */
	int watch;          /* its directory's number in serve->watch, -1 none */
	bool kid;           /* a kid looks after it: kid_poll is on its pidfd */
	int kid_fd;
	uv_poll_t kid_poll;
	uint32_t respawns;  /* kids that died without having ended the run, in a row */
	struct job *next;
};

struct serve {
	uv_loop_t loop;
	struct workdir *w;
	int lock_fd, listen_fd;
	struct watch watch;
	uv_poll_t listen_poll, watch_poll;
	uv_timer_t idle_timer;
	uv_signal_t term, interrupt;
	struct job *jobs;      /* live ones */
	size_t n_jobs;
	struct client *clients;
	uint32_t slots, cpus;
	uint64_t next_order;
	char boot[40];
	char agent[HASH_HEX + 1];
};

/* Returns when it is told to (SIGTERM), or has had nothing to do for ten minutes. ready_fd is closed once it listens. */
int serve_main(struct workdir *w, int ready_fd, struct nn_err *err);

/* Starts what may start. Call after anything that could let a run start. */
void serve_schedule(struct serve *s);
void serve_set_slots(struct serve *s, uint32_t slots); /* 0: the number of cores */
void serve_unwatch(struct serve *s, int watch); /* unless a job or a client still needs it */
void serve_counts(const struct serve *s, uint32_t *ret_running, uint32_t *ret_queued);

/* ---- job.c ---- */
struct job *job_find(struct serve *s, const char *id);
/* Makes a job of a run's directory that is there, if it is this host's. */
int job_load(struct serve *s, const char *id, struct nn_err *err);
/* Queues a new run. The caller makes it durable (rundir_sync) before it says so to anybody. */
int job_create(struct serve *s, const struct record *r, struct nn_err *err);
void job_start(struct job *j);            /* gives it a kid */
void job_changed(struct job *j);          /* its journal grew */
/* Carries out the commands of a run that waits; a kid reads its run's by itself. May free j. */
void job_command(struct job *j);
void job_free(struct job *j);

/* ---- client.c ---- */
int client_open(struct serve *s, int sock); /* a connection that was accepted; owns the descriptor */
void client_run_changed(struct serve *s, int watch, const char *file);
bool client_watches(const struct serve *s, int watch);
void client_close_all(struct serve *s);
