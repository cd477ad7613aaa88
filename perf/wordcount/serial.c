/*
 * wordcount in plain C: one table for the whole text.
 */
#include "wordcount/wordcount.h"

void wordcount_serial(void)
{
    wordcount_add(&wordcount_counts, 0, wordcount_blocks);
}
