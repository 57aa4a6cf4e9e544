#include "rundir.h"

#include "fdio.h"
#include "manifest.h"
#include "mem.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_MAX (64 << 20)

static int make_dir(int at, const char *name, struct nn_err *err)
{
	int r = dir_make(at, name);
	int fd = r < 0 ? r : dir_open(at, name);

	return fd < 0 ? err_sys(err, -fd, "directory %s", name) : fd;
}

static int check_owner(int fd, const char *path, struct nn_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (st.st_uid != geteuid())
		return err_set(err, EPERM, "%s belongs to another user", path);
	if ((st.st_mode & 077) && fchmod(fd, 0700) < 0)
		return err_sys(err, errno, "%s", path);
	return 0;
}

static int node_id(struct workdir *w, struct nn_err *err)
{
	_scoped_(buf_done) struct buf text = {0};
	int r = file_read(w->fd, "node", 64, &text);

	if (r >= 0 && text.len > ULID_LEN)
		text.data[ULID_LEN] = '\0';
	if (r >= 0 && ulid_ok(buf_str(&text))) {
		memcpy(w->node, text.data, ULID_LEN + 1);
		return 0;
	}
	ulid_new(w->node);
	r = file_replace(w->fd, "node", w->node, ULID_LEN, 0600);
	return r < 0 ? err_sys(err, -r, "node") : 0;
}

int workdir_open(const char *path, struct workdir *ret, struct nn_err *err)
{
	struct workdir w = {.fd = -1, .store_fd = -1, .runs_fd = -1, .host_fd = -1, .live_fd = -1};
	_scoped_(buf_done) struct buf host = {0};
	const char *home = getenv("HOME");
	_free_ char *dir = NULL, *live = NULL;
	char name[65] = "";
	int r;

	if (!path && (!home || home[0] != '/'))
		return err_set(err, ENOENT, "HOME is not set");
	w.path = path ? nn_strdup(path) : nn_printf("%s/.neronet", home);
	(void)gethostname(name, sizeof(name) - 1);
	name_safe(&host, name[0] ? name : "localhost");
	snprintf(w.host, sizeof(w.host), "%s", host.data);
	dir = nn_printf("hosts/%s", w.host);
	live = nn_printf("%s/live", dir);
	r = w.fd = make_dir(AT_FDCWD, w.path, err);
	r = r < 0 ? r : check_owner(w.fd, w.path, err);
	r = r < 0 ? r : (w.store_fd = make_dir(w.fd, "store", err));
	r = r < 0 ? r : (w.runs_fd = make_dir(w.fd, "runs", err));
	r = r < 0 ? r : (w.live_fd = make_dir(w.fd, live, err));
	r = r < 0 ? r : (w.host_fd = make_dir(w.fd, dir, err));
	r = r < 0 ? r : node_id(&w, err);
	if (r < 0) {
		workdir_close(&w);
		return r;
	}
	*ret = w;
	return 0;
}

void workdir_close(struct workdir *w)
{
	int *fds[] = {&w->fd, &w->store_fd, &w->runs_fd, &w->host_fd, &w->live_fd};

	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (*fds[i] >= 0)
			(void)close(TAKE_FD(*fds[i]));
	free(TAKE(w->path));
}

int rundir_open(const struct workdir *w, const char *id)
{
	return dir_open(w->runs_fd, id);
}

int rundir_load(int run_fd, struct record *ret, struct run_note *ret_note, struct nn_err *err)
{
	_scoped_(buf_done) struct buf text = {0};
	int r = file_read(run_fd, "record.json", RECORD_BYTES_MAX + 4096, &text);
	json_t *json;
	const char *host;

	if (r < 0)
		return err_sys(err, -r, "record.json");
	json = json_loadb(buf_str(&text), text.len, 0, NULL);
	host = json_string_value(json_object_get(json, "host"));
	if (!json || !host || !json_is_integer(json_object_get(json, "order")))
		r = err_set(err, EBADMSG, "record.json is damaged");
	else
		r = record_from_json(json, ret, err);
	if (r >= 0) {
		ret_note->order = (uint64_t)json_integer_value(json_object_get(json, "order"));
		snprintf(ret_note->host, sizeof(ret_note->host), "%s", host);
	}
	json_decref(json);
	return r;
}

int rundir_create(const struct workdir *w, const struct record *r, const struct run_note *note, struct nn_err *err)
{
	_free_ char *tmp = nn_printf("tmp-%s", r->id), *text = NULL;
	_close_ int fd = -1, file = -1;
	json_t *json = record_to_json(r);
	int result;

	(void)json_object_set_new(json, "order", json_integer((json_int_t)note->order));
	(void)json_object_set_new(json, "host", json_string(note->host));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	(void)dir_remove(w->runs_fd, tmp);
	fd = make_dir(w->runs_fd, tmp, err);
	if (fd < 0)
		return fd;
	file = openat(fd, "record.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	result = file < 0 ? -errno : fd_write_all(file, text, strlen(text));
	return result < 0 ? err_sys(err, -result, "record.json") : TAKE_FD(fd);
}

int rundir_commit(const struct workdir *w, const char *id, struct nn_err *err)
{
	_free_ char *tmp = nn_printf("tmp-%s", id);

	if (renameat(w->runs_fd, tmp, w->runs_fd, id) < 0)
		return err_sys(err, errno, "runs/%s", id);
	return 0;
}

int rundir_sync(const struct workdir *w, const char *id, struct nn_err *err)
{
	_close_ int run = rundir_open(w, id);
	_close_ int record = run < 0 ? -1 : openat(run, "record.json", O_RDONLY | O_CLOEXEC);
	_close_ int journal = run < 0 ? -1 : openat(run, "journal", O_RDONLY | O_CLOEXEC);

	if (record < 0 || journal < 0 || fdatasync(record) < 0 || fdatasync(journal) < 0 || fsync(run) < 0 ||
	    fsync(w->runs_fd) < 0 || fsync(w->live_fd) < 0)
		return err_sys(err, errno, "run %s", id);
	return 0;
}

int rundir_remove(const struct workdir *w, const char *id)
{
	_free_ char *tmp = nn_printf("tmp-%s", id);

	if (renameat(w->runs_fd, id, w->runs_fd, tmp) < 0)
		return errno == ENOENT ? 0 : -errno;
	return dir_remove(w->runs_fd, tmp);
}

static int lay_out_link(int blob, int dir, const char *path)
{
	char target[4096];
	ssize_t n = fd_read_full(blob, target, sizeof(target) - 1);

	if (n < 0)
		return (int)n;
	target[n] = '\0';
	return symlinkat(target, dir, path) < 0 ? -errno : 0;
}

static int lay_out_file(const struct workdir *w, int dir, const struct manifest_file *f)
{
	char where[HASH_HEX + 2];
	_close_ int blob = -1, out = -1;
	char *slash;

	hash_path(f->hash, where);
	blob = openat(w->store_fd, where, O_RDONLY | O_CLOEXEC);
	if (blob < 0)
		return -errno;
	slash = strrchr(f->path, '/');
	if (slash) {
		_free_ char *parent = nn_strndup(f->path, (size_t)(slash - f->path));
		int r = dir_make(dir, parent);

		if (r < 0)
			return r;
	}
	if (f->mode == 0777)
		return lay_out_link(blob, dir, f->path);
	out = openat(dir, f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, f->mode);
	return out < 0 ? -errno : fd_copy(blob, out);
}

static int read_manifest(const struct workdir *w, const char *hash, struct manifest *ret, struct nn_err *err)
{
	_scoped_(buf_done) struct buf text = {0};
	char where[HASH_HEX + 2];
	int r;

	hash_path(hash, where);
	r = file_read(w->store_fd, where, MANIFEST_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "the list of the run's files");
	return manifest_decode(buf_str(&text), text.len, ret, err);
}

int rundir_lay_out(const struct workdir *w, int run_fd, const struct record *rec, struct nn_err *err)
{
	_scoped_(manifest_done) struct manifest m = {0};
	_close_ int dir = -1;
	int r = 0;

	if (faccessat(run_fd, "work", F_OK, 0) == 0)
		return 0;
	if (rec->code[0] && (r = read_manifest(w, rec->code, &m, err)) < 0)
		return r;
	(void)dir_remove(run_fd, "work.tmp");
	dir = make_dir(run_fd, "work.tmp", err);
	if (dir < 0)
		return dir;
	for (size_t i = 0; i < m.n; i++) {
		r = lay_out_file(w, dir, &m.files[i]);
		if (r < 0)
			return err_sys(err, -r, "laying out %s", m.files[i].path);
	}
	if (renameat(run_fd, "work.tmp", run_fd, "work") < 0)
		return err_sys(err, errno, "work");
	return 0;
}

int live_add(const struct workdir *w, const char *id)
{
	_close_ int fd = openat(w->live_fd, id, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : 0;
}

void live_remove(const struct workdir *w, const char *id)
{
	(void)unlinkat(w->live_fd, id, 0);
}
