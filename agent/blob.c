#include "blob.h"

#include "fdio.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool blob_has(int store_fd, const char *hash)
{
	char path[HASH_HEX + 2];

	hash_path(hash, path);
	return faccessat(store_fd, path, F_OK, 0) == 0;
}

static void forget(struct blob_in *in)
{
	if (in->tmp[0])
		(void)close(in->fd);
	*in = (struct blob_in){0};
}

void blob_drop(int store_fd, struct blob_in *in)
{
	if (in->tmp[0])
		(void)unlinkat(store_fd, in->tmp, 0);
	forget(in);
}

static int begin(int store_fd, struct blob_in *in, const char *hash)
{
	static unsigned serial; /* the manager has one thread */

	blob_drop(store_fd, in);
	snprintf(in->tmp, sizeof(in->tmp), "tmp-%u", serial++);
	memcpy(in->hash, hash, sizeof(in->hash));
	in->fd = openat(store_fd, in->tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (in->fd < 0) {
		*in = (struct blob_in){0};
		return -errno;
	}
	return 0;
}

static int finish(int store_fd, struct blob_in *in)
{
	char hash[HASH_HEX + 1], path[HASH_HEX + 2];
	char dir[3] = {in->hash[0], in->hash[1], '\0'};
	int r = lseek(in->fd, 0, SEEK_SET) < 0 ? -errno : hash_fd(in->fd, hash);

	if (r >= 0 && strcmp(hash, in->hash) != 0)
		r = -EBADMSG;
	hash_path(in->hash, path);
	if (r >= 0)
		r = dir_make(store_fd, dir);
	if (r >= 0 && fdatasync(in->fd) < 0)
		r = -errno;
	if (r >= 0 && renameat(store_fd, in->tmp, store_fd, path) < 0)
		r = -errno;
	if (r < 0)
		blob_drop(store_fd, in);
	else
		forget(in);
	return r < 0 ? r : 1;
}

int blob_take(int store_fd, struct blob_in *in, const struct blob_chunk *c)
{
	int r = 0;

	if (c->offset == 0)
		r = begin(store_fd, in, c->hash);
	else if (!in->tmp[0] || strcmp(in->hash, c->hash) != 0 || in->at != c->offset)
		r = -ESTALE;
	if (r < 0)
		return r;
	r = fd_write_all(in->fd, c->data, c->len);
	if (r < 0) {
		blob_drop(store_fd, in);
		return r;
	}
	in->at += c->len;
	return in->at == c->total ? finish(store_fd, in) : 0;
}
