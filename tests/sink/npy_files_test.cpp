// The .npy files of one run are replaced together or not at all: whatever fails on the way, each file is whole, the former one
// or the new one, and the error tells what could not be put back.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>

#include "c_api.hpp"
#include "scripted_files.hpp"
#include "temporary_directory.hpp"

namespace sqs {
namespace {

using test::ScriptedFiles;
using test::TemporaryDirectory;
using test::text_of;

const char* const kFormer = "former";

class NpyFiles : public ::testing::Test {
 protected:
  NpyFiles() {
    std::filesystem::create_directory(directory_.file("a"));
    std::filesystem::create_directory(directory_.file("b"));
    test::write_text(a_, kFormer);
    test::write_text(b_, kFormer);
    EXPECT_EQ(sqs_pipeline_set_memory(pipeline_.get(), frames_.data(), frames_.size(), nullptr, nullptr, nullptr), SQS_OK);
  }
  // Writes all frames to both files, in this order; at_rows runs when they have been computed.
  api::Answer run() {
    sqs_run* made = nullptr;
    EXPECT_EQ(sqs_run_create(pipeline_.get(), &made, nullptr), SQS_OK);
    const api::Run run(made);
    EXPECT_EQ(sqs_run_add_npy(made, "frames", a_.c_str(), nullptr, nullptr), SQS_OK);
    EXPECT_EQ(sqs_run_add_npy(made, "frames", b_.c_str(), nullptr, nullptr), SQS_OK);
    const sqs_rows_fn call = [](void* user, const sqs_view*, char*) {
      (*static_cast<std::function<void()>*>(user))();
      return 1;
    };
    EXPECT_EQ(sqs_run_add_callback(made, "frames", call, &at_rows_, nullptr, nullptr, nullptr), SQS_OK);
    const api::Answer answer = api::answer([&](sqs_error** e) { return sqs_run_execute(made, e); });
    EXPECT_EQ(std::string(sqs_run_report_text(made)).empty(), !answer.ok());
    return answer;
  }
  bool is_new(const std::string& path) const {
    const std::string text = text_of(path);
    const size_t bytes = frames_.size() * sizeof frames_[0];
    return text.size() > bytes && std::memcmp(text.data() + text.size() - bytes, frames_.data(), bytes) == 0;
  }
  // Nothing but the two files is left.
  void expect_tidy() {
    for (const char* name : {"a", "b"})
      for (const auto& entry : std::filesystem::directory_iterator(directory_.file(name)))
        EXPECT_EQ(entry.path().filename(), "out.npy");
  }
  void expect_as_they_were() {
    EXPECT_EQ(text_of(a_), kFormer);
    EXPECT_EQ(text_of(b_), kFormer);
  }
  void expect_failed(const api::Answer& answer) {
    EXPECT_EQ(answer.code, SQS_E_SINK) << answer.message;
    EXPECT_EQ(answer.stage, "frames");
    EXPECT_NE(answer.message.find(b_), std::string::npos) << answer.message;
    expect_tidy();
  }

  const TemporaryDirectory directory_;
  const std::string a_ = directory_.file("a/out.npy");
  const std::string b_ = directory_.file("b/out.npy");
  std::vector<int32_t> frames_ = std::vector<int32_t>(5000, 7);
  std::function<void()> at_rows_ = [] {};
  api::Pipeline pipeline_ = api::pipeline(api::format(SQS_I32, 1, 1, 1));
};

TEST_F(NpyFiles, AreReplacedTogether) {
  const api::Answer answer = run();
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_TRUE(is_new(a_));
  EXPECT_TRUE(is_new(b_));
  expect_tidy();
}

TEST_F(NpyFiles, AreAllCompleteBeforeTheFirstIsReplaced) {
  ScriptedFiles files;
  files.fail("fsync", 0);
  files.fail("fsync", EIO);
  expect_failed(run());
  EXPECT_EQ(files.calls("renameat2") + files.calls("renameat"), 0);
  expect_as_they_were();
}

TEST_F(NpyFiles, StandAsTheyWereIfTheSecondCannotBeRenamed) {
  ScriptedFiles files;
  files.fail("renameat2", 0);
  files.fail("renameat2", EACCES);
  expect_failed(run());
  expect_as_they_were();
}

TEST_F(NpyFiles, StandAsTheyWereWhereNamesCannotBeExchanged) {
  ScriptedFiles files;
  files.fail("renameat2", EINVAL);
  files.fail("renameat2", EINVAL);
  files.fail("renameat", 0);
  files.fail("renameat", EACCES);
  expect_failed(run());
  expect_as_they_were();
}

TEST_F(NpyFiles, AreNamedWhereTheFormerOneCannotBeKept) {
  ScriptedFiles files;
  for (int i = 0; i < 2; ++i) {
    files.fail("renameat2", EINVAL);
    files.fail("linkat", EPERM);
  }
  files.fail("renameat", 0);
  files.fail("renameat", EACCES);
  const api::Answer answer = run();
  expect_failed(answer);
  EXPECT_NE(answer.message.find("'" + a_ + "' has been replaced already"), std::string::npos) << answer.message;
  EXPECT_TRUE(is_new(a_));
  EXPECT_EQ(text_of(b_), kFormer);
}

TEST_F(NpyFiles, StandAsTheyWereIfADirectoryHasGoneAway) {
  at_rows_ = [&] {
    if (std::filesystem::exists(directory_.file("b"))) std::filesystem::rename(directory_.file("b"), directory_.file("elsewhere"));
  };
  const api::Answer answer = run();
  EXPECT_EQ(answer.code, SQS_E_SINK) << answer.message;
  EXPECT_NE(answer.message.find(b_), std::string::npos) << answer.message;
  EXPECT_EQ(text_of(a_), kFormer);
  EXPECT_EQ(text_of(directory_.file("elsewhere/out.npy")), kFormer);
}

TEST_F(NpyFiles, ThatWereNotThereBeforeAreNotThereAfterAFailure) {
  std::filesystem::remove(a_);
  ScriptedFiles files;
  files.fail("renameat2", 0);
  files.fail("renameat2", EACCES);
  expect_failed(run());
  EXPECT_FALSE(std::filesystem::exists(a_));
  EXPECT_EQ(text_of(b_), kFormer);
}

TEST_F(NpyFiles, CanBeWrittenAfterAFailure) {
  {
    ScriptedFiles files;
    files.fail("renameat2", 0);
    files.fail("renameat2", EACCES);
    expect_failed(run());
  }
  ASSERT_TRUE(run().ok());
  EXPECT_TRUE(is_new(a_));
  EXPECT_TRUE(is_new(b_));
  expect_tidy();
}

}  // namespace
}  // namespace sqs
