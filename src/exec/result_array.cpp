#include "exec/state.hpp"

namespace sqs {

ResultArray::~ResultArray() {
  if (held != nullptr) held->fetch_sub(memory.bytes(), std::memory_order_relaxed);
}

sqs_view result_view(const ResultArray& result) { return result.view; }

double result_row_time(const ResultArray& result, uint64_t row) {
  const double frame = static_cast<double>(result.origin) + static_cast<double>(row) * static_cast<double>(result.step);
  return result.sample_rate > 0 ? frame / result.sample_rate : frame;
}

void result_digest(const ResultArray& result, uint8_t out[16]) { std::copy(std::begin(result.digest), std::end(result.digest), out); }
const sqs_stats& result_stats(const ResultArray& result) { return result.stats; }
const char* result_report_text(const ResultArray& result) { return result.report->text().c_str(); }
const char* result_report_json(const ResultArray& result) { return result.report->json().c_str(); }
uint64_t result_rows(const ResultArray& result) { return static_cast<uint64_t>(result.view.shape[0]); }

}  // namespace sqs
