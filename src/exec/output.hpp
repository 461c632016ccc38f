// One target of a run: its sink, its digest, and the rows it has got so far. Belongs to the thread that drives the run.
//
// Of a target that is pulled, delivering rows only notes where they lie. The executor stops before it would move them, and they
// are lent from there, in pieces; what happens to rows on delivery (digest, cache) happens to each piece as it is lent.
#pragma once

#include <array>
#include <memory>
#include <optional>

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
      : sink_(std::move(sink)), node_(node), row_bytes_(row_bytes), pulled_(sink_->pulled()) {}

  Sink& sink() { return *sink_; }
  // Rows come in pieces from the end: they can only be digested when all are there.
  void set_from_last() { from_last_ = true; }
  // The run starts again, in either direction: rows that the sink has got are passed over from now on, so that none comes twice.
  // Where these came in another direction than the rest does, there is no digest.
  void start_again();
  bool has_digest() const { return has_digest_; }
  const Digest& digest() const { return digest_; }
  uint64_t rows() const { return rows_; }  // of a target that is pulled: lent so far

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
  // Whether rows wait to be pulled; and the next piece of them, of `most_rows` at most.
  bool rows_wait() const { return waiting_.has_value(); }
  Result<sqs_view> lend(uint64_t most_rows);
  // After the last row.
  Status finish();

 private:
  // Up to two stretches: rows come from the first one on, and where the cache has some of these, others from the last one down.
  using Stretches = std::array<Range, 2>;
  // Rows as a port shows them, or rows that are a view already; `row` is the next to be lent.
  struct Waiting {
    const Port* port = nullptr;
    Worker* worker = nullptr;
    Range all;
    uint64_t row = 0;
    sqs_view known = {};
  };

  static sqs_view next_piece(Worker& worker, const Port& port, uint64_t row, uint64_t count);
  Status wait(Worker& worker, const Port& port, Range rows);
  Status pass_over();
  Status pass(const sqs_view& rows);
  Status pass_new(const sqs_view& rows, bool there);
  Status hand_over(const sqs_view& rows, bool there);
  Range next_new(Range rows) const;
  Status note(Range rows);
  void keep(const sqs_view& rows);

  std::unique_ptr<Sink> sink_;
  NodeId node_;
  uint64_t row_bytes_;
  Digest digest_;
  const bool pulled_;
  std::optional<Waiting> waiting_;
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
