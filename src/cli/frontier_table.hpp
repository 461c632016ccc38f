// Memory against work, as people and as programs read it. Pure functions.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "options.hpp"

namespace sqs::cli {

// Disk is told where there is one to use, seconds where a probe has measured what they follow from. Prints nothing of no points.
void print_frontier(const std::vector<sqs_frontier_point>& points, const Options& options, std::ostream& out);
nlohmann::json to_json(const std::vector<sqs_frontier_point>& points);

}  // namespace sqs::cli
