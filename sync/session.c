#include "session.h"

#include "mem.h"
#include "scope.h"

#include <errno.h>
#include <libssh/libssh.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct session {
	ssh_session ssh;
};

void *session_handle(struct session *s)
{
	return s->ssh;
}

void session_close(struct session *s)
{
	if (!s)
		return;
	if (ssh_is_connected(s->ssh))
		ssh_disconnect(s->ssh);
	ssh_free(s->ssh);
	free(s);
}

static void drop(struct session **s)
{
	session_close(*s);
}

/* "[user@]host[:port]"; a second ':' makes it an IPv6 address without a port. */
static int set_address(ssh_session ssh, const char *address)
{
	_free_ char *copy = nn_strdup(address);
	char *at = strrchr(copy, '@'), *host = at ? at + 1 : copy, *colon = strchr(host, ':');

	if (at)
		*at = '\0';
	if (colon && strchr(colon + 1, ':'))
		colon = NULL;
	if (colon)
		*colon = '\0';
	if (ssh_options_set(ssh, SSH_OPTIONS_HOST, host) < 0 || (at && ssh_options_set(ssh, SSH_OPTIONS_USER, copy) < 0) ||
	    (colon && ssh_options_set(ssh, SSH_OPTIONS_PORT_STR, colon + 1) < 0))
		return -EINVAL;
	return 0;
}

/* What libssh must not take from the user's file: StrictHostKeyChecking no would let changed host keys pass (libssh 0.10). */
static int set_options(ssh_session ssh, const struct session_config *c, struct nn_err *err)
{
	const long timeout = SESSION_TIMEOUT_S;
	const int yes = 1;

	if (set_address(ssh, c->address) < 0)
		return err_set(err, EACCES, "'%s' is no ssh address: write [user@]host[:port] or an alias of ~/.ssh/config", c->address);
	if (ssh_options_parse_config(ssh, c->ssh_config) < 0)
		return err_set(err, EACCES, "%s cannot be read: %s", c->ssh_config ? c->ssh_config : "~/.ssh/config", ssh_get_error(ssh));
	(void)ssh_options_set(ssh, SSH_OPTIONS_STRICTHOSTKEYCHECK, &yes);
	(void)ssh_options_set(ssh, SSH_OPTIONS_NODELAY, &yes);
	(void)ssh_options_set(ssh, SSH_OPTIONS_TIMEOUT, &timeout);
	return 0;
}

static void keep_alive(ssh_session ssh)
{
	int fd = ssh_get_fd(ssh), yes = 1, idle = 5, interval = 2, count = 3;
	unsigned timeout_ms = 10000;

	/* fails harmlessly where the socket is a ProxyCommand's */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* "SHA256:..." of the server's key. */
static char *fingerprint(ssh_session ssh)
{
	ssh_key key = NULL;
	unsigned char *hash = NULL;
	size_t len;
	char *text = NULL, *copy;

	if (ssh_get_server_publickey(ssh, &key) == SSH_OK && ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
		text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	copy = nn_strdup(text ? text : "unknown");
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
	return copy;
}

static int check_host(ssh_session ssh, const struct session_config *c, struct nn_err *err)
{
	enum ssh_known_hosts_e known = ssh_session_is_known_server(ssh);
	_free_ char *print = known == SSH_KNOWN_HOSTS_OK ? NULL : fingerprint(ssh);
	_free_ char *option = c->ssh_config ? nn_printf("-F %s ", c->ssh_config) : nn_strdup("");

	switch (known) {
	case SSH_KNOWN_HOSTS_OK:
		return 0;
	case SSH_KNOWN_HOSTS_CHANGED:
	case SSH_KNOWN_HOSTS_OTHER:
		return err_set(err, EACCES,
			       "the host key of %s has CHANGED (now %s): if you know why, remove the old one with ssh-keygen -R and "
			       "run: ssh %s%s true",
			       c->address, print, option, c->address);
	case SSH_KNOWN_HOSTS_NOT_FOUND:
	case SSH_KNOWN_HOSTS_UNKNOWN:
		return err_set(err, EACCES, "the host key of %s is not known (%s): check and accept it once with: ssh %s%s true", c->address,
			       print, option, c->address);
	case SSH_KNOWN_HOSTS_ERROR:
		break;
	}
	return err_set(err, EACCES, "known_hosts cannot be checked: %s", ssh_get_error(ssh));
}

static int authenticate(ssh_session ssh, const struct session_config *c, struct nn_err *err)
{
	int r = ssh_userauth_none(ssh, NULL);

	if (r != SSH_AUTH_SUCCESS && r != SSH_AUTH_ERROR)
		r = ssh_userauth_publickey_auto(ssh, NULL, NULL);
	if (r == SSH_AUTH_SUCCESS)
		return 0;
	if (r == SSH_AUTH_ERROR)
		return err_set(err, EHOSTDOWN, "%s: %s", c->address, ssh_get_error(ssh));
	return err_set(err, EACCES, "%s accepts none of your keys: ssh-add the right one, or name it as IdentityFile in ~/.ssh/config", c->address);
}

int session_open(const struct session_config *config, struct session **ret, struct nn_err *err)
{
	_scoped_(drop) struct session *s = nn_alloc(sizeof(*s));
	int r;

	s->ssh = ssh_new();
	if (!s->ssh)
		return err_set(err, ENOMEM, "libssh: out of memory");
	r = set_options(s->ssh, config, err);
	if (r < 0)
		return r;
	if (ssh_connect(s->ssh) != SSH_OK)
		return err_set(err, EHOSTDOWN, "%s: %s", config->address, ssh_get_error(s->ssh));
	keep_alive(s->ssh);
	r = check_host(s->ssh, config, err);
	if (r >= 0)
		r = authenticate(s->ssh, config, err);
	if (r >= 0)
		*ret = TAKE(s);
	return r;
}
