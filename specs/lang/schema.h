/*
 * schema - a table of the keys that a mapping may have: finds, checks and explains them. Pure.
 *
 * To add a key, add a row (and its function, if something is to be done with it). A table ends with a row without a name.
 */
#pragma once

#include "spec_errors.h"
#include "yaml.h"

enum schema_kinds { /* what the value may be; bits */
	SCHEMA_TEXT = 1U << YAML_SCALAR,
	SCHEMA_LIST = 1U << YAML_LIST,
	SCHEMA_MAP = 1U << YAML_MAP,
};

enum schema_flags {
	SCHEMA_LATER = 1, /* accepted and kept, not carried out by this version: a warning */
	SCHEMA_MERGE = 2, /* a mapping that is inherited key by key */
};

/* Puts the value into object. The value has one of the row's kinds and is not null. 0, or -EINVAL and entries in errors. */
typedef int schema_take_fn(void *object, const struct yaml_node *value, struct spec_errors *errors);

struct schema_key {
	const char *name;
	const char *alias;    /* another name of it, or NULL */
	unsigned kinds;
	unsigned flags;
	const char *expects;  /* "a list of files": ends the sentence of a wrong kind */
	schema_take_fn *take; /* NULL: nothing to do with it by itself */
	const char *help;     /* one line, for the manual */
};

/* The row for this key, or NULL. */
const struct schema_key *schema_find(const struct schema_key *table, const char *key);

/* The row for key, its value checked for kind; warns when it is SCHEMA_LATER. NULL and an entry when unknown (naming the nearest known
 * key) or of the wrong kind. */
const struct schema_key *schema_check(const struct schema_key *table, const struct yaml_node *key,
				      const struct yaml_node *value, struct spec_errors *warnings,
				      struct spec_errors *errors);

/* Checks a mapping's keys and hands each value to its row's function. warnings may be NULL. 0, or -EINVAL after all were looked at. */
int schema_take(const struct schema_key *table, const struct yaml_node *map, void *object,
		struct spec_errors *warnings, struct spec_errors *errors);

/* The least number of letters to put in, take out or change (only the first 63 bytes of each are looked at). */
unsigned schema_distance(const char *a, const char *b);
