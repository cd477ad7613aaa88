/* The second object of a program. It is also compiled as C++. */
#include "forks.h"

#ifdef __cplusplus
extern "C"
#endif
    int
    second_check(void);

int second_check(void)
{
    return forks_check_alone("second object");
}
