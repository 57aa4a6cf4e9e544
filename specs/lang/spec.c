#include "spec.h"

#include "expand.h"
#include "mem.h"
#include "record.h"
#include "scope.h"
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAMS_MAX 1000

/* ---- the keys: a row each, and a function where something is made of the value ---- */

/* A list of texts, or one text: calls put for each. */
static int each_text(const struct yaml_node *value, struct spec_errors *errors,
		     void (*put)(void *arg, const struct yaml_node *item), void *arg)
{
	int r = 0;

	if (value->kind == YAML_SCALAR) {
		put(arg, value);
		return 0;
	}
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml_node *item = value->items[i];

		if (item->kind == YAML_SCALAR && !yaml_null(item))
			put(arg, item);
		else
			r = spec_errors_add(errors, item->line, item->column, "a list of texts has %s in it",
					    yaml_kind_name(item));
	}
	return r;
}

static void put_nothing(void *arg, const struct yaml_node *item)
{
}

static int take_texts(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	return each_text(value, errors, put_nothing, NULL);
}

static void put_file(void *arg, const struct yaml_node *item)
{
	struct experiment *e = arg;

	if ((e->n_files & (e->n_files - 1)) == 0)
		e->files = nn_realloc(e->files, (e->n_files ? 2 * e->n_files : 1) * sizeof(*e->files));
	e->files[e->n_files++] = (struct spec_file){item->text, item->line, item->column};
}

static int take_files(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	struct experiment *e = object;
	size_t first = e->n_files;
	int r = each_text(value, errors, put_file, e);

	for (size_t i = first; i < e->n_files; i++)
		if (!*e->files[i].name || strchr(e->files[i].name, '\n'))
			r = spec_errors_add(errors, e->files[i].line, e->files[i].column,
					    "this is no file's name: it is empty or has a line break");
	return r;
}

static int take_path(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	struct experiment *e = object;

	e->path = value->text;
	e->path_line = value->line;
	e->path_column = value->column;
	return *value->text ? 0 : spec_errors_add(errors, value->line, value->column, "'path' is empty");
}

static int take_cluster(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	((struct experiment *)object)->cluster = value->text;
	if (name_ok(value->text))
		return 0;
	return spec_errors_add(errors, value->line, value->column, "'%.60s' is no cluster's name: see clusters/",
			       value->text);
}

static int take_grace(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	struct nn_err err;

	if (text_duration(value->text, &((struct experiment *)object)->grace_s, &err) < 0)
		return spec_errors_add(errors, value->line, value->column, "grace: %s", err.text);
	return 0;
}

static bool env_name_ok(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static int take_env(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	struct experiment *e = object;
	size_t n = 0;
	int r = 0;

	if (value->n > RECORD_ARGS_MAX)
		return spec_errors_add(errors, value->line, value->column, "more than %d variables", RECORD_ARGS_MAX);
	e->env = nn_calloc(value->n + 1, sizeof(*e->env));
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml_node *key = value->keys[i], *item = value->items[i];

		if (!env_name_ok(key->text))
			r = spec_errors_add(errors, key->line, key->column,
					    "'%.60s' is no variable's name: letters, digits and _", key->text);
		else if (item->kind != YAML_SCALAR)
			r = spec_errors_add(errors, item->line, item->column,
					    "the variable '%.60s' must be text, not %s", key->text, yaml_kind_name(item));
		else
			e->env[n++] = nn_printf("%s=%s", key->text, yaml_null(item) ? "" : item->text);
	}
	return r;
}

static int check_values(const struct yaml_node *key, const struct yaml_node *value, struct spec_errors *errors)
{
	int r = 0;

	if (!*key->text || strlen(key->text) > NAME_MAX_BYTES)
		return spec_errors_add(errors, key->line, key->column, "a parameter's name has 1 to %d bytes",
				       NAME_MAX_BYTES);
	if (value->kind == YAML_MAP)
		return spec_errors_add(errors, value->line, value->column,
				       "parameter '%.60s' must be a value or a list of values, not a mapping", key->text);
	if (value->kind == YAML_LIST && value->n == 0)
		return spec_errors_add(errors, value->line, value->column,
				       "parameter '%.60s' has an empty list: that makes no run", key->text);
	for (size_t i = 0; value->kind == YAML_LIST && i < value->n; i++)
		if (value->items[i]->kind != YAML_SCALAR)
			r = spec_errors_add(errors, value->items[i]->line, value->items[i]->column,
					    "a list of parameter '%.60s' has %s in it: only values can stand there", key->text,
					    yaml_kind_name(value->items[i]));
	return r;
}

static int take_parameters(void *object, const struct yaml_node *value, struct spec_errors *errors)
{
	struct experiment *e = object;
	int r = 0;

	if (value->n > PARAMS_MAX)
		return spec_errors_add(errors, value->line, value->column, "more than %d parameters", PARAMS_MAX);
	e->params = nn_calloc(value->n, sizeof(*e->params));
	for (size_t i = 0; i < value->n; i++) {
		const struct yaml_node *key = value->keys[i], *item = value->items[i];
		bool list = item->kind == YAML_LIST;

		if (check_values(key, item, errors) < 0) {
			r = -EINVAL;
			continue;
		}
		e->params[e->n_params++] = (struct spec_param){
			.name = key->text, .line = key->line, .column = key->column,
			.values = (const struct yaml_node *const *)(list ? item->items : &value->items[i]),
			.n_values = list ? item->n : 1,
		};
	}
	return r;
}

const struct schema_key spec_keys[] = {
	{"command", NULL, SCHEMA_TEXT | SCHEMA_LIST, 0, "text or a list of words", NULL,
	 "the command, split into words as a shell does, {name} standing for a parameter; no shell runs it"},
	{"run_command_prefix", NULL, SCHEMA_TEXT, 0, "text", NULL, "how main_code_file is run: python3 -u"},
	{"main_code_file", NULL, SCHEMA_TEXT, 0, "a file's name", take_files,
	 "the program; with `command` only a file that is taken along"},
	{"parameters", NULL, SCHEMA_MAP, SCHEMA_MERGE, "a mapping of names to values", take_parameters,
	 "NAME: value, or NAME: [value, ...]: a run for every combination; those that the command does not name "
	 "are in the run's environment only"},
	{"parameters_format", "parameter_format", SCHEMA_TEXT, 0, "text", NULL,
	 "words added to the command, {name} standing for a parameter; without it --name value for each (1.0 form)"},
	{"required_files", NULL, SCHEMA_TEXT | SCHEMA_LIST, 0, "a list of files", take_files,
	 "files, directories and globs beside the code that are taken along"},
	{"path", NULL, SCHEMA_TEXT, 0, "a directory's name", take_path, "the directory of the code"},
	{"cluster", NULL, SCHEMA_TEXT, 0, "a cluster's name", take_cluster, "where it runs"},
	{"env", NULL, SCHEMA_MAP, SCHEMA_MERGE, "a mapping of variables", take_env,
	 "environment variables, inherited one by one"},
	{"grace", NULL, SCHEMA_TEXT, 0, "a duration", take_grace, "time from SIGTERM to SIGKILL (10 s)"},
	{"collection", NULL, SCHEMA_TEXT | SCHEMA_LIST, 0, "text or a list of texts", take_texts, "what it belongs to"},
	{"custom_msg", NULL, SCHEMA_TEXT, 0, "text", NULL, "a note"},
	{"outputs", NULL, SCHEMA_TEXT | SCHEMA_LIST, 0, "a list of files", take_texts, "files that it makes"},
	{"conditions", NULL, SCHEMA_MAP, SCHEMA_LATER, "a mapping", NULL, "when to kill or to warn"},
	{"output_line_processor", NULL, SCHEMA_MAP, SCHEMA_LATER, "a mapping of files to functions", NULL,
	 "functions that get each line of a file"},
	{"output_file_processor", NULL, SCHEMA_MAP, SCHEMA_LATER, "a mapping of files to functions", NULL,
	 "functions that get a whole file"},
	{"plot", NULL, SCHEMA_MAP, SCHEMA_LATER, "a mapping of pictures to functions", NULL, "pictures to draw"},
	{"sbatch_args", NULL, SCHEMA_TEXT, SCHEMA_LATER, "text", NULL, "added to sbatch's arguments"},
	{0},
};

_Static_assert(ARRAY_LEN(spec_keys) <= SPEC_KEYS_MAX, "SPEC_KEYS_MAX is too small");

static size_t row_of(const char *key)
{
	return (size_t)(schema_find(spec_keys, key) - spec_keys);
}

const struct yaml_node *spec_value(const struct experiment *e, const char *key)
{
	const struct schema_key *row = schema_find(spec_keys, key);

	return row ? e->values[row - spec_keys] : NULL;
}

/* ---- the command ---- */

struct compiler {
	struct experiment *e;
	struct spec_errors *warnings, *errors;
	bool used[PARAMS_MAX];
};

static struct word *word_new(struct experiment *e, const struct yaml_node *source)
{
	if ((e->n_words & (e->n_words - 1)) == 0)
		e->words = nn_realloc(e->words, (e->n_words ? 2 * e->n_words : 1) * sizeof(*e->words));
	if (e->n_words == 0) {
		e->command_line = source->line;
		e->command_column = source->column;
	}
	e->words[e->n_words] = (struct word){0};
	return &e->words[e->n_words++];
}

/* The column of a field in the text that the word at `from` was split out of. */
static unsigned field_column(const struct yaml_node *source, size_t from, const char *field)
{
	_free_ char *part = nn_strndup(field, strcspn(field, "}") + 1);
	const char *found = strstr(source->text + from, part);

	return yaml_column(source, found ? (size_t)(found - source->text) : from);
}

static int add_fields(struct compiler *c, const char *text, const struct yaml_node *source, size_t from, bool drop_empty)
{
	struct experiment *e = c->e;
	struct word *w = word_new(e, source);
	struct nn_err err;
	size_t at = 0;

	if (word_compile(text, e->params, e->n_params, w, &err, &at) < 0)
		return spec_errors_add(c->errors, source->line, field_column(source, from, text + at), "%s", err.text);
	w->drop_empty = drop_empty;
	for (size_t i = 0; i < w->n; i++)
		if (w->pieces[i].param != PIECE_TEXT)
			c->used[w->pieces[i].param] = true;
	return 0;
}

static int split(struct compiler *c, const struct yaml_node *source, const char *key, struct shell_words *ret)
{
	const char *why = NULL;
	size_t at = 0;

	if (words_split(source->text, ret, &why, &at) < 0)
		return spec_errors_add(c->errors, source->line, yaml_column(source, at), "%s: %s", key, why);
	return 0;
}

/* A shell would have done something else with the word. */
static void warn_operator(struct compiler *c, const struct yaml_node *source, const struct shell_word *w)
{
	static const char *const operators[] = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1", "2>", "|&", "&>"};

	for (size_t i = 0; !w->quoted && i < ARRAY_LEN(operators); i++)
		if (strcmp(w->text, operators[i]) == 0)
			(void)spec_errors_add(c->warnings, source->line, yaml_column(source, w->offset),
					      "'%s' is handed to the program as it is, no shell runs the command: write "
					      "command: [sh, -c, '...'] to have one", w->text);
}

static int add_command(struct compiler *c, const struct yaml_node *source)
{
	struct shell_words words = {0};
	int r = 0;

	for (size_t i = 0; source->kind == YAML_LIST && i < source->n; i++) {
		const struct yaml_node *item = source->items[i];

		if (item->kind != YAML_SCALAR)
			r = spec_errors_add(c->errors, item->line, item->column, "a word of the command must be text, not %s",
					    yaml_kind_name(item));
		else if (add_fields(c, item->text, item, 0, false) < 0)
			r = -EINVAL;
	}
	if (source->kind == YAML_SCALAR)
		r = split(c, source, "command", &words);
	for (size_t i = 0; i < words.n; i++) {
		warn_operator(c, source, &words.list[i]);
		if (add_fields(c, words.list[i].text, source, words.list[i].offset, false) < 0)
			r = -EINVAL;
	}
	words_done(&words);
	if (r >= 0 && c->e->n_words == 0)
		r = spec_errors_add(c->errors, source->line, source->column, "'command' is empty");
	return r;
}

/* run_command_prefix and main_code_file. */
static int add_prefix(struct compiler *c, const struct yaml_node *prefix, const struct yaml_node *file)
{
	struct shell_words words = {0};
	int r = split(c, prefix, "run_command_prefix", &words);

	for (size_t i = 0; i < words.n; i++)
		word_literal(word_new(c->e, prefix), words.list[i].text);
	words_done(&words);
	word_literal(word_new(c->e, file), file->text);
	return r;
}

static int add_format(struct compiler *c, const struct yaml_node *format)
{
	struct shell_words words = {0};
	int r = split(c, format, "parameters_format", &words);

	for (size_t i = 0; i < words.n; i++)
		if (add_fields(c, words.list[i].text, format, words.list[i].offset, !words.list[i].quoted) < 0)
			r = -EINVAL;
	words_done(&words);
	return r;
}

/* `--name value` for each. */
static void add_options(struct compiler *c, const struct yaml_node *source)
{
	for (size_t i = 0; i < c->e->n_params; i++) {
		_free_ char *option = nn_printf("--%s", c->e->params[i].name);

		word_literal(word_new(c->e, source), option);
		word_value(word_new(c->e, source), i);
		c->used[i] = true;
	}
}

static void warn_unused(const struct compiler *c)
{
	for (size_t i = 0; i < c->e->n_params; i++) {
		const struct spec_param *p = &c->e->params[i];

		if (!c->used[i] && p->n_values > 1)
			(void)spec_errors_add(c->warnings, p->line, p->column,
					      "parameter '%.60s' is in no field of the command: its runs differ only in their "
					      "environment; write {%.60s} where it belongs", p->name, p->name);
	}
}

static int missing(const struct experiment *e, bool prefix, bool file, struct spec_errors *errors)
{
	const char *what = prefix ? "'run_command_prefix' but no 'main_code_file'" :
			   file ? "'main_code_file' but no 'run_command_prefix'" : "no 'command'";

	return spec_errors_add(errors, e->line, e->column,
			       "experiment '%.60s' has %s: give it 'command', or 'run_command_prefix' and 'main_code_file'",
			       e->id, what);
}

static int compile(struct experiment *e, struct spec_errors *warnings, struct spec_errors *errors)
{
	const struct yaml_node *command = e->values[row_of("command")];
	const struct yaml_node *prefix = e->values[row_of("run_command_prefix")];
	const struct yaml_node *file = e->values[row_of("main_code_file")];
	const struct yaml_node *format = e->values[row_of("parameters_format")];
	struct compiler c = {.e = e, .warnings = warnings, .errors = errors};
	int r;

	if (!command && (!prefix || !file))
		return missing(e, prefix, file, errors);
	r = command ? add_command(&c, command) : add_prefix(&c, prefix, file);
	if (format && add_format(&c, format) < 0)
		r = -EINVAL;
	if (!format && !command)
		add_options(&c, file);
	if (e->n_words > RECORD_ARGS_MAX)
		r = spec_errors_add(errors, e->command_line, e->command_column, "the command has %zu words, at most %d",
				    e->n_words, RECORD_ARGS_MAX);
	warn_unused(&c);
	return r;
}

/* ---- blocks ---- */

struct reader {
	struct spec *spec;
	struct spec_errors *errors;
	const char *default_id;
	size_t size; /* parameters, words and so on, inheritance written out */
	uint64_t runs;
	bool full;   /* a limit was hit: no more experiments */
};

/* What a block has, its own or from around it. */
struct block {
	const struct yaml_node *values[SPEC_KEYS_MAX];
	const struct yaml_node *own[SPEC_KEYS_MAX]; /* keys set in the block itself */
	bool broken; /* something here or around is wrong: what follows from it need not be said as well */
};

static int set_id(struct experiment *e, const char *text, const struct yaml_node *key, struct spec_errors *errors)
{
	_scoped_(buf_done) struct buf b = {0};

	name_safe(&b, text);
	if (b.len == 0)
		return spec_errors_add(errors, key->line, key->column, "an experiment needs a name: +NAME");
	if (b.len > NAME_MAX_BYTES)
		return spec_errors_add(errors, key->line, key->column, "this name is too long: at most %d bytes",
				       NAME_MAX_BYTES);
	if (*b.data == '.')
		*b.data = '_';
	memcpy(e->id, b.data, b.len + 1);
	return 0;
}

static int count_runs(struct reader *rd, struct experiment *e)
{
	const struct yaml_node *at = e->values[row_of("parameters")];
	uint64_t n = e->n_runs = expand_count(e->params, e->n_params);

	if (n > SPEC_RUNS_MAX) {
		rd->full = true;
		return spec_errors_add(rd->errors, at->line, at->column,
				       "the parameters of experiment '%.60s' make %s%" PRIu64 " runs, at most %d are allowed",
				       e->id, n == UINT64_MAX ? "more than " : "", n, SPEC_RUNS_MAX);
	}
	rd->runs += n;
	if (rd->runs <= SPEC_RUNS_MAX)
		return 0;
	rd->full = true;
	return spec_errors_add(rd->errors, e->line, e->column, "more than %d runs up to here: split the file",
			       SPEC_RUNS_MAX);
}

static int add_size(struct reader *rd, size_t n, const struct yaml_node *at)
{
	rd->size += n;
	if (rd->size <= SPEC_SIZE_MAX)
		return 0;
	rd->full = true;
	return spec_errors_add(rd->errors, at->line, at->column,
			       "too large from here on when what it inherits is written out: split the file");
}

static struct experiment *experiment_new(struct spec *spec)
{
	if ((spec->n & (spec->n - 1)) == 0)
		spec->experiments = nn_realloc(spec->experiments, (spec->n ? 2 * spec->n : 1) * sizeof(*spec->experiments));
	spec->experiments[spec->n] = (struct experiment){.grace_s = GRACE_DEFAULT_S};
	return &spec->experiments[spec->n++];
}

static int add_experiment(struct reader *rd, const struct block *block, const char *id, const struct yaml_node *key)
{
	struct experiment *e;
	int r = 0;

	if (rd->spec->n == SPEC_EXPERIMENTS_MAX) {
		rd->full = true;
		return spec_errors_add(rd->errors, key->line, key->column, "more than %d experiments", SPEC_EXPERIMENTS_MAX);
	}
	e = experiment_new(rd->spec);
	e->line = key->line;
	e->column = key->column;
	memcpy(e->values, block->values, sizeof(e->values));
	if (set_id(e, id, key, rd->errors) < 0)
		return -EINVAL;
	for (size_t i = 0; spec_keys[i].name; i++)
		if (e->values[i] && spec_keys[i].take && spec_keys[i].take(e, e->values[i], rd->errors) < 0)
			r = -EINVAL;
	if (r >= 0)
		r = compile(e, &rd->spec->warnings, rd->errors);
	if (r >= 0)
		r = count_runs(rd, e);
	return r < 0 ? r : add_size(rd, e->n_params + e->n_words + e->n_files, key);
}

static bool opens_experiment(const struct yaml_node *key)
{
	return *key->text == '+';
}

static int set_value(struct reader *rd, struct block *block, const struct yaml_node *key, const struct yaml_node *value)
{
	const struct schema_key *row = schema_check(spec_keys, key, value, &rd->spec->warnings, rd->errors);
	size_t i;

	if (!row)
		return -EINVAL;
	i = (size_t)(row - spec_keys);
	if (block->own[i])
		return spec_errors_add(rd->errors, key->line, key->column, "'%s' and '%s' are the same key: keep one",
				       row->name, row->alias);
	block->own[i] = key;
	if (yaml_null(value))
		return 0;
	if ((row->flags & SCHEMA_MERGE) && block->values[i]) {
		if (add_size(rd, block->values[i]->n + value->n, key) < 0)
			return -EINVAL;
		value = yaml_merge(rd->spec->doc, block->values[i], value);
	}
	block->values[i] = value;
	return 0;
}

/* One form of command takes the other's place. */
static int settle_command(struct reader *rd, struct block *block)
{
	size_t command = row_of("command"), prefix = row_of("run_command_prefix"), format = row_of("parameters_format");

	if (block->own[command] && block->own[prefix])
		return spec_errors_add(rd->errors, block->own[command]->line, block->own[command]->column,
				       "'command' and 'run_command_prefix' exclude each other: keep one");
	if (block->own[command])
		block->values[prefix] = NULL;
	if (block->own[command] && !block->own[format])
		block->values[format] = NULL;
	if (block->own[prefix])
		block->values[command] = NULL;
	return 0;
}

static int read_block(struct reader *rd, const struct yaml_node *map, const struct block *around,
		      const struct yaml_node *id);

/* The + blocks in a map; returns how many, or -EINVAL. */
static int read_inner(struct reader *rd, const struct yaml_node *map, const struct block *block)
{
	int n = 0, r = 0;

	for (size_t i = 0; map->kind == YAML_MAP && i < map->n && !rd->full; i++) {
		if (!opens_experiment(map->keys[i]))
			continue;
		n++;
		if (read_block(rd, map->items[i], block, map->keys[i]) < 0)
			r = -EINVAL;
	}
	return r < 0 ? r : n;
}

/* A block and those in it. id: its "+ID" key, or NULL for the whole file. */
static int read_block(struct reader *rd, const struct yaml_node *map, const struct block *around,
		      const struct yaml_node *id)
{
	_free_ struct block *block = nn_alloc(sizeof(*block));
	int r = 0, inner;

	memcpy(block->values, around->values, sizeof(block->values));
	block->broken = around->broken;
	if (map->kind != YAML_MAP && !yaml_null(map))
		return spec_errors_add(rd->errors, map->line, map->column, "'%.60s' must hold 'key: value' lines, not %s",
				       id ? id->text : rd->errors->file, yaml_kind_name(map));
	for (size_t i = 0; i < map->n; i++)
		if (!opens_experiment(map->keys[i]) && set_value(rd, block, map->keys[i], map->items[i]) < 0)
			r = -EINVAL;
	if (settle_command(rd, block) < 0)
		r = -EINVAL;
	block->broken |= r < 0;
	if (!block->broken && id)
		r = add_experiment(rd, block, id->text + 1 + strspn(id->text + 1, " "), id);
	inner = read_inner(rd, map, block);
	if (!block->broken && inner == 0 && !id)
		r = add_experiment(rd, block, rd->default_id, map);
	return inner < 0 ? inner : r;
}

/* ---- the whole ---- */

static int by_id(const void *a, const void *b)
{
	const struct experiment *x = *(const struct experiment *const *)a, *y = *(const struct experiment *const *)b;
	int r = strcmp(x->id, y->id);

	if (r == 0)
		r = (x->line > y->line) - (x->line < y->line);
	return r ? r : (x->column > y->column) - (x->column < y->column);
}

static int check_ids(const struct spec *spec, struct spec_errors *errors)
{
	_free_ const struct experiment **sorted = nn_calloc(spec->n + 1, sizeof(*sorted));
	int r = 0;

	for (size_t i = 0; i < spec->n; i++)
		sorted[i] = &spec->experiments[i];
	qsort(sorted, spec->n, sizeof(*sorted), by_id);
	for (size_t i = 1; i < spec->n; i++)
		if (strcmp(sorted[i]->id, sorted[i - 1]->id) == 0)
			r = spec_errors_add(errors, sorted[i]->line, sorted[i]->column,
					    "an experiment '%.60s' is already at line %u: give this one another name",
					    sorted[i]->id, sorted[i - 1]->line);
	return r;
}

/* "dir/my sweep.yaml" -> "my sweep". */
static char *id_of_file(const char *file_name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const char *slash = strrchr(file_name, '/');
	char *id = nn_strdup(slash ? slash + 1 : file_name);
	size_t len = strlen(id);

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strcmp(id + len - n, endings[i]) == 0) {
			id[len - n] = '\0';
			break;
		}
	}
	if (strlen(id) > NAME_MAX_BYTES)
		id[NAME_MAX_BYTES] = '\0';
	return id;
}

static int read_spec(struct spec *spec, const struct yaml_node *root, const char *default_id, struct spec_errors *errors)
{
	struct reader rd = {.spec = spec, .errors = errors, .default_id = default_id};
	struct block nothing = {0};
	int r;

	if (!root || yaml_null(root))
		return spec_errors_add(errors, 1, 1, "the spec is empty: the shortest is one line, command: python3 train.py");
	r = read_block(&rd, root, &nothing, NULL);
	return r < 0 ? r : check_ids(spec, errors);
}

int spec_parse(const char *file_name, const char *default_id, const char *text, size_t len, struct spec **ret,
	       struct spec_errors *errors)
{
	_scoped_(spec_freep) struct spec *spec = nn_alloc(sizeof(*spec));
	_free_ char *id = default_id && *default_id ? nn_strdup(default_id) : id_of_file(file_name);
	const struct yaml_node *root = NULL;
	int r;

	spec_errors_init(errors, file_name);
	spec_errors_init(&spec->warnings, file_name);
	r = yaml_parse(text, len, &spec->doc, &root, errors);
	if (r >= 0)
		r = read_spec(spec, root, id, errors);
	if (r < 0)
		return r;
	*ret = TAKE(spec);
	return 0;
}

static void experiment_done(struct experiment *e)
{
	for (size_t i = 0; e->env && e->env[i]; i++)
		free(e->env[i]);
	for (size_t i = 0; i < e->n_words; i++)
		word_done(&e->words[i]);
	free(e->env);
	free(e->words);
	free(e->files);
	free(e->params);
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	for (size_t i = 0; i < spec->n; i++)
		experiment_done(&spec->experiments[i]);
	free(spec->experiments);
	yaml_free(spec->doc);
	free(spec);
}
