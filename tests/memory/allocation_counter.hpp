// Counts every malloc, calloc, realloc, aligned allocation and mapping of the process, the shared libraries' included: the test
// program defines these functions itself. Thread-safe. Under a sanitizer, which brings its own, nothing is counted.
#pragma once

#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SQS_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SQS_TEST_SANITIZED 1
#endif
#endif
#ifndef SQS_TEST_SANITIZED
#define SQS_TEST_SANITIZED 0
#endif

// Allocations and mappings since the program began.
uint64_t allocation_count();
