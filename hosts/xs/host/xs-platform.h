/*
 * What the XS engine needs to know of the machine under it, the same for every platform of ours (Linux process, bare-metal RV32):
 * the C library headers it uses and which of its default services it keeps. Named to the engine by -DXSPLATFORM.
 *
 * mxLinux stays 0 on Linux too: the engine would otherwise take the C stack limit from pthread; ours comes from the board profile.
 */
#ifndef MESHBOX_XS_PLATFORM_H
#define MESHBOX_XS_PLATFORM_H

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Named by -Dc_setjmp where the interpreter is built. */
int engineSetjmp(jmp_buf);

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

/* Fields of ours in the machine: the engine sets `promiseJobs` when a turn has left jobs to run. The other three are xsAtomics.c's. */
#define mxMachinePlatform \
	int promiseJobs; \
	void* waiterCondition; \
	void* waiterData; \
	void* waiterLink;

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultChunkAllocation 1
#define mxUseDefaultSlotAllocation 1
#define mxUseDefaultFindModule 1
#define mxUseDefaultLoadModule 1
#define mxUseDefaultSharedChunks 1

/* 64-bit slots have room for 32-bit ids; a board's 16-octet slots hold 16-bit ones. */
#if INTPTR_MAX == INT64_MAX
	#define mx32bitID 1
#endif

#endif
