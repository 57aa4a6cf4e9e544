#include "record.h"

#include "mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

void record_done(struct record *r)
{
	free_words(r->argv);
	free_words(r->env);
	json_decref(r->params);
	*r = (struct record){0};
}

static json_t *words_to_json(char *const *words)
{
	json_t *list = json_array();

	for (size_t i = 0; words && words[i]; i++)
		(void)json_array_append_new(list, json_stringn_nocheck(words[i], strlen(words[i])));
	return list;
}

json_t *record_to_json(const struct record *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:O, s:I}", "id", r->id, "name", r->name, "experiment",
			 r->experiment, "code", r->code, "argv", words_to_json(r->argv), "env", words_to_json(r->env),
			 "params", r->params, "grace", (json_int_t)r->grace_s);
}

static int words_from_json(const json_t *list, char ***ret)
{
	size_t n = json_array_size(list);
	char **words;

	if (!json_is_array(list) || n > RECORD_ARGS_MAX)
		return -EINVAL;
	words = nn_calloc(n + 1, sizeof(*words));
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || strlen(s) != json_string_length(json_array_get(list, i))) {
			free_words(words);
			return -EINVAL;
		}
		words[i] = nn_strdup(s);
	}
	*ret = words;
	return 0;
}

static int copy_text(const json_t *json, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(json, key));

	if (!s || strlen(s) >= size)
		return -EINVAL;
	memcpy(out, s, strlen(s) + 1);
	return 0;
}

int record_from_json(const json_t *json, struct record *ret, struct nn_err *err)
{
	struct record r = {0};
	json_t *params = json_object_get(json, "params");
	const json_t *grace = json_object_get(json, "grace");
	const char *bad = NULL;

	if (copy_text(json, "id", r.id, sizeof(r.id)) < 0 || !ulid_ok(r.id))
		bad = "id";
	else if (copy_text(json, "name", r.name, sizeof(r.name)) < 0 || !name_ok(r.name))
		bad = "name";
	else if (copy_text(json, "experiment", r.experiment, sizeof(r.experiment)) < 0 || !name_ok(r.experiment))
		bad = "experiment";
	else if (copy_text(json, "code", r.code, sizeof(r.code)) < 0 || (r.code[0] && !hash_ok(r.code)))
		bad = "code";
	else if (!json_is_integer(grace) || json_integer_value(grace) < 0 || json_integer_value(grace) > INT32_MAX)
		bad = "grace";
	else if (!json_is_object(params))
		bad = "params";
	else if (words_from_json(json_object_get(json, "argv"), &r.argv) < 0 || !r.argv[0])
		bad = "argv";
	else if (words_from_json(json_object_get(json, "env"), &r.env) < 0)
		bad = "env";
	if (bad) {
		record_done(&r);
		return err_set(err, EINVAL, "record: '%s' is missing or wrong", bad);
	}
	r.grace_s = (uint32_t)json_integer_value(grace);
	r.params = json_incref(params);
	*ret = r;
	return 0;
}
