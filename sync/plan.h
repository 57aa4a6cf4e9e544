/*
 * plan - a spec's text turned into runs that are ready to be submitted: parsed, its code found and captured, ids given.
 *
 * The code of an experiment is looked for in its `path` (absolute, ~/..., or relative to the first candidate), else in the first candidate directory that
 * has all of main_code_file and required_files, else (a command and nothing named) in the first that has a file which the command names,
 * else in the first. What is captured (snapshot.h): with main_code_file or required_files exactly those and the words of the command that
 * are existing files, also NAME of --option=NAME; else the whole directory. When that is too large, or is $HOME or the like: nothing and
 * a warning, or an error when the command names a file in it.
 *
 * Slow: reads and hashes code and fsyncs; on a worker thread. Keeps nothing between calls.
 */
#pragma once

#include "buf.h"
#include "record.h"
#include "spec_errors.h"

#include <stddef.h>

struct plan_in {
	const char *file_name;   /* for messages; see spec_parse() */
	const char *default_id;  /* or NULL: from file_name */
	const char *text;
	size_t len;
	const char *const *dirs; /* where the code may be, best first, absolute, NULL-terminated; those inside `avoid` are passed over */
	const char *avoid;       /* the mountpoint: nothing in it is touched; or NULL */
	int store_fd;            /* the content store; -1: check only, nothing is written and records have no code */
};

struct plan_run {
	struct record record;    /* new ids, ascending. The caller may take it: *ret = record, then zero it */
	const char *cluster;     /* as the spec says, borrowed from the plan; NULL: it does not say */
};

struct plan {
	struct plan_run *runs;
	size_t n;
	struct spec_errors warnings; /* for events; spec_errors_print() */
	struct plan_detail *detail;
};

/* 0 and *ret, everything captured durable; or -errno with at least one entry in errors (set up here). -EINVAL: the spec is to be mended;
 * others: the store could not be written. Two runs may have the same name: the caller gives the second ".2". */
int plan_make(const struct plan_in *in, struct plan **ret, struct spec_errors *errors);
void plan_free(struct plan *p);
static inline void plan_freep(struct plan **p)
{
	plan_free(*p);
}

/* Appends run i's own spec (spec_run_yaml): what runs/NAME/spec.yaml holds, `path` being where its code was found. */
void plan_run_spec(const struct plan *p, size_t i, struct buf *out);

/* Appends "name<TAB>command line\n" for each run: what --check prints. */
void plan_print(const struct plan *p, struct buf *out);
