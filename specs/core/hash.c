#include "hash.h"

#include "fdio.h"
#include "mem.h"
#include "scope.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define RAW (HASH_HEX / 2)
#define BLOCK 131072

void hash_bytes(const void *data, size_t len, char out[HASH_HEX + 1])
{
	unsigned char raw[RAW];

	(void)crypto_generichash(raw, RAW, data, len, NULL, 0);
	(void)sodium_bin2hex(out, HASH_HEX + 1, raw, RAW);
}

int hash_fd(int fd, char out[HASH_HEX + 1])
{
	crypto_generichash_state state;
	unsigned char raw[RAW];
	_free_ char *block = nn_alloc(BLOCK);
	ssize_t n;

	(void)crypto_generichash_init(&state, NULL, 0, RAW);
	while ((n = fd_read_full(fd, block, BLOCK)) > 0)
		(void)crypto_generichash_update(&state, (unsigned char *)block, (unsigned long long)n);
	if (n < 0)
		return (int)n;
	(void)crypto_generichash_final(&state, raw, RAW);
	(void)sodium_bin2hex(out, HASH_HEX + 1, raw, RAW);
	return 0;
}

bool hash_ok(const char *hex)
{
	return strspn(hex, "0123456789abcdef") == HASH_HEX && hex[HASH_HEX] == '\0';
}

void hash_path(const char *hex, char out[HASH_HEX + 2])
{
	snprintf(out, HASH_HEX + 2, "%.2s/%s", hex, hex + 2);
}
