/*
 * node - what this machine is doing, for pong. Read when asked, never kept.
 */
#pragma once

#include <jansson.h>

/* {"load": [1, 5, 15 min], "memory", "memory_free", "disk", "disk_free"} in bytes, of the filesystem that dir_fd is on. New reference. */
json_t *node_status(int dir_fd);
