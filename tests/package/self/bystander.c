/* A program that includes Rove and calls nothing of it: it need not link the library. */
#include <rove/rove.h>

int main(void)
{
    return ROVE_OK;
}
