/*
 * Where native kernels plug in. `kernelsDefine` sets the property `kernels` of the host object (in the root machine, so the functions
 * cost a board nothing). Defined by assembly/native/mb_kernels_xs.c.
 */
#ifndef MESHBOX_KERNELS_H
#define MESHBOX_KERNELS_H

#include "xsmc.h"

void kernelsDefine(xsMachine* the, xsSlot* host);

#endif
