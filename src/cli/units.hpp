// Sizes, counts and times as people write and read them. Pure functions but for memory_limit_bytes(), which asks the system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sqs::cli {

// "64MiB", "1.5GiB", "512k", "1048576", "80%" (of memory_limit_bytes()). k, M, G, T and KiB.. are powers of 1024, kB, MB,
// GB, TB powers of 1000. Nothing if the text is no size, is 0, or does not fit 64 bits.
std::optional<uint64_t> parse_bytes(const std::string& text);

// "A:B", "A:" or ":B": a half-open range of rows.
struct RowRange {
  uint64_t begin;
  uint64_t end;
};
std::optional<RowRange> parse_rows(const std::string& text);

// The smallest of RAM and the limits of the control groups this process is in.
uint64_t memory_limit_bytes();

std::string format_bytes(uint64_t bytes);      // "512 B", "64.0 KiB", "1.5 MiB", "12.0 GiB"
std::string format_mib(uint64_t bytes);        // always MiB, for columns: "64.0 MiB"
std::string format_seconds(double seconds);    // "1.20 ms", "3.41 s", "10 min 2 s", "10 h 0 min"
std::string format_count(uint64_t count);      // "20 000 000"
std::string format_number(double value, int decimals);

}  // namespace sqs::cli
