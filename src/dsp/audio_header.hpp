// What the header of an audio file claims, held against the file: libsndfile repairs lying lengths silently, so they are found
// before it opens the file. Pure but for reading the file.
#pragma once

#include <cstdint>

#include "read_only_file.hpp"

namespace sqs::dsp {

struct AudioHeader {
  const char* container;  // "wav", "rf64", "w64" or "flac"
  uint64_t frames;        // as the header has it; 0: not told
};

// Walks at most a few thousand chunks. Throws SQS_E_FORMAT with the byte offset of what is wrong: no known magic, a chunk or
// the data longer than the file, data of length 0 or 0xFFFFFFFF (what recorders leave that were stopped), an encoding
// that can't be read at any frame.
AudioHeader read_audio_header(const ReadOnlyFile& file);

}  // namespace sqs::dsp
