// How the program fails: the exit code, one line on stderr, and nothing on stdout.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "program.hpp"

namespace sqs::test {
namespace {

// One sentence after the program's name, and no data.
void expect_failure(const Ran& ran, int exit_code, const std::string& words) {
  EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err.rfind("sqrtspace: ", 0), 0u) << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_NE(ran.err.find(words), std::string::npos) << ran.err;
}

TEST(ExitCode, TwoForWordsThatMakeNoSense) {
  expect_failure(run_program({}), 2, "a command is needed");
  expect_failure(run_program({"dmeo", "audio"}), 2, "did you mean 'demo'?");
  expect_failure(run_program({"demo"}), 2, "WORKLOAD");
  expect_failure(run_program({"demo", "video"}), 2, "video");
  expect_failure(run_program({"demo", "audio", "--no-such-option"}), 2, "--no-such-option");
  expect_failure(run_program({"demo", "audio", "--mode", "fast"}), 2, "--mode");
  expect_failure(run_program({"demo", "audio", "--budget", "64 bananas"}), 2, "64 bananas");
  expect_failure(run_program({"demo", "audio", "--threads", "0"}), 2, "--threads");
  expect_failure(run_program({"demo", "audio", "--hop", "0"}), 2, "--hop");
  expect_failure(run_program({"demo", "audio", "--rows", "7"}), 2, "--rows");
  expect_failure(run_program({"demo", "audio", "--minutes", "1", "--frames", "5"}), 2, "--frames");
  expect_failure(run_program({"demo", "audio", "--deep"}), 2, "--deep");
  expect_failure(run_program({"demo", "ecg", "--minutes", "1"}), 2, "--minutes");
  expect_failure(run_program({"run", "audio", "x.wav"}), 2, "--output");
  expect_failure(run_program({"demo", "audio", "--compare", "--mode", "sqrt"}), 2, "--compare");
  expect_failure(run_program({"demo", "audio", "--rows", "50:91", "--quiet"}), 2, "91");
  expect_failure(run_program({"bench", "ecg"}), 2, "ecg");
  expect_failure(run_program({"demo", "pitch", "--deep"}), 2, "--deep");
  expect_failure(run_program({"demo", "pitch", "--limit", "3"}), 2, "--limit");
  expect_failure(run_program({"demo", "pitch", "--window", "978"}), 2, "at least 979 frames");
  expect_failure(run_program({"stages", "no_such_stage"}), 2, "no_such_stage");
  expect_failure(run_program({"plan", "logs", "--target", "alert"}), 2, "--output");
  expect_failure(run_program({"plan", "logs", "-o", "x.npy", "--target", "loud"}), 2, "no result 'loud', but quantiles, alert");
}

// The sentence is short, as it is not if it spells out the least positive number.
void expect_refused_option(const std::vector<std::string>& arguments, const std::string& words) {
  const Ran ran = run_program(arguments);
  expect_failure(ran, 2, words);
  EXPECT_LT(ran.err.size(), 200u) << ran.err;
}

TEST(ExitCode, TwoForNumbersOutOfRange) {
  for (const char* option : {"--head", "--seed", "--tile-frames", "--checkpoint-every"})
    expect_refused_option({"demo", "logs", option, "-1"}, option);
  for (const char* minutes : {"nan", "inf", "-1", "0", "-inf", "soon"})
    expect_refused_option({"demo", "audio", "--minutes", minutes}, "--minutes");
  for (const char* rate : {"0", "-8000", "nan", "inf"}) expect_refused_option({"demo", "audio", "--rate", rate}, "--rate");
  expect_refused_option({"plan", "audio", "--minutes", "1e9", "--rate", "1e15"}, "2^62");
}

TEST(ExitCode, TwoForOptionsThatHaveNoEffect) {
  expect_failure(run_program({"demo", "audio", "--channels", "2"}), 2, "--channels");
  expect_failure(run_program({"plan", "logs", "--dtype", "f64"}), 2, "--dtype");
  expect_failure(run_program({"verify", "satcom", "--skip", "0"}), 2, "--skip");
  expect_failure(run_program({"demo", "pitch", "--container", "raw"}), 2, "--container");
  expect_failure(run_program({"demo", "audio", "--input", SQRTSPACE_ECG, "--seed", "1"}), 2, "--seed");
  expect_failure(run_program({"demo", "audio", "--seed", "2"}), 2, "--seed");  // of a sine
}

// All rows of all stages, which fewer of them make less.
TEST(ExitCode, AVerifyThatIsRefusedNamesWhatHelps) {
  const Ran refused = run_program({"verify", "audio", "--budget", "1MiB"});
  expect_failure(refused, 4, "; raise --budget, or, where no stage looks back, verify fewer --rows");
  EXPECT_EQ(refused.err.find("arrays"), std::string::npos) << refused.err;
  EXPECT_EQ(run_program({"verify", "audio", "--budget", "1MiB", "--rows", "0:20"}).exit_code, 0);
}

// A tone is made at the rate that is asked for, if there can be one.
TEST(ExitCode, TwoForARateThatHoldsNoTone) {
  expect_failure(run_program({"demo", "audio", "--rate", "100"}), 2, "440 Hz");
  expect_failure(run_program({"demo", "audio", "--rate", "880"}), 2, "more than 880");
  expect_failure(run_program({"plan", "audio", "--minutes", "1", "--rate", "5280"}), 2, "more than 5280");
}

// Any bytes can be taken for samples: a file is only if its suffix or the user says so.
TEST(ExitCode, TwoForASuffixThatIsNotKnown) {
  const TemporaryDirectory directory;
  const std::vector<float> silence(10000);
  for (const char* name : {"song.mp3", "song.f32", "song"}) {
    write_samples(directory / name, silence);
    const auto run_with = [&](const std::vector<std::string>& options) {
      std::vector<std::string> arguments = {"run", "audio", directory / name, "-o", directory / "out.npy", "--force", "-q"};
      arguments.insert(arguments.end(), options.begin(), options.end());
      return run_program(arguments);
    };
    const Ran refused = run_with({});
    expect_failure(refused, 2, name);
    EXPECT_NE(refused.err.find("--dtype"), std::string::npos) << refused.err;
    EXPECT_FALSE(std::filesystem::exists(directory / "out.npy"));
    expect_failure(run_program({"plan", "logs", directory / name}), 2, name);
    EXPECT_EQ(run_with({"--dtype", "f32"}).exit_code, 0);
    EXPECT_EQ(run_with({"--container", "raw"}).exit_code, 0);
    std::filesystem::remove(directory / "out.npy");
  }
  expect_failure(run_program({"demo", "audio", "--input", directory / "song.mp3"}), 2, "suffix .mp3");
}

TEST(ExitCode, TwoForAnOutputThatIsTheInput) {
  const TemporaryDirectory directory;
  const std::string in = directory / "in.raw";
  write_samples(in, std::vector<float>(10000));
  const std::string before = read_text(in);
  std::filesystem::create_symlink(in, directory / "symbolic.npy");
  std::filesystem::create_hard_link(in, directory / "hard.npy");
  for (const std::string& out : {in, directory / "./in.raw", directory / "symbolic.npy", directory / "hard.npy"}) {
    expect_failure(run_program({"run", "audio", in, "-o", out, "--force"}), 2, "same file");
    expect_failure(run_program({"run", "audio", in, "-o", out}), 2, "same file");
    EXPECT_EQ(read_text(in), before) << out;
  }
  EXPECT_TRUE(std::filesystem::is_symlink(directory / "symbolic.npy"));
}

TEST(ExitCode, ThreeForAnInputThatCantBeRead) {
  const TemporaryDirectory directory;
  expect_failure(run_program({"info", directory / "absent.wav"}), 3, "absent.wav");
  expect_failure(run_program({"demo", "audio", "--input", directory / "absent.wav"}), 3, "absent.wav");
  expect_failure(run_program({"run", "audio", directory / "absent.npy", "-o", directory / "out.npy"}), 3, "absent.npy");

  const TemporaryDirectory other;
  write_bytes(other / "bytes.raw", "12345678", 8);
  expect_failure(run_program({"info", other / "bytes.raw"}), 2, "dtype");

  write_bytes(other / "samples.raw", std::string(40000, '\0').data(), 40000);
  expect_failure(run_program({"plan", "pitch", other / "samples.raw"}), 2, "--rate");
  expect_failure(run_program({"plan", "pitch", other / "samples.raw", "--rate", "4000"}), 3, "4000 frames per second");
  for (const char* workload : {"pitch", "audio", "logs"})
    expect_failure(run_program({"plan", workload, other / "samples.raw", "--dtype", "c64", "--rate", "8000"}), 3, "not c64");

  write_bytes(directory / "text.wav", "This is no sound.", 17);
  expect_failure(run_program({"demo", "audio", "--input", directory / "text.wav"}), 3, "text.wav");
  write_bytes(directory / "text.npy", "This is no array.", 17);
  expect_failure(run_program({"plan", "audio", directory / "text.npy"}), 3, "text.npy");

  // A header that promises more frames than there are.
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1), }";
  std::string lying("\x93NUMPY\x01\x00\x76\x00", 10);
  lying += header + std::string(0x75 - header.size(), ' ') + "\n" + std::string(400, '\0');
  write_bytes(directory / "lying.npy", lying.data(), lying.size());
  expect_failure(run_program({"demo", "audio", "--input", directory / "lying.npy"}), 3, "lying.npy");
  EXPECT_EQ(directory.entries(), 3u);
}

TEST(ExitCode, FourForABudgetThatCantWork) {
  expect_failure(run_program({"demo", "audio", "--budget", "1k"}), 4, "budget");
  expect_failure(run_program({"plan", "audio", "--minutes", "10", "--mode", "classic", "--budget", "4MiB"}), 4, "budget");
  expect_failure(run_program({"demo", "audio", "--compare", "--budget", "1k", "--quiet"}), 4, "budget");
}

// What the library calls memory_budget has another name here.
TEST(ExitCode, ABudgetRefusalNamesTheOption) {
  const TemporaryDirectory directory;
  write_samples(directory / "in.raw", std::vector<float>(2'000'000));
  const std::vector<std::vector<std::string>> refused = {
      {"demo", "audio", "--budget", "1k"},
      {"plan", "audio", "--minutes", "10", "--mode", "classic", "--budget", "4MiB"},
      {"run", "audio", directory / "in.raw", "-o", directory / "out.npy", "--mode", "classic", "--budget", "1MiB"},
      {"demo", "audio", "--compare", "--budget", "1k", "--quiet"}};
  for (const auto& arguments : refused) {
    const Ran ran = run_program(arguments);
    expect_failure(ran, 4, "--budget");
    EXPECT_EQ(ran.err.find("memory_budget"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("iB); raise --budget\n"), std::string::npos) << "in units too, and nothing is an array: " << ran.err;
  }
}

TEST(ExitCode, OneForAnOutputThatCantBeWritten) {
  const TemporaryDirectory directory;
  const std::vector<float> silence(10000);
  write_samples(directory / "in.raw", silence);
  const auto run_to = [&](const std::string& output) {
    return run_program({"run", "audio", directory / "in.raw", "-o", output, "--force"});
  };
  expect_failure(run_to(directory / "absent/out.npy"), 1, "out.npy");
  expect_failure(run_to(directory / ""), 1, "directory");
  EXPECT_EQ(directory.entries(), 1u);
  if (geteuid() != 0) {  // root may write anywhere
    std::filesystem::create_directory(directory / "locked");
    chmod((directory / "locked").c_str(), 0555);
    expect_failure(run_to(directory / "locked/out.npy"), 1, "out.npy");
  }
  const Ran full = run_program({"stages"}, "/dev/full");
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_NE(full.err.find("standard output"), std::string::npos) << full.err;
}

TEST(ExitCode, OneThirtyWhenInterrupted) {
  Program program({"demo", "audio", "--mode", "sqrt", "--minutes", "1000000"});
  ASSERT_TRUE(program.wait_until_interruptible());
  program.interrupt();
  expect_failure(program.wait(), 130, "cancel");
}

// The input is long enough that it can't be done before the interrupt, and takes no room on the disk.
TEST(ExitCode, AnInterruptedRunLeavesNoFileBehind) {
  const TemporaryDirectory directory;
  write_bytes(directory / "long.raw", "", 0);
  std::filesystem::resize_file(directory / "long.raw", uint64_t{1} << 40);
  Program program({"run", "audio", directory / "long.raw", "-o", directory / "out.npy"});
  ASSERT_TRUE(program.wait_until_interruptible());
  // The run has begun once its output is there, under another name.
  while (directory.entries() == 1 && program.running()) sched_yield();
  EXPECT_FALSE(std::filesystem::exists(directory / "out.npy"));
  program.interrupt();
  expect_failure(program.wait(), 130, "cancel");
  EXPECT_EQ(directory.entries(), 1u);
}

TEST(ExitCode, AnInterruptReachesTheChildrenOfACompare) {
  Program program({"demo", "audio", "--minutes", "1000000", "--compare", "--quiet"});
  ASSERT_TRUE(program.wait_until_interruptible());
  program.interrupt();
  expect_failure(program.wait(), 130, "cancel");
}

}  // namespace
}  // namespace sqs::test
