// Arrays that begin on a cache line, as FFTW's fast plans and the engine's buffers do. Contents are not set. Move-only.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace sqs::bench {

template <class T>
class Buffer {
 public:
  explicit Buffer(size_t count) : data_(static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64))), count_(count) {
    if (data_ == nullptr) throw std::bad_alloc();
  }
  T* data() const { return data_.get(); }
  size_t size() const { return count_; }
  size_t bytes() const { return count_ * sizeof(T); }
  T& operator[](size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T, Free> data_;
  size_t count_;
};

}  // namespace sqs::bench
