#include "yaml.h"

#include "mem.h"
#include "scope.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct owned {
	struct yaml_node node;
	struct owned *next;
};

struct anchor {
	char *name;
	struct yaml_node *node;
	bool open; /* its node is not closed yet: an alias now would contain itself */
};

struct yaml_doc {
	struct owned *all;
	struct anchor *anchors;
	size_t n_anchors;
	size_t weight; /* nodes so far, aliases counted as what they stand for */
};

struct frame {
	struct yaml_node *node;
	struct yaml_node *key; /* map: read, its value not yet */
	size_t anchor;         /* index + 1, or 0 */
};

struct builder {
	struct yaml_doc *doc;
	struct yaml_node *root;
	struct frame stack[YAML_DEPTH_MAX];
	unsigned depth;
	struct spec_errors *errors;
};

/* ---- nodes ---- */

static struct yaml_node *node_new(struct yaml_doc *doc, enum yaml_kind kind, const yaml_mark_t *at)
{
	struct owned *o = nn_alloc(sizeof(*o));

	o->next = doc->all;
	doc->all = o;
	doc->weight++;
	o->node = (struct yaml_node){.kind = kind, .line = (unsigned)at->line + 1, .column = (unsigned)at->column + 1,
				     .end_line = (unsigned)at->line + 1, .weight = 1};
	return &o->node;
}

static void *grown(void *list, size_t n, size_t size)
{
	return (n & (n - 1)) == 0 ? nn_realloc(list, (n ? 2 * n : 1) * size) : list; /* at powers of two */
}

static void node_push(struct yaml_node *parent, struct yaml_node *key, struct yaml_node *item)
{
	parent->items = grown(parent->items, parent->n, sizeof(struct yaml_node *));
	if (key) {
		parent->keys = grown(parent->keys, parent->n, sizeof(struct yaml_node *));
		parent->keys[parent->n] = key;
	}
	parent->items[parent->n++] = item;
}

/* What a node knows of its children; after its list of them is final. */
static void node_sum(struct yaml_node *node)
{
	node->weight = 1 + (node->keys ? node->n : 0);
	for (size_t i = 0; i < node->n; i++) {
		const struct yaml_node *item = node->items[i];

		node->weight += item->weight;
		if (node->height < item->height + 1)
			node->height = item->height + 1;
		if (!node->flow && item->line >= node->line && node->end_line < item->end_line)
			node->end_line = item->end_line;
	}
}

void yaml_free(struct yaml_doc *doc)
{
	if (!doc)
		return;
	for (struct owned *o = doc->all, *next; o; o = next) {
		next = o->next;
		free((char *)o->node.text);
		free(o->node.items);
		free(o->node.keys);
		free(o);
	}
	for (size_t i = 0; i < doc->n_anchors; i++)
		free(doc->anchors[i].name);
	free(doc->anchors);
	free(doc);
}

/* ---- pairs of a map: sorted to find what is there twice ---- */

struct pair {
	struct yaml_node *key, *value;
	size_t at;     /* place in the map */
	unsigned rank; /* 0: its own, else merged; the lowest wins */
};

static int by_key(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = strcmp(x->key->text, y->key->text);

	if (r == 0)
		r = (x->rank > y->rank) - (x->rank < y->rank);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* One pair of each key: the value of the lowest rank at the first place. Returns how many, or sets *ret_twice to the second own pair. */
static size_t pairs_unique(struct pair *pairs, size_t n, const struct pair **ret_twice)
{
	size_t kept = 0;

	qsort(pairs, n, sizeof(*pairs), by_key);
	for (size_t i = 0; i < n; i++) {
		struct pair *last = kept ? &pairs[kept - 1] : NULL;

		if (!last || strcmp(last->key->text, pairs[i].key->text) != 0) {
			pairs[kept++] = pairs[i];
			continue;
		}
		if (pairs[i].rank == 0) {
			*ret_twice = &pairs[i];
			return 0;
		}
		if (pairs[i].at < last->at)
			last->at = pairs[i].at;
	}
	qsort(pairs, kept, sizeof(*pairs), by_place);
	return kept;
}

static void pairs_store(struct yaml_node *map, const struct pair *pairs, size_t n)
{
	map->n = 0;
	for (size_t i = 0; i < n; i++)
		node_push(map, pairs[i].key, pairs[i].value);
}

static size_t pairs_add(struct pair *to, size_t at, const struct yaml_node *map, unsigned rank)
{
	for (size_t i = 0; i < map->n; i++, at++)
		to[at] = (struct pair){map->keys[i], map->items[i], at, rank};
	return at;
}

const struct yaml_node *yaml_merge(struct yaml_doc *doc, const struct yaml_node *base, const struct yaml_node *over)
{
	yaml_mark_t at = {.line = over->line - 1, .column = over->column - 1};
	struct yaml_node *map = node_new(doc, YAML_MAP, &at);
	_free_ struct pair *pairs = nn_calloc(base->n + over->n + 1, sizeof(*pairs));
	const struct pair *twice = NULL;
	size_t n = pairs_add(pairs, 0, base, 1);

	n = pairs_add(pairs, n, over, 0);
	n = pairs_unique(pairs, n, &twice);
	pairs_store(map, pairs, n);
	node_sum(map);
	return map;
}

/* ---- building ---- */

static int fail_at(struct builder *b, const struct yaml_node *node, const char *why)
{
	return spec_errors_add(b->errors, node->line, node->column, "%s", why);
}

static bool is_merge(const struct yaml_node *key)
{
	return !key->quoted && strcmp(key->text, "<<") == 0;
}

/* The maps that `<<: value` names. */
static size_t merge_sources(const struct yaml_node *value, const struct yaml_node *const **ret)
{
	*ret = (const struct yaml_node *const *)value->items;
	return value->kind == YAML_LIST ? value->n : 0;
}

static int check_merge(struct builder *b, const struct yaml_node *value, size_t *ret_pairs)
{
	const struct yaml_node *const *list;
	size_t n = merge_sources(value, &list);

	if (value->kind == YAML_MAP) {
		*ret_pairs += value->n;
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i]->kind != YAML_MAP)
			return fail_at(b, list[i], "'<<' takes a mapping, or a list of mappings");
		*ret_pairs += list[i]->n;
	}
	return n ? 0 : fail_at(b, value, "'<<' takes a mapping, or a list of mappings");
}

/* Puts the pairs of `<<` keys first, in front of the map's own. */
static size_t gather_pairs(const struct yaml_node *map, struct pair *pairs)
{
	unsigned rank = 1;
	size_t n = 0;

	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_node *const *list;
		size_t n_list;

		if (!is_merge(map->keys[i]))
			continue;
		if (map->items[i]->kind == YAML_MAP)
			n = pairs_add(pairs, n, map->items[i], rank++);
		n_list = merge_sources(map->items[i], &list);
		for (size_t k = 0; k < n_list; k++)
			n = pairs_add(pairs, n, list[k], rank++);
	}
	for (size_t i = 0; i < map->n; i++)
		if (!is_merge(map->keys[i])) {
			pairs[n] = (struct pair){map->keys[i], map->items[i], n, 0};
			n++;
		}
	return n;
}

static int close_map(struct builder *b, struct yaml_node *map)
{
	_free_ struct pair *pairs = NULL;
	const struct pair *twice = NULL;
	bool merges = false;
	size_t n = map->n;

	for (size_t i = 0; i < map->n; i++) {
		if (!is_merge(map->keys[i]))
			continue;
		merges = true;
		if (check_merge(b, map->items[i], &n) < 0)
			return -EINVAL;
	}
	if (b->doc->weight + n - map->n > YAML_NODES_MAX)
		return fail_at(b, map, "more than 100000 values, aliases counted as what they stand for");
	pairs = nn_calloc(n + 1, sizeof(*pairs));
	n = pairs_unique(pairs, gather_pairs(map, pairs), &twice);
	if (twice)
		return spec_errors_add(b->errors, twice->key->line, twice->key->column,
				       "'%.100s' is given twice here: keep one of them", twice->key->text);
	pairs_store(map, pairs, n);
	node_sum(map);
	b->doc->weight += merges ? map->weight : 0; /* its own pairs count again: an upper bound is enough */
	return 0;
}

static int check_tag(struct builder *b, const struct yaml_node *node, const yaml_char_t *tag)
{
	static const char *const core[] = {"str", "int", "float", "bool", "null", "seq", "map"};
	static const char prefix[] = "tag:yaml.org,2002:";
	const char *name = (const char *)tag;

	if (!name || strcmp(name, "!") == 0)
		return 0;
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0)
		for (size_t i = 0; i < ARRAY_LEN(core); i++)
			if (strcmp(name + sizeof(prefix) - 1, core[i]) == 0)
				return 0;
	return spec_errors_add(b->errors, node->line, node->column,
			       "the tag '%.60s' is not known here: leave it out, values are text as written", name);
}

static int set_anchor(struct builder *b, const yaml_char_t *name, struct yaml_node *node, size_t *ret_index)
{
	struct yaml_doc *doc = b->doc;

	if (!name)
		return 0;
	if (doc->n_anchors == YAML_ANCHORS_MAX)
		return fail_at(b, node, "more than 1000 anchors (&name)");
	doc->anchors = grown(doc->anchors, doc->n_anchors, sizeof(*doc->anchors));
	doc->anchors[doc->n_anchors++] = (struct anchor){nn_strdup((const char *)name), node, node->kind != YAML_SCALAR};
	*ret_index = doc->n_anchors;
	return 0;
}

/* Puts a finished or opened node where it belongs. */
static int place(struct builder *b, struct yaml_node *node)
{
	struct frame *top = b->depth ? &b->stack[b->depth - 1] : NULL;

	if (b->doc->weight > YAML_NODES_MAX)
		return fail_at(b, node, "more than 100000 values, aliases counted as what they stand for");
	if (!top) {
		b->root = node;
	} else if (top->node->kind == YAML_LIST) {
		node_push(top->node, NULL, node);
	} else if (top->key) {
		node_push(top->node, TAKE(top->key), node);
	} else if (node->kind != YAML_SCALAR) {
		return fail_at(b, node, "a key must be text: quote it if it begins with { or [");
	} else {
		top->key = node;
	}
	return 0;
}

static size_t count_chars(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

static int add_scalar(struct builder *b, const yaml_event_t *ev)
{
	const char *value = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	yaml_scalar_style_t style = ev->data.scalar.style;
	struct yaml_node *node = node_new(b->doc, YAML_SCALAR, &ev->start_mark);
	const char *tag = (const char *)ev->data.scalar.tag;
	size_t index = 0;

	node->quoted = style != YAML_PLAIN_SCALAR_STYLE || (tag && strcmp(tag, "tag:yaml.org,2002:str") == 0);
	node->text = nn_strndup(value, len);
	node->end_line = (unsigned)ev->end_mark.line + (ev->end_mark.column || ev->end_mark.line == ev->start_mark.line);
	node->exact = !tag && !ev->data.scalar.anchor && ev->start_mark.line == ev->end_mark.line &&
		      ev->end_mark.column - ev->start_mark.column == count_chars(value, len) + (node->quoted ? 2 : 0);
	if (memchr(value, '\0', len))
		return fail_at(b, node, "text with a NUL character (\\0) in it");
	if (check_tag(b, node, ev->data.scalar.tag) < 0 || set_anchor(b, ev->data.scalar.anchor, node, &index) < 0)
		return -EINVAL;
	return place(b, node);
}

static int add_alias(struct builder *b, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	unsigned line = (unsigned)ev->start_mark.line + 1, column = (unsigned)ev->start_mark.column + 1;

	for (size_t i = b->doc->n_anchors; i-- > 0;) {
		const struct anchor *a = &b->doc->anchors[i];

		if (strcmp(a->name, name) != 0)
			continue;
		if (a->open)
			return spec_errors_add(b->errors, line, column, "*%.60s stands inside of &%.60s itself", name, name);
		if (b->depth + a->node->height + 1 > YAML_DEPTH_MAX)
			return spec_errors_add(b->errors, line, column, "nested deeper than 100 levels");
		b->doc->weight += a->node->weight;
		return place(b, a->node);
	}
	return spec_errors_add(b->errors, line, column,
			       "there is no anchor &%.60s before this; quote the text if it is to begin with *", name);
}

static int open_node(struct builder *b, enum yaml_kind kind, const yaml_event_t *ev, const yaml_char_t *anchor,
		     const yaml_char_t *tag, bool flow)
{
	struct yaml_node *node = node_new(b->doc, kind, &ev->start_mark);
	size_t index = 0;

	node->flow = flow;
	if (b->depth == YAML_DEPTH_MAX)
		return fail_at(b, node, "nested deeper than 100 levels");
	if (check_tag(b, node, tag) < 0 || set_anchor(b, anchor, node, &index) < 0 || place(b, node) < 0)
		return -EINVAL;
	b->stack[b->depth++] = (struct frame){.node = node, .anchor = index};
	return 0;
}

static int close_node(struct builder *b, const yaml_event_t *ev)
{
	struct frame *top = &b->stack[--b->depth];

	if (top->anchor)
		b->doc->anchors[top->anchor - 1].open = false;
	if (top->node->flow)
		top->node->end_line = (unsigned)ev->end_mark.line + 1;
	if (top->node->kind == YAML_MAP)
		return close_map(b, top->node);
	node_sum(top->node);
	return 0;
}

static int on_event(struct builder *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->root)
			return spec_errors_add(b->errors, (unsigned)ev->start_mark.line + 1, 1,
					       "a second document begins here: one file is one document, take out '---'");
		return 0;
	case YAML_SCALAR_EVENT:
		return add_scalar(b, ev);
	case YAML_ALIAS_EVENT:
		return add_alias(b, ev);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(b, YAML_LIST, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag,
				 ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
	case YAML_MAPPING_START_EVENT:
		return open_node(b, YAML_MAP, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag,
				 ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_node(b, ev);
	default:
		return 0;
	}
}

/* ---- libyaml's words, and what to do about them ---- */

static const struct {
	const char *problem, *advice;
} advice[] = {
	{"found character that cannot start any token",
	 "this character cannot begin a value: indent with blanks, not tabs, and quote text that begins with @, ` or %"},
	{"mapping values are not allowed in this context",
	 "a ':' is not expected here: check the indentation, or quote the text if ': ' is part of it"},
	{"could not find expected ':'", "a line without ':' where 'key: value' is expected; check the indentation"},
	{"did not find expected key",
	 "no key where one is expected: check the indentation, and quote text that begins with a quote, {, [, & or *"},
	{"did not find expected '-' indicator", "no '- item' where one is expected: check the indentation of the list"},
	{"did not find expected ',' or '}'", "a '{' without its '}', or a ',' is missing; quote text that begins with {"},
	{"did not find expected ',' or ']'", "a '[' without its ']', or a ',' is missing; quote text that begins with ["},
	{"did not find expected node content", "no value where one is expected"},
	{"found unexpected end of stream", "the file ends inside of a quoted text: a closing quote is missing"},
	{"found a tab character that violates indentation", "a tab in the indentation: indent with blanks"},
	{"found a tab character where an indentation space is expected", "a tab in the indentation: indent with blanks"},
	{"block sequence entries are not allowed in this context", "'- ' is not expected here: put the list on a line of its own"},
	{"did not find expected <document start>", "more text after the end of the document: check the indentation"},
	{"found unknown escape character", "no such escape in \"...\": write \\\\ for a backslash, or use '...'"},
	{"control characters are not allowed", "a control character, which a text file does not have: is this a text file?"},
};

static void place_of(const char *text, size_t len, size_t offset, unsigned *line, unsigned *column)
{
	size_t start = 0;

	if (offset > len)
		offset = len;
	*line = 1;
	for (size_t i = 0; i < offset; i++)
		if (text[i] == '\n') {
			(*line)++;
			start = i + 1;
		}
	*column = (unsigned)count_chars(text + start, offset - start) + 1;
}

static int explain(const yaml_parser_t *p, const char *text, size_t len, struct spec_errors *errors)
{
	unsigned line = (unsigned)p->problem_mark.line + 1, column = (unsigned)p->problem_mark.column + 1;
	const char *problem = p->problem ? p->problem : "this is no YAML";

	if (p->error == YAML_READER_ERROR) {
		place_of(text, len, p->problem_offset, &line, &column);
		if (strcmp(problem, "control characters are not allowed") != 0)
			return spec_errors_add(errors, line, column, "this is not UTF-8: save the file as UTF-8 text");
	}
	for (size_t i = 0; i < ARRAY_LEN(advice); i++)
		if (strcmp(problem, advice[i].problem) == 0)
			return spec_errors_add(errors, line, column, "%s", advice[i].advice);
	return spec_errors_add(errors, line, column, "%s%s%s", p->context ? p->context : "", p->context ? ": " : "",
			       problem);
}

static int build(struct builder *b, yaml_parser_t *parser, const char *text, size_t len)
{
	for (;;) {
		yaml_event_t ev;
		bool end;
		int r;

		if (!yaml_parser_parse(parser, &ev))
			return explain(parser, text, len, b->errors);
		r = on_event(b, &ev);
		end = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
		if (r < 0 || end)
			return r;
	}
}

int yaml_parse(const char *text, size_t len, struct yaml_doc **ret, const struct yaml_node **ret_root,
	       struct spec_errors *errors)
{
	_scoped_(yaml_freep) struct yaml_doc *doc = nn_alloc(sizeof(*doc));
	_free_ struct builder *b = nn_alloc(sizeof(*b));
	yaml_parser_t parser;
	int r;

	if (len > YAML_BYTES_MAX)
		return spec_errors_add(errors, 1, 1, "%zu bytes are too many: at most 1 MiB", len);
	*b = (struct builder){.doc = doc, .errors = errors};
	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory, as mem.h does it */
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = build(b, &parser, text, len);
	yaml_parser_delete(&parser);
	if (r < 0)
		return r;
	*ret_root = b->root;
	*ret = TAKE(doc);
	return 0;
}

/* ---- reading and writing ---- */

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

bool yaml_null(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->quoted &&
	       (!*node->text || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0);
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	if (yaml_null(node))
		return "nothing";
	return node->kind == YAML_LIST ? "a list" : node->kind == YAML_MAP ? "a mapping" : "text";
}

unsigned yaml_column(const struct yaml_node *scalar, size_t offset)
{
	if (!scalar->exact || offset > strlen(scalar->text))
		return scalar->column;
	return scalar->column + (scalar->quoted ? 1 : 0) + (unsigned)count_chars(scalar->text, offset);
}

/* Digits first, then what numbers, dates and versions consist of. */
static bool bare_number(const char *s)
{
	s += *s == '-' || *s == '+';
	if (!isdigit((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._+-", *s))
			return false;
	return true;
}

void yaml_put_text(struct buf *out, const char *s)
{
	_scoped_(buf_done) struct buf b = {0};

	if (bare_number(s)) {
		buf_adds(out, s);
		return;
	}
	yaml_scalar(&b, s);
	if (*b.data != '"' && strchr(s, ',')) /* plain elsewhere, but not within [] */
		buf_addf(out, "\"%s\"", s);
	else
		buf_adds(out, b.data);
}

static void put_blanks(struct buf *out, unsigned n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

static bool all_scalars(const struct yaml_node *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->kind != YAML_SCALAR)
			return false;
	return true;
}

static void put_value(struct buf *out, const struct yaml_node *node)
{
	if (yaml_null(node))
		buf_adds(out, "null");
	else
		yaml_put_text(out, node->text);
}

/* A value that fits behind "key: ". */
static bool put_short(struct buf *out, const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR) {
		put_value(out, node);
	} else if (node->n == 0) {
		buf_adds(out, node->kind == YAML_MAP ? "{}" : "[]");
	} else if (node->kind == YAML_LIST && all_scalars(node)) {
		for (size_t i = 0; i < node->n; i++) {
			buf_adds(out, i ? ", " : "[");
			put_value(out, node->items[i]);
		}
		buf_addc(out, ']');
	} else {
		return false;
	}
	return true;
}

/* What follows "key:" or "-". */
static void put_item(struct buf *out, const struct yaml_node *node, unsigned indent)
{
	_scoped_(buf_done) struct buf value = {0};

	if (put_short(&value, node)) {
		buf_addf(out, " %s\n", buf_str(&value));
	} else {
		buf_addc(out, '\n');
		yaml_put(out, node, indent + 4);
	}
}

void yaml_put_pair(struct buf *out, const char *key, const struct yaml_node *value, unsigned indent)
{
	put_blanks(out, indent);
	yaml_put_text(out, key);
	buf_addc(out, ':');
	put_item(out, value, indent);
}

void yaml_put(struct buf *out, const struct yaml_node *node, unsigned indent)
{
	for (size_t i = 0; i < node->n; i++) {
		if (node->kind == YAML_MAP) {
			yaml_put_pair(out, node->keys[i]->text, node->items[i], indent);
			continue;
		}
		put_blanks(out, indent);
		buf_addc(out, '-');
		put_item(out, node->items[i], indent);
	}
}
