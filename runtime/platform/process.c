#define _GNU_SOURCE
#include "runtime/platform/process.h"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

bool rovei_process_mark_init(struct rovei_process_mark *mark)
{
    mark->pid = 0;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    mark->page = page;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        *mark->page = 1;
    else
        mark->pid = getpid();
    return true;
}

void rovei_process_mark_fini(struct rovei_process_mark *mark)
{
    munmap((void *)mark->page, (size_t)sysconf(_SC_PAGESIZE));
    mark->page = NULL;
}

bool rovei_process_is_same(const struct rovei_process_mark *mark)
{
    return mark->pid == getpid();
}

static pthread_mutex_t process_hold = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t process_once = PTHREAD_ONCE_INIT;

static void process_lock(void)
{
    pthread_mutex_lock(&process_hold);
}

static void process_unlock(void)
{
    pthread_mutex_unlock(&process_hold);
}

/* If there is no memory for the handlers, forks are not held: then a fork at the wrong moment is as risky as
 * without. */
static void process_register(void)
{
    pthread_atfork(process_lock, process_unlock, process_unlock);
}

void rovei_process_hold_forks(void)
{
    pthread_once(&process_once, process_register);
    process_lock();
}

void rovei_process_release_forks(void)
{
    process_unlock();
}
