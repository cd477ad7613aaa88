/*
 * Writes pictures with a palette of 256 colours as PNG (ISO/IEC 15948), without compression: small and depends on
 * nothing.
 */
#ifndef PERF_PNG_H
#define PERF_PNG_H

#include <stdbool.h>
#include <stdint.h>

/* Writes the picture of `width` times `height` pixels, row by row, each a place in `palette` (red, green, blue), to the
 * file `path`. Returns false after a line on standard error. */
bool perf_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
                    const uint8_t palette[256][3]);

#endif
