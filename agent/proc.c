#include "proc.h"

#include "buf.h"
#include "fdio.h"
#include "mem.h"
#include "scope.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct proc {
	pid_t pid, parent;
	char state;
	uint64_t start;
	bool in;
};

void proc_boot_id(char out[BOOT_ID_LEN + 1])
{
	_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_full(fd, out, BOOT_ID_LEN);

	out[n > 0 ? n : 0] = '\0';
}

/* Fields 3 (state), 4 (ppid) and 22 (start time), counted from the last ')' since the name may hold anything. */
static int proc_stat(pid_t pid, struct proc *ret)
{
	char path[32], text[1024];
	_close_ int fd = -1;
	ssize_t n;
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	p = strrchr(text, ')');
	if (!p || p[1] == '\0')
		return -ESRCH;
	*ret = (struct proc){.pid = pid, .state = p[2]};
	ret->parent = (pid_t)strtol(p + 3, &p, 10);
	for (int field = 5; field < 22; field++)
		p += strcspn(p + 1, " ") + 1;
	ret->start = strtoull(p, NULL, 10);
	return 0;
}

uint64_t proc_start(pid_t pid)
{
	struct proc p;

	return proc_stat(pid, &p) < 0 || p.state == 'Z' || p.state == 'X' ? 0 : p.start;
}

int proc_open(pid_t pid, uint64_t start)
{
	_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	if (start == 0 || proc_start(pid) != start)
		return -ESRCH;
	return TAKE_FD(fd);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct proc *)a)->pid, y = ((const struct proc *)b)->pid;

	return (x > y) - (x < y);
}

static struct proc *list_all(size_t *ret_n)
{
	DIR *d = opendir("/proc");
	struct proc *list = NULL;
	struct dirent *e;
	size_t n = 0, cap = 0;

	while (d && (e = readdir(d))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == cap)
			list = nn_realloc(list, (cap = cap ? 2 * cap : 256) * sizeof(*list));
		if (proc_stat((pid_t)atoi(e->d_name), &list[n]) == 0)
			n++;
	}
	if (d)
		(void)closedir(d);
	if (n)
		qsort(list, n, sizeof(*list), by_pid);
	*ret_n = n;
	return list;
}

static bool has_tag(pid_t pid, const char *tag)
{
	_scoped_(buf_done) struct buf env = {0};
	char path[32];
	size_t len = strlen(tag) + 1;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	if (file_read(AT_FDCWD, path, 1 << 20, &env) < 0)
		return false;
	for (const char *p = buf_str(&env), *end = p + env.len; p < end; p += strnlen(p, (size_t)(end - p)) + 1)
		if ((size_t)(end - p) >= len - 1 && strncmp(p, tag, len) == 0)
			return true;
	return false;
}

static bool is_root(const pid_t *roots, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (roots[i] == pid)
			return true;
	return false;
}

ssize_t proc_tree(const pid_t *roots, size_t n_roots, const char *tag, pid_t **ret)
{
	size_t n, found = 0;
	_free_ struct proc *all = list_all(&n);
	bool grew = true;

	for (size_t i = 0; tag && i < n; i++)
		all[i].in = all[i].state != 'Z' && !is_root(roots, n_roots, all[i].pid) && has_tag(all[i].pid, tag);
	while (grew) {
		grew = false;
		for (size_t i = 0; i < n; i++) {
			struct proc key = {.pid = all[i].parent};
			const struct proc *parent = bsearch(&key, all, n, sizeof(key), by_pid);

			if (all[i].in || is_root(roots, n_roots, all[i].pid))
				continue;
			if ((parent && parent->in) || is_root(roots, n_roots, all[i].parent))
				grew = all[i].in = true;
		}
	}
	*ret = nn_calloc(n, sizeof(**ret));
	for (size_t i = 0; i < n; i++)
		if (all[i].in && all[i].state != 'Z' && all[i].state != 'X')
			(*ret)[found++] = all[i].pid;
	return (ssize_t)found;
}
