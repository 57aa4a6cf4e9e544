/*
 * lock - a file lock that tells who is alive: held by a process as long as it lives, whatever kills it.
 *
 * Open file description locks (F_OFD_SETLK): they can be asked for without being taken, unlike flock's, so that looking never disturbs.
 * A child forked without exec shares the lock: it must close the descriptor at once.
 */
#pragma once

int lock_take(int fd); /* 0, or -EAGAIN when somebody holds it, or -errno; never waits. Released when fd is closed everywhere */
int lock_held(int fd); /* 1 held by another open file, 0 free, -errno */
