/*
 * record - what a run is: everything the node needs to carry it out, written once, never changed.
 *
 * Made by the laptop from a spec, sent in a `submit` message, kept by the node as record.json. JSON with unknown
 * fields ignored on reading, so that older and newer versions understand each other. Pure; any thread.
 */
#pragma once

#include "err.h"
#include "text.h"
#include "hash.h"

#include <jansson.h>
#include <stdint.h>

struct record {
	char id[ULID_LEN + 1];              /* names the run's directory on the node; the key of exactly-once */
	char name[NAME_MAX_BYTES + 1];      /* the user's name for it at submission */
	char experiment[NAME_MAX_BYTES + 1];
	char code[HASH_HEX + 1];            /* the manifest's blob, or "" for no files */
	char **argv;                        /* NULL-terminated, executed with execvp in the run's work directory */
	char **env;                         /* NULL-terminated "KEY=value", added to the node's environment */
	json_t *params;                     /* object: parameter -> text as written */
	uint32_t grace_s;                   /* from SIGTERM to SIGKILL */
};

#define GRACE_DEFAULT_S 10
#define RECORD_ARGS_MAX 4096        /* words in argv or env */
#define RECORD_BYTES_MAX (512 * 1024) /* one record as JSON text */

void record_done(struct record *r);
json_t *record_to_json(const struct record *r); /* new reference */
int record_from_json(const json_t *json, struct record *ret, struct nn_err *err); /* ret untouched on failure */
