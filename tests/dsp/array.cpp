#include "array.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>

#include "dtypes.hpp"

namespace sqs::dsp::test {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << why << "\n";
  std::abort();
}

int32_t part_dtype(int32_t dtype) { return dtype == SQS_C64 ? SQS_F32 : dtype == SQS_C128 ? SQS_F64 : dtype; }

// stream >> double does not read nan and inf.
double read_double(std::istream& in) {
  std::string word;
  in >> word;
  return std::strtod(word.c_str(), nullptr);
}

Array read_values(std::istream& in, int32_t dtype, std::vector<uint64_t> shape) {
  Array array(dtype, std::move(shape));
  visit_real(part_dtype(dtype), [&](auto chosen) {
    using T = typename decltype(chosen)::type;
    for (uint64_t i = 0; i < array.real_count(); ++i) array.set<T>(i, static_cast<T>(read_double(in)));
  });
  if (!in) give_up("a file of vectors ends within an array");
  return array;
}

std::vector<uint64_t> squeezed(const std::vector<uint64_t>& shape) {
  std::vector<uint64_t> out;
  for (const uint64_t extent : shape)
    if (extent != 1) out.push_back(extent);
  return out;
}

void report(const std::string& what, double error, double tolerance) {
  std::printf("[  error   ] %-28s %.2g (tolerance %.2g)\n", what.c_str(), error, tolerance);
  EXPECT_LE(error, tolerance) << what;
}

// Largest error over the reals of both, each divided by scale(expected).
template <class Scale>
double largest_error(const std::string& what, const Array& got, const Array& expected, Scale scale) {
  EXPECT_EQ(squeezed(got.shape), squeezed(expected.shape)) << what;
  if (got.real_count() != expected.real_count()) return std::numeric_limits<double>::infinity();
  double worst = 0;
  for (uint64_t i = 0; i < got.real_count(); ++i) {
    const double a = got.real(i), b = expected.real(i);
    if (std::isnan(a) != std::isnan(b)) return std::numeric_limits<double>::infinity();
    if (std::isnan(a) || a == b) continue;
    worst = std::max(worst, std::abs(a - b) / scale(b));
  }
  return worst;
}

}  // namespace

double Array::real(uint64_t index) const {
  return visit_real(part_dtype(dtype), [&](auto chosen) { return static_cast<double>(at<typename decltype(chosen)::type>(index)); });
}

Array as_row(const Array& x) {
  std::vector<uint64_t> shape = x.shape;
  shape.insert(shape.begin(), 1);
  return x.shaped(shape);
}

std::string list(const char* key, const Array& values) {
  std::string out = std::string(key) + "=";
  for (uint64_t i = 0; i < values.count(); ++i) {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%s%.17g", i > 0 ? "," : "", values.real(i));
    out += digits;
  }
  return out;
}

Vectors::Vectors(const std::string& family) : path_(std::string(SQS_DSP_VECTORS_DIR) + "/" + family + ".txt") {
  std::ifstream in(path_);
  if (!in) give_up("no file " + path_);
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind("array ", 0) != 0) continue;
    std::istringstream words(line);
    std::string keyword, name, dtype;
    words >> keyword >> name >> dtype;
    std::vector<uint64_t> shape;
    for (uint64_t extent = 0; words >> extent;) shape.push_back(extent);
    arrays_.emplace_back(name, read_values(in, dtype_named(dtype), shape));
  }
}

bool Vectors::has(const std::string& name) const {
  for (const auto& [known, array] : arrays_)
    if (known == name) return true;
  return false;
}

const Array& Vectors::operator[](const std::string& name) const {
  for (const auto& [known, array] : arrays_)
    if (known == name) return array;
  give_up("no array " + name + " in " + path_);
}

void expect_near_scaled(const std::string& what, const Array& got, const Array& expected, double tolerance) {
  double largest = std::numeric_limits<double>::min();
  for (uint64_t i = 0; i < expected.real_count(); ++i)
    if (std::isfinite(expected.real(i))) largest = std::max(largest, std::abs(expected.real(i)));
  report(what, largest_error(what, got, expected, [&](double) { return largest; }), tolerance);
}

void expect_near_each(const std::string& what, const Array& got, const Array& expected, double tolerance) {
  const auto scale = [](double b) { return std::max(std::abs(b), std::numeric_limits<double>::min()); };
  report(what, largest_error(what, got, expected, scale), tolerance);
}

void expect_equal(const std::string& what, const Array& got, const Array& expected) {
  report(what, largest_error(what, got, expected, [](double) { return 1.0; }), 0);
}

}  // namespace sqs::dsp::test
