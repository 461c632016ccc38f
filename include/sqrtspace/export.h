/* sqrtspace/export.h - how a symbol leaves the shared library. SPDX-License-Identifier: MIT */
#ifndef SQRTSPACE_EXPORT_H
#define SQRTSPACE_EXPORT_H

#if defined(SQS_STATIC_DEFINE)
#define SQS_API
#elif defined(_WIN32)
#if defined(SQS_BUILDING)
#define SQS_API __declspec(dllexport)
#else
#define SQS_API __declspec(dllimport)
#endif
#else
#define SQS_API __attribute__((visibility("default")))
#endif

#endif
