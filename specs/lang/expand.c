#include "expand.h"

#include "hash.h"
#include "mem.h"
#include "record.h"
#include "scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words with fields ---- */

static struct word_piece *piece_new(struct word *w)
{
	if ((w->n & (w->n - 1)) == 0)
		w->pieces = nn_realloc(w->pieces, (w->n ? 2 * w->n : 1) * sizeof(*w->pieces));
	return &w->pieces[w->n++];
}

void word_literal(struct word *w, const char *text)
{
	*piece_new(w) = (struct word_piece){PIECE_TEXT, nn_strdup(text)};
}

void word_value(struct word *w, size_t param)
{
	*piece_new(w) = (struct word_piece){param, NULL};
}

void word_done(struct word *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->pieces[i].text);
	free(w->pieces);
	*w = (struct word){0};
}

/* Moves what was gathered into a piece. */
static void flush_text(struct word *w, struct buf *text)
{
	if (text->len)
		word_literal(w, text->data);
	buf_reset(text);
}

static int unknown_field(const char *name, size_t len, const struct spec_param *params, size_t n, struct nn_err *err)
{
	_free_ char *field = nn_strndup(name, len);
	const char *best = NULL;
	unsigned least = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = schema_distance(params[i].name, field);

		if (!best || d < least) {
			best = params[i].name;
			least = d;
		}
	}
	if (!best)
		return err_set(err, EINVAL, "the field {%.60s} names no parameter, there are none; write {{ and }} for braces",
			       field);
	return err_set(err, EINVAL, "the field {%.60s} names no parameter (the nearest is {%.60s}); write {{ and }} for braces",
		       field, best);
}

/* At a '{' that opens a field: *p is left behind its '}'. */
static int compile_field(const char **p, const struct spec_param *params, size_t n, struct word *w, struct nn_err *err)
{
	const char *name = *p + 1;
	size_t len = strcspn(name, "{}");

	if (name[len] != '}')
		return err_set(err, EINVAL, "a '{' without its '}': write {{ for a brace");
	if (len == 0)
		return err_set(err, EINVAL, "an empty field {}: name a parameter in it, or write {{}} for braces");
	for (size_t i = 0; i < n; i++)
		if (strncmp(params[i].name, name, len) == 0 && params[i].name[len] == '\0') {
			word_value(w, i);
			*p = name + len + 1;
			return 0;
		}
	return unknown_field(name, len, params, n, err);
}

int word_compile(const char *text, const struct spec_param *params, size_t n_params, struct word *ret,
		 struct nn_err *err, size_t *ret_offset)
{
	_scoped_(word_done) struct word w = {0};
	_scoped_(buf_done) struct buf literal = {0};
	const char *p = text;
	int r = 0;

	while (*p) {
		*ret_offset = (size_t)(p - text);
		if ((*p == '{' || *p == '}') && p[1] == *p) {
			buf_addc(&literal, *p);
			p += 2;
		} else if (*p == '{') {
			flush_text(&w, &literal);
			r = compile_field(&p, params, n_params, &w, err);
		} else if (*p == '}') {
			r = err_set(err, EINVAL, "a '}' without its '{': write }} for a brace");
		} else {
			buf_addc(&literal, *p++);
		}
		if (r < 0)
			return r;
	}
	flush_text(&w, &literal);
	*ret = w;
	w = (struct word){0};
	return 0;
}

/* ---- names ---- */

uint64_t expand_count(const struct spec_param *params, size_t n_params)
{
	uint64_t n = 1;

	for (size_t i = 0; i < n_params; i++)
		if (__builtin_mul_overflow(n, (uint64_t)params[i].n_values, &n))
			return UINT64_MAX;
	return n;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct run_param *)a)->name, ((const struct run_param *)b)->name);
}

static bool varies(const struct experiment *e, const char *name)
{
	for (size_t i = 0; i < e->n_params; i++)
		if (strcmp(e->params[i].name, name) == 0)
			return e->params[i].n_values > 1;
	return false;
}

static void put_name(const struct experiment *e, const struct run_param *sorted, bool only_varying, struct buf *b)
{
	buf_reset(b);
	buf_adds(b, e->id);
	for (size_t i = 0; i < e->n_params; i++) {
		if (only_varying && !varies(e, sorted[i].name))
			continue;
		buf_addc(b, '_');
		name_safe(b, sorted[i].name);
		buf_addc(b, '-');
		name_safe(b, sorted[i].value);
	}
}

void expand_name(const struct experiment *e, const struct run_param *params, char out[NAME_MAX_BYTES + 1])
{
	_scoped_(buf_done) struct buf b = {0};
	_free_ struct run_param *sorted = NULL;
	char hash[HASH_HEX + 1];

	if (e->n_runs == 1) {
		memcpy(out, e->id, sizeof(e->id));
		return;
	}
	sorted = nn_calloc(e->n_params, sizeof(*sorted));
	memcpy(sorted, params, e->n_params * sizeof(*sorted));
	qsort(sorted, e->n_params, sizeof(*sorted), by_name);
	put_name(e, sorted, false, &b);
	if (b.len > NAME_MAX_BYTES)
		put_name(e, sorted, true, &b);
	if (b.len <= NAME_MAX_BYTES) {
		memcpy(out, b.data, b.len + 1);
		return;
	}
	hash_bytes(b.data, b.len, hash);
	snprintf(out, NAME_MAX_BYTES + 1, "%.*s-%.8s", NAME_MAX_BYTES - 9, b.data, hash);
}

/* ---- runs ---- */

static char *word_fill(const struct word *w, const struct run_param *params)
{
	struct buf b = {0};

	for (size_t i = 0; i < w->n; i++)
		buf_adds(&b, w->pieces[i].param == PIECE_TEXT ? w->pieces[i].text : params[w->pieces[i].param].value);
	return b.data ? buf_take(&b) : nn_strdup("");
}

/* Counts from the last parameter up, as an odometer. */
static void fill_params(const struct experiment *e, uint64_t index, struct run_param *params)
{
	for (size_t i = e->n_params; i-- > 0;) {
		const struct spec_param *p = &e->params[i];

		params[i] = (struct run_param){p->name, p->values[index % p->n_values]->text};
		index /= p->n_values;
	}
}

static size_t bytes_of(const struct run_plan *run)
{
	size_t n = 0;

	for (size_t i = 0; run->argv[i]; i++)
		n += strlen(run->argv[i]) + sizeof(char *) + 1;
	for (size_t i = 0; i < run->n_params; i++)
		n += strlen(run->params[i].name) + strlen(run->params[i].value) + sizeof(struct run_param);
	return n;
}

static void expand_run(const struct experiment *e, uint64_t index, struct run_plan *run)
{
	size_t n = 0;

	run->n_params = e->n_params;
	run->params = nn_calloc(e->n_params + 1, sizeof(*run->params));
	run->argv = nn_calloc(e->n_words + 1, sizeof(*run->argv));
	fill_params(e, index, run->params);
	for (size_t i = 0; i < e->n_words; i++) {
		char *word = word_fill(&e->words[i], run->params);

		if (e->words[i].drop_empty && !*word)
			free(word);
		else
			run->argv[n++] = word;
	}
}

static int check_run(const struct experiment *e, const struct run_plan *run, size_t *total, struct spec_errors *errors)
{
	size_t bytes = bytes_of(run);

	*total += bytes;
	if (!run->argv[0] || !*run->argv[0])
		return spec_errors_add(errors, e->command_line, e->command_column,
				       "the first word of the command is empty: it is the program to run");
	if (bytes > RECORD_BYTES_MAX / 2)
		return spec_errors_add(errors, e->command_line, e->command_column,
				       "the command and parameters of a run have %zu bytes, at most %d are allowed: put "
				       "the values into a file", bytes, RECORD_BYTES_MAX / 2);
	if (*total > SPEC_BYTES_MAX)
		return spec_errors_add(errors, e->line, e->column,
				       "the commands and parameters of its %llu runs have more than %u MiB: put common "
				       "values into a file", (unsigned long long)e->n_runs, SPEC_BYTES_MAX >> 20);
	return 0;
}

int spec_expand(const struct experiment *e, struct run_plan **ret, size_t *ret_n, struct spec_errors *errors)
{
	struct run_plan *plans = nn_calloc((size_t)e->n_runs, sizeof(*plans));
	size_t total = 0;

	for (size_t i = 0; i < e->n_runs; i++) {
		expand_run(e, i, &plans[i]);
		if (check_run(e, &plans[i], &total, errors) < 0) {
			run_plans_free(plans, i + 1);
			return -EINVAL;
		}
		expand_name(e, plans[i].params, plans[i].name);
	}
	*ret = plans;
	*ret_n = (size_t)e->n_runs;
	return 0;
}

void run_plans_free(struct run_plan *plans, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; plans[i].argv && plans[i].argv[k]; k++)
			free(plans[i].argv[k]);
		free(plans[i].argv);
		free(plans[i].params);
	}
	free(plans);
}

/* ---- one run as a spec ---- */

static void put_command(char *const *argv, struct buf *out)
{
	buf_adds(out, "command: [");
	for (size_t i = 0; argv[i]; i++) {
		struct buf word = {0};

		for (const char *p = argv[i]; *p; p++) {
			if (*p == '{' || *p == '}')
				buf_addc(&word, *p);
			buf_addc(&word, *p);
		}
		if (i)
			buf_adds(out, ", ");
		yaml_put_text(out, buf_str(&word));
		buf_done(&word);
	}
	buf_adds(out, "]\n");
}

static void put_params(const struct run_plan *run, struct buf *out)
{
	if (run->n_params)
		buf_adds(out, "parameters:\n");
	for (size_t i = 0; i < run->n_params; i++) {
		buf_adds(out, "    ");
		yaml_put_text(out, run->params[i].name);
		buf_adds(out, ": ");
		yaml_put_text(out, run->params[i].value);
		buf_addc(out, '\n');
	}
}

void spec_run_yaml(const struct experiment *e, const struct run_plan *run, const char *path, struct buf *out)
{
	for (size_t i = 0; spec_keys[i].name; i++) {
		const char *key = spec_keys[i].name;

		if (strcmp(key, "command") == 0)
			put_command(run->argv, out);
		else if (strcmp(key, "parameters") == 0)
			put_params(run, out);
		else if (strcmp(key, "run_command_prefix") == 0 || strcmp(key, "parameters_format") == 0)
			continue; /* spent in the command */
		else if (strcmp(key, "path") == 0 && path) {
			buf_adds(out, "path: ");
			yaml_put_text(out, path);
			buf_addc(out, '\n');
		} else if (e->values[i])
			yaml_put_pair(out, key, e->values[i], 0);
	}
	buf_addf(out, "+%s:\n", run->name);
}
