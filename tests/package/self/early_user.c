/* A program whose workers are there before it is, see early.c. */
#include "forks.h"

rove_runtime *early_runtime(void);

int main(void)
{
    return forks_check("program whose workers came first", early_runtime());
}
