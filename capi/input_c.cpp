// What an sqs_pipeline reads: borrowed memory, a reader callback, or pushed frames, also through an sqs_input of its own.
#include "arguments.hpp"
#include "guard.hpp"
#include "objects.hpp"
#include "structs.hpp"

using namespace sqs;
using namespace sqs::capi;

namespace {

Result<ReaderDecl> to_reader(const sqs_reader* from) {
  SQS_TRY_ASSIGN(const sqs_reader reader, read_struct(from));
  if (reader.dtype != 0) SQS_TRY(is_dtype(reader.dtype, "sqs_reader.dtype"));
  SQS_TRY(is_positive_or_zero(reader.sample_rate, "sqs_reader.sample_rate"));
  if (reader.read == nullptr) return Error{.code = SQS_E_NULL, .message = "sqs_reader.read is NULL"};
  SQS_TRY(in_enum(reader.threading, SQS_CALLER_THREAD, SQS_CONCURRENT, "sqs_reader.threading", "sqs_threading_code"));
  SQS_TRY(is_zero(reader.reserved, "sqs_reader.reserved"));
  return ReaderDecl{.dtype = reader.dtype,
                    .channels = reader.channels,
                    .frame_count = reader.frame_count,
                    .sample_rate = reader.sample_rate,
                    .read = reader.read,
                    .threading = static_cast<Threading>(reader.threading),
                    .user = {}};
}

// A pipeline and an sqs_input push alike.
template <class Handle>
int32_t push(Handle* handle, const void* frames, uint64_t frame_count, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto object, enter(handle));
    SQS_TRY(require_if_any(frames, frame_count, "frames"));
    return object->engine().push(frames, frame_count);
  });
}

template <class Handle>
int32_t end(Handle* handle, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto object, enter(handle));
    return object->engine().end_input();
  });
}

}  // namespace

int32_t sqs_pipeline_set_memory(sqs_pipeline* p, const void* frames, uint64_t frame_count, void* user, sqs_destroy_fn destroy,
                                sqs_error** err) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY(require_if_any(frames, frame_count, "frames"));
    return pipeline->engine().set_memory(frames, frame_count, std::move(owner));
  });
}

int32_t sqs_reader_init(sqs_reader* reader, uint64_t size) { return init_struct(reader, size); }

int32_t sqs_pipeline_set_reader(sqs_pipeline* p, const sqs_reader* reader, void* user, sqs_destroy_fn destroy, sqs_error** err) {
  return guarded(err, [&]() -> Status {
    User owner = own(user, destroy);
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY_ASSIGN(ReaderDecl decl, to_reader(reader));
    decl.user = std::move(owner);
    return pipeline->engine().set_reader(std::move(decl));
  });
}

int32_t sqs_pipeline_push_samples(sqs_pipeline* p, const void* frames, uint64_t frame_count, sqs_error** err) {
  return push(p, frames, frame_count, err);
}

int32_t sqs_pipeline_end_input(sqs_pipeline* p, sqs_error** err) { return end(p, err); }

int32_t sqs_input_create(sqs_pipeline* p, sqs_input** out, sqs_error** err) {
  if (out != nullptr) *out = nullptr;
  return guarded(err, [&]() -> Status {
    SQS_TRY_ASSIGN(auto pipeline, enter(p));
    SQS_TRY(require(out, "out"));
    return create(out, [&](InputObject& input) -> Status {
      if (!input.claim(*pipeline))
        return Error{.code = SQS_E_STATE, .message = "the pipeline has an sqs_input already: destroy that one first"};
      return input.engine().expect_push();
    });
  });
}

int32_t sqs_input_push_samples(sqs_input* in, const void* frames, uint64_t frame_count, sqs_error** err) {
  return push(in, frames, frame_count, err);
}

int32_t sqs_input_end(sqs_input* in, sqs_error** err) { return end(in, err); }

void sqs_input_destroy(sqs_input* in) { destroy(in); }
