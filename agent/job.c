#include "serve.h"

#include "command.h"
#include "fdio.h"
#include "kid.h"
#include "log.h"
#include "mem.h"
#include "proc.h"
#include "scope.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define RESPAWNS_MAX 5 /* kids in a row that died at once: something is wrong here, wait for the next attach */

struct job *job_find(struct serve *s, const char *id)
{
	struct job *j = s->jobs;

	while (j && strcmp(j->id, id) != 0)
		j = j->next;
	return j;
}

static int journal_use(struct job *j, struct nn_err *err)
{
	_close_ int run = rundir_open(j->serve->w, j->id);

	if (run < 0)
		return err_sys(err, -run, "run %s", j->id);
	j->journal.fd = openat(run, "journal", O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	return j->journal.fd < 0 ? err_sys(err, errno, "journal") : 0;
}

static void append(struct job *j, struct event *e)
{
	struct nn_err err;
	int r = journal_use(j, &err);

	if (r >= 0)
		r = journal_append(&j->journal, e, true, &err);
	journal_close(&j->journal);
	if (r < 0)
		log_error("run %s: %s", j->id, err.text);
}

static struct job *job_new(struct serve *s, const char *id, uint64_t order)
{
	struct job *j = nn_alloc(sizeof(*j));

	j->serve = s;
	memcpy(j->id, id, sizeof(j->id));
	j->order = order;
	j->watch = j->kid_fd = j->journal.fd = -1;
	j->next = s->jobs;
	s->jobs = j;
	s->n_jobs++;
	if (order >= s->next_order)
		s->next_order = order + 1;
	return j;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

/* The kid's poll handle must be closed by the loop before the job's memory goes. */
void job_free(struct job *j)
{
	struct serve *s = j->serve;

	for (struct job **p = &s->jobs; *p; p = &(*p)->next)
		if (*p == j) {
			*p = j->next;
			s->n_jobs--;
			break;
		}
	if (j->watch >= 0)
		serve_unwatch(s, j->watch);
	if (!j->kid) {
		free(j);
		return;
	}
	(void)uv_poll_stop(&j->kid_poll);
	(void)close(j->kid_fd);
	uv_close((uv_handle_t *)&j->kid_poll, on_closed);
}

static void ended(struct job *j)
{
	log_info("run %s: %s", j->id, run_state_name(j->journal.state));
	live_remove(j->serve->w, j->id);
	job_free(j);
}

void job_changed(struct job *j)
{
	struct nn_err err;

	if (journal_use(j, &err) >= 0)
		(void)journal_catch_up(&j->journal, NULL, NULL);
	journal_close(&j->journal);
}

static void on_kid_closed(uv_handle_t *h)
{
	struct job *j = h->data;

	j->kid = false;
	job_changed(j);
	if (run_ended(j->journal.state)) {
		struct serve *s = j->serve;

		ended(j);
		serve_schedule(s);
		return;
	}
	if (++j->respawns > RESPAWNS_MAX) {
		log_error("run %s: its supervisor ended %u times; trying again at the next attach", j->id, j->respawns);
		return;
	}
	log_warning("run %s: its supervisor is gone; another takes over", j->id);
	job_start(j);
}

static void on_kid(uv_poll_t *p, int status, int events)
{
	struct job *j = p->data;
	siginfo_t end;

	(void)uv_poll_stop(p);
	(void)waitid(P_PIDFD, (id_t)j->kid_fd, &end, WEXITED | WNOHANG);
	(void)close(TAKE_FD(j->kid_fd));
	uv_close((uv_handle_t *)p, on_kid_closed);
}

static void watch_kid(struct job *j, int pidfd)
{
	j->kid_fd = pidfd;
	j->kid = true;
	(void)uv_poll_init(&j->serve->loop, &j->kid_poll, pidfd);
	j->kid_poll.data = j;
	(void)uv_poll_start(&j->kid_poll, UV_READABLE, on_kid);
}

/* A kid that an earlier manager started. */
static int adopt_kid(struct job *j, int run_fd)
{
	uint64_t start;
	pid_t pid;
	int fd = kid_holder(run_fd, &pid, &start);

	fd = fd < 0 ? fd : proc_open(pid, start);
	if (fd >= 0)
		watch_kid(j, fd);
	return fd;
}

void job_start(struct job *j)
{
	_close_ int run = rundir_open(j->serve->w, j->id);
	struct nn_err err;
	int pidfd;

	if (j->kid || run < 0)
		return;
	if (j->watch < 0)
		j->watch = watch_add(&j->serve->watch, run);
	if (adopt_kid(j, run) >= 0)
		return;
	if (spawn_kid(j->serve->w, j->id, &pidfd, &err) < 0) {
		log_error("run %s: %s", j->id, err.text);
		return;
	}
	watch_kid(j, pidfd);
}

struct waiting {
	struct job *job;
	bool end;
};

static void note_end(void *arg, const struct command *c)
{
	struct waiting *w = arg;

	w->end |= c->verb == VERB_TERMINATE || c->verb == VERB_KILL;
}

/* A run that waits has no kid to read its commands. */
void job_command(struct job *j)
{
	struct event e = {.kind = EV_TERMINATED, .code = EXIT_UNKNOWN, .reason = "terminated by a person before it started"};
	struct waiting w = {.job = j};
	uint64_t offset = 0;
	_close_ int run = rundir_open(j->serve->w, j->id);

	if (j->kid || j->journal.state != RUN_QUEUED || run < 0)
		return;
	if (command_read(run, &offset, note_end, &w) < 0 || !w.end)
		return;
	append(j, &e);
	if (run_ended(j->journal.state))
		ended(j);
}

int job_load(struct serve *s, const char *id, struct nn_err *err)
{
	_close_ int run = rundir_open(s->w, id);
	_scoped_(record_done) struct record rec = {0};
	struct run_note note;
	struct job *j;
	int r = run < 0 ? err_sys(err, -run, "run %s", id) : rundir_load(run, &rec, &note, err);

	if (r < 0)
		return r;
	if (strcmp(note.host, s->w->host) != 0)
		return 0;
	j = job_new(s, id, note.order);
	r = journal_open(run, &j->journal, err);
	journal_close(&j->journal);
	if (r < 0) {
		job_free(j);
		return r;
	}
	if (run_ended(j->journal.state))
		ended(j);
	else if (adopt_kid(j, run) < 0 && j->journal.state > RUN_QUEUED)
		job_start(j);
	else
		job_command(j);
	return 0;
}

int job_create(struct serve *s, const struct record *r, struct nn_err *err)
{
	struct run_note note = {.order = s->next_order};
	struct event e = {.kind = EV_QUEUED};
	struct journal journal = {.fd = -1};
	_close_ int run = -1;
	struct job *j;
	int result;

	snprintf(note.host, sizeof(note.host), "%s", s->w->host);
	run = rundir_create(s->w, r, &note, err);
	if (run < 0)
		return run;
	result = journal_open(run, &journal, err);
	result = result < 0 ? result : journal_append(&journal, &e, false, err);
	journal_close(&journal);
	if (result >= 0 && (result = live_add(s->w, r->id)) < 0)
		(void)err_sys(err, -result, "live");
	result = result < 0 ? result : rundir_commit(s->w, r->id, err);
	if (result < 0)
		return result;
	j = job_new(s, r->id, note.order);
	j->journal = journal;
	return 0;
}
