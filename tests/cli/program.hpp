// Runs the built program as a user would and keeps what it said. Thread safety: one program at a time per directory.
#pragma once

#include <sys/types.h>

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sqs::test {

struct Ran {
  int exit_code = -1;  // -n if signal n killed it
  std::string out;
  std::string err;

  nlohmann::json json() const { return nlohmann::json::parse(out); }  // throws if it is not JSON
};

// The program under test, started and not yet waited for. Its output goes to files, so that it never blocks on a pipe.
class Program {
 public:
  // out_path: where stdout goes instead of a file of our own.
  explicit Program(const std::vector<std::string>& arguments, const std::string& out_path = "");
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool running() const;
  // True once it handles SIGINT itself; false if it ended before.
  bool wait_until_interruptible() const;
  void interrupt() const;
  Ran wait();

 private:
  pid_t id_ = 0;
  int out_file_ = -1, err_file_ = -1;
};

Ran run_program(const std::vector<std::string>& arguments, const std::string& out_path = "");

// A directory that is gone when the test is over.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  size_t entries() const;

 private:
  std::filesystem::path path_;
};

void write_bytes(const std::string& path, const void* data, size_t bytes);
template <class T>
void write_samples(const std::string& path, const std::vector<T>& samples) {
  write_bytes(path, samples.data(), samples.size() * sizeof(T));
}
std::string read_text(const std::string& path);

// A .npy file of version 1.0, taken apart by its specification and not by the project's own reader.
struct Npy {
  std::string descr;
  std::vector<uint64_t> shape;
  bool fortran_order = true;
  std::string payload;

  template <class T>
  T at(size_t i) const {
    T value;
    std::memcpy(&value, payload.data() + i * sizeof(T), sizeof(T));
    return value;
  }
};
Npy read_npy(const std::string& path);

// XXH3-128 of the payload in canonical form, as the program prints it.
std::string digest_of(const std::string& bytes);

}  // namespace sqs::test
