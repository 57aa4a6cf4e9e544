#include "manifest.h"

#include "mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void manifest_done(struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->files[i].path);
	free(m->files);
	*m = (struct manifest){0};
}

void manifest_add(struct manifest *m, const char *path, unsigned mode, uint64_t size, const char *hash)
{
	struct manifest_file *f;

	if ((m->n & (m->n - 1)) == 0) /* grow at powers of two */
		m->files = nn_realloc(m->files, (m->n ? 2 * m->n : 1) * sizeof(*m->files));
	f = &m->files[m->n++];
	*f = (struct manifest_file){.mode = mode, .size = size, .path = nn_strdup(path)};
	snprintf(f->hash, sizeof(f->hash), "%s", hash);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->path, ((const struct manifest_file *)b)->path);
}

void manifest_sort(struct manifest *m)
{
	size_t kept = 0;

	if (m->n)
		qsort(m->files, m->n, sizeof(*m->files), by_path);
	for (size_t i = 0; i < m->n; i++) {
		if (kept && strcmp(m->files[kept - 1].path, m->files[i].path) == 0)
			free(m->files[i].path);
		else
			m->files[kept++] = m->files[i];
	}
	m->n = kept;
}

void manifest_encode(const struct manifest *m, struct buf *out)
{
	for (size_t i = 0; i < m->n; i++)
		buf_addf(out, "%o %" PRIu64 " %s %s\n", m->files[i].mode, m->files[i].size, m->files[i].hash,
			 m->files[i].path);
}

bool manifest_path_ok(const char *path)
{
	const char *p = path;

	if (strlen(path) >= 4096 || strchr(path, '\n'))
		return false;
	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || n > 255 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		if (p[n] == '\0')
			return true;
		p += n + 1;
	}
}

static int decode_line(char *line, struct manifest *m)
{
	char *save = NULL;
	char *mode = strtok_r(line, " ", &save);
	char *size = strtok_r(NULL, " ", &save);
	char *hash = strtok_r(NULL, " ", &save);
	char *end = NULL;
	uint64_t bytes;
	unsigned bits;

	if (!mode || !size || !hash || !save || !hash_ok(hash) || !manifest_path_ok(save))
		return -EINVAL;
	bits = strcmp(mode, "644") == 0 ? 0644 : strcmp(mode, "755") == 0 ? 0755 : strcmp(mode, "777") == 0 ? 0777 : 0;
	bytes = strtoull(size, &end, 10);
	if (bits == 0 || *end != '\0' || size[0] == '-')
		return -EINVAL;
	if (m->n && strcmp(m->files[m->n - 1].path, save) >= 0)
		return -EINVAL;
	manifest_add(m, save, bits, bytes, hash);
	return 0;
}

/* A file must not stand where another path needs a directory: "a" and "a/b". Sorted order puts others between. */
static bool nests_in_file(const struct manifest *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *path = m->files[i].path;

		for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
			char *dir = nn_strndup(path, (size_t)(slash - path));
			struct manifest_file key = {.path = dir};
			bool hit = bsearch(&key, m->files, m->n, sizeof(key), by_path);

			free(dir);
			if (hit)
				return true;
		}
	}
	return false;
}

int manifest_decode(const char *text, size_t len, struct manifest *ret, struct nn_err *err)
{
	struct manifest m = {0};
	char *copy = nn_strndup(text, len);
	char *line = copy;
	size_t n = 0;
	int r = strlen(copy) == len ? 0 : -EINVAL;

	while (r >= 0 && *line) {
		char *end = strchr(line, '\n');

		n++;
		if (!end) {
			r = -EINVAL;
			break;
		}
		*end = '\0';
		r = decode_line(line, &m);
		line = end + 1;
	}
	free(copy);
	if (r >= 0 && nests_in_file(&m))
		r = -EINVAL;
	if (r < 0) {
		manifest_done(&m);
		return err_set(err, EINVAL, "manifest: line %zu is damaged", n);
	}
	*ret = m;
	return 0;
}
