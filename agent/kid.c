#include "kid.h"

#include "command.h"
#include "fdio.h"
#include "journal.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "proc.h"
#include "scope.h"
#include "shim.h"
#include "spawn.h"
#include "tail.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define KILL_TICK_MS 20       /* between rounds of SIGKILL, while processes are left */
#define LEFTOVER_GRACE_S 5    /* what a command leaves behind gets SIGTERM and this long, or the grace if that is shorter */
#define RETRY_MS 1000         /* the journal could not be written: the disk is full */
#define TAIL_AT_ONCE (4 << 20) /* bytes of log between two looks at everything else */

struct kid {
	uv_loop_t loop;
	const struct workdir *w;
	int run_fd, lock_fd;
	struct record rec;
	struct journal journal;
	struct tail tail;
	struct watch watch;
	struct shim_command cmd; /* cmd.pid 0: not known to have been let go */
	struct shim_exit exit;
	bool exit_known, shim_gone, command_gone, tree_done, leftovers_told, settled;
	int shim_fd, command_fd, go_fd;
	uv_poll_t watch_poll, shim_poll, command_poll, go_poll;
	uv_timer_t kill_timer, retry_timer;
	uv_idle_t more; /* the log has more than was read at once */
	bool killing;   /* SIGKILL rounds have begun */
	uint64_t control_offset, control_at;
	char tag[sizeof("NERONET_RUN_ID=") + ULID_LEN];
	struct nn_err *err;
	int result;
};

static void look(struct kid *k);

static void append_as(struct kid *k, struct event *e, bool sync)
{
	struct nn_err err;

	if (journal_append(&k->journal, e, sync, &err) < 0)
		log_warning("run %s: %s", k->rec.id, err.text);
}

static void append(struct kid *k, struct event *e)
{
	append_as(k, e, true);
}

static void warn(struct kid *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct kid *k, const char *fmt, ...)
{
	struct event e = {.kind = EV_WARNING};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e.reason, sizeof(e.reason), fmt, ap);
	va_end(ap);
	append(k, &e);
}

/* ---- the process tree ---- */

static ssize_t tree(struct kid *k, pid_t **ret)
{
	pid_t roots[2] = {getpid(), k->shim_gone ? getpid() : k->cmd.shim};

	return proc_tree(roots, 2, k->shim_gone ? k->tag : NULL, ret);
}

/* Signals every process of the run; how many there were. */
static size_t signal_tree(struct kid *k, int sig)
{
	_free_ pid_t *pids = NULL;
	ssize_t n = tree(k, &pids);

	for (ssize_t i = 0; i < n; i++)
		(void)kill(pids[i], sig);
	if (sig != SIGKILL && sig != SIGSTOP)
		for (ssize_t i = 0; i < n && (sig == SIGTERM || sig == SIGHUP); i++)
			(void)kill(pids[i], SIGCONT);
	return n < 0 ? 0 : (size_t)n;
}

/* Orphans come to us when the shim was killed; the command's own status is then ours to read. */
static void reap(struct kid *k)
{
	siginfo_t end = {0};

	while (waitid(P_ALL, 0, &end, WEXITED | WNOHANG) == 0 && end.si_pid) {
		if (end.si_pid == k->cmd.pid && !k->exit_known) {
			k->exit = (struct shim_exit){.code = end.si_code == CLD_EXITED ? end.si_status : -1,
						     .signal = end.si_code == CLD_EXITED ? 0 : end.si_status,
						     .time_ms = time_now_ms()};
			k->exit_known = k->command_gone = true;
		}
		end.si_pid = 0;
	}
}

static void on_kill_timer(uv_timer_t *t)
{
	struct kid *k = t->data;

	k->killing = true;
	if (signal_tree(k, SIGKILL))
		(void)uv_timer_start(t, on_kill_timer, KILL_TICK_MS, 0);
	look(k);
}

static void kill_after(struct kid *k, uint64_t ms)
{
	if (k->killing)
		return;
	if (uv_is_active((uv_handle_t *)&k->kill_timer) && uv_timer_get_due_in(&k->kill_timer) <= ms)
		return;
	(void)uv_timer_start(&k->kill_timer, on_kill_timer, ms, 0);
}

/* ---- commands ---- */

static void terminate(struct kid *k, uint32_t grace_s, bool by_kill)
{
	struct event e = {.kind = EV_TERMINATING};

	if (by_kill)
		snprintf(e.reason, sizeof(e.reason), "killed by a person");
	else
		snprintf(e.reason, sizeof(e.reason), "terminated by a person (grace %u s)", grace_s);
	if (!k->journal.terminating || by_kill)
		append(k, &e);
	if (!by_kill)
		(void)signal_tree(k, SIGTERM);
	kill_after(k, by_kill ? 0 : (uint64_t)grace_s * 1000);
}

static void send_once(struct kid *k, int sig)
{
	char at[32], name[24];
	int n = snprintf(at, sizeof(at), "%" PRIu64 "\n", k->control_offset);

	if (k->control_offset < k->control_at)
		return;
	if (file_replace(k->run_fd, "control.at", at, (size_t)n, 0600) < 0)
		return;
	warn(k, "%s sent to %zu processes", signal_name(sig, name), signal_tree(k, sig));
}

static void carry_out(void *arg, const struct command *c)
{
	struct kid *k = arg;

	switch (c->verb) {
	case VERB_TERMINATE:
		terminate(k, c->grace_s == UINT32_MAX ? k->rec.grace_s : c->grace_s, false);
		break;
	case VERB_KILL:
		terminate(k, 0, true);
		break;
	case VERB_SIGNAL:
		send_once(k, c->signal);
		break;
	case VERBS:
		break;
	}
}

static void read_commands(struct kid *k)
{
	if (k->cmd.pid && !k->settled)
		(void)command_read(k->run_fd, &k->control_offset, carry_out, k);
}

/* ---- start and adoption ---- */

static void on_shim(uv_poll_t *p, int status, int events)
{
	struct kid *k = p->data;

	k->shim_gone = true;
	(void)uv_poll_stop(p);
	look(k);
}

static void on_command(uv_poll_t *p, int status, int events)
{
	struct kid *k = p->data;

	(void)uv_poll_stop(p);
	reap(k);
	k->command_gone = true;
	look(k);
}

static void poll_fd(struct kid *k, uv_poll_t *p, int fd, uv_poll_cb on_ready)
{
	(void)uv_poll_init(&k->loop, p, fd);
	p->data = k;
	(void)uv_poll_start(p, UV_READABLE, on_ready);
}

static void note_running(struct kid *k)
{
	struct event e = {.kind = EV_RUNNING, .attempt = 1, .pid = k->cmd.pid};

	if (k->journal.state != RUN_STARTING || k->exit.error)
		return;
	snprintf(e.host, sizeof(e.host), "%.63s", k->w->host);
	append(k, &e);
}

/* `command` is there: the run has been let go by a shim, ours or an earlier one. */
static void adopt(struct kid *k)
{
	char boot[BOOT_ID_LEN + 1];

	if (k->shim_fd >= 0 || k->shim_gone)
		return;
	proc_boot_id(boot);
	if (strcmp(boot, k->cmd.boot) != 0) { /* everything of that boot is dead */
		k->shim_gone = k->command_gone = true;
		return;
	}
	k->shim_fd = proc_open(k->cmd.shim, k->cmd.shim_start);
	if (k->shim_fd >= 0)
		poll_fd(k, &k->shim_poll, k->shim_fd, on_shim);
	else
		k->shim_gone = true;
}

/* The shim is dead without having told the end: the command itself is watched. */
static void follow_command(struct kid *k)
{
	if (k->command_fd >= 0 || k->command_gone)
		return;
	k->command_fd = proc_open(k->cmd.pid, k->cmd.start);
	if (k->command_fd >= 0)
		poll_fd(k, &k->command_poll, k->command_fd, on_command);
	else
		k->command_gone = true;
}

static void on_go(uv_poll_t *p, int status, int events)
{
	struct kid *k = p->data;

	(void)uv_poll_stop(p);
	(void)close(TAKE_FD(k->go_fd));
	look(k);
}

static void fail(struct kid *k, const char *why)
{
	struct event e = {.kind = EV_FAILED, .code = EXIT_UNKNOWN, .log_bytes = 0, .metrics_bytes = k->tail.metrics_size};
	struct stat st;

	snprintf(e.reason, sizeof(e.reason), "could not start: %s", why);
	if (fstatat(k->run_fd, "log", &st, 0) == 0)
		e.log_bytes = (uint64_t)st.st_size;
	append(k, &e);
	k->settled = true;
	uv_stop(&k->loop);
}

static void start(struct kid *k)
{
	struct event e = {.kind = EV_STARTING, .attempt = 1};
	struct shim_job job = {.run_fd = k->run_fd, .argv = k->rec.argv};
	struct nn_err err;
	pid_t pid;

	if (rundir_lay_out(k->w, k->run_fd, &k->rec, &err) < 0) {
		fail(k, err.text);
		return;
	}
	append_as(k, &e, false); /* the shim's `command` is what must be durable before the start */
	job.envp = spawn_environment(&k->rec, k->w, 1);
	pid = shim_start(&job, &k->go_fd, &err);
	if (pid < 0) {
		fail(k, err.text);
		return;
	}
	poll_fd(k, &k->go_poll, k->go_fd, on_go);
}

/* ---- the end ---- */

static void end_event(const struct kid *k, struct event *e)
{
	char boot[BOOT_ID_LEN + 1], name[24];

	proc_boot_id(boot);
	e->code = k->exit_known ? k->exit.code : EXIT_UNKNOWN;
	e->signal = k->exit_known ? k->exit.signal : 0;
	if (!k->exit_known && strcmp(boot, k->cmd.boot) != 0) {
		e->kind = EV_LOST;
		snprintf(e->reason, sizeof(e->reason), "the node was restarted while it ran");
	} else if (k->exit_known && k->exit.error) {
		e->kind = EV_FAILED;
		snprintf(e->reason, sizeof(e->reason), "could not start: %.120s: %s", k->rec.argv[0],
			 strerrordesc_np(k->exit.error));
		e->code = EXIT_UNKNOWN;
	} else if (k->journal.terminating) {
		e->kind = EV_TERMINATED;
		snprintf(e->reason, sizeof(e->reason), "%s", k->journal.reason);
	} else if (!k->exit_known) {
		e->kind = EV_FAILED;
		snprintf(e->reason, sizeof(e->reason), "exit status unknown: the process that waited for it was killed");
	} else if (e->code == 0) {
		e->kind = EV_FINISHED;
	} else {
		e->kind = EV_FAILED;
		if (e->signal)
			snprintf(e->reason, sizeof(e->reason), "killed by %s", signal_name(e->signal, name));
		else
			snprintf(e->reason, sizeof(e->reason), "exit code %d", e->code);
	}
}

static void on_retry(uv_timer_t *t)
{
	look(t->data);
}

static void settle(struct kid *k)
{
	struct event e = {0};
	struct nn_err err;
	struct stat st;

	note_running(k);
	end_event(k, &e);
	if (tail_finish(&k->tail, &err) < 0)
		log_warning("run %s: %s", k->rec.id, err.text);
	if (fstatat(k->run_fd, "log", &st, 0) == 0)
		e.log_bytes = (uint64_t)st.st_size;
	e.metrics_bytes = k->tail.metrics_size;
	if (journal_append(&k->journal, &e, true, &err) < 0) {
		log_warning("run %s: %s", k->rec.id, err.text);
		(void)uv_timer_start(&k->retry_timer, on_retry, RETRY_MS, 0);
		return;
	}
	k->settled = true;
	uv_stop(&k->loop);
}

/* The command has ended: what it left behind goes too. */
static void clear_leftovers(struct kid *k)
{
	_free_ pid_t *pids = NULL;
	ssize_t n = tree(k, &pids);
	uint32_t grace = k->rec.grace_s < LEFTOVER_GRACE_S ? k->rec.grace_s : LEFTOVER_GRACE_S;

	if (n <= 0) {
		k->tree_done = true;
		return;
	}
	if (!k->leftovers_told && !k->journal.terminating) {
		warn(k, "%zd processes were left behind: they are terminated", n);
		(void)signal_tree(k, SIGTERM);
	}
	k->leftovers_told = true;
	kill_after(k, (uint64_t)grace * 1000);
}

/* Acts on what is the case; called after anything may have changed. */
static void look(struct kid *k)
{
	if (k->settled)
		return;
	reap(k);
	if (!k->cmd.pid && shim_read_command(k->run_fd, &k->cmd) < 0) {
		if (k->go_fd < 0 && shim_alive(k->run_fd) == 0 && faccessat(k->run_fd, "command", F_OK, 0) < 0)
			start(k);
		return;
	}
	adopt(k);
	if (!k->exit_known && shim_read_exit(k->run_fd, &k->exit) == 0)
		k->exit_known = k->command_gone = true;
	if (k->go_fd < 0 && k->journal.state == RUN_STARTING && !k->exit_known)
		note_running(k);
	if (k->shim_gone && !k->exit_known)
		follow_command(k);
	read_commands(k);
	if (k->command_gone)
		clear_leftovers(k);
	if (k->command_gone && (k->shim_gone ? k->tree_done : false))
		settle(k);
}

static void read_log(struct kid *k)
{
	struct nn_err err;
	int r = tail_read(&k->tail, TAIL_AT_ONCE, &err);

	if (r < 0)
		log_warning("run %s: %s", k->rec.id, err.text);
	if (r <= 0)
		(void)uv_idle_stop(&k->more);
}

static void on_more(uv_idle_t *idle)
{
	read_log(idle->data);
}

static void on_file(void *arg, int number, const char *name)
{
	struct kid *k = arg;

	if (number < 0 || strcmp(name, "log") == 0)
		(void)uv_idle_start(&k->more, on_more);
	if (number < 0 || strcmp(name, "command") == 0 || strcmp(name, "exit") == 0 || strcmp(name, "control") == 0)
		look(k);
}

static void on_watch(uv_poll_t *p, int status, int events)
{
	struct kid *k = p->data;

	watch_handle(&k->watch, on_file, k);
}

static int take_lock(struct kid *k, struct nn_err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", (int)getpid(), proc_start(getpid()));
	int r;

	k->lock_fd = openat(k->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (k->lock_fd < 0)
		return err_sys(err, errno, "lock");
	r = lock_take(k->lock_fd);
	if (r == -EAGAIN)
		return r;
	if (r < 0 || ftruncate(k->lock_fd, 0) < 0 || (r = fd_pwrite_all(k->lock_fd, text, (size_t)n, 0)) < 0)
		return err_sys(err, r < 0 ? -r : errno, "lock");
	return 0;
}

int kid_holder(int run_fd, pid_t *ret_pid, uint64_t *ret_start)
{
	_close_ int fd = openat(run_fd, "lock", O_RDWR | O_CLOEXEC);
	_scoped_(buf_done) struct buf text = {0};
	int pid;

	if (fd < 0 || lock_held(fd) <= 0 || file_read(run_fd, "lock", 64, &text) < 0)
		return -ENOENT;
	if (sscanf(buf_str(&text), "%d %" SCNu64, &pid, ret_start) != 2)
		return -EAGAIN;
	*ret_pid = pid;
	return 0;
}

static int open_run(struct kid *k, const char *id)
{
	_scoped_(buf_done) struct buf at = {0};
	struct run_note note;
	int r;

	k->run_fd = rundir_open(k->w, id);
	if (k->run_fd < 0)
		return err_sys(k->err, -k->run_fd, "run %s", id);
	r = take_lock(k, k->err);
	r = r < 0 ? r : rundir_load(k->run_fd, &k->rec, &note, k->err);
	r = r < 0 ? r : journal_open(k->run_fd, &k->journal, k->err);
	r = r < 0 ? r : tail_open(k->run_fd, &k->tail, k->err);
	r = r < 0 ? r : watch_open(&k->watch, k->err);
	if (r < 0)
		return r;
	if (file_read(k->run_fd, "control.at", 32, &at) == 0)
		k->control_at = strtoull(buf_str(&at), NULL, 10) + 1;
	snprintf(k->tag, sizeof(k->tag), "NERONET_RUN_ID=%s", id);
	return watch_add(&k->watch, k->run_fd);
}

static void close_run(struct kid *k)
{
	int *fds[] = {&k->shim_fd, &k->command_fd, &k->go_fd, &k->run_fd, &k->lock_fd};

	journal_close(&k->journal);
	tail_close(&k->tail);
	watch_close(&k->watch);
	record_done(&k->rec);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (*fds[i] >= 0)
			(void)close(*fds[i]);
}

int kid_main(const struct workdir *w, const char *id, struct nn_err *err)
{
	struct kid *k = nn_alloc(sizeof(*k));
	int r;

	k->w = w;
	k->err = err;
	k->run_fd = k->lock_fd = k->shim_fd = k->command_fd = k->go_fd = -1;
	k->journal.fd = k->tail.log_fd = k->tail.metrics_fd = k->watch.fd = -1;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = open_run(k, id);
	if (r >= 0 && !run_ended(k->journal.state)) {
		(void)uv_loop_init(&k->loop);
		(void)uv_timer_init(&k->loop, &k->kill_timer);
		(void)uv_timer_init(&k->loop, &k->retry_timer);
		(void)uv_idle_init(&k->loop, &k->more);
		k->kill_timer.data = k->retry_timer.data = k->more.data = k;
		poll_fd(k, &k->watch_poll, k->watch.fd, on_watch);
		(void)uv_idle_start(&k->more, on_more);
		look(k);
		if (!k->settled)
			(void)uv_run(&k->loop, UV_RUN_DEFAULT);
	}
	close_run(k);
	free(k);
	return r == -EAGAIN ? 0 : r < 0 ? r : 0;
}
