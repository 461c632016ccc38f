// Versions and names.
#include "core/dtype.hpp"
#include "sqrtspace/sqrtspace.h"

namespace {

const char* name_of_status(int32_t status) {
  switch (status) {
    case SQS_OK: return "SQS_OK";
    case SQS_PENDING: return "SQS_PENDING";
    case SQS_END_OF_STREAM: return "SQS_END_OF_STREAM";
    case SQS_WOULD_BLOCK: return "SQS_WOULD_BLOCK";
    case SQS_E_INVALID: return "SQS_E_INVALID";
    case SQS_E_NULL: return "SQS_E_NULL";
    case SQS_E_HANDLE: return "SQS_E_HANDLE";
    case SQS_E_ABI: return "SQS_E_ABI";
    case SQS_E_STATE: return "SQS_E_STATE";
    case SQS_E_BUSY: return "SQS_E_BUSY";
    case SQS_E_REENTRANT: return "SQS_E_REENTRANT";
    case SQS_E_FORKED: return "SQS_E_FORKED";
    case SQS_E_NAME: return "SQS_E_NAME";
    case SQS_E_GRAPH: return "SQS_E_GRAPH";
    case SQS_E_OVERFLOW: return "SQS_E_OVERFLOW";
    case SQS_E_RANGE: return "SQS_E_RANGE";
    case SQS_E_BUDGET: return "SQS_E_BUDGET";
    case SQS_E_NO_MEMORY: return "SQS_E_NO_MEMORY";
    case SQS_E_STAGE: return "SQS_E_STAGE";
    case SQS_E_SOURCE: return "SQS_E_SOURCE";
    case SQS_E_SINK: return "SQS_E_SINK";
    case SQS_E_IO: return "SQS_E_IO";
    case SQS_E_FORMAT: return "SQS_E_FORMAT";
    case SQS_E_NOT_ENDED: return "SQS_E_NOT_ENDED";
    case SQS_E_CANCELLED: return "SQS_E_CANCELLED";
    case SQS_E_CONTRACT: return "SQS_E_CONTRACT";
    case SQS_E_UNSUPPORTED: return "SQS_E_UNSUPPORTED";
    case SQS_E_INTERNAL: return "SQS_E_INTERNAL";
    default: return "unknown status";
  }
}

}  // namespace

const char* sqs_status_name(int32_t status) { return name_of_status(status); }

const char* sqs_dtype_name(int32_t dtype) { return sqs::dtype_known(dtype) ? sqs::dtype_name(dtype) : "unknown dtype"; }

uint64_t sqs_dtype_bytes(int32_t dtype) { return sqs::dtype_bytes(dtype); }

const char* sqs_version(void) { return SQS_VERSION_STRING; }

uint32_t sqs_abi_version(void) { return SQS_ABI_VERSION; }
