// XXH3-128 over a target's bytes as they pass. Not thread-safe.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/strided.hpp"

namespace sqs {

class Digest {
 public:
  Digest() : state_(XXH3_createState(), &XXH3_freeState) { XXH3_128bits_reset(state_.get()); }

  void add(const std::byte* bytes, size_t count) { XXH3_128bits_update(state_.get(), bytes, count); }
  void add(const sqs_view& rows) {
    for_each_run(rows, [this](const std::byte* from, size_t count) { add(from, count); });
  }
  // Canonical, big endian.
  void value(uint8_t out[16]) const {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state_.get()));
    std::copy(std::begin(canonical.digest), std::end(canonical.digest), out);
  }

 private:
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

}  // namespace sqs
