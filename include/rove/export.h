/*
 * How a declaration is marked as part of the library's interface, and as plain C for a C++ reader.
 */
#ifndef ROVE_EXPORT_H
#define ROVE_EXPORT_H

/* Visible outside the shared library; everything without it is hidden. */
#define ROVE_API __attribute__((visibility("default")))

#ifdef __cplusplus
#define ROVE_BEGIN_C extern "C" {
#define ROVE_END_C }
#else
#define ROVE_BEGIN_C
#define ROVE_END_C
#endif

#endif
