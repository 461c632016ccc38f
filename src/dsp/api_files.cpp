// The C functions that read files.
#include "frame_source.hpp"
#include "guard.hpp"
#include "out_struct.hpp"
#include "sqrtspace/dsp.h"

namespace sqs::dsp {
namespace {

int64_t read_callback(void* user, uint64_t first, uint64_t frames, void* to, char* message) {
  return guarded_callback(message, static_cast<int64_t>(frames),
                          [&] { static_cast<FrameSource*>(user)->read(first, frames, static_cast<std::byte*>(to)); });
}

void destroy_source(void* source) { delete static_cast<FrameSource*>(source); }

}  // namespace
}  // namespace sqs::dsp

using namespace sqs::dsp;

int32_t sqs_dsp_file_info(const char* path, const char* options, sqs_file_info* out, sqs_error** err) {
  return guarded(nullptr, err, [&]() -> int32_t {
    if (path == nullptr || out == nullptr) fail(SQS_E_NULL, path == nullptr ? "the path is NULL" : "the sqs_file_info is NULL");
    require_struct_size("sqs_file_info", out->struct_size, kFileInfoBytes);
    fill_struct(open_source(path, options)->info(), out);
    return SQS_OK;
  });
}

int32_t sqs_dsp_set_file(sqs_pipeline* p, const char* path, const char* options, sqs_error** err) {
  return guarded(nullptr, err, [&]() -> int32_t {
    if (p == nullptr || path == nullptr) fail(SQS_E_NULL, p == nullptr ? "the pipeline is NULL" : "the path is NULL");
    auto source = open_source(path, options);
    sqs_reader reader;
    sqs_reader_init(&reader, sizeof reader);
    reader.dtype = source->info().dtype;
    reader.channels = source->info().channels;
    reader.frame_count = source->info().frame_count;
    reader.sample_rate = source->info().sample_rate;
    reader.read = read_callback;
    reader.threading = source->threading();
    return sqs_pipeline_set_reader(p, &reader, source.release(), destroy_source, err);
  });
}
