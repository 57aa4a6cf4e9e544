/*
 * sync - all that neronetfs knows and does apart from showing it: the runs, their clusters, what was asked for. What fs/ may use.
 *
 * One struct sync per process and state directory. Unless said otherwise a function may be called on any thread, answers from memory or local disk, and
 * never waits for a network. "Slow" ones hash files or fsync: not on the FUSE thread. "Durable": survives a power cut once 0 was returned.
 *
 * Runs and clusters are known to fs by a number (seq, from 1) that is never reused and is the same after a restart: inode numbers are computed
 * from it. A name belongs to one run of runs/ at a time.
 */
#pragma once

#include "buf.h"
#include "err.h"
#include "link.h"
#include "run.h"
#include "text.h"
#include "wire.h"

#include <stdbool.h>
#include <stdint.h>

struct sync_config {
	const char *config_dir; /* clusters.yaml, preferences.yaml */
	const char *state_dir;  /* neronet.db, store/, events, local/ (the cluster local's workdir), lock */
	const char *cache_dir;  /* mirrored streams: may be deleted at any time */
	const char *ssh_config; /* or NULL */
	const char *agent;      /* path of the agent's file */
	const char *mountpoint; /* never read from by capture; may be NULL (--check) */
};

/* What has changed; for the kernel's caches and for watchers. */
enum change {
	CHANGE_RUN_ADDED,     /* seq appeared in runs/ */
	CHANGE_RUN_GONE,      /* seq left runs/ (archived), name is its old name */
	CHANGE_RUN_RENAMED,   /* name is its old name */
	CHANGE_RUN_STATE,     /* state, reason, warnings: status, events, control, by-state/ */
	CHANGE_RUN_LOG,       /* log grew */
	CHANGE_RUN_METRICS,   /* metrics.csv, metrics/ grew or were rewritten */
	CHANGE_CLUSTER,       /* cluster seq: status */
	CHANGE_CLUSTER_ADDED, /* cluster seq */
	CHANGE_CLUSTER_GONE,  /* cluster seq, name */
	CHANGE_EVENTS,        /* the top-level events file grew */
};

/* Called on any of sync's threads, and inside calls of fs's own, with no lock held; must return at once. */
typedef void sync_change_fn(void *arg, enum change what, uint32_t seq, const char *name);

struct sync;

/* Locks the state directory (-EBUSY with a clear sentence when another instance holds it), opens or migrates the database, loads runs, turns offers
 * left by a crash into submissions. sync_start() then opens a link to every cluster (call it after daemonizing: it makes threads). */
int sync_open(const struct sync_config *config, sync_change_fn *on_change, void *arg, struct sync **ret, struct nn_err *err);
int sync_start(struct sync *s, struct nn_err *err);
void sync_close(struct sync *s);

/* ---- runs ---- */

struct run_view { /* a copy: one moment of one run */
	uint32_t seq;
	char id[ULID_LEN + 1];
	char name[NAME_MAX_BYTES + 1];
	char experiment[NAME_MAX_BYTES + 1];
	char cluster[NAME_MAX_BYTES + 1];
	enum run_state state;
	bool archived;
	bool terminating;       /* a kill was asked for, the end has not come yet */
	bool complete;          /* ended, and all of its streams are mirrored: nothing will change any more */
	int64_t created_ms;     /* when the spec was taken */
	int64_t queued_ms, started_ms, ended_ms; /* node's clock; 0 while it has not come to that */
	int64_t changed_ms;     /* last change of anything shown in status (this machine's clock) */
	int64_t log_changed_ms, metrics_changed_ms; /* when the mirrors last grew (this machine's clock) */
	int32_t code;           /* exit code, or EXIT_UNKNOWN (-1) while there is none */
	int32_t signal;         /* 0: none */
	int32_t pid;            /* of the command on its node; 0: not started */
	uint32_t attempt;
	uint32_t warnings;
	char host[64];
	char reason[256];
	uint64_t log_size;      /* bytes mirrored: the true size of runs/NAME/log */
	uint64_t metrics_csv_size;
	uint32_t n_metrics;     /* files in metrics/ */
};

int sync_run(struct sync *s, uint32_t seq, struct run_view *ret);                    /* 0 or -ENOENT */
uint32_t sync_run_find(struct sync *s, const char *name, bool archived);             /* seq, or 0 */
/* The first run after `after` (0: from the start) in order of seq whose state is in states (a mask of 1U << enum run_state; RUN_STARTING counts as
 * RUN_QUEUED) and that is or is not archived; 0 when there is none. So a directory's offsets are seqs, stable while runs come and go. */
uint32_t sync_run_next(struct sync *s, uint32_t after, unsigned states, bool archived);
#define SYNC_ALL_STATES (~0U)
void sync_run_counts(struct sync *s, uint32_t counts[RUN_STATES]);                   /* not archived ones; STARTING counted as QUEUED */

int sync_run_spec(struct sync *s, uint32_t seq, struct buf *out);                    /* runs/NAME/spec.yaml */
int sync_run_params(struct sync *s, uint32_t seq, struct buf *out);                  /* "  lr: 0.1\n" lines for status */
int sync_run_events(struct sync *s, uint32_t seq, struct buf *out);                  /* this run's lines of events */
int sync_run_last_metrics(struct sync *s, uint32_t seq, struct buf *out);            /* "  loss: 0.3\n" lines for status */

/* Open mirrored files, read-only, CLOEXEC, the caller closes: fd or -errno. An empty file is a file (fd of /dev/null-like emptiness is fine). */
int sync_run_log_fd(struct sync *s, uint32_t seq);
int sync_run_metrics_fd(struct sync *s, uint32_t seq);
int sync_run_metric_fd(struct sync *s, uint32_t seq, uint32_t index);
/* metrics/NAME.csv by index from 0 in order of first appearance: file name without ".csv" into name; 0 or -ENOENT. */
int sync_run_metric(struct sync *s, uint32_t seq, uint32_t index, char name[NAME_MAX_BYTES + 1], uint64_t *ret_size);
int sync_run_metric_find(struct sync *s, uint32_t seq, const char *name);            /* index or -ENOENT */

/* One control command, e.g. verb "terminate", arg "30" or "". Checked against the table and the run's state first: -EINVAL unknown or wrong argument,
 * -EBUSY impossible now. Durable; slow. */
int sync_run_control(struct sync *s, uint32_t seq, const char *verb, const char *arg, struct nn_err *err);
void sync_run_commands(struct sync *s, uint32_t seq, struct buf *out);               /* what `control` takes now, one per line with a word of help */
/* Deleting: a live run is terminated, the run moves to archive/. Durable; slow. */
int sync_run_archive(struct sync *s, uint32_t seq, struct nn_err *err);
int sync_run_rename(struct sync *s, uint32_t seq, const char *name, struct nn_err *err); /* -EINVAL, -EEXIST */

/* ---- submissions ---- */

struct offer_in {
	const char *key;        /* the dropped file's path below the mount, "queue/x.yaml": identifies the entry across saves and restarts */
	const char *file_name;  /* for messages: "x.yaml", or "dir/config.yaml" */
	const char *default_id; /* the experiment's name when the spec has no + block: file name without ending, or the directory's name */
	const char *cluster;    /* clusters/NAME/queue/: that cluster; NULL: the spec's, else the default */
	const char *text;
	size_t len;
	const char *const *dirs; /* where the code may be, best first, NULL-terminated absolute paths */
};

struct offer; /* a spec that was found good, with its code captured; durable. Owned by the caller until taken or withdrawn */

/* Slow. 0 and *ret; or -errno with *ret_errors = "FILE:LINE:COLUMN: message\n" lines (malloc'd, the caller frees) for NAME.error. Writes an event on failure. */
int sync_offer(struct sync *s, const struct offer_in *in, struct offer **ret, char **ret_errors);
/* Makes its runs appear and tells the link. Quick (memory; the database follows): fine on the FUSE thread. After a crash an offer counts as made. */
void sync_take(struct sync *s, struct offer *o);
/* The writer went on or died: the offer is void. Slow. */
void sync_withdraw(struct sync *s, struct offer *o);

struct submission_view {
	char content[65];    /* hash of the spec's text that was taken */
	int64_t taken_ms;
	uint32_t runs, unstarted;
};
/* The newest submission taken from this entry; 0 or -ENOENT. */
int sync_submission(struct sync *s, const char *key, struct submission_view *ret);
/* Cancels the runs of the newest submission of this entry that have not started (terminated, "cancelled: …"). Slow. */
int sync_submission_cancel(struct sync *s, const char *key, const char *why);
/* The entry is listed no more: forget its key. */
void sync_submission_forget(struct sync *s, const char *key);

/* ---- clusters ---- */

struct cluster_view {
	uint32_t seq;
	char name[NAME_MAX_BYTES + 1];
	char type[16];
	char address[256];
	enum link_state state;
	char why[384];
	int64_t last_contact_ms; /* 0: never */
	uint32_t latency_us;
	char agent[65];          /* hash of the agent's file that runs there, "" unknown */
	char host[64];
	uint32_t cpus, slots, running, queued;
	double load[3];
	uint64_t memory_bytes, memory_free_bytes, disk_bytes, disk_free_bytes;
	bool is_default;
};

int sync_cluster(struct sync *s, uint32_t seq, struct cluster_view *ret);
uint32_t sync_cluster_find(struct sync *s, const char *name);
uint32_t sync_cluster_next(struct sync *s, uint32_t after);
int sync_cluster_add(struct sync *s, const char *name, struct nn_err *err);    /* mkdir: an ssh host of that name. Slow, durable */
int sync_cluster_remove(struct sync *s, const char *name, struct nn_err *err); /* rmdir: -EBUSY while it has live runs; -EPERM for local */
int sync_cluster_config(struct sync *s, uint32_t seq, struct buf *out);        /* clusters/NAME/config.yaml */
/* Saving clusters/NAME/config.yaml. -EINVAL with FILE:LINE:COLUMN lines in *ret_errors. Slow, durable. */
int sync_cluster_set_config(struct sync *s, uint32_t seq, const char *text, size_t len, char **ret_errors);
int sync_cluster_control(struct sync *s, uint32_t seq, const char *verb, const char *arg, struct nn_err *err); /* connect, disconnect, slots N */
void sync_cluster_commands(struct sync *s, uint32_t seq, struct buf *out);
int sync_cluster_events(struct sync *s, uint32_t seq, struct buf *out);

/* config/: checks a whole clusters.yaml or preferences.yaml; 0 or -EINVAL with lines in *ret_errors. sync_config_changed() afterwards reads the files
 * again and opens, closes and changes links. */
int sync_config_check(struct sync *s, const char *file_name, const char *text, size_t len, char **ret_errors);
void sync_config_changed(struct sync *s);

/* ---- events ---- */

/* "TIME OBJECT: sentence" appended to the events file, and kept for the run's or the cluster's own events. run_seq 0 and cluster NULL: of the program. */
void sync_event(struct sync *s, uint32_t run_seq, const char *cluster, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int sync_events_fd(struct sync *s); /* the events file, read-only; the caller closes */
uint64_t sync_events_size(struct sync *s, int64_t *ret_changed_ms);
