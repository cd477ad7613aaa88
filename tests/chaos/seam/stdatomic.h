/*
 * <stdatomic.h> with chaos points, for what the scheduler does beside the deque: it announces sleep, looks, wakes. Each
 * of the compilers writes its generic operations with its own builtins; a macro that names itself is expanded once, so
 * the builtin stays what it is and only a point comes in front of it.
 */
#ifndef TESTS_CHAOS_STDATOMIC_H
#define TESTS_CHAOS_STDATOMIC_H

#include <chaos/chaos.h>

#include_next <stdatomic.h>

/* gcc, and what the library writes itself. */
#define __atomic_load(...) (chaos_point(), __atomic_load(__VA_ARGS__))
#define __atomic_store(...) (chaos_point(), __atomic_store(__VA_ARGS__))
#define __atomic_exchange(...) (chaos_point(), __atomic_exchange(__VA_ARGS__))
#define __atomic_compare_exchange(...) (chaos_point(), __atomic_compare_exchange(__VA_ARGS__))
#define __atomic_fetch_add(...) (chaos_point(), __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...) (chaos_point(), __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_or(...) (chaos_point(), __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...) (chaos_point(), __atomic_fetch_and(__VA_ARGS__))
#define __atomic_add_fetch(...) (chaos_point(), __atomic_add_fetch(__VA_ARGS__))
#define __atomic_sub_fetch(...) (chaos_point(), __atomic_sub_fetch(__VA_ARGS__))

/* clang. */
#define __c11_atomic_load(...) (chaos_point(), __c11_atomic_load(__VA_ARGS__))
#define __c11_atomic_store(...) (chaos_point(), __c11_atomic_store(__VA_ARGS__))
#define __c11_atomic_exchange(...) (chaos_point(), __c11_atomic_exchange(__VA_ARGS__))
#define __c11_atomic_compare_exchange_strong(...) (chaos_point(), __c11_atomic_compare_exchange_strong(__VA_ARGS__))
#define __c11_atomic_fetch_add(...) (chaos_point(), __c11_atomic_fetch_add(__VA_ARGS__))
#define __c11_atomic_fetch_sub(...) (chaos_point(), __c11_atomic_fetch_sub(__VA_ARGS__))
#define __c11_atomic_fetch_or(...) (chaos_point(), __c11_atomic_fetch_or(__VA_ARGS__))
#define __c11_atomic_fetch_and(...) (chaos_point(), __c11_atomic_fetch_and(__VA_ARGS__))

#endif
