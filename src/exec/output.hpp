// One target of a run: its sink, its digest, and the rows it has got so far. Belongs to the thread that drives the run.
#pragma once

#include <array>
#include <memory>

#include "exec/port.hpp"
#include "exec/stage_runner.hpp"
#include "obs/digest.hpp"
#include "plan/plan.hpp"
#include "sink/sink.hpp"
#include "store/row_cache.hpp"
#include "store/row_record.hpp"

namespace sqs {

class Output {
 public:
  Output(std::unique_ptr<Sink> sink, NodeId node, uint64_t row_bytes)
      : sink_(std::move(sink)), node_(node), row_bytes_(row_bytes) {}

  Sink& sink() { return *sink_; }
  // Rows come in pieces from the end: they can only be digested when all are there.
  void set_from_last() { from_last_ = true; }
  // The run starts again, in either direction: rows that the sink has got are passed over from now on, so that none comes twice.
  // Where these came in another direction than the rest does, there is no digest.
  void start_again();
  bool has_digest() const { return has_digest_; }
  const Digest& digest() const { return digest_; }
  uint64_t rows() const { return rows_; }

  // The stage writes into the sink's memory itself.
  void set_direct() { direct_ = true; }
  bool direct() const { return direct_; }
  // Rows that pass are kept for later requests.
  void set_cache(RowCache* cache, RowRecord* record) {
    cache_ = cache;
    record_ = record;
  }

  // Rows [row, row + count), next in order, or, where the sweep runs from the last row to the first, next below.
  Status deliver(Worker& worker, const Port& port, uint64_t row, uint64_t count);
  // The same of rows that were there before: a whole-stream row, or rows of the cache.
  Status deliver_known(const sqs_view& rows);
  // After the last row.
  Status finish();

 private:
  // Up to two stretches: rows come from the first one on, and where the cache has some of these, others from the last one down.
  using Stretches = std::array<Range, 2>;

  Status pass(const sqs_view& rows);
  Status pass_new(const sqs_view& rows, bool there);
  Status hand_over(const sqs_view& rows, bool there);
  Status note(Range rows);
  void keep(const sqs_view& rows);

  std::unique_ptr<Sink> sink_;
  NodeId node_;
  uint64_t row_bytes_;
  Digest digest_;
  bool from_last_ = false;
  bool has_digest_ = true;
  bool direct_ = false;
  uint64_t rows_ = 0;
  Stretches got_{};              // which these are
  Stretches before_{};           // those of them that came before the run started again
  RowCache* cache_ = nullptr;
  RowRecord* record_ = nullptr;  // of what the cache has been given
};

}  // namespace sqs
