#include "event.h"

#include "scope.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void json_drop(json_t **json)
{
	json_decref(*json);
}

void event_encode(const struct event *e, struct buf *out)
{
	_scoped_(json_drop) json_t *json = json_pack("{s:I, s:s}", "time", (json_int_t)e->time_ms, "event",
						     run_event_name(e->kind));
	_free_ char *text = NULL;

	if (e->attempt)
		(void)json_object_set_new(json, "attempt", json_integer(e->attempt));
	if (e->pid)
		(void)json_object_set_new(json, "pid", json_integer(e->pid));
	if (e->host[0])
		(void)json_object_set_new(json, "host", json_string(e->host));
	if (e->kind >= EV_FINISHED) {
		(void)json_object_set_new(json, "code", json_integer(e->code));
		(void)json_object_set_new(json, "signal", json_integer(e->signal));
		(void)json_object_set_new(json, "log", json_integer((json_int_t)e->log_bytes));
		(void)json_object_set_new(json, "metrics", json_integer((json_int_t)e->metrics_bytes));
	}
	if (e->reason[0])
		(void)json_object_set_new(json, "reason", json_string(e->reason));
	text = json_dumps(json, JSON_COMPACT);
	buf_adds(out, text ? text : "{}");
	buf_addc(out, '\n');
}

static json_int_t number(const json_t *json, const char *key, json_int_t min, json_int_t max)
{
	json_int_t v = json_integer_value(json_object_get(json, key));

	return v < min || v > max ? 0 : v;
}

static void words(const json_t *json, const char *key, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(json, key));

	snprintf(out, size, "%s", s ? s : "");
}

int event_decode(const char *line, size_t len, struct event *ret)
{
	_scoped_(json_drop) json_t *json = len < EVENT_BYTES_MAX ? json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *name = json_string_value(json_object_get(json, "event"));
	const json_t *time = json_object_get(json, "time");
	struct event e = {0};
	int kind;

	if (!name || !json_is_integer(time))
		return -EBADMSG;
	kind = run_event_parse(name);
	if (kind < 0)
		return -ENOMSG;
	e.kind = (enum run_event_kind)kind;
	e.time_ms = number(json, "time", 0, INT64_MAX / 1000);
	e.attempt = (uint32_t)number(json, "attempt", 0, UINT32_MAX);
	e.pid = (int32_t)number(json, "pid", 0, INT32_MAX);
	e.code = (int32_t)number(json, "code", EXIT_UNKNOWN, 255);
	e.signal = (int32_t)number(json, "signal", 0, 127);
	e.log_bytes = (uint64_t)number(json, "log", 0, INT64_MAX);
	e.metrics_bytes = (uint64_t)number(json, "metrics", 0, INT64_MAX);
	words(json, "host", e.host, sizeof(e.host));
	words(json, "reason", e.reason, sizeof(e.reason));
	*ret = e;
	return 0;
}
