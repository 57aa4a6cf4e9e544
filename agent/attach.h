/*
 * attach - joins a laptop's channel (our standard input and output) to this host's manager, starting one if there is none.
 *
 * It writes the banner, hands its stdio over and then only waits: for the manager to close, or for the channel to hang up.
 */
#pragma once

#include "err.h"
#include "rundir.h"

int attach_main(const struct workdir *w, struct nn_err *err);
