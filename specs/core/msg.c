#include "msg.h"

#include "scope.h"
#include "wire.h"

#include <errno.h>
#include <string.h>

#define FIELDS 9

struct field {
	const char *name;
	json_type type;
};

static const struct {
	const char *name;
	struct field fields[FIELDS];
} rows[MSG_TYPES] = {
	[MSG_HELLO] = {"hello", {{"version", JSON_INTEGER}, {"client", JSON_STRING}}},
	[MSG_CONFIG] = {"config", {{"slots", JSON_INTEGER}}},
	[MSG_SUBMIT] = {"submit", {{"runs", JSON_ARRAY}}},
	[MSG_FOLLOW] = {"follow", {{"runs", JSON_ARRAY}}},
	[MSG_CONTROL] = {"control", {{"id", JSON_STRING}, {"run", JSON_STRING}, {"verb", JSON_STRING}, {"arg", JSON_STRING}}},
	[MSG_PURGE] = {"purge", {{"run", JSON_STRING}}},
	[MSG_PING] = {"ping", {{NULL, JSON_NULL}}},
	[MSG_WELCOME] = {"welcome",
			 {{"version", JSON_INTEGER},
			  {"agent", JSON_STRING},
			  {"host", JSON_STRING},
			  {"node", JSON_STRING},
			  {"boot", JSON_STRING},
			  {"pid", JSON_INTEGER},
			  {"slots", JSON_INTEGER},
			  {"cpus", JSON_INTEGER}}},
	[MSG_ACCEPTED] = {"accepted", {{"runs", JSON_ARRAY}}},
	[MSG_NEED] = {"need", {{"blobs", JSON_ARRAY}, {"runs", JSON_ARRAY}}},
	[MSG_REFUSED] = {"refused", {{"run", JSON_STRING}, {"reason", JSON_STRING}}},
	[MSG_GONE] = {"gone", {{"run", JSON_STRING}, {"reason", JSON_STRING}}},
	[MSG_DONE] = {"done", {{"id", JSON_STRING}}},
	[MSG_DENIED] = {"denied", {{"id", JSON_STRING}, {"reason", JSON_STRING}}},
	[MSG_PURGED] = {"purged", {{"run", JSON_STRING}}},
	[MSG_PONG] = {"pong", {{"slots", JSON_INTEGER}, {"running", JSON_INTEGER}, {"queued", JSON_INTEGER}, {"cpus", JSON_INTEGER}}},
	[MSG_ERROR] = {"error", {{"reason", JSON_STRING}}},
};

const char *msg_name(enum msg_type t)
{
	return t < MSG_TYPES ? rows[t].name : "unknown";
}

bool msg_from_laptop(enum msg_type t)
{
	return t <= MSG_PING;
}

/* The first field that is missing or of another type, or NULL. */
static const char *wrong_field(enum msg_type t, const json_t *json)
{
	for (const struct field *f = rows[t].fields; f < rows[t].fields + FIELDS && f->name; f++) {
		const json_t *v = json_object_get(json, f->name);

		if (!v || json_typeof(v) != f->type)
			return f->name;
	}
	return NULL;
}

void msg_put(struct buf *out, enum msg_type t, json_t *json)
{
	_free_ char *text = NULL;

	if (!json_is_object(json) || wrong_field(t, json) ||
	    json_object_set_new(json, "type", json_string(rows[t].name)) < 0)
		abort(); /* the sender's own bug: the peer would refuse it */
	text = json_dumps(json, JSON_COMPACT);
	if (!text)
		abort();
	frame_put_msg(out, text, strlen(text));
	json_decref(json);
}

int msg_parse(const char *payload, size_t len, enum msg_type *ret_type, json_t **ret, struct nn_err *err)
{
	json_error_t where;
	json_t *json = json_loadb(payload, len, JSON_REJECT_DUPLICATES, &where);
	const char *name = json_string_value(json_object_get(json, "type"));
	const char *wrong;
	int t, r;

	if (!name) {
		json_decref(json);
		return err_set(err, EPROTO, "a message that is no JSON object with a type: %s", json ? "no type" : where.text);
	}
	for (t = 0; t < MSG_TYPES; t++)
		if (strcmp(name, rows[t].name) == 0)
			break;
	if (t == MSG_TYPES) {
		r = err_set(err, ENOMSG, "unknown message '%.40s'", name);
		json_decref(json);
		return r;
	}
	wrong = wrong_field((enum msg_type)t, json);
	if (wrong) {
		json_decref(json);
		return err_set(err, EPROTO, "message '%s': '%s' is missing or wrong", rows[t].name, wrong);
	}
	*ret_type = (enum msg_type)t;
	*ret = json;
	return 0;
}

const char *msg_text(const json_t *msg, const char *key)
{
	return json_string_value(json_object_get(msg, key));
}

json_int_t msg_int(const json_t *msg, const char *key)
{
	return json_integer_value(json_object_get(msg, key));
}
