// What must hold of every run: the bytes of the naive evaluation, its digest, and counters that agree with each other and
// with what the callbacks counted. Each check returns an empty string, or sentences saying what does not hold.
#pragma once

#include <string>
#include <vector>

#include "naive.hpp"
#include "session.hpp"

namespace eq {

// Rows of `target` that a run over rows `range` of `first` delivers: of the first target those rows, of others the rows that
// start in the frames they cover. The range from row 0 covers all before it and the range up to the last row all behind, so
// that ranges which make up the first target make up the others too.
RowRange delivered_range(const Naive& naive, const std::string& first, const std::string& target, RowRange range);

// Bytes and digest of everything delivered.
std::string check_bytes(const Naive& naive, const Outcome& outcome, RowRange range);

// Counters and sizes of a run that succeeded.
std::string check_counts(const Session& session, const Outcome& outcome);

// Asks for the parts of a stage one after another on one pipeline; what does not hold of the first that is wrong.
std::string ask_in_turn(Session& session, const Naive& naive, const std::string& target, const std::vector<RowRange>& parts);

// One line of what was asked for, for messages.
std::string describe(const sqs_settings& settings);
std::string describe(RowRange range);

}  // namespace eq
