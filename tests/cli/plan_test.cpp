// `plan`: what it says before is what a run with the same options then reports, and it writes nothing.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "program.hpp"

namespace sqs::test {
namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

json told_by(const Arguments& arguments) {
  const Ran ran = run_program(arguments + Arguments{"--json", "--quiet"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  return ran.exit_code == 0 ? ran.json() : json();
}

// Fifteen seconds that look back once in a file, and once more where rows come in order.
class PlanOfARun : public testing::Test {
 protected:
  PlanOfARun() {
    std::vector<float> samples(120'000);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(std::sin(0.0861 * static_cast<double>(i)));
    write_samples(in_, samples);
  }

  // The same in both, but for the time it took.
  static void expect_same(const json& plan, const json& stats) {
    EXPECT_EQ(plan["mode"], stats["mode"]);
    for (const char* figure : {"sweeps", "budget_bytes", "predicted_bytes", "rows_predicted", "untracked_bytes"})
      EXPECT_EQ(plan[figure], stats[figure]) << figure;
    EXPECT_EQ(plan["rows_predicted"], stats["rows_evaluated"]);
    EXPECT_GE(plan["disk_bytes"], stats["disk_written_bytes"]);
    EXPECT_EQ(plan["disk_bytes"] > 0, stats["disk_written_bytes"] > 0);
  }

  const TemporaryDirectory directory_, disk_;
  const std::string in_ = directory_ / "in.raw", out_ = directory_ / "out.npy";
  const Arguments spilling_ = {"--spill-dir", disk_ / "", "--disk", "100MiB"};
};

TEST_F(PlanOfARun, WithAnOutputIsThatOfRun) {
  for (const char* budget : {"300k", "400k", "1MiB", "1GiB"}) {
    for (const Arguments& more : {Arguments{}, spilling_}) {
      const Arguments options = Arguments{"pitch", in_, "--rate", "8000", "-o", out_, "--force", "--budget", budget} + more;
      std::filesystem::remove(out_);
      const json plan = told_by(Arguments{"plan"} + options);
      EXPECT_FALSE(std::filesystem::exists(out_));
      EXPECT_EQ(plan["sweeps"], plan["mode"] == "classic" ? 1 : 2);
      expect_same(plan, told_by(Arguments{"run"} + options)["stats"]);
      EXPECT_EQ(disk_.entries(), 0u);
    }
  }
}

TEST_F(PlanOfARun, WithAnOutputShowsWhatGoesToDisk) {
  const Arguments options = Arguments{"pitch", in_, "--rate", "8000", "-o", out_, "--budget", "400k", "--max-ratio", "1"} +
                            spilling_;
  const json plan = told_by(Arguments{"plan"} + options);
  EXPECT_EQ(plan["schedule"], "spill");
  EXPECT_GT(plan["disk_bytes"], 0);
  EXPECT_GT(plan["frontier"][0]["disk_bytes"], 0);
  EXPECT_EQ(plan["frontier"].back()["disk_bytes"], 0);
  const std::string text = run_program(Arguments{"plan"} + options).out;
  EXPECT_NE(text.find("go to disk ("), std::string::npos) << text;
  expect_same(plan, told_by(Arguments{"run"} + options)["stats"]);
}

TEST_F(PlanOfARun, WithAnOutputIsOfTheTargetAskedFor) {
  const Arguments options = {"pitch", in_, "--rate", "8000", "-o", out_, "--budget", "400k", "--target", "voiced_pitch"};
  const json plan = told_by(Arguments{"plan"} + options);
  ASSERT_EQ(plan["targets"].size(), 1u);
  EXPECT_EQ(plan["targets"][0]["name"], "voiced_pitch");
  expect_same(plan, told_by(Arguments{"run"} + options)["stats"]);
}

TEST_F(PlanOfARun, WithoutAnOutputIsThatOfDemo) {
  for (const Arguments& more : {Arguments{}, spilling_}) {
    const Arguments options = Arguments{"--rate", "8000", "--budget", "400k", "--rows", "10:900"} + more;
    const json plan = told_by(Arguments{"plan", "pitch", in_} + options);
    EXPECT_EQ(plan["sweeps"], 3);
    EXPECT_EQ(plan["targets"].size(), 2u);
    expect_same(plan, told_by(Arguments{"demo", "pitch", "--input", in_} + options)["stats"]);
  }
}

TEST_F(PlanOfARun, OfTheHeartIsWhatItTakesEitherWay) {
  for (const char* budget : {"200k", "1MiB", "1GiB"}) {
    const Arguments options = Arguments{"--budget", budget} + spilling_;
    expect_same(told_by(Arguments{"plan", "ecg"} + options), told_by(Arguments{"demo", "ecg"} + options)["stats"]);
    const Arguments file = Arguments{"ecg", SQRTSPACE_ECG, "-o", out_, "--force"} + options;
    const json plan = told_by(Arguments{"plan"} + file);
    expect_same(plan, told_by(Arguments{"run"} + file)["stats"]);
    for (const json& point : plan["frontier"]) EXPECT_TRUE(point.contains("disk_bytes"));
    EXPECT_NE(run_program(Arguments{"plan"} + file).out.find("  disk\n"), std::string::npos);
  }
}

// Of a file the least budget has its buffer in it, and so have all others.
TEST_F(PlanOfARun, PointsOfTheFrontierAreBudgetsThatRun) {
  const Arguments file = {"pitch", in_, "--rate", "8000", "--mode", "sqrt", "-o", out_, "--force"};
  const json plan = told_by(Arguments{"plan"} + file);
  const json& frontier = plan["frontier"];
  ASSERT_GT(frontier.size(), 3u);
  EXPECT_EQ(frontier[0]["budget_bytes"], plan["least_budget_bytes"]);
  for (const json& point : frontier) {
    const std::string budget = std::to_string(point["budget_bytes"].get<uint64_t>());
    const json stats = told_by(Arguments{"run"} + file + Arguments{"--budget", budget})["stats"];
    EXPECT_EQ(stats["rows_evaluated"], point["rows_predicted"]) << budget;
    EXPECT_EQ(stats["predicted_bytes"], point["predicted_bytes"]) << budget;
  }
  const std::string too_little = std::to_string(frontier[0]["budget_bytes"].get<uint64_t>() - 1);
  EXPECT_EQ(run_program(Arguments{"run"} + file + Arguments{"--budget", too_little}).exit_code, 4);
}

// Disk is told where there may be some, times where they were measured, and budgets so that they can be typed.
TEST_F(PlanOfARun, FrontierHasTheColumnsThatMeanSomething) {
  const Arguments base = {"plan", "pitch", in_, "--rate", "8000", "--mode", "sqrt", "-o", out_};
  const auto header = [&](const Arguments& more) {
    const std::string text = run_program(base + more).out;
    const size_t at = text.find("\nfrontier: ");
    EXPECT_NE(at, std::string::npos) << text;
    const size_t begin = text.find('\n', at + 1) + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  const auto has = [](const std::string& line, const char* word) { return line.find(word) != std::string::npos; };
  const std::string bare = header({}), disk = header(spilling_), probed = header({"--probe"});
  EXPECT_TRUE(has(bare, "budget  in bytes  rows evaluated  recompute  schedule")) << bare;
  EXPECT_FALSE(has(bare, "disk") || has(bare, "time")) << bare;
  EXPECT_TRUE(has(disk, "disk") && !has(disk, "time")) << disk;
  EXPECT_TRUE(has(probed, "time") && !has(probed, "disk")) << probed;
  const json plan = told_by(base);
  const std::string least = std::to_string(plan["least_budget_bytes"].get<uint64_t>());
  const std::string text = run_program(base).out;
  EXPECT_NE(text.find("least budget  " + least + " bytes ("), std::string::npos) << text;
  EXPECT_NE(text.find("KiB    " + least + "  "), std::string::npos) << text;
  EXPECT_EQ(run_program({"plan", "audio", "--mode", "sqrt"}).out.find("frontier"), std::string::npos) << "nothing is made twice";
}

TEST(Plan, HasAdviceOnTheGraph) {
  const Ran ran = run_program({"plan", "audio", "--mode", "sqrt", "--tile-frames", "1024"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("\nadvice        stage 'spectrum' reads 4 095 frames beside each row of 'frames', and a tile has 1 024"),
            std::string::npos)
      << ran.out;
  EXPECT_EQ(run_program({"plan", "audio", "--mode", "sqrt"}).out.find("advice"), std::string::npos);
  const json lints = told_by({"plan", "audio", "--mode", "classic", "--window", "200000", "--hop", "1000", "--frames",
                              "500000"})["lints"];
  ASSERT_EQ(lints.size(), 1u);
  EXPECT_NE(lints[0].get<std::string>().find("each of them is read by 200 rows"), std::string::npos) << lints[0];
}

}  // namespace
}  // namespace sqs::test
