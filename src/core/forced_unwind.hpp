// What a function needs that lets a thread end inside it: pthread_exit() in a callback unwinds through the library as a foreign
// exception, and swallowing that aborts the process. Such a function begins with SQS_LETS_THREADS_END and has, before any
// catch (...),  catch (abi::__forced_unwind&) { throw; }
#pragma once

#include <cxxabi.h>

// libstdc++ has that reference refer to nothing, which UBSan must not mind; inlined, it would be the caller's to mind.
#define SQS_LETS_THREADS_END __attribute__((no_sanitize("null"), noinline))
