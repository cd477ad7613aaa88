/*
 * The version of Rove. CMake reads these three lines; nothing else states the version.
 *
 * Within one major version a program keeps working with a newer library without being compiled again: exported
 * functions keep their meaning, configuration structs grow only at their end, and `struct rovei_deque` (deque.h),
 * which the inline fork and join touch, does not change.
 */
#ifndef ROVE_VERSION_H
#define ROVE_VERSION_H

#define ROVE_VERSION_MAJOR 0
#define ROVE_VERSION_MINOR 1
#define ROVE_VERSION_PATCH 0

#endif
