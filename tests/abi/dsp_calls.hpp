// The functions of libsqrtspace-dsp that take a handle, as handle_calls.hpp has those of the engine.
#pragma once

#include <string>
#include <vector>

#include "handle_calls.hpp"

namespace border {

// A file of 20 frames, f64, one channel: those of ramp(). It is there as long as the program runs.
const std::string& ramp_file();
inline constexpr const char* kRampOptions = "dtype=f64";

const std::vector<HandleCall>& dsp_handle_calls();

// Functions that take no handle.
const std::vector<std::string>& dsp_calls_without_handle();

// How many files this process has open.
std::size_t open_files();

}  // namespace border
