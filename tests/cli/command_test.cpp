// The commands that tell rather than compute: info, stages, plan, bench, --version and --help.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>

#include "program.hpp"
#include "sqrtspace/dsp.h"
#include "sqrtspace/sqrtspace.h"

namespace sqs::test {
namespace {

using nlohmann::json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') cells.emplace_back();
    else cells.back() += c;
  }
  return cells;
}

TEST(Version, NamesTheLibraryAndTheLicenceOfFftw) {
  const Ran ran = run_program({"--version"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_NE(ran.out.find(std::string("sqrtspace ") + sqs_version()), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("FFTW3 (GPL"), std::string::npos) << ran.out;
}

TEST(Help, IsDataAndListsTheCommands) {
  const Ran ran = run_program({"--help"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, "");
  for (const char* command : {"demo", "run", "plan", "verify", "info", "stages", "bench"})
    EXPECT_NE(ran.out.find(command), std::string::npos) << command;
  const std::string demo = run_program({"demo", "--help"}).out;
  EXPECT_NE(demo.find("--compare"), std::string::npos);
  EXPECT_NE(demo.find("Frames per second, whatever the file says"), std::string::npos) << demo;
  EXPECT_NE(demo.find("Of the generator (1)"), std::string::npos) << demo;
}

TEST(Info, TellsWhatTheRecordingIs) {
  const Ran ran = run_program({"info", SQRTSPACE_ECG, "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  const json told = ran.json();
  EXPECT_EQ(told["container"], "wav");
  EXPECT_EQ(told["frames"], 108000);
  EXPECT_EQ(told["channels"], 1);
  EXPECT_EQ(told["sample_rate"], 360.0);
  EXPECT_EQ(told["seconds"], 300.0);
  EXPECT_NE(run_program({"info", SQRTSPACE_ECG}).out.find("108 000 frames"), std::string::npos);
}

TEST(Info, ReadsRawSamplesAsTold) {
  const TemporaryDirectory directory;
  write_samples(directory / "in.raw", std::vector<int16_t>(1010));
  const Ran ran = run_program({"info", directory / "in.raw", "--dtype", "i16", "--channels", "2", "--skip", "20", "--rate",
                               "8000", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.json()["frames"], 500);
  EXPECT_EQ(ran.json()["dtype"], "i16");
  EXPECT_EQ(ran.json()["sample_rate"], 8000.0);
  EXPECT_EQ(run_program({"info", SQRTSPACE_ECG, "--rate", "8000", "--json"}).json()["sample_rate"], 8000.0);
}

// A path may have any bytes; JSON may not.
TEST(Json, IsPrintedForPathsThatAreNoUtf8) {
  const TemporaryDirectory directory;
  const std::string in = directory / "\xff\xfe.raw";
  write_samples(in, std::vector<float>(10000));
  std::filesystem::create_directory(directory / "\xfd");
  const std::vector<std::vector<std::string>> commands = {
      {"info", in, "--dtype", "f32"},
      {"demo", "audio", "--input", in},
      {"demo", "audio", "--input", in, "--compare"},
      {"verify", "audio", in},
      {"plan", "audio", in, "--spill-dir", directory / "\xfd"},
      {"run", "audio", in, "-o", directory / "\xfc.npy", "--spill-dir", directory / "\xfd"}};
  for (std::vector<std::string> command : commands) {
    SCOPED_TRACE(command[0]);
    command.insert(command.end(), {"--json", "--quiet"});
    const Ran ran = run_program(command);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_TRUE(json::accept(ran.out)) << ran.out;
  }
  EXPECT_NE(run_program({"info", in, "--dtype", "f32", "--json"}).out.find("/\xEF\xBF\xBD\xEF\xBF\xBD.raw"), std::string::npos);
}

TEST(Stages, ListsEveryTypeOfTheLibrary) {
  const Ran ran = run_program({"stages", "--json"});
  ASSERT_EQ(ran.exit_code, 0);
  std::set<std::string> names;
  for (const json& stage : ran.json()) {
    names.insert(stage["name"].get<std::string>());
    EXPECT_NE(stage["doc"], "");
    EXPECT_GE(stage["inputs"], 1);
  }
  EXPECT_EQ(names.size(), sqs_dsp_type_count());
  for (const char* name : {"rfft", "fft", "argmax", "quantile", "running_quantile", "histogram", "band_sums", "threshold",
                           "mean_var", "normalise", "sosfilt", "local_max", "sosfiltfilt", "filtfilt", "lfilter", "exp_smooth",
                           "kalman", "rts", "kalman_smooth", "viterbi_forward", "viterbi_trace", "viterbi", "hmm_forward",
                           "hmm_posterior", "posterior"})
    EXPECT_EQ(names.count(name), 1u) << name;
  EXPECT_EQ(lines_of(run_program({"stages"}).out).size(), names.size() + 1);
}

TEST(Stages, TellsTheParametersOfOne) {
  const Ran ran = run_program({"stages", "rfft", "--json"});
  ASSERT_EQ(ran.exit_code, 0);
  const json params = ran.json()["params"];
  const auto output = std::find_if(params.begin(), params.end(), [](const json& param) { return param["name"] == "output"; });
  ASSERT_NE(output, params.end());
  EXPECT_EQ((*output)["type"], "choice");
  EXPECT_NE((*output)["range"].get<std::string>().find("magnitude"), std::string::npos);
  EXPECT_EQ(run_program({"stages", "kalman", "--json"}).json()["optional_inputs"], 2);
  EXPECT_NE(run_program({"stages", "kalman"}).out.find("inputs: 1 to 3\n"), std::string::npos);
  const std::string text = run_program({"stages", "rfft"}).out;
  EXPECT_NE(text.find("parameter"), std::string::npos);
  EXPECT_NE(text.find("magnitude"), std::string::npos);
}

TEST(Plan, IsTextOrJsonAndPredictsTheRun) {
  const Ran text = run_program({"plan", "audio", "--mode", "sqrt"});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("peak_bin"), std::string::npos) << text.out;
  EXPECT_EQ(text.err, "");
  const Ran planned = run_program({"plan", "audio", "--mode", "sqrt", "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_TRUE(planned.json().is_object());
}

TEST(Plan, TakesTheBudgetInBytesAndInPercent) {
  const auto budget = [](const std::string& size) {
    const Ran ran = run_program({"demo", "audio", "--budget", size, "--json", "--quiet"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.json()["stats"]["budget_bytes"].get<uint64_t>();
  };
  EXPECT_EQ(budget("64MiB"), 64u << 20);
  const Ran by_default = run_program({"demo", "audio", "--json", "--quiet"});
  EXPECT_EQ(budget("50%"), by_default.json()["stats"]["budget_bytes"].get<uint64_t>());
}

// Classic mode holds 8 KiB of spectrum per 1024 frames, so the plans are known well enough to see what a preset did.
TEST(Bench, PresetsRelateTheStreamToTheBudget) {
  const TemporaryDirectory directory;
  const auto bench = [&](const char* preset) {
    const Ran ran = run_program({"bench", "audio", "--preset", preset, "--frames", "1000000", "--repeats", "2", "--csv",
                                 directory / "runs.csv", "--force", "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    return ran.json();
  };
  const auto classic_share = [](const json& told) {
    return told["modes"][0]["runs"][0]["predicted_bytes"].get<double>() / told["budget_bytes"].get<double>();
  };
  EXPECT_NEAR(classic_share(bench("fits")), 0.25, 0.01);
  const json barely = bench("barely");
  EXPECT_NEAR(classic_share(barely), 0.9, 0.01);
  EXPECT_EQ(barely["frames"], 1000000);
  EXPECT_EQ(barely["same_digests"], true);

  const auto rows = lines_of(read_text(directory / "runs.csv"));
  ASSERT_EQ(rows.size(), 1u + 3 * 2);
  EXPECT_EQ(rows[0].rfind("workload,preset,deep,threads,frames,budget_bytes,mode,", 0), 0u);
  for (const std::string& row : rows) EXPECT_EQ(cells_of(row).size(), cells_of(rows[0]).size()) << row;

  const json spill = bench("spill");
  EXPECT_EQ(spill["modes"][0]["refused"], true);
  EXPECT_EQ(spill["modes"][1]["refused"], false);
  EXPECT_EQ(spill["modes"][2]["chosen"], "sqrt");
  EXPECT_EQ(spill["modes"][1]["digest"], barely["modes"][0]["digest"]);
  EXPECT_NE(read_text(directory / "runs.csv").find("classic,,0,refused,"), std::string::npos);
  EXPECT_EQ(run_program({"bench", "audio", "--csv", directory / "runs.csv"}).exit_code, 1) << "it replaced the file";
}

TEST(Bench, SizesTheStreamByAGivenBudget) {
  const Ran ran = run_program({"bench", "audio", "--preset", "barely", "--budget", "16MiB", "--repeats", "1", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json told = ran.json();
  EXPECT_EQ(told["budget_bytes"], 16 << 20);
  EXPECT_NEAR(told["modes"][0]["runs"][0]["predicted_bytes"].get<double>(), 0.9 * (16 << 20), 0.01 * (16 << 20));
}

TEST(Bench, PrintsATable) {
  const Ran ran = run_program({"bench", "logs", "--deep", "--frames", "400000", "--repeats", "1"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 5u) << ran.out;
  EXPECT_EQ(lines[1].rfind("mode", 0), 0u);
  EXPECT_EQ(lines[2].rfind("classic", 0), 0u);
  EXPECT_EQ(lines[3].rfind("sqrt", 0), 0u);
  EXPECT_EQ(lines[4].rfind("auto", 0), 0u);
}

}  // namespace
}  // namespace sqs::test
