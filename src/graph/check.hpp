// What makes a declaration impossible, each with a sentence: used when stages are added. Pure functions.
#pragma once

#include <string>

#include "core/result.hpp"
#include "graph/graph.hpp"

namespace sqs {

Status check_format(const Format& format);
Status check_decl(const StageDecl& decl);
Status check_access(const std::string& reader, const Access& access, const Node& input);

// An odd edge needs the rows it mirrors: its pad must be shorter than the input (SciPy asks the same).
Status check_odd_reach(const Node& reader, const Node& input, const Reach& reach, const Rows& in);

Error misaligned(const std::string& stage, const std::string& a, const Rows& rows_a, const std::string& b,
                 const Rows& rows_b);

}  // namespace sqs
