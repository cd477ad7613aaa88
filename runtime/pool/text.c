#include "runtime/pool/text.h"

#include <stdbool.h>
#include <string.h>

static void text_bytes(struct pool_text *text, const char *bytes, size_t count)
{
    if (text->length < text->size) {
        size_t room = text->size - text->length;
        memcpy(text->memory + text->length, bytes, count < room ? count : room);
    }
    text->length += count;
}

void rovei_text_string(struct pool_text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

enum { DIGITS = 20 }; /* of the largest number */

/* At least `least` digits. */
static void text_digits(struct pool_text *text, uint64_t number, int least)
{
    char digits[DIGITS];
    int first = DIGITS;
    while (number > 0 || DIGITS - first < least) {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    }
    text_bytes(text, digits + first, (size_t)(DIGITS - first));
}

void rovei_text_number(struct pool_text *text, uint64_t number)
{
    text_digits(text, number, 1);
}

void rovei_text_integer(struct pool_text *text, int64_t integer)
{
    if (integer < 0)
        text_bytes(text, "-", 1);
    rovei_text_number(text, integer < 0 ? -(uint64_t)integer : (uint64_t)integer);
}

void rovei_text_fraction(struct pool_text *text, uint64_t number, int digits)
{
    uint64_t unit = 1;
    for (int i = 0; i < digits; i++)
        unit *= 10;
    text_digits(text, number / unit, 1);
    text_bytes(text, ".", 1);
    text_digits(text, number % unit, digits);
}

/* The range of the second byte of a UTF-8 sequence that begins with `first`, which excludes what could be written
 * shorter, surrogates, and what lies beyond the last character; and the length of the sequence, 0 if it is none. */
static size_t utf8_lead(unsigned first, unsigned *low, unsigned *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The length of the character that a string begins with; 0 if that is not UTF-8. The terminator ends every sequence. */
static size_t utf8_length(const char *string)
{
    const unsigned char *bytes = (const unsigned char *)string;
    unsigned low;
    unsigned high;
    size_t length = utf8_lead(bytes[0], &low, &high);
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] < low || bytes[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static bool text_is_control(char byte)
{
    return (byte >= 0 && byte < ' ') || byte == 0x7f;
}

/* A control character. Readers of lines split at more of them than at the newline, so none stays as it is. */
static void text_control(struct pool_text *text, char control, enum text_place place)
{
    static const char hex[] = "0123456789abcdef";
    if (place == TEXT_LABEL && control == '\n') {
        rovei_text_string(text, "\\n");
    } else if (place == TEXT_JSON) {
        const char escape[] = {'\\', 'u', '0', '0', hex[control >> 4 & 15], hex[control & 15]};
        text_bytes(text, escape, sizeof escape);
    } else {
        rovei_text_string(text, "\xef\xbf\xbd");
    }
}

void rovei_text_foreign(struct pool_text *text, const char *string, enum text_place place)
{
    while (string && *string) {
        size_t length = utf8_length(string);
        if (length == 0) {
            rovei_text_string(text, "\xef\xbf\xbd");
        } else if (text_is_control(*string)) {
            text_control(text, *string, place);
        } else {
            if (place != TEXT_LINE && (*string == '\\' || *string == '"'))
                text_bytes(text, "\\", 1);
            text_bytes(text, string, length);
        }
        string += length ? length : 1;
    }
}

size_t rovei_text_end(struct pool_text *text)
{
    if (text->size > 0)
        text->memory[text->length < text->size ? text->length : text->size - 1] = '\0';
    return text->length;
}
