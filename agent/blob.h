/*
 * blob - the content store on a node: blobs that arrive in chunks, checked by their hash, kept under it.
 */
#pragma once

#include "wire.h"

#include <stdbool.h>

struct blob_in { /* the blob that is arriving on one connection; zero-initialised: none */
	char hash[HASH_HEX + 1];
	char tmp[32]; /* its name while it arrives, "" none */
	int fd;
	uint64_t at;
};

bool blob_has(int store_fd, const char *hash);

/* Takes one chunk: 1 when the blob is complete, 0. A chunk that does not continue what came is dropped (-ESTALE), a blob with a wrong hash
 * too (-EBADMSG). */
int blob_take(int store_fd, struct blob_in *in, const struct blob_chunk *c);
void blob_drop(int store_fd, struct blob_in *in);
