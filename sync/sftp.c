#include "sftp.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK (255 * 1024) /* libssh's writes wait for their answers: as large as servers take them */

struct sftp {
	ssh_session ssh;
	sftp_session sftp;
};

static int failed(struct sftp *s, struct nn_err *err, const char *what)
{
	static const struct {
		int code;
		const char *words;
	} codes[] = {
		{SSH_FX_NO_SUCH_FILE, "no such file or directory"},
		{SSH_FX_PERMISSION_DENIED, "permission denied"},
		{SSH_FX_FAILURE, "the node refused (is its disk full?)"},
	};
	int code = sftp_get_error(s->sftp);

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return err_set(err, EIO, "%s: %s", what, codes[i].words);
	return err_set(err, EIO, "%s: %s", what, ssh_get_error(s->ssh));
}

int sftp_open_session(struct session *session, struct sftp **ret, struct nn_err *err)
{
	struct sftp *s = nn_alloc(sizeof(*s));

	s->ssh = session_handle(session);
	ssh_set_blocking(s->ssh, 1);
	s->sftp = sftp_new(s->ssh);
	if (!s->sftp || sftp_init(s->sftp) != SSH_OK) {
		int r = err_set(err, EIO, "no SFTP on the node: %s", ssh_get_error(s->ssh));

		sftp_closep(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void sftp_closep(struct sftp **s)
{
	if (*s && (*s)->sftp)
		sftp_free((*s)->sftp);
	free(TAKE(*s));
}

int sftp_make_dirs(struct sftp *s, const char *path, struct nn_err *err)
{
	_free_ char *copy = nn_strdup(path);

	for (char *p = copy + 1;; p++) {
		char c = *p;
		sftp_attributes there;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		there = sftp_stat(s->sftp, copy);
		if (there)
			sftp_attributes_free(there);
		else if (sftp_mkdir(s->sftp, copy, 0700) < 0)
			return failed(s, err, copy);
		*p = c;
		if (c == '\0')
			return 0;
	}
}

static int write_all(sftp_file file, int from, uint64_t *ret_size)
{
	_free_ char *block = nn_alloc(BLOCK);
	ssize_t n;

	while ((n = fd_read_full(from, block, BLOCK)) > 0) {
		for (ssize_t at = 0; at < n;) {
			ssize_t w = sftp_write(file, block + at, (size_t)(n - at));

			if (w <= 0)
				return -EIO;
			at += w;
		}
		*ret_size += (uint64_t)n;
	}
	return (int)n;
}

int sftp_upload(struct sftp *s, const char *from, const char *to, mode_t mode, struct nn_err *err)
{
	_close_ int fd = open(from, O_RDONLY | O_CLOEXEC);
	sftp_file file = fd < 0 ? NULL : sftp_open(s->sftp, to, O_WRONLY | O_CREAT | O_TRUNC, mode);
	sftp_attributes there;
	uint64_t size = 0;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "%s", from);
	if (!file)
		return failed(s, err, to);
	r = write_all(file, fd, &size);
	if (sftp_close(file) != SSH_OK || r < 0)
		return failed(s, err, to);
	there = sftp_stat(s->sftp, to);
	r = there && there->size == size ? sftp_chmod(s->sftp, to, mode) : -1;
	if (there)
		sftp_attributes_free(there);
	return r < 0 ? failed(s, err, to) : 0;
}

int sftp_replace(struct sftp *s, const char *from, const char *to, struct nn_err *err)
{
	(void)sftp_unlink(s->sftp, to); /* SFTP's rename replaces nothing */
	return sftp_rename(s->sftp, from, to) < 0 ? failed(s, err, to) : 0;
}
