#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sqs::test {
namespace {

std::string read_all(int file) {
  std::string text;
  char buffer[4096];
  ssize_t count = 0;
  lseek(file, 0, SEEK_SET);
  while ((count = read(file, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<size_t>(count));
  return text;
}

uint64_t caught_signals(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("SigCgt:", 0) == 0) return std::stoull(line.substr(7), nullptr, 16);
  return 0;
}

// The text between two marks of a .npy header.
std::string header_field(const std::string& header, const std::string& key) {
  const size_t begin = header.find("'" + key + "':");
  if (begin == std::string::npos) throw std::runtime_error("no " + key + " in the header " + header);
  size_t from = header.find_first_not_of(' ', begin + key.size() + 3);
  const size_t to = header[from] == '(' ? header.find(')', from) + 1 : header.find(',', from);
  return header.substr(from, to - from);
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments, const std::string& out_path) {
  std::vector<std::string> owned = arguments;
  owned.insert(owned.begin(), SQRTSPACE_PROGRAM);
  std::vector<char*> pointers;
  for (std::string& argument : owned) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  out_file_ = out_path.empty() ? memfd_create("out", MFD_CLOEXEC) : open(out_path.c_str(), O_WRONLY | O_CLOEXEC);
  err_file_ = memfd_create("err", MFD_CLOEXEC);
  if (out_file_ < 0 || err_file_ < 0) throw std::runtime_error("no file for the output");
  id_ = fork();
  if (id_ < 0) throw std::runtime_error("fork failed");
  if (id_ != 0) return;
  dup2(out_file_, STDOUT_FILENO);
  dup2(err_file_, STDERR_FILENO);
  execv(SQRTSPACE_PROGRAM, pointers.data());
  _exit(127);
}

Program::~Program() {
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  close(out_file_);
  close(err_file_);
}

bool Program::running() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool Program::wait_until_interruptible() const {
  while (running()) {
    if ((caught_signals(id_) >> (SIGINT - 1) & 1) != 0) return true;
    sched_yield();
  }
  return false;
}

void Program::interrupt() const { kill(id_, SIGINT); }

Ran Program::wait() {
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  id_ = 0;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_all(out_file_), read_all(err_file_)};
}

Ran run_program(const std::vector<std::string>& arguments, const std::string& out_path) {
  return Program(arguments, out_path).wait();
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sqrtspace-cli-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

size_t TemporaryDirectory::entries() const {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_)) ++count;
  return count;
}

void write_bytes(const std::string& path, const void* data, size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  if (!file.flush()) throw std::runtime_error(path + " could not be written");
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Npy read_npy(const std::string& path) {
  const std::string bytes = read_text(path);
  if (bytes.size() < 10 || bytes.substr(0, 8) != std::string("\x93NUMPY\x01\x00", 8))
    throw std::runtime_error(path + " is no .npy file of version 1.0");
  const size_t length = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  if ((10 + length) % 64 != 0) throw std::runtime_error("the header does not end on a multiple of 64");
  const std::string header = bytes.substr(10, length);

  Npy npy;
  npy.descr = header_field(header, "descr");
  npy.descr = npy.descr.substr(1, npy.descr.size() - 2);
  npy.fortran_order = header_field(header, "fortran_order") != "False";
  std::stringstream shape(header_field(header, "shape").substr(1));
  for (uint64_t size = 0; shape >> size; shape.ignore(2, ' ')) npy.shape.push_back(size);
  npy.payload = bytes.substr(10 + length);
  return npy;
}

std::string digest_of(const std::string& bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  std::string text;
  for (const unsigned char byte : canonical.digest) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

}  // namespace sqs::test
