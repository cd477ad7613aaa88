/*
 * How a declaration is marked as part of the library's interface, and as plain C for a C++ reader; and how inline
 * functions catch misuse.
 */
#ifndef ROVE_EXPORT_H
#define ROVE_EXPORT_H

/* Visible outside the shared library; everything without it is hidden. */
#define ROVE_API __attribute__((visibility("default")))

/* Stops at misuse, in programs that are compiled with ROVE_DEBUG defined; costs nothing otherwise. */
#ifdef ROVE_DEBUG
#include <assert.h>
#define ROVEI_ASSERT(condition) assert(condition)
#else
#define ROVEI_ASSERT(condition) ((void)0)
#endif

#ifdef __cplusplus
#define ROVE_BEGIN_C extern "C" {
#define ROVE_END_C }
#else
#define ROVE_BEGIN_C
#define ROVE_END_C
#endif

#endif
