/*
 * yaml - UTF-8 text as a tree of nodes that know where they stood. The only user of libyaml.
 *
 * Every scalar is text as written: 0.10 stays 0.10, true stays true; only quotes and escapes are undone. JSON is YAML, so it is
 * read by the same call. Refused, each with its place: more than YAML_BYTES_MAX bytes, YAML_NODES_MAX nodes (an alias counts as all
 * that it stands for) or YAML_DEPTH_MAX levels, keys given twice, keys that are no text, NUL, other tags than the core ones (!!str,
 * !!int, ...), several documents. An alias shares the anchor's node. `<<: *anchor` merges as YAML 1.1 says: own keys win.
 *
 * A document and its nodes belong to one thread at a time; the nodes live until yaml_free().
 */
#pragma once

#include "buf.h"
#include "spec_errors.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_BYTES_MAX (1024 * 1024)
#define YAML_NODES_MAX 100000
#define YAML_DEPTH_MAX 100
#define YAML_ANCHORS_MAX 1000

enum yaml_kind {
	YAML_SCALAR,
	YAML_LIST,
	YAML_MAP,
};

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;            /* scalar: in quotes, or a | or > block; never means null */
	bool flow;              /* list, map: written with [] or {} */
	bool exact;             /* scalar: stands in the source letter by letter, on one line, from column (+ 1 if quoted) */
	unsigned line, column;  /* of its first character, from 1 */
	unsigned end_line;      /* the last line with a character of it; comments do not count */
	const char *text;       /* scalar */
	size_t n;               /* list: items; map: pairs, in the order written */
	struct yaml_node **items; /* list: the items; map: the values */
	struct yaml_node **keys;  /* map: the keys, all scalars and all different */
	size_t weight;          /* nodes in it, itself included */
	unsigned height;        /* levels below it */
};

struct yaml_doc;

/* 0, *ret and *ret_root (NULL for a document with nothing in it); or -EINVAL and one entry in errors. */
int yaml_parse(const char *text, size_t len, struct yaml_doc **ret, const struct yaml_node **ret_root,
	       struct spec_errors *errors);
void yaml_free(struct yaml_doc *doc);
static inline void yaml_freep(struct yaml_doc **doc)
{
	yaml_free(*doc);
}

/* The value of a key of a map; NULL when there is none, or map is none. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Nothing, ~ or null, unquoted. */
bool yaml_null(const struct yaml_node *node);

/* "text", "a list", "a mapping", "nothing": for messages. */
const char *yaml_kind_name(const struct yaml_node *node);

/* A map with base's pairs, over's values where both have a key, then over's new keys. Owned by doc. */
const struct yaml_node *yaml_merge(struct yaml_doc *doc, const struct yaml_node *base, const struct yaml_node *over);

/* The column at offset bytes into a scalar's text; the scalar's own where that cannot be said. */
unsigned yaml_column(const struct yaml_node *scalar, size_t offset);

/* Appends s as a scalar that yaml_parse() reads back as s, within [] too: numbers bare, else as yaml_scalar(). */
void yaml_put_text(struct buf *out, const char *s);

/* Appends node in block form at that many blanks of indentation: "key: value\n", "key:\n  ..." lines of a map, "- x\n" of a list.
 * Lists of scalars are written as [a, b]. */
void yaml_put(struct buf *out, const struct yaml_node *node, unsigned indent);
void yaml_put_pair(struct buf *out, const char *key, const struct yaml_node *value, unsigned indent);
