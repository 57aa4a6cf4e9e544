/*
 * spec - what a person wrote to have runs made: experiments, what they inherit, and the runs that each makes. Pure: no I/O.
 *
 * All keys are rows of spec_keys[]. A key "+ID" opens an experiment; blocks nest, every block is an experiment, in the order written (an
 * outer one before those in it). A spec without such a block is one experiment. A block inherits what it does not set; parameters and
 * env key by key: inherited ones first, in their order, each with the innermost value.
 *
 * The command of a run, without a shell and without expansion of any kind:
 *	command                            split into words like a shell would (or given as a list), {name} fields filled in each word
 *	run_command_prefix main_code_file  the 1.0 form: the prefix split into words, no fields; then the file, one word
 * then the words of parameters_format with their fields filled; or, in the 1.0 form without a format, `--name value` for each parameter in
 * the order written. With `command` no parameter is added by itself: those that no field names reach the run in its environment only (one
 * that varies and is named nowhere gets a warning). {{ and }} are braces. A value never becomes two arguments. As in 1.0, an unquoted
 * word of parameters_format that comes out empty is left out. In one block `command` excludes run_command_prefix; in an inner block it
 * takes the place of an inherited run_command_prefix and parameters_format, and run_command_prefix that of an inherited command.
 *
 * Runs: the product of the parameters' lists, in the order written, the last varying fastest; at most SPEC_RUNS_MAX in a spec. Names are as
 * in 1.0: ID when it makes one run, else ID_key-value... with the keys in byte order. Equal names are left to the caller (".2").
 *
 * A parsed spec is not changed by any call here: any thread, one at a time freeing.
 */
#pragma once

#include "buf.h"
#include "schema.h"
#include "spec_errors.h"
#include "text.h"
#include "yaml.h"

#include <stddef.h>
#include <stdint.h>

#define SPEC_RUNS_MAX 100000
#define SPEC_EXPERIMENTS_MAX 10000
#define SPEC_KEYS_MAX 32
#define SPEC_BYTES_MAX (128U << 20) /* all words and values of one expansion */
#define SPEC_SIZE_MAX 1000000       /* parameters and words of all experiments, inheritance written out */

extern const struct schema_key spec_keys[];

struct spec_file { /* a file (or directory, or glob) that the spec names as needed */
	const char *name;
	unsigned line, column;
};

struct spec_param {
	const char *name;
	const struct yaml_node *const *values; /* scalars */
	size_t n_values;                       /* >= 1 */
	unsigned line, column;                 /* of its name */
};

struct word; /* expand.h */

struct experiment {
	char id[NAME_MAX_BYTES + 1]; /* name_ok() */
	unsigned line, column;       /* of its "+ID", or of the spec's first key */
	const char *path;            /* where the code is, as written; or NULL */
	unsigned path_line, path_column;
	const char *cluster;         /* or NULL */
	uint32_t grace_s;
	char **env;                  /* NULL-terminated "KEY=value" */
	struct spec_file *files;     /* main_code_file, then required_files */
	size_t n_files;
	struct spec_param *params;   /* in their order */
	size_t n_params;
	struct word *words;          /* the command, compiled (expand.h) */
	size_t n_words;
	unsigned command_line, command_column; /* of the text that gave its first word */
	uint64_t n_runs;
	const struct yaml_node *values[SPEC_KEYS_MAX]; /* by row of spec_keys[]: own or inherited; NULL: not set */
};

struct spec {
	struct experiment *experiments;
	size_t n;
	struct spec_errors warnings; /* keys that are not carried out, parameters that go nowhere, shell operators */
	struct yaml_doc *doc;
};

/* file_name: for messages, and the experiment's name (without directories and .yaml/.yml/.json) when default_id is NULL and there is no +
 * block. 0 and *ret, which is good to expand; or -EINVAL with all that was found in errors (which is set up here). */
int spec_parse(const char *file_name, const char *default_id, const char *text, size_t len, struct spec **ret,
	       struct spec_errors *errors);
void spec_free(struct spec *spec);
static inline void spec_freep(struct spec **spec)
{
	spec_free(*spec);
}

/* Own or inherited value of a key ("outputs", "collection", ...), or NULL. */
const struct yaml_node *spec_value(const struct experiment *e, const char *key);

struct run_param {
	const char *name, *value; /* borrowed from the spec */
};

struct run_plan {
	char name[NAME_MAX_BYTES + 1];
	char **argv;              /* NULL-terminated */
	struct run_param *params; /* n_params of the experiment, in its order */
	size_t n_params;
};

/* All runs of e, in order. 0 and *ret (run_plans_free), *ret_n == e->n_runs; or -EINVAL: more than SPEC_BYTES_MAX, or one run's words or
 * bytes are more than a record may have (record.h). */
int spec_expand(const struct experiment *e, struct run_plan **ret, size_t *ret_n, struct spec_errors *errors);
void run_plans_free(struct run_plan *plans, size_t n);

/* Appends this one run's spec, resolved: submitted again it makes one run of the same name, command, parameters and the rest. path: the
 * directory of the code then, written as `path`; NULL keeps the spec's own. */
void spec_run_yaml(const struct experiment *e, const struct run_plan *run, const char *path, struct buf *out);
