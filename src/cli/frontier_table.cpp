#include "frontier_table.hpp"

#include <nlohmann/json.hpp>
#include <ostream>
#include <spdlog/fmt/fmt.h>

#include "table.hpp"
#include "units.hpp"

namespace sqs::cli {
namespace {

const char* schedule_name(int32_t schedule) {
  switch (schedule) {
    case SQS_STORE: return "store";
    case SQS_SHRINK: return "shrink";
    case SQS_SHRINK_DISK: return "shrink with disk";
    case SQS_MULTI: return "multi";
    case SQS_FIXED: return "fixed";
    case SQS_CHAIN: return "chain";
    case SQS_SPILL: return "spill";
    default: return "none";
  }
}

}  // namespace

void print_frontier(const std::vector<sqs_frontier_point>& points, const Options& options, std::ostream& out) {
  if (points.empty()) return;
  const bool disk = !options.spill_dir.empty(), seconds = options.probe;
  std::vector<Table::Column> columns = {{"budget"}, {"in bytes"}, {"rows evaluated"}, {"recompute"},
                                        {"schedule", Table::Align::kLeft}};
  if (disk) columns.push_back({"disk"});
  if (seconds) columns.push_back({"time"});
  Table table(columns);
  for (const sqs_frontier_point& point : points) {
    std::vector<std::string> cells = {format_bytes(point.budget_bytes), std::to_string(point.budget_bytes),
                                      format_count(point.rows_predicted), fmt::format("{:.2f}x", point.ratio),
                                      schedule_name(point.schedule)};
    if (disk) cells.push_back(point.disk_bytes == 0 ? "-" : format_bytes(point.disk_bytes));
    if (seconds) cells.push_back(format_seconds(point.predicted_seconds));
    table.add(cells);
  }
  out << "\nfrontier: what other budgets make of it\n";
  table.print(out, "  ");
}

nlohmann::json to_json(const std::vector<sqs_frontier_point>& points) {
  nlohmann::json list = nlohmann::json::array();
  for (const sqs_frontier_point& point : points)
    list.push_back({{"budget_bytes", point.budget_bytes},
                    {"predicted_bytes", point.predicted_bytes},
                    {"rows_predicted", point.rows_predicted},
                    {"ratio", point.ratio},
                    {"seconds", point.predicted_seconds},
                    {"disk_bytes", point.disk_bytes},
                    {"schedule", schedule_name(point.schedule)}});
  return list;
}

}  // namespace sqs::cli
