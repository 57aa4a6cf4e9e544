/*
 * neronet-agent - what runs on a node. One static file, three roles:
 *
 *	attach   joins an ssh channel to the manager       attach.c, sock.c
 *	serve    the manager of a host                     serve.c, job.c (its runs), client.c (its laptops), queue.c (who starts), blob.c, node.c
 *	run ID   looks after one run                       kid.c, shim.c (starts it, waits for it), tail.c (metrics), command.c (what is asked)
 *	shared   rundir.c (directories) journal.c (state) spawn.c (processes) proc.c (/proc) lock.c watch.c (inotify)
 *
 * What they say to each other and who may die when: doc/PROTOCOL.md.
 */
#include "attach.h"
#include "kid.h"
#include "log.h"
#include "scope.h"
#include "serve.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

struct options {
	const char *dir; /* --dir: WORKDIR */
	int ready_fd;    /* --ready: closed once the manager listens */
};

static int mode_attach(struct workdir *w, const struct options *o, const char *id, struct nn_err *err)
{
	return attach_main(w, err);
}

static int mode_serve(struct workdir *w, const struct options *o, const char *id, struct nn_err *err)
{
	return serve_main(w, o->ready_fd, err);
}

static int mode_run(struct workdir *w, const struct options *o, const char *id, struct nn_err *err)
{
	return ulid_ok(id) ? kid_main(w, id, err) : err_set(err, EINVAL, "'%s' is no run's id", id);
}

static const struct {
	const char *name;
	int args;
	int logged; /* stderr is a log file */
	int (*main)(struct workdir *w, const struct options *o, const char *id, struct nn_err *err);
} modes[] = {
	{"attach", 0, 0, mode_attach},
	{"serve", 0, 1, mode_serve},
	{"run", 1, 1, mode_run},
};

static int usage(void)
{
	fputs("usage: neronet-agent attach|serve|run ID [--dir WORKDIR]\n       neronet-agent --version\n", stderr);
	return 2;
}

static int run_mode(size_t i, const struct options *o, const char *id)
{
	struct workdir w;
	struct nn_err err;
	int r;

	log_setup("neronet-agent", LOG_LEVEL_INFO, modes[i].logged);
	r = workdir_open(o->dir, &w, &err);
	if (r >= 0) {
		r = modes[i].main(&w, o, id, &err);
		workdir_close(&w);
	}
	if (r < 0)
		log_error("%s: %s", modes[i].name, err.text);
	return r < 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"dir", required_argument, NULL, 'd'},
		{"ready", required_argument, NULL, 'r'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options o = {.ready_fd = -1};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'V')
			return puts("neronet-agent " NERONET_VERSION) < 0;
		if (c == 'd')
			o.dir = optarg;
		else if (c == 'r')
			o.ready_fd = atoi(optarg);
		else
			return usage();
	}
	for (size_t i = 0; optind < argc && i < ARRAY_LEN(modes); i++)
		if (strcmp(argv[optind], modes[i].name) == 0 && argc - optind - 1 == modes[i].args)
			return run_mode(i, &o, modes[i].args ? argv[optind + 1] : NULL);
	return usage();
}
