/*
 * deploy - the agent's file on a node: WORKDIR/bin/neronet-agent-HASH, copied over SFTP when it is missing.
 */
#pragma once

#include "err.h"
#include "hash.h"

struct session;

struct deploy {
	char hash[HASH_HEX + 1]; /* of the agent's file here */
	char *command;           /* the line that attaches, for the node's login shell */
	char *bin, *path;        /* of the agent on the node, relative to the home or absolute */
};

/* workdir: absolute, ~/..., or NULL for ~/.neronet. -EINVAL: it has characters that a shell could take for something else. */
int deploy_plan(const char *agent, const char *workdir, struct deploy *ret, struct nn_err *err);
void deploy_done(struct deploy *d);

/* Uploads to a temporary name, checks the size, makes it executable, renames. Blocks. */
int deploy_upload(const struct deploy *d, struct session *s, const char *agent, struct nn_err *err);
