#define _GNU_SOURCE
#include "runtime/platform/overrun.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* Room for our own handler and for that of the program, which is called on the same stack, beside what the kernel saves
 * of the processor's state. */
enum { ALTERNATE_SIZE = 64 * 1024 };

#ifndef AT_MINSIGSTKSZ
enum { AT_MINSIGSTKSZ = 51 };
#endif

/* What the action of SIGSEGV was. A signal handler gets no argument of ours, so what it needs is static: written before
 * the action is set, and then only read; `is_spent` tells that an action for one call only has had it. (On Linux a
 * guard page always answers with SIGSEGV; SIGBUS is left alone.) */
static struct sigaction overrun_previous;
static atomic_bool overrun_is_spent;

/* The watch on this thread. An overrun faults on the thread that overruns, so that the handler need not search a list
 * that others change meanwhile. Initial-exec, because any other model may allocate on first use. */
static __thread const struct rovei_overrun *overrun_here __attribute__((tls_model("initial-exec")));

static void line_add(struct rovei_overrun_line *line, const char *text, size_t length)
{
    size_t room = sizeof line->text - line->length;
    if (length > room)
        length = room;
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

void rovei_overrun_say(struct rovei_overrun_line *line, const char *text)
{
    if (text)
        line_add(line, text, strlen(text));
}

static void line_add_digits(struct rovei_overrun_line *line, uint64_t number, unsigned base)
{
    char digits[20];
    size_t first = sizeof digits;
    do
        digits[--first] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    line_add(line, digits + first, sizeof digits - first);
}

void rovei_overrun_say_number(struct rovei_overrun_line *line, uint64_t number)
{
    line_add_digits(line, number, 10);
}

/* A file that is read line by line. */
struct overrun_file {
    int number;
    size_t at;
    size_t size;
    char buffer[1024];
};

/* Reads a line without its end; what does not fit is left out. False at the end of the file. */
static bool file_read_line(struct overrun_file *file, char *line, size_t room)
{
    size_t length = 0;
    for (;;) {
        if (file->at == file->size) {
            ssize_t size = read(file->number, file->buffer, sizeof file->buffer);
            if (size <= 0)
                return false;
            file->size = (size_t)size;
            file->at = 0;
        }
        char next = file->buffer[file->at++];
        if (next == '\n')
            break;
        if (length + 1 < room)
            line[length++] = next;
    }
    line[length] = '\0';
    return true;
}

/* Reads a hexadecimal number and the character behind it. */
static uintptr_t hex_read(const char **text)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t number = 0;
    const char *digit;
    for (; **text && (digit = strchr(digits, **text)); ++*text)
        number = number * 16 + (uintptr_t)(digit - digits);
    if (**text)
        ++*text;
    return number;
}

/* The path at the end of a line of /proc/self/maps, behind access, offset, device and inode; empty for memory that is
 * no file's. */
static const char *map_path(const char *rest)
{
    for (int field = 0; field < 4; field++) {
        rest += strcspn(rest, " ");
        rest += strspn(rest, " ");
    }
    return rest;
}

/* Finds the file that `address` is mapped from, and where its first page lies. What dladdr(3) knows of that is behind
 * locks, which the thread that faulted may hold. */
static bool find_file(uintptr_t address, char *path, size_t room, uintptr_t *base)
{
    char line[512];
    struct overrun_file maps = {.number = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
    if (maps.number < 0)
        return false;
    bool is_found = false;
    *path = '\0';
    *base = 0;
    while (!is_found && file_read_line(&maps, line, sizeof line)) {
        const char *rest = line;
        uintptr_t begin = hex_read(&rest);
        uintptr_t end = hex_read(&rest);
        const char *mapped = map_path(rest);
        if (strncmp(path, mapped, room - 1) != 0) {
            *base = begin;
            strncpy(path, mapped, room - 1);
            path[room - 1] = '\0';
        }
        is_found = address >= begin && address < end;
    }
    close(maps.number);
    return is_found && *path;
}

void rovei_overrun_say_code(struct rovei_overrun_line *line, uintptr_t address)
{
    char path[256];
    uintptr_t base;
    rovei_overrun_say(line, "0x");
    line_add_digits(line, address, 16);
    if (!find_file(address, path, sizeof path, &base))
        return;
    const char *name = strrchr(path, '/');
    rovei_overrun_say(line, " (");
    rovei_overrun_say(line, name ? name + 1 : path);
    rovei_overrun_say(line, "+0x");
    line_add_digits(line, address - base, 16);
    rovei_overrun_say(line, ")");
}

/* Where the thread was when the signal came; 0 if that is not known of this processor. */
static uintptr_t context_code(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* A fault has a positive code; a signal that somebody sent has not, and its address means nothing. */
static bool is_fault(const siginfo_t *info)
{
    return info->si_code > 0;
}

static bool overrun_is_at(const struct rovei_overrun *overrun, const siginfo_t *info)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    return overrun && is_fault(info) && address >= overrun->guard_low && address < overrun->low;
}

/* Nothing can be done about a line that cannot be written. */
static void line_write(const struct rovei_overrun_line *line)
{
    size_t written = 0;
    while (written < line->length) {
        ssize_t size = write(STDERR_FILENO, line->text + written, line->length - written);
        if (size < 0 && errno != EINTR)
            return;
        written += size > 0 ? (size_t)size : 0;
    }
}

static void overrun_report(const struct rovei_overrun *overrun, const ucontext_t *context)
{
    struct rovei_overrun_line line;
    line.length = 0;
    rovei_overrun_say(&line, "rove: stack overrun: ");
    rovei_overrun_say_number(&line, (overrun->high - overrun->low) / 1024);
    rovei_overrun_say(&line, " KiB used up");
    uintptr_t code = context_code(context);
    if (code) {
        rovei_overrun_say(&line, " at ");
        rovei_overrun_say_code(&line, code);
    }
    if (overrun->describe) {
        rovei_overrun_say(&line, " by ");
        overrun->describe(&line, overrun->arg);
    }
    if (line.length == sizeof line.text)
        line.length--;
    rovei_overrun_say(&line, "\n");
    line_write(&line);
}

/* Restores the default action. A fault then comes again when the handler returns, and ends the process where it
 * happened; a signal that was sent is sent again. */
static void previous_default(int signal, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    if (!is_fault(info))
        raise(signal);
}

/* Calls the program's handler as the system would have: with its mask, and with its signal blocked or not. The mask of
 * before comes back when our own handler returns. */
static void previous_call(const struct sigaction *previous, int signal, siginfo_t *info, void *context)
{
    sigset_t open;
    pthread_sigmask(SIG_BLOCK, &previous->sa_mask, NULL);
    sigemptyset(&open);
    sigaddset(&open, signal);
    if (previous->sa_flags & SA_NODEFER)
        pthread_sigmask(SIG_UNBLOCK, &open, NULL);
    if (previous->sa_flags & SA_SIGINFO)
        previous->sa_sigaction(signal, info, context);
    else
        previous->sa_handler(signal);
}

/* The action of before, for both an overrun that has been named and what is none of our business. */
static void previous_act(int signal, siginfo_t *info, void *context)
{
    const struct sigaction *previous = &overrun_previous;
    bool is_plain = !(previous->sa_flags & SA_SIGINFO);
    if (is_plain && previous->sa_handler == SIG_IGN && !is_fault(info)) /* a fault cannot be ignored */
        return;
    bool has_handler = !is_plain || (previous->sa_handler != SIG_DFL && previous->sa_handler != SIG_IGN);
    if (has_handler && (unsigned)previous->sa_flags & SA_RESETHAND)
        has_handler = !atomic_exchange_explicit(&overrun_is_spent, true, memory_order_relaxed); /* orders nothing */
    if (has_handler)
        previous_call(previous, signal, info, context);
    else
        previous_default(signal, info);
}

static void overrun_handle(int signal, siginfo_t *info, void *context)
{
    int error = errno;
    if (overrun_is_at(overrun_here, info))
        overrun_report(overrun_here, context);
    previous_act(signal, info, context);
    errno = error;
}

static int overrun_error;

static void overrun_install_once(void)
{
    struct sigaction action = {.sa_sigaction = overrun_handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGSEGV, NULL, &overrun_previous) != 0 || sigaction(SIGSEGV, &action, NULL) != 0)
        overrun_error = errno;
}

int rovei_overrun_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int error = pthread_once(&once, overrun_install_once);
    return error ? error : overrun_error;
}

/* Finds the calling thread's stack and its guard page. */
static int overrun_find_guard(struct rovei_overrun *overrun)
{
    pthread_attr_t attributes;
    void *low;
    size_t size, guard;
    int error = pthread_getattr_np(pthread_self(), &attributes);
    if (error)
        return error;
    error = pthread_attr_getstack(&attributes, &low, &size);
    if (!error)
        error = pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    if (error)
        return error;
    overrun->low = (uintptr_t)low;
    overrun->high = (uintptr_t)low + size;
    overrun->guard_low = (uintptr_t)low - guard;
    return guard > 0 ? 0 : ENOTSUP;
}

/* An alternate stack with a guard page of its own. */
static int overrun_make_alternate(struct rovei_overrun *overrun)
{
    stack_t stack;
    if (sigaltstack(NULL, &stack) != 0)
        return errno;
    if (!(stack.ss_flags & SS_DISABLE))
        return 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (ALTERNATE_SIZE + (size_t)getauxval(AT_MINSIGSTKSZ) + page - 1) / page * page + page;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return ENOMEM;
    stack = (stack_t){.ss_sp = memory + page, .ss_size = size - page};
    if (mprotect(memory, page, PROT_NONE) != 0 || sigaltstack(&stack, NULL) != 0) {
        int error = errno;
        munmap(memory, size);
        return error;
    }
    overrun->alternate = memory;
    overrun->alternate_size = size;
    return 0;
}

int rovei_overrun_begin(struct rovei_overrun *overrun, rovei_overrun_describe *describe, void *arg)
{
    *overrun = (struct rovei_overrun){.describe = describe, .arg = arg};
    int error = overrun_find_guard(overrun);
    if (!error)
        error = overrun_make_alternate(overrun);
    if (!error)
        overrun_here = overrun;
    return error;
}

void rovei_overrun_end(struct rovei_overrun *overrun)
{
    if (overrun_here == overrun)
        overrun_here = NULL;
    if (!overrun->alternate)
        return;
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(overrun->alternate, overrun->alternate_size);
    overrun->alternate = NULL;
}
