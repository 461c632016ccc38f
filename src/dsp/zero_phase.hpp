// Filtering forward and then backward over the rows, which leaves no delay: two scans, the second of which reads the first.
//
//   input --(extended by padlen rows at either end)--> <name>.forward --> <name>, backward, cropped to the rows of the input
//
// Each scan starts in its steady state of the first row it works on. Rows between the two are f64. Names, defaults and
// extensions are those of scipy.signal.filtfilt and sosfiltfilt.
#pragma once

#include <functional>

#include "params.hpp"
#include "stage.hpp"

namespace sqs::dsp {

inline constexpr ParamSpec kPadtypeParam = {
    "padtype", ParamType::Choice, "", "odd", "odd|even|constant|none",
    "what the input is extended by at either end: mirrored and turned about its end, mirrored, its end, or not at all"};
inline constexpr ParamSpec kPadlenParam = {"padlen", ParamType::Int, "rows", "", "0..2^32",
                                           "rows by which it is extended at either end; absent: as SciPy chooses"};

struct Extension {
  int32_t edge = SQS_VALID;
  uint64_t rows = 0;
};

// padtype and padlen; default_rows is how many rows SciPy extends by.
Extension read_extension(const char* type, const Params& params, uint64_t default_rows);

// Builds one of the two scans, of this input, direction and output dtype.
using BuildScan = std::function<Recipe(const Operand& input, int32_t direction, int32_t dtype)>;

// The two scans, the second with the output dtype. Integers that are extended as odd, which may leave their range, become
// floats in a stage before ("<name>.input").
Recipe zero_phase(const char* type, const Operand& input, const Extension& extension, int32_t dtype, const BuildScan& scan);

}  // namespace sqs::dsp
