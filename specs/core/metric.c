#include "metric.h"

#include "mem.h"
#include "scope.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool name_more(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_./-@", c));
}

static size_t name_len(const char *p, const char *end)
{
	size_t n = 0;

	if (p == end || !name_start(*p))
		return 0;
	while (p + n < end && name_more(p[n]))
		n++;
	return n;
}

/* Length of the decimal number, inf or nan at p, or 0. Not strtod alone: no hex, no locale, no reading past end. */
static size_t number_len(const char *p, const char *end)
{
	const char *q = p;
	int digits = 0;

	if (q < end && (*q == '-' || *q == '+'))
		q++;
	if (end - q >= 3 && (strncasecmp(q, "inf", 3) == 0 || strncasecmp(q, "nan", 3) == 0)) {
		q += 3;
		if (end - q >= 5 && strncasecmp(q, "inity", 5) == 0)
			q += 5;
		return (size_t)(q - p);
	}
	for (; q < end && isdigit((unsigned char)*q); q++)
		digits++;
	if (q < end && *q == '.')
		for (q++; q < end && isdigit((unsigned char)*q); q++)
			digits++;
	if (digits == 0)
		return 0;
	if (q < end && (*q == 'e' || *q == 'E')) {
		const char *x = q + 1;

		if (x < end && (*x == '-' || *x == '+'))
			x++;
		if (x < end && isdigit((unsigned char)*x)) {
			while (x < end && isdigit((unsigned char)*x))
				x++;
			q = x;
		}
	}
	return (size_t)(q - p);
}

static bool set_point(struct metric_point *pt, const char *name, size_t n_name, const char *num, size_t n_num)
{
	if (n_name > METRIC_NAME_MAX || n_num > METRIC_VALUE_MAX)
		return false;
	memcpy(pt->name, name, n_name);
	pt->name[n_name] = '\0';
	memcpy(pt->text, num, n_num);
	pt->text[n_num] = '\0';
	pt->value = strtod(pt->text, NULL);
	return true;
}

static bool ends_number(const char *p, const char *end)
{
	return p == end || isspace((unsigned char)*p) || strchr(",;)]%}", *p);
}

static size_t scan_json(const char *line, size_t len, struct metric_point *points, size_t max)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach (json, key, value) {
		char text[64];

		if (n == max || !json_is_number(value) || name_len(key, key + strlen(key)) != strlen(key))
			continue;
		if (json_is_integer(value))
			snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else
			snprintf(text, sizeof(text), "%.17g", json_real_value(value));
		n += set_point(&points[n], key, strlen(key), text, strlen(text));
	}
	json_decref(json);
	return n;
}

/* "NAME NUMBER" and nothing else. */
static size_t scan_pair(const char *p, const char *end, struct metric_point *points)
{
	size_t n_name = name_len(p, end);
	const char *num = p + n_name;
	size_t n_num;

	while (num < end && (*num == ' ' || *num == '\t'))
		num++;
	n_num = number_len(num, end);
	if (n_name == 0 || num == p + n_name || n_num == 0 || num + n_num != end)
		return 0;
	return set_point(points, p, n_name, num, n_num);
}

static size_t scan_assignments(const char *p, const char *end, struct metric_point *points, size_t max)
{
	size_t n = 0;

	while (p < end && n < max) {
		size_t n_name = name_len(p, end);
		const char *num;
		size_t n_num;

		if (n_name == 0) {
			/* a name begins only after something that cannot belong to one */
			while (p < end && name_more(*p))
				p++;
			while (p < end && !name_more(*p))
				p++;
			continue;
		}
		num = p + n_name;
		while (num < end && *num == ' ')
			num++;
		if (num == end || (*num != '=' && *num != ':')) {
			p += n_name;
			continue;
		}
		num++;
		while (num < end && (*num == ' ' || *num == '\t'))
			num++;
		n_num = number_len(num, end);
		if (n_num && ends_number(num + n_num, end)) {
			n += set_point(&points[n], p, n_name, num, n_num);
			num += n_num;
		}
		p = num;
	}
	return n;
}

size_t metric_scan(const char *line, size_t len, struct metric_point *points, size_t max)
{
	const char *p = line;
	const char *end = line + (len < METRIC_LINE_MAX ? len : METRIC_LINE_MAX);
	size_t n;

	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	if (p == end || max == 0)
		return 0;
	if (*p == '{' && end[-1] == '}')
		return scan_json(p, (size_t)(end - p), points, max);
	n = scan_pair(p, end, points);
	return n ? n : scan_assignments(p, end, points, max);
}

static void forget_seen(struct metric_steps *s)
{
	for (size_t i = 0; i < s->n_seen; i++)
		free(s->seen[i]);
	s->n_seen = 0;
}

void metric_steps_done(struct metric_steps *s)
{
	forget_seen(s);
	free(s->seen);
	*s = (struct metric_steps){0};
}

static bool was_seen(const struct metric_steps *s, const char *name)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (strcmp(s->seen[i], name) == 0)
			return true;
	return false;
}

static void count_step(struct metric_steps *s, const char *name)
{
	if (s->step == 0 || was_seen(s, name)) {
		s->step++;
		forget_seen(s);
	}
	if (s->n_seen == METRICS_PER_RUN)
		return;
	s->seen = nn_realloc(s->seen, (s->n_seen + 1) * sizeof(*s->seen));
	s->seen[s->n_seen++] = nn_strdup(name);
}

void metric_steps_put(struct metric_steps *s, const struct metric_point *points, size_t n, int64_t time_ms, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(points[i].name, "step") != 0 || !(fabs(points[i].value) < 9e15))
			continue;
		s->step = (int64_t)points[i].value;
		s->explicit_step = 1;
	}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(points[i].name, "step") == 0)
			continue;
		if (!s->explicit_step)
			count_step(s, points[i].name);
		buf_addf(out, "%" PRId64 " %" PRId64 " %s %s\n", s->step, time_ms, points[i].name, points[i].text);
	}
}

int metric_row_decode(const char *line, size_t len, struct metric_row *ret)
{
	char copy[METRIC_NAME_MAX + METRIC_VALUE_MAX + 64];
	struct metric_row row;
	size_t n_value;
	int at = 0;

	if (len >= sizeof(copy))
		return -EBADMSG;
	memcpy(copy, line, len);
	copy[len] = '\0';
	if (sscanf(copy, "%" SCNd64 " %" SCNd64 " %64[A-Za-z0-9_./@-] %n", &row.step, &row.time_ms, row.name, &at) != 3 || at == 0)
		return -EBADMSG;
	n_value = len - (size_t)at;
	if (n_value == 0 || n_value > METRIC_VALUE_MAX || !name_start(row.name[0]) ||
	    number_len(copy + at, copy + len) != n_value)
		return -EBADMSG;
	memcpy(row.text, copy + at, n_value + 1);
	*ret = row;
	return 0;
}
