/*
 * sftp - what is done with files on a node through SFTP. Blocks; the thread that owns the session.
 */
#pragma once

#include "err.h"

#include <sys/types.h>

struct session;
struct sftp;

int sftp_open_session(struct session *s, struct sftp **ret, struct nn_err *err);
void sftp_closep(struct sftp **s);

int sftp_make_dirs(struct sftp *s, const char *path, struct nn_err *err);                  /* mkdir -p, 0700 */
int sftp_upload(struct sftp *s, const char *from, const char *to, mode_t mode, struct nn_err *err); /* size checked afterwards */
int sftp_replace(struct sftp *s, const char *from, const char *to, struct nn_err *err);    /* rename over what is there */
