// What the bench prints: a table per workload with its goals, or lines of CSV.
#pragma once

#include <iosfwd>
#include <vector>

#include "series.hpp"

namespace sqs::bench {

void print_table(std::ostream& out, const Workload& workload, const Contest& contest, const std::vector<Series>& all);
void print_csv_header(std::ostream& out);
void print_csv(std::ostream& out, const Workload& workload, const std::vector<Series>& all);

}  // namespace sqs::bench
