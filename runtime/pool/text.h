/*
 * Text in memory of the caller's, which may be too small or none at all: what does not fit is only counted, as by
 * snprintf(3). It does not depend on the locale: numbers are written digit by digit, and fractions from integers.
 */
#ifndef ROVEI_POOL_TEXT_H
#define ROVEI_POOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct pool_text {
    char *memory; /* may be NULL if `size` is 0 */
    size_t size;
    size_t length; /* of all that was written, without a terminator */
};

/* What a string of the program's must not contain, because of what it becomes a part of. */
enum text_place {
    TEXT_LINE,  /* one line for people to read */
    TEXT_LABEL, /* the value of a label of Prometheus */
    TEXT_JSON   /* a string in JSON */
};

void rovei_text_string(struct pool_text *text, const char *string);
void rovei_text_number(struct pool_text *text, uint64_t number);
void rovei_text_integer(struct pool_text *text, int64_t integer);

/* `number` / 10^digits, with all its digits after the point. 0 < digits <= 19. */
void rovei_text_fraction(struct pool_text *text, uint64_t number, int digits);

/* A string of the program's, as it may stand in `place`: what has a meaning there is escaped; control characters that
 * cannot be and bytes that are not UTF-8 become U+FFFD. NULL is an empty string. */
void rovei_text_foreign(struct pool_text *text, const char *string, enum text_place place);

/* Terminates what fits; returns the length of the whole. */
size_t rovei_text_end(struct pool_text *text);

#endif
