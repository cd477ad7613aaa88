/*
 * Writes pictures as PNG: a signature and four chunks. The pixels are a zlib stream (RFC 1950) of stored blocks (RFC
 * 1951), one for each row, which begins with the number of its filter, 0 for none.
 */
#include "support/png.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A file that is being written and the two checksums that run along. */
struct png {
    FILE *file;
    uint32_t crc;   /* of the chunk */
    uint32_t sum_a; /* of the pixels: Adler-32 */
    uint32_t sum_b;
};

static void png_put(struct png *png, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        png->crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            png->crc = png->crc >> 1 ^ (png->crc & 1 ? 0xedb88320u : 0);
    }
    fwrite(bytes, 1, count, png->file);
}

static void png_put_word(struct png *png, uint32_t word)
{
    uint8_t bytes[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
    png_put(png, bytes, sizeof bytes);
}

static void png_begin_chunk(struct png *png, const char *type, uint32_t size)
{
    png_put_word(png, size);
    png->crc = 0xffffffffu;
    png_put(png, (const uint8_t *)type, 4);
}

static void png_end_chunk(struct png *png)
{
    png_put_word(png, png->crc ^ 0xffffffffu);
}

static void png_put_pixels(struct png *png, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        png->sum_a = (png->sum_a + bytes[i]) % 65521;
        png->sum_b = (png->sum_b + png->sum_a) % 65521;
    }
    png_put(png, bytes, count);
}

static void png_put_row(struct png *png, const uint8_t *row, uint32_t width, bool is_last)
{
    static const uint8_t no_filter = 0;
    uint32_t size = width + 1;
    uint8_t head[5] = {is_last, (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)~size, (uint8_t)(~size >> 8)};
    png_put(png, head, sizeof head);
    png_put_pixels(png, &no_filter, 1);
    png_put_pixels(png, row, width);
}

static void png_put_header(struct png *png, uint32_t width, uint32_t height)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t format[] = {8, 3, 0, 0, 0}; /* 8 bits, palette, deflate, standard filters, no interlace */
    png_put(png, signature, sizeof signature);
    png_begin_chunk(png, "IHDR", 13);
    png_put_word(png, width);
    png_put_word(png, height);
    png_put(png, format, sizeof format);
    png_end_chunk(png);
}

static void png_put_picture(struct png *png, const uint8_t *pixels, uint32_t width, uint32_t height)
{
    static const uint8_t zlib_header[] = {0x78, 0x01};
    png_begin_chunk(png, "IDAT", 2 + height * (5 + 1 + width) + 4);
    png_put(png, zlib_header, sizeof zlib_header);
    png->sum_a = 1;
    png->sum_b = 0;
    for (uint32_t row = 0; row < height; row++)
        png_put_row(png, pixels + (size_t)row * width, width, row + 1 == height);
    png_put_word(png, png->sum_b << 16 | png->sum_a);
    png_end_chunk(png);
}

bool perf_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
                    const uint8_t palette[256][3])
{
    struct png png = {.file = fopen(path, "wb")};
    if (png.file != NULL) {
        png_put_header(&png, width, height);
        png_begin_chunk(&png, "PLTE", 256 * 3);
        png_put(&png, palette[0], 256 * 3);
        png_end_chunk(&png);
        png_put_picture(&png, pixels, width, height);
        png_begin_chunk(&png, "IEND", 0);
        png_end_chunk(&png);
    }
    bool failed = png.file == NULL || ferror(png.file);
    if (png.file != NULL && fclose(png.file) != 0)
        failed = true;
    if (failed)
        fprintf(stderr, "rove-bench: cannot write %s: %s\n", path, strerror(errno));
    return !failed;
}
