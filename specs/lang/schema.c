#include "schema.h"

#include <errno.h>
#include <string.h>

#define WORD_MAX 63

unsigned schema_distance(const char *a, const char *b)
{
	size_t la = strnlen(a, WORD_MAX), lb = strnlen(b, WORD_MAX);
	unsigned row[WORD_MAX + 1];

	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned corner = row[0]; /* the cell before, of the row above */

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const struct schema_key *schema_find(const struct schema_key *table, const char *key)
{
	for (; table->name; table++)
		if (strcmp(table->name, key) == 0 || (table->alias && strcmp(table->alias, key) == 0))
			return table;
	return NULL;
}

static const struct schema_key *nearest(const struct schema_key *table, const char *key, unsigned *ret_distance)
{
	const struct schema_key *best = NULL;

	for (; table->name; table++) {
		unsigned d = schema_distance(table->name, key);

		if (best && d >= *ret_distance)
			continue;
		best = table;
		*ret_distance = d;
	}
	return best;
}

static void unknown(const struct schema_key *table, const struct yaml_node *key, struct spec_errors *errors)
{
	unsigned distance = 0;
	const struct schema_key *near = nearest(table, key->text, &distance);
	bool close = distance <= 1 + strlen(near->name) / 3;

	(void)spec_errors_add(errors, key->line, key->column, close ? "unknown key '%.60s': did you mean '%s'?" :
			      "unknown key '%.60s': the nearest known one is '%s'", key->text, near->name);
}

const struct schema_key *schema_check(const struct schema_key *table, const struct yaml_node *key,
				      const struct yaml_node *value, struct spec_errors *warnings,
				      struct spec_errors *errors)
{
	const struct schema_key *row = schema_find(table, key->text);

	if (!row) {
		unknown(table, key, errors);
		return NULL;
	}
	if (!yaml_null(value) && !(row->kinds & (1U << value->kind))) {
		bool brace = value->flow && value->kind == YAML_MAP && (row->kinds & SCHEMA_TEXT);

		(void)spec_errors_add(errors, value->line, value->column, "'%s' must be %s, not %s%s", row->name,
				      row->expects, yaml_kind_name(value),
				      brace ? ": put quotes around text that begins with {" : "");
		return NULL;
	}
	if ((row->flags & SCHEMA_LATER) && warnings)
		(void)spec_errors_add(warnings, key->line, key->column, "'%s' is not carried out by this version",
				      row->name);
	return row;
}

static bool given_twice(const struct schema_key *table, const struct yaml_node *map, size_t at,
			const struct schema_key *row)
{
	for (size_t i = 0; i < at; i++)
		if (schema_find(table, map->keys[i]->text) == row)
			return true;
	return false;
}

int schema_take(const struct schema_key *table, const struct yaml_node *map, void *object,
		struct spec_errors *warnings, struct spec_errors *errors)
{
	int r = 0;

	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *key = map->keys[i], *value = map->items[i];
		const struct schema_key *row = schema_check(table, key, value, warnings, errors);

		if (row && row->alias && given_twice(table, map, i, row)) {
			r = spec_errors_add(errors, key->line, key->column, "'%s' and '%s' are the same key: keep one",
					    row->name, row->alias);
			continue;
		}
		if (!row || (row->take && !yaml_null(value) && row->take(object, value, errors) < 0))
			r = -EINVAL;
	}
	return r;
}
