// The header of a .npy file, versions 1 to 3: a magic string, a length, and a Python dict literal with the keys descr,
// fortran_order and shape (NumPy Enhancement Proposal 1). Pure but for reading the file.
#pragma once

#include <cstdint>

#include "read_only_file.hpp"

namespace sqs::dsp {

struct NpyHeader {
  int32_t dtype = 0;
  uint64_t frames = 0;
  uint64_t channels = 1;
  uint64_t data_offset = 0;
};

// Throws SQS_E_FORMAT with the byte offset of what is wrong: anything that is not a 1-D or 2-D array in C order, of a known
// little-endian dtype, with all its data in the file.
NpyHeader read_npy_header(const ReadOnlyFile& file);

}  // namespace sqs::dsp
