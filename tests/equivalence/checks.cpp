#include "checks.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

namespace eq {
namespace {

std::array<uint8_t, 16> digest_of(const uint8_t* bytes, uint64_t size) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
  std::array<uint8_t, 16> digest{};
  std::memcpy(digest.data(), canonical.digest, digest.size());
  return digest;
}

std::string first_difference(const Rows& wanted, const Delivered& delivered, RowRange rows) {
  for (uint64_t t = rows.t0; t < rows.t1; ++t) {
    const uint8_t* got = delivered.bytes.data() + (t - rows.t0) * wanted.row_bytes;
    const auto [a, b] = std::mismatch(got, got + wanted.row_bytes, wanted.row(t));
    if (a == got + wanted.row_bytes) continue;
    return "row " + std::to_string(t) + " byte " + std::to_string(a - got) + " is " + std::to_string(*a) + ", wanted " +
           std::to_string(*b);
  }
  return "";
}

std::string check_target(const Naive& naive, const Delivered& delivered, RowRange rows) {
  const Rows& wanted = naive.rows(delivered.target);
  const uint64_t count = rows.t1 - rows.t0;
  const uint64_t bytes = count * wanted.row_bytes;
  if (delivered.rows == SQS_NONE) {  // a buffer: what lies behind the rows must be untouched
    const auto rest = delivered.bytes.begin() + static_cast<std::ptrdiff_t>(bytes);
    if (std::any_of(rest, delivered.bytes.end(), [](uint8_t byte) { return byte != kUnwritten; })) {
      return "bytes behind row " + std::to_string(rows.t1) + " were written";
    }
  } else if (delivered.rows != count || (count > 0 && delivered.first_row != rows.t0)) {
    return std::to_string(delivered.rows) + " rows from " + std::to_string(delivered.first_row) + ", wanted " +
           std::to_string(count) + " from " + std::to_string(rows.t0);
  }
  const std::string different = first_difference(wanted, delivered, rows);
  if (!different.empty()) return different;
  if (delivered.has_digest && delivered.digest != digest_of(delivered.bytes.data(), bytes)) return "digest is not XXH3-128 of the rows";
  return "";
}

class Sentences {
 public:
  void expect(bool holds, const std::string& what) {
    if (!holds) out_ << what << "\n";
  }
  void equal(uint64_t got, uint64_t wanted, const std::string& what) {
    expect(got == wanted, what + ": " + std::to_string(got) + ", wanted " + std::to_string(wanted));
  }
  void at_most(uint64_t got, uint64_t bound, const std::string& what) {
    expect(got <= bound, what + ": " + std::to_string(got) + ", at most " + std::to_string(bound));
  }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

void check_stages(const Session& session, const Outcome& outcome, Sentences& sentences) {
  std::map<std::string, uint64_t> evaluated;
  std::map<std::string, double> ratios;
  uint64_t predicted = 0;
  for (const StageCount& stage : outcome.stages) {
    const sqs_stage_stats& s = stage.stats;
    sentences.equal(s.rows_evaluated + s.rows_from_cache + s.rows_skipped, s.rows_predicted + s.rows_given_up,
                    "stage " + stage.name + ": evaluated + from cache + skipped against predicted + given up");
    if (s.kind == 0) continue;  // frames and windows are read, not evaluated
    evaluated[stage.name] += s.rows_evaluated;
    ratios[stage.name] = s.recompute_ratio;
    predicted += s.rows_predicted;
  }
  sentences.equal(predicted, outcome.stats.rows_predicted, "sum of the stages' rows predicted");
  for (const std::unique_ptr<Kernel>& kernel : session.kernels()) {
    sentences.equal(kernel->rows_seen(), evaluated[kernel->spec().name],
                    "stage " + kernel->spec().name + ": rows its callback saw against rows_evaluated");
    const uint64_t elsewhere = outcome.stats.rows_from_cache + outcome.stats.rows_skipped + outcome.stats.rows_given_up;
    if (kernel->rows_seen() == 0 || elsewhere > 0) continue;
    const double ratio = static_cast<double>(kernel->rows_seen()) / static_cast<double>(kernel->distinct_rows_seen());
    sentences.expect(std::abs(ratios[kernel->spec().name] - ratio) < 1e-9,
                     "stage " + kernel->spec().name + ": recompute ratio " + std::to_string(ratios[kernel->spec().name]) +
                         ", wanted " + std::to_string(ratio));
  }
}

}  // namespace

RowRange delivered_range(const Naive& naive, const std::string& first, const std::string& target, RowRange range) {
  const Geometry& lead = naive.geometry(first);
  const Geometry& other = naive.geometry(target);
  if (range.all()) return {0, other.rows};
  const uint64_t t1 = range.t1 == SQS_END ? lead.rows : range.t1;
  if (first == target) return {range.t0, t1};
  if (other.constant || lead.constant) return {0, other.rows};
  const auto frame = [](const Geometry& g, uint64_t t) { return g.origin + static_cast<int64_t>(t * g.step); };
  RowRange rows{0, 0};
  while (range.t0 > 0 && rows.t0 < other.rows && frame(other, rows.t0) < frame(lead, range.t0)) ++rows.t0;
  rows.t1 = rows.t0;
  while (rows.t1 < other.rows && (t1 == lead.rows || frame(other, rows.t1) < frame(lead, t1))) ++rows.t1;
  return rows;
}

std::string check_bytes(const Naive& naive, const Outcome& outcome, RowRange range) {
  Sentences sentences;
  for (const Delivered& delivered : outcome.delivered) {
    const RowRange rows = delivered_range(naive, outcome.delivered.front().target, delivered.target, range);
    const std::string wrong = check_target(naive, delivered, rows);
    sentences.expect(wrong.empty(), delivered.target + ": " + wrong);
  }
  return sentences.text();
}

std::string check_counts(const Session& session, const Outcome& outcome) {
  Sentences sentences;
  const sqs_stats& stats = outcome.stats;
  sentences.equal(stats.rows_evaluated + stats.rows_from_cache + stats.rows_skipped, stats.rows_predicted + stats.rows_given_up,
                  "evaluated + from cache + skipped against predicted + given up");
  sentences.equal(session.rows_seen(), stats.rows_evaluated, "rows the callbacks saw against rows_evaluated");
  sentences.at_most(stats.measured_bytes, stats.predicted_bytes, "measured against predicted bytes");
  sentences.at_most(stats.measured_bytes, stats.reserved_bytes, "measured against reserved bytes");
  sentences.at_most(stats.predicted_bytes, stats.budget_bytes, "predicted bytes against the budget");
  sentences.at_most(stats.reserved_bytes, stats.budget_bytes, "reserved bytes against the budget");
  uint64_t again = 0;
  for (const std::unique_ptr<Kernel>& kernel : session.kernels()) again += kernel->rows_seen() - kernel->distinct_rows_seen();
  // Of an attempt that was given up some rows may not have been needed again.
  const uint64_t planned_again = stats.rows_replayed + stats.rows_swept_again;
  sentences.at_most(planned_again, again, "rows replayed and swept again against rows seen again");
  sentences.at_most(again, planned_again + stats.rows_given_up, "rows seen again against rows replayed, swept again and given up");
  sentences.at_most(stats.rows_halo, stats.rows_replayed, "rows of halos against those replayed");
  sentences.at_most(planned_again + stats.rows_access + stats.rows_cache_lost + stats.rows_given_up, stats.rows_evaluated,
                    "causes against rows_evaluated");
  for (const std::unique_ptr<Kernel>& kernel : session.kernels()) {
    const bool once = kernel->spec().purity == SQS_ONCE || (stats.mode == SQS_CLASSIC && stats.rows_given_up == 0);
    if (once) sentences.at_most(kernel->most_often_seen(), 1, "stage " + kernel->spec().name + ": evaluations of one row");
  }
  if (stats.mode == SQS_CLASSIC) {
    sentences.equal(stats.rows_evaluated, stats.rows_predicted + stats.rows_given_up, "rows evaluated in classic, which keeps nothing between runs");
  }
  if (!outcome.stages.empty()) check_stages(session, outcome, sentences);
  sentences.expect(session.findings().empty(), session.findings());
  return sentences.text();
}

std::string ask_in_turn(Session& session, const Naive& naive, const std::string& target, const std::vector<RowRange>& parts) {
  for (const RowRange& part : parts) {
    const Outcome outcome = session.evaluate(target, part);
    const std::string wrong =
        outcome.ok() ? check_bytes(naive, outcome, part) + check_counts(session, outcome) : outcome.message + "\n";
    if (!wrong.empty()) return target + " " + describe(part) + ": " + wrong;
  }
  return "";
}

std::string describe(const sqs_settings& settings) {
  constexpr std::array<const char*, 3> kModes = {"auto", "classic", "sqrt"};
  std::ostringstream out;
  out << kModes.at(static_cast<size_t>(settings.mode)) << " budget " << settings.memory_budget << " every "
      << settings.checkpoint_every << " lru " << static_cast<int64_t>(settings.lru_bytes) << " threads " << settings.threads
      << " tile_frames " << settings.tile_frames << " max_ratio " << settings.max_ratio;
  if (settings.spill_dir != nullptr) out << " with a disk of " << settings.disk_bytes << " bytes to spill to";
  return out.str();
}

std::string describe(RowRange range) {
  return "[" + std::to_string(range.t0) + ", " + (range.t1 == SQS_END ? "end" : std::to_string(range.t1)) + ")";
}

}  // namespace eq
