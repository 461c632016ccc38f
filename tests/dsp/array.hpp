// Arrays as tests handle them: rows of elements in C order, whatever the dtype. Values.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "sqrtspace/sqrtspace.h"

namespace sqs::dsp::test {

struct Array {
  int32_t dtype = 0;
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;

  Array() = default;
  Array(int32_t element, std::vector<uint64_t> extents)
      : dtype(element), shape(std::move(extents)), bytes(count() * sqs_dtype_bytes(element)) {}

  template <class T>
  static Array of(int32_t element, std::vector<uint64_t> extents, const std::vector<T>& values) {
    Array array(element, std::move(extents));
    std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
    return array;
  }

  uint64_t count() const {
    uint64_t product = 1;
    for (const uint64_t extent : shape) product *= extent;
    return product;
  }
  template <class T>
  T at(uint64_t index) const {
    T value;
    std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof value);
    return value;
  }
  template <class T>
  void set(uint64_t index, T value) {
    std::memcpy(bytes.data() + index * sizeof(T), &value, sizeof value);
  }

  // Complex elements count as two.
  uint64_t real_count() const { return count() * (dtype == SQS_C64 || dtype == SQS_C128 ? 2 : 1); }
  double real(uint64_t index) const;
  // The same array seen with other extents.
  Array shaped(std::vector<uint64_t> extents) const {
    Array array = *this;
    array.shape = std::move(extents);
    return array;
  }
  // `count` of its rows.
  Array rows(uint64_t first, uint64_t count) const {
    std::vector<uint64_t> extents = shape;
    extents[0] = count;
    Array array(dtype, std::move(extents));
    const uint64_t row_bytes = shape[0] == 0 ? 0 : bytes.size() / shape[0];
    std::memcpy(array.bytes.data(), bytes.data() + first * row_bytes, array.bytes.size());
    return array;
  }
};

// One row of a column or of columns.
Array as_row(const Array& x);
// "key=value,value" of an array, to the last bit.
std::string list(const char* key, const Array& values);

// The arrays of vectors/FAMILY.txt; ends the test program if there is no such file or array.
class Vectors {
 public:
  explicit Vectors(const std::string& family);
  const Array& operator[](const std::string& name) const;
  bool has(const std::string& name) const;

 private:
  std::string path_;
  std::vector<std::pair<std::string, Array>> arrays_;
};

// Largest |got - expected|, over the largest |expected| if `relative`, else over each |expected|; NaNs must meet NaNs. Shapes
// must agree but for axes of extent 1. Prints what it finds, for tests/dsp/README.md, and fails the test above the tolerance.
void expect_near_scaled(const std::string& what, const Array& got, const Array& expected, double tolerance);
void expect_near_each(const std::string& what, const Array& got, const Array& expected, double tolerance);
void expect_equal(const std::string& what, const Array& got, const Array& expected);

}  // namespace sqs::dsp::test
