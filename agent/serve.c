#include "serve.h"

#include "fdio.h"
#include "hash.h"
#include "lock.h"
#include "log.h"
#include "mem.h"
#include "proc.h"
#include "queue.h"
#include "scope.h"
#include "sock.h"
#include "spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define IDLE_MS (10 * 60 * 1000) /* a manager with no runs and no laptop leaves after this long */

void serve_counts(const struct serve *s, uint32_t *ret_running, uint32_t *ret_queued)
{
	*ret_running = *ret_queued = 0;
	for (const struct job *j = s->jobs; j; j = j->next)
		(*(j->kid || j->journal.state > RUN_QUEUED ? ret_running : ret_queued))++;
}

void serve_unwatch(struct serve *s, int watch)
{
	for (const struct job *j = s->jobs; j; j = j->next)
		if (j->watch == watch)
			return;
	if (!client_watches(s, watch))
		watch_remove(&s->watch, watch);
}

void serve_schedule(struct serve *s)
{
	_free_ struct queue_item *items = nn_calloc(s->n_jobs, sizeof(*items));
	_free_ struct job **jobs = nn_calloc(s->n_jobs, sizeof(*jobs));
	uint32_t running, queued;
	size_t n = 0, starting;

	serve_counts(s, &running, &queued);
	for (struct job *j = s->jobs; j; j = j->next)
		if (!j->kid && j->journal.state == RUN_QUEUED) {
			jobs[n] = j;
			items[n] = (struct queue_item){.order = j->order, .run = n};
			n++;
		}
	starting = queue_pick(items, n, s->slots, running);
	for (size_t i = 0; i < starting; i++)
		job_start(jobs[items[i].run]);
}

static uint32_t cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (uint32_t)CPU_COUNT(&set);
}

void serve_set_slots(struct serve *s, uint32_t slots)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u\n", slots);

	slots = slots ? slots : s->cpus;
	if (slots == s->slots)
		return;
	s->slots = slots;
	(void)file_replace(s->w->host_fd, "slots", text, (size_t)n, 0600);
	serve_schedule(s);
}

static void load_slots(struct serve *s)
{
	_scoped_(buf_done) struct buf text = {0};
	unsigned long n = 0;

	if (file_read(s->w->host_fd, "slots", 16, &text) >= 0)
		n = strtoul(buf_str(&text), NULL, 10);
	s->slots = n > 0 && n < 1000000 ? (uint32_t)n : s->cpus;
}

static void scan(struct serve *s)
{
	DIR *d = fdopendir(dir_open(s->w->live_fd, "."));
	struct dirent *e;
	struct nn_err err;

	while (d && (e = readdir(d)))
		if (ulid_ok(e->d_name) && job_load(s, e->d_name, &err) < 0)
			log_warning("run %s: %s", e->d_name, err.text);
	if (d)
		(void)closedir(d);
}

static void on_file(void *arg, int watch, const char *name)
{
	struct serve *s = arg;

	for (struct job *j = s->jobs; j && strcmp(name, "journal") == 0; j = j->next)
		if (watch < 0 || j->watch == watch)
			job_changed(j);
	client_run_changed(s, watch, name);
}

static void on_watch(uv_poll_t *p, int status, int events)
{
	struct serve *s = p->data;

	watch_handle(&s->watch, on_file, s);
}

static void on_idle(uv_timer_t *t)
{
	struct serve *s = t->data;

	if (!s->clients && !s->jobs)
		uv_stop(&s->loop);
}

static void on_connect(uv_poll_t *p, int status, int events)
{
	struct serve *s = p->data;
	int fd = sock_accept(s->listen_fd);

	if (fd >= 0 && client_open(s, fd) < 0)
		log_warning("a connection that said nothing sensible");
}

static void on_signal(uv_signal_t *sig, int number)
{
	struct serve *s = sig->data;

	log_info("stopping: %s", strsignal(number));
	uv_stop(&s->loop);
}

static int own_hash(struct serve *s)
{
	_close_ int fd = open(SELF, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : hash_fd(fd, s->agent);
}

static int take_lock(struct serve *s, struct nn_err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	int r;

	s->lock_fd = openat(s->w->host_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return err_sys(err, errno, "lock");
	r = lock_take(s->lock_fd);
	if (r < 0)
		return r == -EAGAIN ? r : err_sys(err, -r, "lock");
	if (ftruncate(s->lock_fd, 0) < 0 || fd_pwrite_all(s->lock_fd, text, (size_t)n, 0) < 0)
		return err_sys(err, EIO, "lock");
	return 0;
}

static void open_loop(struct serve *s)
{
	(void)uv_loop_init(&s->loop);
	s->loop.data = s->listen_poll.data = s->watch_poll.data = s->idle_timer.data = s->term.data = s->interrupt.data = s;
	(void)uv_poll_init(&s->loop, &s->listen_poll, s->listen_fd);
	(void)uv_poll_start(&s->listen_poll, UV_READABLE, on_connect);
	(void)uv_poll_init(&s->loop, &s->watch_poll, s->watch.fd);
	(void)uv_poll_start(&s->watch_poll, UV_READABLE, on_watch);
	(void)uv_timer_init(&s->loop, &s->idle_timer);
	(void)uv_timer_start(&s->idle_timer, on_idle, IDLE_MS, IDLE_MS);
	(void)uv_signal_init(&s->loop, &s->term);
	(void)uv_signal_start(&s->term, on_signal, SIGTERM);
	(void)uv_signal_init(&s->loop, &s->interrupt);
	(void)uv_signal_start(&s->interrupt, on_signal, SIGINT);
}

static void raise_limits(void)
{
	struct rlimit files;

	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

int serve_main(struct workdir *w, int ready_fd, struct nn_err *err)
{
	struct serve *s = nn_alloc(sizeof(*s));
	int r;

	s->w = w;
	s->lock_fd = s->listen_fd = s->watch.fd = -1;
	(void)prctl(PR_SET_NAME, "neronet-serve");
	raise_limits();
	s->cpus = cores();
	proc_boot_id(s->boot);
	load_slots(s);
	r = take_lock(s, err);
	r = r < 0 ? r : own_hash(s);
	r = r < 0 ? r : watch_open(&s->watch, err);
	r = r < 0 ? r : (s->listen_fd = sock_listen(w->host_fd, err));
	if (r >= 0) {
		log_info("manager of %s started, pid %d", w->host, (int)getpid());
		open_loop(s);
		scan(s);
		if (ready_fd >= 0)
			(void)close(ready_fd);
		serve_schedule(s);
		(void)uv_run(&s->loop, UV_RUN_DEFAULT);
		client_close_all(s);
		(void)unlinkat(w->host_fd, "sock", 0);
		log_info("manager of %s stopped", w->host);
	}
	/* what is still allocated goes with the process */
	return r == -EAGAIN ? 0 : r < 0 ? r : 0;
}
