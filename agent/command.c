#include "command.h"

#include "fdio.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_MAX (16 << 20)

static const char *const verbs[VERBS] = {
	[VERB_TERMINATE] = "terminate",
	[VERB_KILL] = "kill",
	[VERB_SIGNAL] = "signal",
};

int command_parse(const char *id, const char *verb, const char *arg, struct command *ret, struct nn_err *err)
{
	struct command c = {.grace_s = UINT32_MAX};
	int v = 0;

	while (v < VERBS && strcmp(verb, verbs[v]) != 0)
		v++;
	if (v == VERBS)
		return err_set(err, EINVAL, "'%.40s' is no command that this node knows", verb);
	if (!ulid_ok(id))
		return err_set(err, EINVAL, "a command with a wrong id");
	memcpy(c.id, id, sizeof(c.id));
	c.verb = (enum verb)v;
	if (v == VERB_TERMINATE && arg[0] && text_duration(arg, &c.grace_s, err) < 0)
		return err_wrap(err, -EINVAL, "terminate");
	if (v == VERB_SIGNAL && (c.signal = signal_number(arg)) < 0)
		return err_set(err, EINVAL, "'%.40s' is no signal: write TERM, USR1, INT, ...", arg);
	*ret = c;
	return 0;
}

static int decode(const char *line, size_t len, struct command *ret)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *verb = json_string_value(json_object_get(json, "verb"));
	const char *arg = json_string_value(json_object_get(json, "arg"));
	int r = id && verb && arg ? command_parse(id, verb, arg, ret, NULL) : -EBADMSG;

	json_decref(json);
	return r;
}

int command_read(int run_fd, uint64_t *offset, void (*each)(void *arg, const struct command *c), void *arg)
{
	_scoped_(buf_done) struct buf text = {0};
	int r = file_read(run_fd, "control", CONTROL_MAX, &text);
	char *line, *end;

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (line = text.data + *offset; *offset < text.len && (end = strchr(line, '\n')); line = end + 1) {
		struct command c;

		if (decode(line, (size_t)(end - line), &c) == 0)
			each(arg, &c);
		*offset += (uint64_t)(end - line) + 1;
	}
	return 0;
}

int command_append(int run_fd, const char *id, const char *verb, const char *arg, struct nn_err *err)
{
	_scoped_(buf_done) struct buf text = {0}, line = {0};
	_close_ int fd = openat(run_fd, "control", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	_free_ char *json = NULL;
	json_t *entry;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "control");
	r = file_read(run_fd, "control", CONTROL_MAX, &text);
	if (r < 0)
		return err_sys(err, -r, "control");
	if (strstr(buf_str(&text), id))
		return 0;
	entry = json_pack("{s:s, s:s, s:s}", "id", id, "verb", verb, "arg", arg);
	json = json_dumps(entry, JSON_COMPACT);
	json_decref(entry);
	if (!json)
		return err_set(err, EINVAL, "control: not UTF-8");
	if (text.len && text.data[text.len - 1] != '\n')
		buf_addc(&line, '\n');
	buf_addf(&line, "%s\n", json);
	r = fd_write_all(fd, line.data, line.len);
	if (r >= 0 && fdatasync(fd) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, -r, "control") : 1;
}
