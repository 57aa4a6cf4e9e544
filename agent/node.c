#include "node.h"

#include "fdio.h"
#include "scope.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static json_int_t meminfo(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoll(p + strlen(key), NULL, 10) * 1024 : 0;
}

json_t *node_status(int dir_fd)
{
	_scoped_(buf_done) struct buf mem = {0};
	struct statvfs fs = {0};
	double load[3] = {0};

	(void)getloadavg(load, 3);
	(void)fstatvfs(dir_fd, &fs);
	(void)file_read(AT_FDCWD, "/proc/meminfo", 65536, &mem);
	return json_pack("{s:[f,f,f], s:I, s:I, s:I, s:I}", "load", load[0], load[1], load[2], "memory",
			 meminfo(buf_str(&mem), "MemTotal:"), "memory_free", meminfo(buf_str(&mem), "MemAvailable:"), "disk",
			 (json_int_t)(fs.f_blocks * fs.f_frsize), "disk_free", (json_int_t)(fs.f_bavail * fs.f_frsize));
}
