// The loudest bin of every window, by hand: window 4096, hop 1024, |rfft|, argmax, over the kernels of the stage library. Four
// orders of the same work, each from frames to an array of bins:
//
//   tiled       a tile of windows through one stage after the other; frames in a sliding buffer, one buffer per stage
//   fused       window by window, nothing between the stages but one spectrum
//   stagewise   each stage over all windows, everything between them in memory
//   threaded    tiled, each thread with an equal share of the windows
#pragma once

#include <memory>
#include <string>

#include "contender.hpp"
#include "stream.hpp"

namespace sqs::bench {

inline constexpr uint64_t kAudioWindow = 4096;
inline constexpr uint64_t kAudioHop = 1024;

// The stream must outlive them.
std::unique_ptr<Contender> tiled_audio(const Stream& stream);
std::unique_ptr<Contender> fused_audio(const Stream& stream);
std::unique_ptr<Contender> stagewise_audio(const Stream& stream);
std::unique_ptr<Contender> threaded_audio(const Stream& stream, uint32_t threads);

}  // namespace sqs::bench
