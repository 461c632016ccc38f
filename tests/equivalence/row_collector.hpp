// Receives the rows of one target from a callback sink, in row order or in any, and finds what is missing, comes twice or has
// another shape. Not thread-safe: the engine calls a sink from one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel.hpp"
#include "naive.hpp"

namespace eq {

// One delivered target.
struct Delivered {
  std::string target;
  uint64_t first_row = 0;
  uint64_t rows = 0;  // SQS_NONE: not known, bytes is a whole buffer with room for all rows
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 16> digest{};
};

// Copies the rows of a view out, one after another.
void append_rows(const sqs_view& view, std::vector<uint8_t>& out);

// How a view of rows differs from the stage it should be of; empty if it does not.
std::string shape_difference(const sqs_view& view, const Rows& rows);

enum class Order {
  Row,  // pieces of consecutive rows, each behind the last
  Any   // the same, in any order
};

class RowCollector {
 public:
  // rows: what the target's should be; findings: where sentences about wrong pieces go. Both must outlive the collector.
  RowCollector(std::string target, const Rows& rows, Order order, Findings& findings);

  static int32_t take(void* user, const sqs_view* view, char* message);  // an sqs_rows_fn
  // All rows in row order, without a digest; a gap or an overlap between pieces is a finding.
  Delivered delivered() const;

 private:
  struct Piece {
    uint64_t rows = 0;
    std::vector<uint8_t> bytes;
  };
  void add(const sqs_view& view);
  void found(const std::string& what) const;

  std::string target_;
  const Rows& wanted_;
  Order order_;
  Findings& findings_;
  uint64_t next_row_ = 0;  // behind the last piece
  std::map<uint64_t, Piece> pieces_;  // by first row
};

}  // namespace eq
