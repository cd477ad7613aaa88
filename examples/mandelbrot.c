/*
 * Draws the Mandelbrot set as a PNG file: a parallel loop over the rows of the picture, whose costs differ wildly, with
 * no grain size and no schedule to choose.
 *
 *     mandelbrot [-w WIDTH] [-h HEIGHT] [-i ITERATIONS] [-j WORKERS] FILE.png
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <rove/rove.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIDE_MAX = 16384, ITERATIONS_MAX = 1000000, PIXEL = 3 };

/* The picture. A row is a filter byte (zero, for none) and then three bytes for each pixel, as PNG wants it. */
struct picture {
    int width;
    int height;
    int iterations;
    size_t row_size;
    unsigned char *rows;
};

/* How many steps the point takes to leave the circle of radius 2; `iterations` if it has not left by then. */
static int point_escape(double x, double y, int iterations)
{
    double re = 0, im = 0;
    int step = 0;
    for (; step < iterations && re * re + im * im <= 4; step++) {
        double next = re * re - im * im + x;
        im = 2 * re * im + y;
        re = next;
    }
    return step;
}

/* Black inside the set; outside, bands from blue to white and back that follow the number of steps. */
static void pixel_paint(unsigned char *pixel, int step, int iterations)
{
    int shade = step % 64 < 32 ? step % 32 * 8 : 255 - step % 32 * 8;
    bool inside = step == iterations;
    pixel[0] = (unsigned char)(inside ? 0 : shade);
    pixel[1] = (unsigned char)(inside ? 0 : shade);
    pixel[2] = (unsigned char)(inside ? 0 : 64 + shade * 3 / 4);
}

static void picture_draw_rows(int64_t begin, int64_t end, void *arg)
{
    const struct picture *picture = arg;
    double scale = 3.0 / picture->width;
    for (int64_t row = begin; row < end; row++) {
        unsigned char *pixel = picture->rows + (size_t)row * picture->row_size + 1;
        double y = ((double)row - picture->height / 2) * scale;
        for (int column = 0; column < picture->width; column++, pixel += PIXEL) {
            double x = (column - picture->width / 2) * scale - 0.5;
            pixel_paint(pixel, point_escape(x, y, picture->iterations), picture->iterations);
        }
    }
}

static void picture_draw(void *arg)
{
    struct picture *picture = arg;
    rove_for(0, picture->height, picture_draw_rows, picture);
}

/* Draws on a runtime of its own. Returns false, and says why, if there can be none. */
static bool picture_compute(struct picture *picture, const rove_config *config)
{
    rove_runtime *runtime;
    rove_report report;
    if (rove_runtime_create(&runtime, config, &report) != ROVE_OK) {
        fprintf(stderr, "mandelbrot: %s\n", report.text);
        return false;
    }
    rove_status status = rove_run(runtime, picture_draw, picture);
    if (status)
        fprintf(stderr, "mandelbrot: %s\n", rove_status_text(status));
    rove_runtime_destroy(runtime);
    return status == ROVE_OK;
}

/* Writes to a PNG file and keeps the check sum of the chunk that is being written. */
struct png {
    FILE *file;
    uint32_t crc;
};

static void png_bytes(struct png *png, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        png->crc ^= byte[i];
        for (int bit = 0; bit < 8; bit++)
            png->crc = png->crc >> 1 ^ (png->crc & 1 ? 0xedb88320u : 0);
    }
    fwrite(bytes, 1, size, png->file);
}

static void png_number(struct png *png, uint32_t number)
{
    unsigned char bytes[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                              (unsigned char)(number >> 8), (unsigned char)number};
    png_bytes(png, bytes, sizeof bytes);
}

static void png_chunk_begin(struct png *png, const char *type, uint32_t size)
{
    png_number(png, size);
    png->crc = 0xffffffffu;
    png_bytes(png, type, 4);
}

static void png_chunk_end(struct png *png)
{
    png_number(png, ~png->crc);
}

/* Adler's check sum of the uncompressed data, continued over one row. */
static uint32_t adler_continue(uint32_t adler, const unsigned char *bytes, size_t size)
{
    uint32_t low = adler & 0xffff, high = adler >> 16;
    for (size_t i = 0; i < size; i++) {
        low = (low + bytes[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

/* Each row is one chunk with one block that is stored and not compressed; SIDE_MAX keeps it below the 65535 bytes that
 * such a block may have. The first chunk also has the header of the stream, the last one its check sum. */
static void png_row(struct png *png, const struct picture *picture, int row, uint32_t *adler)
{
    bool first = row == 0, last = row == picture->height - 1;
    const unsigned char *bytes = picture->rows + (size_t)row * picture->row_size;
    unsigned char low = (unsigned char)picture->row_size, high = (unsigned char)(picture->row_size >> 8);
    unsigned char block[5] = {last, low, high, (unsigned char)~low, (unsigned char)~high};

    png_chunk_begin(png, "IDAT", (uint32_t)(sizeof block + picture->row_size + (first ? 2 : 0) + (last ? 4 : 0)));
    if (first)
        png_bytes(png, "\x78\x01", 2);
    png_bytes(png, block, sizeof block);
    png_bytes(png, bytes, picture->row_size);
    *adler = adler_continue(*adler, bytes, picture->row_size);
    if (last)
        png_number(png, *adler);
    png_chunk_end(png);
}

/* Returns false, with errno set, if the file cannot be written. */
static bool picture_write(const struct picture *picture, const char *path)
{
    struct png png = {.file = fopen(path, "wb")};
    if (!png.file)
        return false;
    fwrite("\x89PNG\r\n\x1a\n", 1, 8, png.file);
    png_chunk_begin(&png, "IHDR", 13);
    png_number(&png, (uint32_t)picture->width);
    png_number(&png, (uint32_t)picture->height);
    png_bytes(&png, "\x08\x02\0\0\0", 5); /* eight bits a colour, red green blue */
    png_chunk_end(&png);
    uint32_t adler = 1;
    for (int row = 0; row < picture->height; row++)
        png_row(&png, picture, row, &adler);
    png_chunk_begin(&png, "IEND", 0);
    png_chunk_end(&png);
    bool written = !ferror(png.file);
    return fclose(png.file) == 0 && written;
}

static void usage_exit(void)
{
    fprintf(stderr,
            "usage: mandelbrot [-w WIDTH] [-h HEIGHT] [-i ITERATIONS] [-j WORKERS] FILE.png\n"
            "width and height from 1 to %d, iterations from 1 to %d, workers from 1 to %d\n",
            SIDE_MAX, ITERATIONS_MAX, ROVE_WORKERS_MAX);
    exit(2);
}

static int option_number(char option, const char *text, int max)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > max) {
        fprintf(stderr, "mandelbrot: -%c %s is not a number from 1 to %d\n", option, text, max);
        usage_exit();
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    struct picture picture = {.width = 900, .height = 600, .iterations = 1000};
    rove_config config;
    rove_config_default(&config);
    int option;
    while ((option = getopt(argc, argv, "w:h:i:j:")) != -1) {
        if (option == 'w')
            picture.width = option_number('w', optarg, SIDE_MAX);
        else if (option == 'h')
            picture.height = option_number('h', optarg, SIDE_MAX);
        else if (option == 'i')
            picture.iterations = option_number('i', optarg, ITERATIONS_MAX);
        else if (option == 'j')
            config.workers = option_number('j', optarg, ROVE_WORKERS_MAX);
        else
            usage_exit();
    }
    config.oversubscribe = config.workers > 0; /* what -j says is meant */
    if (optind != argc - 1)
        usage_exit();

    picture.row_size = 1 + (size_t)picture.width * PIXEL;
    picture.rows = calloc((size_t)picture.height, picture.row_size);
    if (!picture.rows) {
        fprintf(stderr, "mandelbrot: no memory for %d x %d pixels\n", picture.width, picture.height);
        return 1;
    }
    bool done = picture_compute(&picture, &config);
    if (done && !picture_write(&picture, argv[optind])) {
        fprintf(stderr, "mandelbrot: %s: %s\n", argv[optind], strerror(errno));
        done = false;
    }
    free(picture.rows);
    return done ? 0 : 1;
}
