#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t time_now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t time_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

char *time_text(int64_t unix_ms, char out[32])
{
	time_t s = (time_t)(unix_ms / 1000);
	struct tm tm;
	char day[24];

	if (!gmtime_r(&s, &tm) || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(day, sizeof(day), "1970-01-01T00:00:00");
	snprintf(out, 32, "%s.%03dZ", day, (int)(unix_ms % 1000));
	return out;
}

/* "HH:MM:SS", "MM:SS" -> seconds, or -1. */
static double clock_duration(const char *s)
{
	unsigned part[3];
	int n = 0;

	while (n < 3) {
		char *end;

		if (!isdigit((unsigned char)*s))
			return -1;
		part[n++] = (unsigned)strtoul(s, &end, 10);
		s = end + (*end == ':');
		if (*end == '\0')
			break;
		if (*end != ':')
			return -1;
	}
	if (*s != '\0' || n < 2)
		return -1;
	return n == 3 ? part[0] * 3600.0 + part[1] * 60.0 + part[2] : part[0] * 60.0 + part[1];
}

/* "90", "1h30m", "1.5 h" -> seconds, or -1. */
static double unit_duration(const char *s)
{
	static const struct {
		char unit;
		double seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	double sum = 0;

	if (*s == '\0')
		return -1;
	while (*s) {
		char *end;
		double v;
		size_t i;

		if (!isdigit((unsigned char)*s) && *s != '.')
			return -1;
		v = strtod(s, &end);
		while (*end == ' ')
			end++;
		if (*end == '\0')
			return sum > 0 ? -1 : v;
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (units[i].unit == *end)
				break;
		if (i == sizeof(units) / sizeof(units[0]))
			return -1;
		sum += v * units[i].seconds;
		s = end + 1;
	}
	return sum;
}

int text_duration(const char *s, uint32_t *ret_s, struct nn_err *err)
{
	double v = strchr(s, ':') ? clock_duration(s) : unit_duration(s);

	if (!(v >= 0) || v > 2147483647.0)
		return err_set(err, EINVAL, "'%.60s' is no duration: write 90, 90s, 15m, 1h30m or 01:30:00", s);
	*ret_s = (uint32_t)ceil(v);
	return 0;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._+=@,-", c));
}

bool name_ok(const char *s)
{
	size_t n = 0;

	if (*s == '.')
		return false;
	for (; s[n]; n++)
		if ((unsigned char)s[n] >= 128 || !name_char(s[n]) || n >= NAME_MAX_BYTES)
			return false;
	return n > 0;
}

void name_safe(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_addc(b, (unsigned char)*s < 128 && name_char(*s) ? *s : '_');
}

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ulid_new(char out[ULID_LEN + 1])
{
	uint64_t ms = (uint64_t)time_now_ms();
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* never for 256 bytes or less once the pool is up (getrandom(2)) */
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = crockford[ms & 31];
	for (int i = 0; i < 16; i++)
		out[10 + i] = crockford[random[i] & 31];
	out[ULID_LEN] = '\0';
}

bool ulid_ok(const char *s)
{
	size_t n = 0;

	while (s[n] && strchr(crockford, s[n]))
		n++;
	return n == ULID_LEN && s[n] == '\0';
}

/* True where YAML's core schema reads the plain scalar as the same string and nothing else. */
static bool yaml_plain(const char *s)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "~"};
	const char *p = s;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return false;
	if (!isalpha((unsigned char)*s) && *s != '/' && *s != '_')
		return false;
	for (; *p; p++)
		if (!(isalnum((unsigned char)*p) || strchr(" ._+=@,/()%'<>-", *p)))
			return false;
	return p[-1] != ' ';
}

/* Length of the UTF-8 sequence at s that a YAML stream may hold unescaped, or 0. */
static size_t utf8_printable(const unsigned char *s)
{
	size_t n = s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc3 ? 2 : 0;

	if (s[0] >= 0xf5)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || s[0] == 0xef))
		return 0; /* overlong, surrogates; U+F000.. holds the BOM and non-characters: escaped */
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90)))
		return 0;
	return n;
}

static uint32_t utf8_value(const unsigned char *s)
{
	return ((s[0] & 0x0fU) << 12) | ((s[1] & 0x3fU) << 6) | (s[2] & 0x3fU);
}

void yaml_scalar(struct buf *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	if (yaml_plain(s)) {
		buf_adds(b, s);
		return;
	}
	buf_addc(b, '"');
	while (*p) {
		size_t n = utf8_printable(p);

		if (n) {
			buf_add(b, p, n);
			p += n;
			continue;
		}
		if (p[0] == 0xc2 && (p[1] & 0xc0) == 0x80) { /* U+0080..U+00BF: some are control characters */
			buf_addf(b, "\\x%02x", p[1]);
			p += 2;
			continue;
		}
		if (p[0] == 0xef && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
			buf_addf(b, "\\u%04x", utf8_value(p));
			p += 3;
			continue;
		}
		if (*p == '"' || *p == '\\')
			buf_addf(b, "\\%c", *p);
		else if (*p == '\n')
			buf_adds(b, "\\n");
		else if (*p == '\t')
			buf_adds(b, "\\t");
		else if (*p < 32 || *p >= 127)
			buf_addf(b, "\\x%02x", *p);
		else
			buf_addc(b, (char)*p);
		p++;
	}
	buf_addc(b, '"');
}

void text_verb(char *line, char **ret_verb, char **ret_rest)
{
	char *end = line + strlen(line);
	char *rest;

	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	line += strspn(line, " \t\r\n");
	rest = line + strcspn(line, " \t");
	if (*rest) {
		*rest++ = '\0';
		rest += strspn(rest, " \t");
	}
	*ret_verb = line;
	*ret_rest = rest;
}

int signal_number(const char *name)
{
	char *end;
	long n;

	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *abbrev = sigabbrev_np(sig);

		if (abbrev && strcasecmp(abbrev, name) == 0)
			return sig;
	}
	n = strtol(name, &end, 10);
	return *name && !*end && n > 0 && n <= SIGRTMAX ? (int)n : -EINVAL;
}

const char *signal_name(int sig, char out[24])
{
	const char *abbrev = sig > 0 && sig < SIGRTMIN ? sigabbrev_np(sig) : NULL;

	if (abbrev)
		snprintf(out, 24, "SIG%s", abbrev);
	else
		snprintf(out, 24, "signal %d", sig);
	return out;
}
