/*
 * rundir - WORKDIR and the runs below it: where things are on a node, and how they are made. doc/PROTOCOL.md draws the tree.
 */
#pragma once

#include "err.h"
#include "record.h"

#include <stdint.h>

struct workdir {
	int fd;       /* WORKDIR */
	int store_fd; /* WORKDIR/store */
	int runs_fd;  /* WORKDIR/runs */
	int host_fd;  /* WORKDIR/hosts/HOST */
	int live_fd;  /* WORKDIR/hosts/HOST/live */
	char *path;   /* absolute */
	char host[65];          /* this host's name */
	char node[ULID_LEN + 1]; /* id of this installation */
};

/* path NULL: $HOME/.neronet. Makes what is missing, 0700; refuses a directory of another user. */
int workdir_open(const char *path, struct workdir *ret, struct nn_err *err);
void workdir_close(struct workdir *w);

/* What the manager adds to a record when it accepts it. */
struct run_note {
	uint64_t order; /* of acceptance on this host: runs start in this order */
	char host[65];  /* the host that owns the run */
};

int rundir_open(const struct workdir *w, const char *id); /* descriptor or -errno */
int rundir_load(int run_fd, struct record *ret, struct run_note *ret_note, struct nn_err *err);
/* A new directory under a temporary name, with record.json: its descriptor. rundir_commit gives it its own name; rundir_sync makes it durable. */
int rundir_create(const struct workdir *w, const struct record *r, const struct run_note *note, struct nn_err *err);
int rundir_commit(const struct workdir *w, const char *id, struct nn_err *err);
int rundir_sync(const struct workdir *w, const char *id, struct nn_err *err);
int rundir_remove(const struct workdir *w, const char *id);

/* Lays out work/ from the record's manifest, unless it is there. */
int rundir_lay_out(const struct workdir *w, int run_fd, const struct record *r, struct nn_err *err);

/* hosts/HOST/live/ID: runs that have not ended. */
int live_add(const struct workdir *w, const char *id);
void live_remove(const struct workdir *w, const char *id);
