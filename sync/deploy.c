#include "deploy.h"

#include "mem.h"
#include "scope.h"
#include "sftp.h"

#include <ctype.h>
#include <stdbool.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static bool plain(const char *path)
{
	for (; *path; path++)
		if (!isalnum((unsigned char)*path) && !strchr("/._+=@,-", *path))
			return false;
	return true;
}

int deploy_plan(const char *agent, const char *workdir, struct deploy *ret, struct nn_err *err)
{
	_close_ int fd = open(agent, O_RDONLY | O_CLOEXEC);
	const char *dir = !workdir ? ".neronet" : strncmp(workdir, "~/", 2) == 0 ? workdir + 2 : workdir;
	struct deploy d = {0};
	int r = fd < 0 ? -errno : hash_fd(fd, d.hash);

	if (r < 0)
		return err_sys(err, -r, "the agent's file %s", agent);
	if (!*dir || !plain(dir))
		return err_set(err, EINVAL, "workdir '%s': only letters, digits and / . _ + = @ , - are possible", dir);
	d.bin = nn_printf("%s/bin", dir);
	d.path = nn_printf("%s/neronet-agent-%s", d.bin, d.hash);
	d.command = workdir ? nn_printf("%s attach --dir %s", d.path, dir) : nn_printf("%s attach", d.path);
	*ret = d;
	return 0;
}

void deploy_done(struct deploy *d)
{
	free(d->command);
	free(d->bin);
	free(d->path);
}

int deploy_upload(const struct deploy *d, struct session *s, const char *agent, struct nn_err *err)
{
	_scoped_(sftp_closep) struct sftp *sftp = NULL;
	_free_ char *tmp = nn_printf("%s.tmp", d->path);
	int r = sftp_open_session(s, &sftp, err);

	r = r < 0 ? r : sftp_make_dirs(sftp, d->bin, err);
	r = r < 0 ? r : sftp_upload(sftp, agent, tmp, 0700, err);
	r = r < 0 ? r : sftp_replace(sftp, tmp, d->path, err);
	return r < 0 ? err_wrap(err, r, "copying the agent to the node") : 0;
}
