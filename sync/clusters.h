/*
 * clusters - clusters.yaml: which nodes there are. Parsing it, and editing it as text so that comments and all else stay. Pure.
 *
 *	clusters:
 *	    gpu1: {address: me@gpu1.example.org:2222, slots: 4, workdir: ~/.neronet}
 *	    big:
 *	        type: ssh             # ssh (default), local
 *	default: gpu1
 *
 * The names of Neronet 1.0 are read too: nodes, ssh_address, default_node, and type unmanaged for ssh. A cluster `local` is always there.
 */
#pragma once

#include "buf.h"
#include "err.h"
#include "spec_errors.h"

#include <stddef.h>
#include <stdint.h>

#define CLUSTERS_MAX 1000
#define CLUSTER_SLOTS_MAX 100000

struct cluster_config {
	char *name;
	char *type;       /* "ssh" or "local" */
	char *address;    /* ssh: [user@]host[:port] or an alias of ssh's; never NULL there, the name if not given. local: NULL */
	char *workdir;    /* on the node, absolute or ~/...; NULL: the default */
	uint32_t slots;   /* 0: the node's default */
	unsigned line, column; /* of its name; 0: it has no entry (local) */
};

struct clusters {
	struct cluster_config *list; /* in the order of the file; `local` last when it has no entry */
	size_t n;
	char *default_name;          /* of one in the list */
	struct spec_errors warnings; /* keys that this version does not carry out */
};

/* An empty text is fine. 0 and *ret (clusters_done); or -EINVAL with entries in errors (set up here). */
int clusters_parse(const char *file_name, const char *text, size_t len, struct clusters *ret,
		   struct spec_errors *errors);
void clusters_done(struct clusters *c);
const struct cluster_config *clusters_find(const struct clusters *c, const char *name);

/*
 * Editing. text is a whole clusters.yaml (NUL-terminated); out gets the new one, only on success. block is an entry's lines as in
 * clusters/NAME/config.yaml, not indented: "address: gpu1\nslots: 4\n". What they make is parsed again before it is given out. -EINVAL:
 * text does not parse, or is written in a way that cannot be edited by lines (clusters: {...}); the sentence says what to do.
 */
int clusters_add(const char *text, const char *name, const char *block, struct buf *out, struct nn_err *err); /* -EEXIST */
/* Also drops a `default:` that names it. -ENOENT: it has no entry. */
int clusters_remove(const char *text, const char *name, struct buf *out, struct nn_err *err);
/* The entry's lines, not indented; for one without an entry a commented default. */
int clusters_get_block(const char *text, const char *name, struct buf *out, struct nn_err *err);
/* Adds the entry when there is none. block_name is what the user saved ("config.yaml"): errors in block are reported with its own lines. */
int clusters_set_block(const char *text, const char *name, const char *block, const char *block_name, struct buf *out,
		       struct spec_errors *errors);

struct preferences {
	char *default_cluster; /* used when clusters.yaml has no `default:`; or NULL */
};

int preferences_parse(const char *file_name, const char *text, size_t len, struct preferences *ret,
		      struct spec_errors *errors);
void preferences_done(struct preferences *p);
