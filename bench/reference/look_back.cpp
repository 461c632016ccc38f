#include "reference/look_back.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>

#include "digest.hpp"
#include "dsp/params.hpp"
#include "reference/scan_kernel.hpp"
#include "stopwatch.hpp"

namespace sqs::bench {
namespace {

// Rows per call where they are not kept: what a call works on stays in the caches.
constexpr uint64_t kTileBytes = uint64_t{64} << 10;

// Rows [0, lead + frames + tail) of a stream that is extended at either end, mirrored and turned about its end (odd).
class ExtendedFrames {
 public:
  ExtendedFrames(const Stream& stream, uint64_t lead, uint64_t tail)
      : frames_(stream.memory()), frame_bytes_(stream.frame_bytes()), count_(stream.frames()), lead_(lead),
        lead_rows_(lead * frame_bytes_), tail_rows_(tail * frame_bytes_) {
    for (uint64_t i = 0; i < lead; ++i) turn(0, lead - i, lead_rows_.data() + i * frame_bytes_);
    for (uint64_t i = 0; i < tail; ++i) turn(count_ - 1, count_ - 2 - i, tail_rows_.data() + i * frame_bytes_);
  }

  uint64_t rows() const { return lead_ + count_ + tail_rows_.size() / frame_bytes_; }
  // Row `first` and how many after it lie in one piece.
  std::pair<const std::byte*, uint64_t> from(uint64_t first) const {
    if (first < lead_) return {lead_rows_.data() + first * frame_bytes_, lead_ - first};
    if (first < lead_ + count_) return {frames_ + (first - lead_) * frame_bytes_, lead_ + count_ - first};
    return {tail_rows_.data() + (first - lead_ - count_) * frame_bytes_, rows() - first};
  }

 private:
  void turn(uint64_t end, uint64_t mirrored, std::byte* to) const {
    for (uint64_t at = 0; at < frame_bytes_; at += sizeof(float)) {
      float e, m;
      std::memcpy(&e, frames_ + end * frame_bytes_ + at, sizeof e);
      std::memcpy(&m, frames_ + mirrored * frame_bytes_ + at, sizeof m);
      const float value = 2 * e - m;
      std::memcpy(to + at, &value, sizeof value);
    }
  }

  const std::byte* frames_;
  uint64_t frame_bytes_, count_, lead_;
  Buffer<std::byte> lead_rows_, tail_rows_;
};

class LookBack final : public Contender {
 public:
  // bytes 0: all rows are kept.
  LookBack(std::string name, const TwoScans& scans, const Stream& stream, uint64_t bytes)
      : Contender(std::move(name)), stream_(stream), bytes_(bytes) {
    if (!stream.in_memory() || stream.dtype() != sqrtspace::Dtype::f32)
      throw std::invalid_argument(scans.type + " by hand works on f32 frames in memory");
    const dsp::TypeSpec& spec = *dsp::find_type(scans.type.c_str());
    in_.stage = "frames";
    in_.dtype = SQS_F32;
    in_.shape = {stream.channels()};
    in_.hop = 1;
    recipe_ = spec.build(dsp::parse_params(scans.type, spec.params, scans.params.c_str()), std::span(&in_, 1));
    if (recipe_.helpers.size() != 1) throw std::invalid_argument(scans.type + " is not two scans");
  }

  Figures run() override;

 private:
  struct Work;

  const Stream& stream_;
  uint64_t bytes_;
  dsp::Operand in_;
  dsp::Recipe recipe_;
};

struct LookBack::Work {
  Work(const dsp::Recipe& recipe, const dsp::Operand& in, const Stream& stream, uint64_t bytes, std::byte* out)
      : frames(stream, recipe.helpers[0].lead, recipe.helpers[0].tail),
        forward(recipe.helpers[0], in, stream.rate()),
        backward(recipe, dsp::Operand{"forward", recipe.helpers[0].dtype, recipe.helpers[0].shape}, stream.rate()),
        crop(recipe.helpers[0].lead), wanted(stream.frames()), spacing(spacing_within(bytes)),
        tape(spacing * forward.out_bytes()), states((segments() - 1) * forward.state_bytes()),
        outside(std::max<uint64_t>(crop, recipe.helpers[0].tail) * backward.out_bytes()), output(out) {}

  uint64_t segments() const { return (frames.rows() + spacing - 1) / spacing; }
  uint64_t kept_bytes() const { return tape.bytes() + states.bytes(); }

  void run() {
    forward.start(frames.from(0).first);
    for (uint64_t segment = 0; segment + 1 < segments(); ++segment) {
      pass(segment * spacing, (segment + 1) * spacing);
      forward.save(states.data() + segment * forward.state_bytes());
    }
    const uint64_t last = segments() - 1;
    keep(last * spacing, frames.rows());
    backward.start(tape.data() + (frames.rows() - last * spacing - 1) * forward.out_bytes());
    back_over(last * spacing, frames.rows());
    for (uint64_t segment = last; segment-- > 0;) {
      if (segment == 0) forward.start(frames.from(0).first);
      else forward.restore(states.data() + (segment - 1) * forward.state_bytes());
      keep(segment * spacing, (segment + 1) * spacing);
      back_over(segment * spacing, (segment + 1) * spacing);
    }
  }

  // The most rows that fit together with a state for every so many rows; states grow as rows shrink, so the larger solution.
  uint64_t spacing_within(uint64_t bytes) const {
    const uint64_t rows = frames.rows();
    if (bytes == 0) return rows;
    const auto fits = [&](uint64_t k) { return k * forward.out_bytes() + (rows - 1) / k * forward.state_bytes() <= bytes; };
    uint64_t k = std::min(rows, bytes / forward.out_bytes());
    while (k > 0 && !fits(k)) k -= std::max<uint64_t>(1, k / 1000);
    if (k == 0) throw std::invalid_argument("no spacing of checkpoints fits in " + std::to_string(bytes) + " bytes");
    return k;
  }

  // Only the state goes on; rows are put where the next ones overwrite them.
  void pass(uint64_t first, uint64_t last) {
    const uint64_t tile = std::clamp<uint64_t>(kTileBytes / std::max(forward.in_bytes(), forward.out_bytes()), 1, spacing);
    while (first < last) {
      const auto [rows, piece] = frames.from(first);
      const uint64_t count = std::min({piece, last - first, tile});
      forward.run(rows, count, tape.data());
      evaluated += count;
      first += count;
    }
  }
  void keep(uint64_t first, uint64_t last) {
    std::byte* to = tape.data();
    while (first < last) {
      const auto [rows, piece] = frames.from(first);
      const uint64_t count = std::min(piece, last - first);
      forward.run(rows, count, to);
      evaluated += count;
      to += count * forward.out_bytes();
      first += count;
    }
  }
  // Over rows on the tape, the last of them first; those of the extension go nowhere.
  void back_over(uint64_t first, uint64_t last) {
    while (last > first) {
      const uint64_t border = last > crop + wanted ? crop + wanted : last > crop ? crop : 0;
      const uint64_t low = std::max(first, border);
      const bool inside = low >= crop && last <= crop + wanted;
      std::byte* to = inside ? output + (low - crop) * backward.out_bytes() : outside.data();
      backward.run(tape.data() + (low - first) * forward.out_bytes(), last - low, to);
      evaluated += last - low;
      last = low;
    }
  }

  ExtendedFrames frames;
  ScanKernel forward, backward;
  uint64_t crop, wanted;  // rows of the backward scan that are the output
  uint64_t spacing;
  Buffer<std::byte> tape, states, outside;
  std::byte* output;
  uint64_t evaluated = 0;
};

Figures LookBack::run() {
  Figures figures;
  const ScanKernel shape(recipe_, dsp::Operand{"forward", recipe_.helpers[0].dtype, recipe_.helpers[0].shape}, stream_.rate());
  std::optional<Buffer<std::byte>> output;
  {
    const Stopwatch stopwatch;
    output.emplace(stream_.frames() * shape.out_bytes());
    Work work(recipe_, in_, stream_, bytes_, output->data());
    work.run();
    figures.digests = {digest_of(output->data(), output->bytes())};
    stopwatch.add_to(figures);
    figures.engine_bytes = work.kept_bytes();
    figures.rows = work.evaluated;
  }
  figures.mode = "by hand";
  return figures;
}

}  // namespace

std::unique_ptr<Contender> stored_look_back(const TwoScans& scans, const Stream& stream) {
  return std::make_unique<LookBack>("stored", scans, stream, 0);
}
std::unique_ptr<Contender> checkpointed_look_back(const TwoScans& scans, const Stream& stream, uint64_t bytes) {
  return std::make_unique<LookBack>("checkpointed", scans, stream, bytes);
}

}  // namespace sqs::bench
