#include "snapshot.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 100
#define VISITS_MAX 1000000 /* directory entries looked at by one capture */
#define FSYNC_EACH_MAX 32  /* more new files than this: one syncfs */

struct pending { /* a blob that waits for its name */
	char tmp[ULID_LEN + 8];
	char hash[HASH_HEX + 1];
};

struct snapshot {
	int store_fd;
	char *avoid;
	struct stat store;   /* of the store's directory, which is never captured */
	struct pending *pending;
	size_t n_pending;
	bool touched[256];   /* subdirectories of the store that a capture relies on */
};

struct found {
	char *path;          /* below the root */
	char *target;        /* a link to keep; NULL: a file */
	uint64_t size;
};

/* One capture: what it found so far. */
struct hunt {
	struct snapshot *s;
	const char *root;    /* canonical path */
	int root_fd;
	struct found *list;
	size_t n;
	uint64_t bytes, visits;
	uint64_t files_max, bytes_max;
	dev_t dev;           /* a walk stays on this filesystem */
	const char *base;    /* links stay links while they lead to something below this, which is walked */
	struct nn_err *err;
};

/* ---- paths, as text ---- */

bool path_below(const char *path, const char *above)
{
	size_t n = above ? strlen(above) : 0;

	if (!above)
		return false;
	while (n > 1 && above[n - 1] == '/')
		n--;
	return strncmp(path, above, n) == 0 && (path[n] == '\0' || path[n] == '/' || n == 1);
}

/* Appends path's components to out, which has n bytes, without "." and with ".." taken back. -EXDEV when that leaves the root. */
static int path_append(char out[PATH_MAX], size_t n, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			if (n == 0)
				return -EXDEV;
			while (n > 0 && out[--n] != '/')
				;
		} else if (len && !(len == 1 && path[0] == '.')) {
			if (n + len + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			if (n)
				out[n++] = '/';
			memcpy(out + n, path, len);
			n += len;
		}
		path += len + (path[len] == '/');
	}
	out[n] = '\0';
	return 0;
}

static bool skipped_name(const char *name)
{
	size_t n = strlen(name);

	return name[0] == '.' || strcmp(name, "__pycache__") == 0 || (n > 4 && strcmp(name + n - 4, ".pyc") == 0);
}

static bool has_skipped_part(const char *path)
{
	_free_ char *copy = nn_strdup(path);
	char *save = NULL;

	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
		if (skipped_name(part))
			return true;
	return false;
}

/* Where a link leads, below the root, when that is something which the walk of base takes as well. */
static bool link_stays(const struct hunt *h, const char *link, const char *target)
{
	char path[PATH_MAX];
	const char *slash = strrchr(link, '/');
	size_t base = strlen(h->base);
	size_t n = slash ? (size_t)(slash - link) : 0;

	if (*target == '/' || !*target)
		return false;
	memcpy(path, link, n);
	if (path_append(path, n, target) < 0 || !*path)
		return false;
	if (base && (strncmp(path, h->base, base) != 0 || path[base] != '/'))
		return false;
	return !has_skipped_part(path + base);
}

/* A path below the root, or a link's target, that is in the mount; nothing is asked of the filesystem. */
static bool in_mount(const struct hunt *h, const char *dir, const char *path)
{
	char full[PATH_MAX];
	size_t n = 0;

	if (!h->s->avoid)
		return false;
	if (*path != '/') {
		if (path_append(full, 0, h->root) < 0)
			return true;
		n = strlen(full);
		if (path_append(full, n, dir) < 0)
			return true;
		n = strlen(full);
	}
	if (path_append(full, n, path) < 0)
		return false;
	memmove(full + 1, full, strlen(full) < PATH_MAX - 1 ? strlen(full) + 1 : PATH_MAX - 1);
	full[0] = '/';
	return path_below(full, h->s->avoid);
}

/* ---- finding ---- */

static int too_much(const struct hunt *h)
{
	return err_set(h->err, EFBIG, "%s has more than %" PRIu64 " files or %" PRIu64 " MiB", h->root, h->files_max,
		       h->bytes_max >> 20);
}

static int add_found(struct hunt *h, const char *path, const char *target, uint64_t size)
{
	if (!manifest_path_ok(path))
		return err_set(h->err, EINVAL, "%s/%s: a file's name cannot have a line break", h->root, path);
	h->bytes += size;
	if (h->n >= h->files_max || h->bytes > h->bytes_max)
		return too_much(h);
	if ((h->n & (h->n - 1)) == 0)
		h->list = nn_realloc(h->list, (h->n ? 2 * h->n : 1) * sizeof(*h->list));
	h->list[h->n++] = (struct found){nn_strdup(path), target ? nn_strdup(target) : NULL, size};
	return 0;
}

static int add_link(struct hunt *h, int fd, const char *name, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, name, target, sizeof(target) - 1);
	const char *slash = strrchr(path, '/');
	_free_ char *dir = nn_strndup(path, slash ? (size_t)(slash - path) : 0);
	struct stat st;

	if (n < 0)
		return 0; /* gone meanwhile */
	target[n] = '\0';
	if (link_stays(h, path, target))
		return add_found(h, path, target, (uint64_t)n);
	if (in_mount(h, dir, target) || fstatat(fd, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return add_found(h, path, NULL, (uint64_t)st.st_size);
}

static int walk(struct hunt *h, int fd, const char *path, unsigned depth);

static int walk_below(struct hunt *h, int fd, const char *name, const char *path, unsigned depth)
{
	int sub;

	if (depth == DEPTH_MAX)
		return err_set(h->err, ELOOP, "%s/%s: deeper than %d directories", h->root, path, DEPTH_MAX);
	sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return errno == ENOENT ? 0 : err_sys(h->err, errno, "%s/%s", h->root, path);
	return walk(h, sub, path, depth);
}

static int walk_entry(struct hunt *h, int fd, const char *name, const char *dir, unsigned depth)
{
	_free_ char *path = *dir ? nn_printf("%s/%s", dir, name) : nn_strdup(name);
	struct stat st;

	if (++h->visits > VISITS_MAX)
		return too_much(h);
	if (skipped_name(name) || in_mount(h, dir, name) || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISLNK(st.st_mode))
		return add_link(h, fd, name, path);
	if (S_ISREG(st.st_mode))
		return add_found(h, path, NULL, (uint64_t)st.st_size);
	if (!S_ISDIR(st.st_mode) || st.st_dev != h->dev)
		return 0;
	if (st.st_ino == h->s->store.st_ino && st.st_dev == h->s->store.st_dev)
		return 0;
	return walk_below(h, fd, name, path, depth + 1);
}

/* All below the directory fd, which is closed; path is its place below the root ("" for the root). */
static int walk(struct hunt *h, int fd, const char *path, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d) {
		r = err_sys(h->err, errno, "%s/%s", h->root, path);
		(void)close(fd);
		return r;
	}
	while (r >= 0 && (e = readdir(d)))
		r = walk_entry(h, dirfd(d), e->d_name, path, depth);
	(void)closedir(d);
	return r;
}

static int walk_from(struct hunt *h, const char *path)
{
	int fd = openat(h->root_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = err_sys(h->err, errno, "%s/%s", h->root, path);

		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	h->dev = st.st_dev;
	h->base = path;
	return walk(h, fd, path, 0);
}

/* ---- what is named ---- */

typedef int match_fn(struct hunt *h, const char *path, void *arg); /* > 0 ends the search */

/* Entries of directory `dir` that match the first component of pattern, and on with the rest of it. */
static int glob_dir(struct hunt *h, const char *dir, const char *pattern, match_fn *on_match, void *arg)
{
	size_t len = strcspn(pattern, "/");
	_free_ char *part = nn_strndup(pattern, len);
	const char *rest = pattern + len + (pattern[len] == '/');
	int fd = openat(h->root_fd, *dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d)
		return 0; /* nothing there matches */
	while (r == 0 && (e = readdir(d))) {
		_free_ char *path = *dir ? nn_printf("%s/%s", dir, e->d_name) : nn_strdup(e->d_name);

		if (++h->visits > VISITS_MAX)
			r = too_much(h);
		else if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || in_mount(h, dir, e->d_name) ||
			 fnmatch(part, e->d_name, FNM_PERIOD) != 0)
			continue;
		else
			r = *rest ? glob_dir(h, path, rest, on_match, arg) : on_match(h, path, arg);
	}
	(void)closedir(d);
	return r;
}

/* A name as the user wrote it to a path below the root. */
static int root_path(const struct hunt *h, const char *dir, const char *name, char out[PATH_MAX])
{
	const char *inside = name;
	int r;

	if (*name == '/') {
		const char *above = path_below(name, h->root) ? h->root : path_below(name, dir) ? dir : NULL;

		if (!above)
			return err_set(h->err, EXDEV, "%s is not in %s: only files in the code's directory are taken along; "
				       "move it there, or leave it out of required_files if the node has it", name, dir);
		inside = name + strlen(above);
	}
	r = path_append(out, 0, inside);
	if (r == -EXDEV)
		return err_set(h->err, EXDEV, "%s leads out of %s: set path: to a directory that has it all", name, dir);
	if (r < 0)
		return err_set(h->err, -r, "%.100s...: the name is too long", name);
	if (in_mount(h, "", out))
		return err_set(h->err, EXDEV, "%s/%s is in the mount, which is no place for code", h->root, out);
	return 0;
}

static bool has_magic(const char *name)
{
	return strpbrk(name, "*?[") != NULL;
}

/* Calls on_match for what a name stands for. 0 when there is none, else what on_match returned. */
static int find_named(struct hunt *h, const char *dir, const char *name, match_fn *on_match, void *arg)
{
	char path[PATH_MAX];
	int r = root_path(h, dir, name, path);
	struct stat st;

	if (r < 0)
		return r;
	if (fstatat(h->root_fd, *path ? path : ".", &st, 0) == 0)
		return on_match(h, path, arg);
	if (errno != ENOENT && errno != ENOTDIR)
		return err_sys(h->err, errno, "%s/%s", h->root, path);
	return has_magic(path) ? glob_dir(h, "", path, on_match, arg) : 0;
}

static int add_named(struct hunt *h, const char *path, void *arg)
{
	size_t *matches = arg;
	struct stat st;

	(*matches)++;
	if (fstatat(h->root_fd, *path ? path : ".", &st, 0) < 0)
		return err_sys(h->err, errno, "%s/%s", h->root, path);
	if (S_ISDIR(st.st_mode))
		return walk_from(h, path);
	if (S_ISREG(st.st_mode))
		return add_found(h, path, NULL, (uint64_t)st.st_size);
	return err_set(h->err, EINVAL, "%s/%s is neither a file nor a directory", h->root, path);
}

static int not_there(const struct hunt *h, const char *name)
{
	return err_set(h->err, ENOENT, has_magic(name) ? "nothing in %s matches %s" : "%s has no %s", h->root, name);
}

static int hunt_named(struct hunt *h, const char *dir, const char *const *names)
{
	for (; *names; names++) {
		size_t matches = 0;
		int r = find_named(h, dir, *names, add_named, &matches);

		if (r < 0)
			return r;
		if (matches == 0)
			return not_there(h, *names);
	}
	return 0;
}

/* ---- putting blobs into the store ---- */

static unsigned subdir_of(const char *hash)
{
	const char two[3] = {hash[0], hash[1], '\0'};

	return (unsigned)strtoul(two, NULL, 16);
}

static bool in_store(struct snapshot *s, const char *hash)
{
	char path[HASH_HEX + 2];

	hash_path(hash, path);
	s->touched[subdir_of(hash)] = true;
	return faccessat(s->store_fd, path, F_OK, 0) == 0;
}

static struct pending *pending_new(struct snapshot *s)
{
	char id[ULID_LEN + 1];

	if ((s->n_pending & (s->n_pending - 1)) == 0)
		s->pending = nn_realloc(s->pending, (s->n_pending ? 2 * s->n_pending : 1) * sizeof(*s->pending));
	ulid_new(id);
	s->pending[s->n_pending] = (struct pending){0};
	snprintf(s->pending[s->n_pending].tmp, sizeof(s->pending[0].tmp), "tmp-%s", id);
	return &s->pending[s->n_pending++];
}

static int open_tmp(struct snapshot *s, struct pending **ret, struct nn_err *err)
{
	struct pending *p = pending_new(s);
	int fd = openat(s->store_fd, p->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);

	if (fd < 0) {
		s->n_pending--;
		return err_sys(err, errno, "the content store");
	}
	*ret = p;
	return fd;
}

static int store_bytes(struct snapshot *s, const void *data, size_t len, char hash[HASH_HEX + 1], struct nn_err *err)
{
	_close_ int fd = -1;
	struct pending *p;
	int r;

	hash_bytes(data, len, hash);
	if (in_store(s, hash))
		return 0;
	fd = open_tmp(s, &p, err);
	if (fd < 0)
		return fd;
	memcpy(p->hash, hash, sizeof(p->hash));
	r = fd_write_all(fd, data, len);
	return r < 0 ? err_sys(err, -r, "the content store") : 0;
}

/* The copy is what is hashed: a file that changes meanwhile is captured as it was read. */
static int store_copy(struct snapshot *s, int from, char hash[HASH_HEX + 1], uint64_t *ret_size, struct nn_err *err)
{
	struct pending *p;
	_close_ int fd = open_tmp(s, &p, err);
	int r;

	if (fd < 0)
		return fd;
	r = lseek(from, 0, SEEK_SET) < 0 ? -errno : fd_copy(from, fd);
	if (r >= 0)
		r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : hash_fd(fd, hash);
	if (r < 0)
		return err_sys(err, -r, "the content store");
	*ret_size = (uint64_t)lseek(fd, 0, SEEK_CUR);
	memcpy(p->hash, hash, sizeof(p->hash));
	(void)in_store(s, hash); /* marks its subdirectory */
	return 0;
}

static int store_file(struct hunt *h, const struct found *f, struct manifest *m)
{
	_close_ int fd = openat(h->root_fd, f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char hash[HASH_HEX + 1];
	struct stat st;
	uint64_t size;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(h->err, errno, "%s/%s", h->root, f->path);
	if (!S_ISREG(st.st_mode))
		return err_set(h->err, EINVAL, "%s/%s is no file any more", h->root, f->path);
	r = hash_fd(fd, hash);
	if (r < 0)
		return err_sys(h->err, -r, "%s/%s", h->root, f->path);
	size = (uint64_t)lseek(fd, 0, SEEK_CUR);
	if (!in_store(h->s, hash)) {
		r = store_copy(h->s, fd, hash, &size, h->err);
		if (r < 0)
			return err_wrap(h->err, r, "%s/%s", h->root, f->path);
	}
	manifest_add(m, f->path, st.st_mode & S_IXUSR ? 0755 : 0644, size, hash);
	return 0;
}

static int store_link(struct hunt *h, const struct found *f, struct manifest *m)
{
	char hash[HASH_HEX + 1];
	int r = store_bytes(h->s, f->target, strlen(f->target), hash, h->err);

	if (r < 0)
		return r;
	manifest_add(m, f->path, 0777, strlen(f->target), hash);
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r = strcmp(x->path, y->path);

	return r ? r : (x->target != NULL) - (y->target != NULL); /* a file before a link of its name */
}

/* True when a link of the list stands where path needs a directory: then path is reached through the link. */
static bool below_link(const struct hunt *h, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		_free_ char *dir = nn_strndup(path, (size_t)(slash - path));
		struct found key = {.path = dir, .target = dir};

		if (bsearch(&key, h->list, h->n, sizeof(key), by_path))
			return true;
	}
	return false;
}

static int store_found(struct hunt *h, char code[HASH_HEX + 1])
{
	_scoped_(manifest_done) struct manifest m = {0};
	_scoped_(buf_done) struct buf text = {0};
	uint64_t bytes = 0;
	int r = 0;

	if (h->n)
		qsort(h->list, h->n, sizeof(*h->list), by_path);
	for (size_t i = 0; i < h->n && r >= 0; i++) {
		const struct found *f = &h->list[i];

		if ((i && strcmp(h->list[i - 1].path, f->path) == 0) || below_link(h, f->path))
			continue;
		r = f->target ? store_link(h, f, &m) : store_file(h, f, &m);
		bytes += r >= 0 ? m.files[m.n - 1].size : 0;
		if (r >= 0 && bytes > h->bytes_max)
			r = too_much(h); /* they grew */
	}
	if (r < 0)
		return r;
	manifest_sort(&m);
	manifest_encode(&m, &text);
	return store_bytes(h->s, buf_str(&text), text.len, code, h->err);
}

/* ---- the calls ---- */

struct snapshot *snapshot_new(int store_fd, const char *avoid)
{
	struct snapshot *s = nn_alloc(sizeof(*s));

	s->store_fd = store_fd;
	s->avoid = avoid ? nn_strdup(avoid) : NULL;
	if (store_fd >= 0)
		(void)fstat(store_fd, &s->store);
	return s;
}

static void hunt_done(struct hunt *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->list[i].path);
		free(h->list[i].target);
	}
	free(h->list);
	if (h->root_fd >= 0)
		(void)close(h->root_fd);
	free((char *)h->root);
}

static int hunt_open(struct hunt *h, struct snapshot *s, const char *dir, struct nn_err *err)
{
	*h = (struct hunt){.s = s, .root_fd = -1, .base = "", .err = err};
	if (path_below(dir, s->avoid))
		return err_set(err, EXDEV, "%s is in the mount, which is no place for code", dir);
	h->root = realpath(dir, NULL);
	if (!h->root)
		return err_sys(err, errno, "%s", dir);
	if (path_below(h->root, s->avoid))
		return err_set(err, EXDEV, "%s is in the mount, which is no place for code", dir);
	h->root_fd = dir_open(AT_FDCWD, h->root);
	return h->root_fd < 0 ? err_sys(err, -h->root_fd, "%s", dir) : 0;
}

/* Directories that everything is below of: taking them whole is never meant. */
static bool is_common(const char *root)
{
	static const char *const common[] = {"/", "/tmp", "/var/tmp", "/dev/shm", "/home", "/root", "/mnt", "/media"};
	const char *home = getenv("HOME");
	struct stat a, b;

	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (strcmp(root, common[i]) == 0)
			return true;
	return home && stat(home, &a) == 0 && stat(root, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int finish(struct hunt *h, char code[HASH_HEX + 1])
{
	code[0] = '\0';
	return h->s->store_fd < 0 ? 0 : store_found(h, code);
}

int snapshot_whole(struct snapshot *s, const char *dir, char code[HASH_HEX + 1], struct nn_err *err)
{
	_scoped_(hunt_done) struct hunt h;
	int r = hunt_open(&h, s, dir, err);

	if (r < 0)
		return r;
	if (is_common(h.root))
		return err_set(err, EFBIG, "%s is not taken as a whole", h.root);
	h.files_max = SNAPSHOT_WHOLE_FILES_MAX;
	h.bytes_max = SNAPSHOT_WHOLE_BYTES_MAX;
	r = walk_from(&h, "");
	return r < 0 ? r : finish(&h, code);
}

int snapshot_named(struct snapshot *s, const char *dir, const char *const *names, char code[HASH_HEX + 1],
		   struct nn_err *err)
{
	_scoped_(hunt_done) struct hunt h;
	int r = hunt_open(&h, s, dir, err);

	if (r < 0)
		return r;
	h.files_max = SNAPSHOT_NAMED_FILES_MAX;
	h.bytes_max = SNAPSHOT_NAMED_BYTES_MAX;
	r = hunt_named(&h, dir, names);
	return r < 0 ? r : finish(&h, code);
}

static int note_match(struct hunt *h, const char *path, void *arg)
{
	*(bool *)arg = true;
	return 1;
}

int snapshot_has(const char *dir, const char *name, const char *avoid, struct nn_err *err)
{
	struct snapshot s = {.store_fd = -1, .avoid = (char *)avoid};
	_scoped_(hunt_done) struct hunt h;
	bool there = false;
	int r = hunt_open(&h, &s, dir, err);

	if (r >= 0)
		r = find_named(&h, dir, name, note_match, &there);
	if (r < 0)
		return r;
	return there ? 0 : not_there(&h, name);
}

/* The contents must be on the disk before they get the names that promise them. */
static int sync_contents(struct snapshot *s)
{
	if (s->n_pending > FSYNC_EACH_MAX)
		return syncfs(s->store_fd) < 0 ? -errno : 0;
	for (size_t i = 0; i < s->n_pending; i++) {
		_close_ int fd = openat(s->store_fd, s->pending[i].tmp, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || fdatasync(fd) < 0)
			return -errno;
	}
	return 0;
}

/* Gives the last pending blob its name. */
static int name_last(struct snapshot *s)
{
	const struct pending *p = &s->pending[s->n_pending - 1];
	char path[HASH_HEX + 2];
	char dir[3] = {p->hash[0], p->hash[1], '\0'};

	hash_path(p->hash, path);
	if (mkdirat(s->store_fd, dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (renameat(s->store_fd, p->tmp, s->store_fd, path) < 0)
		return -errno;
	s->n_pending--;
	return 0;
}

/* Also those that others named a moment ago: a capture may stand on their blobs. */
static int sync_names(struct snapshot *s)
{
	for (unsigned i = 0; i < 256; i++) {
		char name[3];
		_close_ int fd = -1;

		if (!s->touched[i])
			continue;
		snprintf(name, sizeof(name), "%02x", i);
		fd = dir_open(s->store_fd, name);
		if (fd < 0)
			return fd;
		if (fsync(fd) < 0)
			return -errno;
	}
	return fsync(s->store_fd) < 0 ? -errno : 0;
}

int snapshot_commit(struct snapshot *s, struct nn_err *err)
{
	int r = 0;

	if (s->store_fd < 0)
		return 0;
	r = sync_contents(s);
	while (r >= 0 && s->n_pending)
		r = name_last(s);
	if (r >= 0)
		r = sync_names(s);
	return r < 0 ? err_sys(err, -r, "the content store") : 0;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_pending; i++)
		(void)unlinkat(s->store_fd, s->pending[i].tmp, 0);
	free(s->pending);
	free(s->avoid);
	free(s);
}

#define MANIFEST_BYTES_MAX (256U << 20)

int snapshot_manifest(int store_fd, const char *code, struct manifest *ret, struct nn_err *err)
{
	_scoped_(buf_done) struct buf text = {0};
	char path[HASH_HEX + 2];
	int r;

	if (!hash_ok(code))
		return err_set(err, EINVAL, "no code's name");
	hash_path(code, path);
	r = file_read(store_fd, path, MANIFEST_BYTES_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "the content store: %s", path);
	return manifest_decode(buf_str(&text), text.len, ret, err);
}

int snapshot_tidy(int store_fd)
{
	int fd = dir_open(store_fd, ".");
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return fd < 0 ? fd : -errno;
	}
	while ((e = readdir(d)))
		if (strncmp(e->d_name, "tmp-", 4) == 0)
			(void)unlinkat(store_fd, e->d_name, 0);
	(void)closedir(d);
	return 0;
}
