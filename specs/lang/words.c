#include "words.h"

#include "mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct splitter {
	const char *text, *p;
	struct shell_words *out;
	struct buf word;
	bool in_word, quoted;
	size_t start;
};

static void begin(struct splitter *s, bool quoted)
{
	if (!s->in_word)
		s->start = (size_t)(s->p - s->text);
	s->in_word = true;
	s->quoted |= quoted;
}

static void end(struct splitter *s)
{
	struct shell_words *w = s->out;

	if (!s->in_word)
		return;
	if ((w->n & (w->n - 1)) == 0)
		w->list = nn_realloc(w->list, (w->n ? 2 * w->n : 1) * sizeof(*w->list));
	w->list[w->n++] = (struct shell_word){nn_strdup(buf_str(&s->word)), s->quoted, s->start};
	buf_reset(&s->word);
	s->in_word = s->quoted = false;
}

/* At an opening quote. Leaves p behind the closing one. */
static const char *in_quotes(struct splitter *s, char quote)
{
	for (s->p++; *s->p != quote; s->p++) {
		if (*s->p == '\0')
			return quote == '"' ? "a \" without the closing one" : "a ' without the closing one";
		if (quote == '"' && *s->p == '\\' && s->p[1] == '\n') {
			s->p++;
			continue;
		}
		if (quote == '"' && *s->p == '\\' && s->p[1] && strchr("\\\"$`", s->p[1]))
			s->p++;
		buf_addc(&s->word, *s->p);
	}
	s->p++;
	return NULL;
}

static const char *next(struct splitter *s)
{
	char c = *s->p;

	if (strchr(" \t\r\n", c)) {
		end(s);
		s->p++;
		return s->out->n > WORDS_MAX ? "more than 4096 words" : NULL;
	}
	if (c == '\\' && s->p[1] == '\n') {
		s->p += 2;
		return NULL;
	}
	begin(s, c == '\'' || c == '"' || c == '\\');
	if (c == '\'' || c == '"')
		return in_quotes(s, c);
	if (c == '\\' && *++s->p == '\0')
		return "a backslash at the end";
	buf_addc(&s->word, *s->p++);
	return NULL;
}

int words_split(const char *text, struct shell_words *ret, const char **ret_why, size_t *ret_offset)
{
	struct shell_words words = {0};
	struct splitter s = {.text = text, .p = text, .out = &words};
	const char *why = NULL;

	while (!why && *s.p) {
		*ret_offset = (size_t)(s.p - text);
		why = next(&s);
	}
	if (!why) {
		end(&s);
		why = words.n > WORDS_MAX ? "more than 4096 words" : NULL;
	}
	buf_done(&s.word);
	if (why) {
		words_done(&words);
		*ret_why = why;
		return -EINVAL;
	}
	*ret = words;
	return 0;
}

void words_done(struct shell_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i].text);
	free(w->list);
	*w = (struct shell_words){0};
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 32 || *s == 127)
			return true;
	return false;
}

/* $'...' as bash and POSIX 2024 read it, so that a line stays a line. */
static void put_escaped(const char *word, struct buf *out)
{
	buf_adds(out, "$'");
	for (; *word; word++) {
		if (*word == '\'' || *word == '\\')
			buf_addf(out, "\\%c", *word);
		else if ((unsigned char)*word < 32 || *word == 127)
			buf_addf(out, "\\%03o", (unsigned char)*word);
		else
			buf_addc(out, *word);
	}
	buf_addc(out, '\'');
}

static void put_quoted(const char *word, struct buf *out)
{
	buf_addc(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	}
	buf_addc(out, '\'');
}

void words_join(char *const *argv, struct buf *out)
{
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_addc(out, ' ');
		if (has_control(argv[i]))
			put_escaped(argv[i], out);
		else if (!*argv[i] || strpbrk(argv[i], " '\"\\$`|&;<>()*?[#~!"))
			put_quoted(argv[i], out);
		else
			buf_adds(out, argv[i]);
	}
}
