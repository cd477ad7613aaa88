/*
 * Runs the example mandelbrot and reads the picture that it writes, as a decoder would: chunks and their check sums,
 * the stored blocks of the data stream and theirs, and pixels whose colour is known.
 *
 * The program is named by ROVE_EXAMPLE_MANDELBROT.
 */
#define _GNU_SOURCE
#include <rove/rove.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <support/support.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCH_SECONDS = 100, SKIPPED = 77 };

static char folder[] = "/tmp/rove_mandelbrot_XXXXXX";

static void picture_path(char path[64], const char *name)
{
    snprintf(path, 64, "%s/%s", folder, name);
}

/* Runs the program through the shell and returns its exit status; what it says goes to a file. */
static int program_run(const char *options, const char *file)
{
    char command[1024];
    snprintf(command, sizeof command, "'%s' %s '%s' >'%s/out' 2>'%s/messages'", getenv("ROVE_EXAMPLE_MANDELBROT"),
             options, file, folder, folder);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static long file_size(const char *name)
{
    char path[64];
    struct stat status;
    picture_path(path, name);
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

/* The bytes of a file, and how far they have been read. */
struct bytes {
    unsigned char *data;
    size_t size;
    size_t at;
};

static struct bytes file_read(const char *name)
{
    char path[64];
    picture_path(path, name);
    struct bytes bytes = {.size = (size_t)file_size(name)};
    bytes.data = malloc(bytes.size);
    FILE *file = fopen(path, "rb");
    assert_true(file && bytes.data && fread(bytes.data, 1, bytes.size, file) == bytes.size);
    fclose(file);
    return bytes;
}

static const unsigned char *bytes_take(struct bytes *bytes, size_t size)
{
    assert_true(bytes->size - bytes->at >= size);
    bytes->at += size;
    return bytes->data + bytes->at - size;
}

static uint32_t bytes_number(struct bytes *bytes)
{
    const unsigned char *b = bytes_take(bytes, 4);
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t crc32_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

struct picture {
    uint32_t width;
    uint32_t height;
    struct bytes stream; /* the data chunks, put together */
    unsigned char *rows;
};

/* Takes one chunk. Returns false if it was the last one. */
static bool chunk_read(struct bytes *file, struct picture *picture)
{
    uint32_t size = bytes_number(file);
    const unsigned char *type = bytes_take(file, 4), *data = bytes_take(file, size);
    assert_true(bytes_number(file) == crc32_of(type, size + 4));
    if (!memcmp(type, "IHDR", 4)) {
        struct bytes header = {(unsigned char *)data, size, 0};
        picture->width = bytes_number(&header);
        picture->height = bytes_number(&header);
        assert_memory_equal(bytes_take(&header, 5), "\x08\x02\0\0\0", 5);
    } else if (!memcmp(type, "IDAT", 4)) {
        memcpy(picture->stream.data + picture->stream.size, data, size);
        picture->stream.size += size;
    }
    return memcmp(type, "IEND", 4) != 0;
}

/* Unpacks a stream of stored blocks. */
static void stream_unpack(struct picture *picture, size_t wanted)
{
    struct bytes *stream = &picture->stream;
    const unsigned char *header = bytes_take(stream, 2);
    assert_true((header[0] & 15) == 8 && (header[0] * 256 + header[1]) % 31 == 0 && !(header[1] & 32));
    size_t size = 0;
    for (bool last = false; !last;) {
        const unsigned char *block = bytes_take(stream, 5);
        unsigned length = block[1] | (unsigned)block[2] << 8, check = block[3] | (unsigned)block[4] << 8;
        assert_true(block[0] <= 1 && (length ^ check) == 0xffff);
        last = block[0];
        assert_true(size + length <= wanted);
        memcpy(picture->rows + size, bytes_take(stream, length), length);
        size += length;
    }
    assert_int_equal(size, wanted);
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < size; i++) {
        low = (low + picture->rows[i]) % 65521;
        high = (high + low) % 65521;
    }
    assert_true(bytes_number(stream) == (high << 16 | low));
    assert_int_equal(stream->at, stream->size);
}

static struct picture picture_read(const char *name, uint32_t width, uint32_t height)
{
    struct bytes file = file_read(name);
    size_t row = 1 + 3 * (size_t)width;
    struct picture picture = {.stream.data = malloc(file.size), .rows = malloc(row * height)};
    assert_true(picture.stream.data && picture.rows);
    assert_memory_equal(bytes_take(&file, 8), "\x89PNG\r\n\x1a\n", 8);
    while (chunk_read(&file, &picture))
        ;
    assert_int_equal(file.at, file.size);
    assert_int_equal(picture.width, width);
    assert_int_equal(picture.height, height);
    stream_unpack(&picture, row * height);
    for (size_t i = 0; i < height; i++)
        assert_int_equal(picture.rows[i * row], 0); /* no filter */
    free(file.data);
    return picture;
}

static void picture_free(struct picture *picture)
{
    free(picture->stream.data);
    free(picture->rows);
}

static bool is_black(const struct picture *picture, uint32_t column, uint32_t row)
{
    const unsigned char *pixel = picture->rows + row * (1 + 3 * (size_t)picture->width) + 1 + 3 * (size_t)column;
    return !pixel[0] && !pixel[1] && !pixel[2];
}

static void draw(const char *options, const char *name)
{
    char path[64];
    picture_path(path, name);
    assert_int_equal(program_run(options, path), 0);
    assert_int_equal(file_size("messages"), 0);
}

static void test_the_picture_is_a_png_of_the_set(void **state)
{
    (void)state;
    draw("-w 300 -h 200 -i 200", "set.png");
    struct picture picture = picture_read("set.png", 300, 200);
    /* The picture is three wide, and its middle is at -0.5. */
    assert_true(is_black(&picture, 150, 100));  /* -0.5, in the heart */
    assert_true(is_black(&picture, 100, 100));  /* -1, in the disc left of it */
    assert_true(is_black(&picture, 200, 100));  /* 0 */
    assert_false(is_black(&picture, 299, 100)); /* 0.99 */
    assert_false(is_black(&picture, 0, 0));
    assert_false(is_black(&picture, 150, 5));
    for (uint32_t row = 1; row < 200; row++) { /* the set is its own mirror image */
        for (uint32_t column = 0; column < 300; column++)
            assert_true(is_black(&picture, column, row) == is_black(&picture, column, 200 - row));
    }
    picture_free(&picture);
}

static void test_the_number_of_workers_does_not_change_the_picture(void **state)
{
    (void)state;
    draw("-w 157 -h 93 -i 300 -j 1", "one.png");
    struct picture one = picture_read("one.png", 157, 93);
    for (int workers = 2; workers <= 8; workers *= 2) {
        char options[64];
        snprintf(options, sizeof options, "-w 157 -h 93 -i 300 -j %d", workers);
        draw(options, "many.png");
        struct picture many = picture_read("many.png", 157, 93);
        assert_memory_equal(many.rows, one.rows, (1 + 3 * 157) * 93);
        picture_free(&many);
    }
    picture_free(&one);
}

static void test_pictures_at_the_ends_are_drawn(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {1, 50}, {50, 1}, {16384, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char options[64];
        snprintf(options, sizeof options, "-w %u -h %u -i 20", sizes[i][0], sizes[i][1]);
        draw(options, "end.png");
        struct picture picture = picture_read("end.png", sizes[i][0], sizes[i][1]);
        picture_free(&picture);
    }
}

static void test_bad_options_are_refused_with_a_message(void **state)
{
    (void)state;
    static const char *const options[] = {"-w 0",  "-w 16385", "-h -1",        "-h x",  "-i 0",
                                          "-j 0",  "-j 9999",  "-q",           "-w",    "-w 99999999999999999999",
                                          "a b c", "-w 3x",    "-i 100000000", "-h ''", "x.png"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char path[64];
        picture_path(path, "refused.png");
        assert_int_equal(program_run(options[i], path), 2);
        assert_true(file_size("messages") > 0);
        assert_int_equal(file_size("refused.png"), -1);
    }
    assert_int_equal(program_run("-w 10 -h 10", "/nonexistent/folder/picture.png"), 1);
    assert_true(file_size("messages") > 0);
}

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
    (void)state;
    static const char *const names[] = {"out", "messages", "set.png", "one.png", "many.png", "end.png"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        picture_path(path, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_picture_is_a_png_of_the_set),
        cmocka_unit_test(test_the_number_of_workers_does_not_change_the_picture),
        cmocka_unit_test(test_pictures_at_the_ends_are_drawn),
        cmocka_unit_test(test_bad_options_are_refused_with_a_message),
    };
    if (!getenv("ROVE_EXAMPLE_MANDELBROT")) {
        printf("skipped: ROVE_EXAMPLE_MANDELBROT does not name the program\n");
        return SKIPPED;
    }
    test_watchdog(WATCH_SECONDS);
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
