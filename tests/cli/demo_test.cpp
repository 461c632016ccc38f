// The demos and what they print: numbers that follow from the input, the same in every mode.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

#include "program.hpp"
#include "synthetic.hpp"

namespace sqs::test {
namespace {

using nlohmann::json;

json demo(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "demo");
  arguments.insert(arguments.end(), {"--json", "--quiet"});
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  return ran.json();
}

// 440 Hz lies at 440 * 4096 / 48000 = 37.55 bins.
TEST(DemoAudio, FindsTheToneInNinetyWindows) {
  for (const char* mode : {"auto", "classic", "sqrt"}) {
    const json told = demo({"audio", "--mode", mode, "--head", "100"});
    const json& target = told["targets"][0];
    EXPECT_EQ(target["name"], "peak_bin");
    EXPECT_EQ(target["dtype"], "i32");
    EXPECT_EQ(target["shape"], json({90, 1}));
    EXPECT_EQ(told["input"]["frames"], 96000);
    EXPECT_EQ(told["summary"]["commonest_bin"], 38);
    EXPECT_EQ(told["summary"]["commonest_windows"], 90);
    ASSERT_EQ(told["summary"]["first_rows"].size(), 90u);
    for (uint64_t row = 0; row < 90; ++row) {
      EXPECT_EQ(told["summary"]["first_rows"][row]["bin"], 38);
      EXPECT_DOUBLE_EQ(told["summary"]["first_rows"][row]["seconds"].get<double>(), static_cast<double>(row * 1024) / 48000.0);
    }
    // The digest of 90 times the 32-bit number 38.
    std::string bytes;
    for (int row = 0; row < 90; ++row) bytes.append("\x26\0\0\0", 4);
    EXPECT_EQ(target["digest"], digest_of(bytes));
    if (std::string(mode) != "auto") {
      EXPECT_EQ(told["stats"]["mode"], mode);
    }
  }
}

TEST(DemoAudio, TheToneFollowsTheRate) {
  for (const double rate : {1000.0, 8000.0, 44100.5, 192000.0}) {
    const json told = demo({"audio", "--rate", std::to_string(rate)});
    EXPECT_EQ(told["input"]["sample_rate"], rate);
    EXPECT_NEAR(told["summary"]["commonest_hz"].get<double>(), 440.0, rate / 4096 / 2);
    EXPECT_EQ(told["summary"]["commonest_windows"], 90);
  }
}

TEST(DemoAudio, PrintsTheResultOnStdoutAndOneReportOnStderr) {
  const Ran ran = run_program({"demo", "audio", "--mode", "sqrt"});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_NE(ran.out.find("peak_bin: i32, shape (90, 1), digest "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("bin 38 (445.3 Hz), in 90 of 90 windows"), std::string::npos) << ran.out;
  EXPECT_NE(ran.err.find("sqrt"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.out.find('\r'), std::string::npos);
  EXPECT_EQ(ran.err.find('\r'), std::string::npos) << "progress belongs on a terminal only";

  const Ran quiet = run_program({"demo", "audio", "--mode", "sqrt", "--quiet"});
  EXPECT_EQ(quiet.out, ran.out);
  EXPECT_EQ(quiet.err, "");
}

TEST(DemoAudio, MemoryInSqrtModeDoesNotGrowWithTheStream) {
  const json minute = demo({"audio", "--mode", "sqrt", "--minutes", "1"});
  const json longer = demo({"audio", "--mode", "sqrt", "--minutes", "10"});
  EXPECT_EQ(minute["targets"][0]["shape"][0], 1 + (60 * 48000 - 4096) / 1024);
  EXPECT_EQ(longer["targets"][0]["shape"][0], 1 + (600 * 48000 - 4096) / 1024);
  EXPECT_EQ(minute["stats"]["measured_bytes"], longer["stats"]["measured_bytes"]);
  EXPECT_EQ(minute["stats"]["predicted_bytes"], longer["stats"]["predicted_bytes"]);
  const json classic = demo({"audio", "--mode", "classic", "--minutes", "1"});
  EXPECT_GT(classic["stats"]["measured_bytes"], minute["stats"]["measured_bytes"]);
}

TEST(DemoAudio, RowsAreThoseOfTheWholeRun) {
  const json whole = demo({"audio", "--mode", "sqrt", "--minutes", "0.5", "--head", "2000"});
  const json part = demo({"audio", "--mode", "sqrt", "--minutes", "0.5", "--head", "2000", "--rows", "700:750"});
  ASSERT_EQ(part["targets"][0]["shape"], json({50, 1}));
  ASSERT_EQ(part["summary"]["first_rows"].size(), 50u);
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(part["summary"]["first_rows"][i], whole["summary"]["first_rows"][700 + i]);
}

// Without a rate there are no seconds.
TEST(Demo, TellsFramesWhereTheRateIsUnknown) {
  const TemporaryDirectory directory;
  std::vector<float> samples(70000);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(std::sin(0.1 * static_cast<double>(i)));
  write_samples(directory / "real.raw", samples);
  const std::map<std::string, int> hops = {{"audio", 1024}, {"logs", 4096}, {"satcom", 512}};
  for (const auto& [workload, hop] : hops) {
    const Ran text = run_program({"demo", workload, "--input", directory / "real.raw", "--quiet"});
    ASSERT_EQ(text.exit_code, 0) << text.err;
    EXPECT_NE(text.out.find("frame " + std::to_string(2 * hop)), std::string::npos) << text.out;
    EXPECT_EQ(text.out.find(" min "), std::string::npos) << text.out;
    const json unknown = demo({workload, "--input", directory / "real.raw"})["summary"]["first_rows"][2];
    EXPECT_EQ(unknown.value("frame", -1), 2 * hop);
    EXPECT_FALSE(unknown.contains("seconds"));
    const json known = demo({workload, "--input", directory / "real.raw", "--rate", "1000"})["summary"]["first_rows"][2];
    EXPECT_EQ(known.value("seconds", -1.0), 2 * hop / 1000.0);
    EXPECT_FALSE(known.contains("frame"));
  }
  const json logs = demo({"logs", "--input", directory / "real.raw"})["summary"]["slowest"];
  EXPECT_EQ(logs.value("frame", -1), 4096 * logs.at("row").get<int>());
}

TEST(Demo, SaysWhichOfSeveralChannelsItIsAbout) {
  const TemporaryDirectory directory;
  write_samples(directory / "in.raw", std::vector<float>(160000, 0.5F));
  const std::map<std::string, std::string> told = {{"audio", "the first of 2 channels"},
                                                   {"logs", "the first of 2 channels"},
                                                   {"ecg", "the first of 2 channels"},
                                                   {"pitch", "all 2 channels together"},
                                                   {"satcom", "I and Q from two channels"}};
  for (const auto& [workload, words] : told) {
    const std::vector<std::string> file = {"--input", directory / "in.raw", "--dtype", "f32", "--rate", "8000"};
    const auto with = [&](std::vector<std::string> arguments, const char* channels) {
      arguments.insert(arguments.end(), file.begin(), file.end());
      arguments.insert(arguments.end(), {"--channels", channels});
      return arguments;
    };
    EXPECT_EQ(demo(with({workload}, "2"))["summary"].value("channels", ""), words) << workload;
    const Ran text = run_program(with({"demo", workload, "--quiet"}, "2"));
    EXPECT_NE(text.out.find("\nof " + words + ":\n"), std::string::npos) << text.out;
    if (workload == "satcom") continue;  // takes no single real channel
    EXPECT_FALSE(demo(with({workload}, "1"))["summary"].contains("channels")) << workload;
    EXPECT_EQ(run_program(with({"demo", workload, "--quiet"}, "1")).out.find("channel"), std::string::npos) << workload;
  }
  const json satcom = demo({"satcom", "--input", directory / "in.raw", "--dtype", "c64", "--channels", "4"});
  EXPECT_EQ(satcom["summary"]["channels"], "the first of 4 channels");
}

// scipy.signal.butter(1, [5, 15], fs=360), sosfiltfilt, a z-score, and the largest value within 108 frames, if at least 1.
TEST(DemoEcg, FindsTheBeatsOfTheRecording) {
  const json told = demo({"ecg", "--mode", "sqrt", "--head", "8"});
  EXPECT_EQ(told["targets"][0]["shape"], json({108000, 1}));
  EXPECT_EQ(told["stats"]["sweeps"], 3);  // forward, backward with the statistics, and one that gives rows in order
  const json& summary = told["summary"];
  EXPECT_EQ(summary["beats"], 500);
  EXPECT_NEAR(summary["beats_per_minute"].get<double>(), 100.03526813060347, 1e-9);
  EXPECT_NEAR(summary["shortest_interval_seconds"].get<double>(), 158.0 / 360.0, 1e-9);
  EXPECT_NEAR(summary["longest_interval_seconds"].get<double>(), 1716.0 / 360.0, 1e-9);
  const std::vector<int> frames = {124, 342, 551, 748, 944, 1130, 1316, 1500};
  ASSERT_EQ(summary["first_beats"].size(), frames.size());
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(summary["first_beats"][i]["frame"], frames[i]);
}

TEST(DemoEcg, TakesTheRecordingAsAFileToo) {
  const json own = demo({"ecg"});
  const json named = demo({"ecg", "--input", SQRTSPACE_ECG});
  EXPECT_EQ(own["targets"], named["targets"]);
  EXPECT_EQ(named["input"]["description"], SQRTSPACE_ECG);
}

// The pitch in the middle of each window is known; the grid of 20 cents alone makes an error of up to 10.
TEST(DemoPitch, FollowsTheGlide) {
  constexpr uint64_t kWindow = 2048, kHop = 160;
  const json told = demo({"pitch", "--head", "2000"});
  const json& target = told["targets"][0];
  EXPECT_EQ(target["name"], "pitch");
  EXPECT_EQ(target["dtype"], "f32");
  constexpr size_t kWindows = 1 + (256000 - kWindow) / kHop;
  EXPECT_EQ(target["shape"], json({kWindows}));
  const json& rows = told["summary"]["first_rows"];
  ASSERT_EQ(rows.size(), kWindows);
  std::vector<double> errors;
  for (size_t t = 0; t < kWindows; ++t) {
    const double expected = cli::glide_hz(t * kHop + kWindow / 2);
    errors.push_back(std::abs(1200 * std::log2(rows[t]["hz"].get<double>() / expected)));
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[kWindows / 2], 12.0);
  EXPECT_LT(errors[kWindows * 95 / 100], 40.0);
  EXPECT_LT(errors.back(), 100.0);
  const auto sorted = [&] {
    std::vector<double> pitches;
    for (const json& row : rows)
      if (row["voiced"].get<bool>()) pitches.push_back(row["hz"]);
    std::sort(pitches.begin(), pitches.end());
    return pitches;
  }();
  EXPECT_EQ(told["summary"]["voiced_windows"], sorted.size());
  EXPECT_EQ(told["summary"]["lowest_hz"], sorted.front());
  EXPECT_EQ(told["summary"]["highest_hz"], sorted.back());
  EXPECT_NEAR(told["summary"]["median_hz"].get<double>(), sorted[(sorted.size() - 1) / 2], 1e-3);
  EXPECT_LT(sorted.size(), kWindows) << "an eighth of a second in sixteen is drowned";
  EXPECT_GT(sorted.size(), kWindows * 85 / 100);
}

TEST(DemoPitch, FollowsTheGlideAtAnotherRate) {
  constexpr double kRate = 24000;
  constexpr uint64_t kWindow = 2048, kHop = 240;
  const json rows = demo({"pitch", "--rate", "24000", "--head", "2000"})["summary"]["first_rows"];
  ASSERT_EQ(rows.size(), 1 + (256000 - kWindow) / kHop);
  std::vector<double> errors;
  for (size_t t = 0; t < rows.size(); ++t) {
    const double expected = cli::glide_hz(t * kHop + kWindow / 2, kRate);
    errors.push_back(std::abs(1200 * std::log2(rows[t]["hz"].get<double>() / expected)));
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[errors.size() / 2], 12.0);
}

// A second each of a square wave, silence, noise, low noise, a constant with a trace of noise, and a sine on a constant.
TEST(DemoPitch, TellsWhereThereIsNone) {
  constexpr size_t kRate = 16000, kWindow = 2048, kHop = 160;
  const TemporaryDirectory directory;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> noise(-1, 1);
  std::vector<float> samples;
  double low = 0;
  for (size_t i = 0; i < 6 * kRate; ++i) {
    const auto wave = [&](double hz) { return std::sin(2 * std::numbers::pi * hz * static_cast<double>(i % kRate) / kRate); };
    low = 0.9 * low + 0.1 * noise(random);
    const double parts[] = {wave(220) > 0 ? 0.3 : -0.3, 0.0, 0.5 * noise(random), low, 0.2 + 1e-4 * noise(random),
                            0.2 + 0.3 * wave(440)};
    samples.push_back(static_cast<float>(parts[i / kRate]));
  }
  write_samples(directory / "in.raw", samples);
  const std::vector<std::string> file = {"pitch", "--input", directory / "in.raw", "--rate", "16000"};
  auto arguments = file;
  arguments.insert(arguments.end(), {"--head", "1000"});
  const json summary = demo(arguments)["summary"];
  const json& rows = summary["first_rows"];
  constexpr bool kVoiced[] = {true, false, false, false, false, true};
  for (size_t t = 0; t < rows.size(); ++t) {
    const size_t part = t * kHop / kRate;
    if ((t * kHop + kWindow - 1) / kRate != part) continue;  // lies in two parts
    EXPECT_EQ(rows[t]["voiced"], kVoiced[part]) << "window " << t << " of part " << part;
    if (kVoiced[part]) {
      EXPECT_NEAR(rows[t]["hz"].get<double>(), part == 0 ? 220 : 440, 3) << t;
    }
  }
  EXPECT_EQ(summary["windows"], rows.size());

  arguments = file;
  arguments.insert(arguments.begin(), "demo");
  arguments.insert(arguments.end(), {"--rows", "95:", "--quiet"});
  const std::string text = run_program(arguments).out;
  EXPECT_NE(text.find("are unvoiced\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  unvoiced\n"), std::string::npos) << "the first rows, in silence: " << text;

  // In the file a window without a pitch is no number, and any other what the path says.
  for (const char* target : {"pitch", "voiced_pitch"}) {
    const Ran ran = run_program({"run", "pitch", directory / "in.raw", "--rate", "16000", "-o",
                                 directory / (std::string(target) + ".npy"), "--target", target});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
  }
  const Npy path = read_npy(directory / "pitch.npy"), voiced = read_npy(directory / "voiced_pitch.npy");
  ASSERT_EQ(voiced.shape, path.shape);
  ASSERT_EQ(voiced.shape[0], rows.size());
  for (size_t t = 0; t < rows.size(); ++t) {
    if (rows[t]["voiced"].get<bool>()) EXPECT_EQ(voiced.at<float>(t), path.at<float>(t)) << t;
    else EXPECT_TRUE(std::isnan(voiced.at<float>(t))) << t;
  }
}

// Half a period of the lowest pitch is many periods of the highest, in which a sine hardly changes.
TEST(DemoPitch, FindsASineOfAnyPitch) {
  constexpr double kRate = 16000;
  const TemporaryDirectory directory;
  for (const double hz : {32.8, 34.0, 55.0, 440.0, 2000.0}) {
    std::vector<float> samples;
    for (int i = 0; i < 8000; ++i) samples.push_back(static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * hz * i / kRate)));
    write_samples(directory / "in.raw", samples);
    const json summary = demo({"pitch", "--input", directory / "in.raw", "--rate", "16000"})["summary"];
    EXPECT_EQ(summary["voiced_windows"], summary["windows"]);
    EXPECT_NEAR(std::log2(summary["median_hz"].get<double>() / hz) * 1200, 0, 25) << "cents, of " << hz << " Hz; pitches are 20 apart";
  }
}

TEST(DemoPitch, TellsOfSilenceAlone) {
  const TemporaryDirectory directory;
  write_samples(directory / "in.raw", std::vector<float>(16000));
  const Ran ran = run_program({"demo", "pitch", "--input", directory / "in.raw", "--rate", "16000", "--quiet"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.out.find("pitch: none, all 88 windows are unvoiced"), std::string::npos) << ran.out;
}

// The rows that the path looks back on are computed again, not kept.
TEST(DemoPitch, GivesTheSameBytesInTheLeastBudget) {
  const json classic = demo({"pitch", "--mode", "classic"});
  const Ran planned = run_program({"plan", "pitch", "--mode", "sqrt", "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const auto least = planned.json()["least_budget_bytes"].get<uint64_t>();
  EXPECT_LT(least, classic["stats"]["measured_bytes"].get<uint64_t>() / 50);
  for (const uint64_t budget : {least, least + least / 3, 2 * least}) {
    const json told = demo({"pitch", "--budget", std::to_string(budget)});
    EXPECT_EQ(told["targets"], classic["targets"]) << budget;
    EXPECT_LE(told["stats"]["measured_bytes"], budget);
    EXPECT_EQ(told["stats"]["mode"], "sqrt");
  }
  const Ran refused = run_program({"demo", "pitch", "--budget", std::to_string(least - 1), "--quiet"});
  EXPECT_EQ(refused.exit_code, 4) << refused.err;
}

TEST(DemoPitch, RowsAreThoseOfTheWholeRun) {
  const json whole = demo({"pitch", "--head", "2000"});
  const json part = demo({"pitch", "--head", "2000", "--rows", "700:750", "--mode", "sqrt"});
  ASSERT_EQ(part["targets"][0]["shape"], json({50}));
  ASSERT_EQ(part["summary"]["first_rows"].size(), 50u);
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(part["summary"]["first_rows"][i], whole["summary"]["first_rows"][700 + i]);
}

TEST(DemoLogs, GivesTheQuantilesOfItsStream) {
  constexpr size_t kWindow = 32768, kHop = 4096, kFrames = 300000;
  const json told = demo({"logs", "--frames", std::to_string(kFrames), "--seed", "1", "--head", "100", "--deep"});
  std::vector<float> samples(kFrames);
  cli::make_latencies(1)->read(0, kFrames, samples.data());
  const size_t windows = 1 + (kFrames - kWindow) / kHop;
  ASSERT_EQ(told["targets"][0]["shape"], json({windows, 2, 1}));
  ASSERT_EQ(told["targets"][2]["shape"], json({windows, 2048, 1}));
  uint64_t alerts = 0, counted = 0;
  for (size_t t = 0; t < windows; ++t) {
    std::vector<float> window(samples.begin() + static_cast<int64_t>(t * kHop),
                              samples.begin() + static_cast<int64_t>(t * kHop + kWindow));
    std::sort(window.begin(), window.end());
    const json& row = told["summary"]["first_rows"][t];
    EXPECT_EQ(row["p50_ms"].get<float>(), window[16383]) << t;
    EXPECT_EQ(row["p95_ms"].get<float>(), window[31129]) << t;  // rank ceil(0.95 * 32768) = 31130
    if (window[31129] > 100.0F) ++alerts;
    counted += static_cast<uint64_t>(std::count_if(window.begin(), window.end(), [](float x) { return x <= 1024.0F; }));
  }
  EXPECT_GT(alerts, 0u) << "a stream without an incident tests nothing";
  EXPECT_LT(alerts, windows);
  EXPECT_EQ(told["summary"]["alerts"], alerts);
  EXPECT_EQ(told["summary"]["counted"], counted);
}

TEST(DemoAudio, DrawsItsReport) {
  const TemporaryDirectory directory;
  const std::string path = directory / "report.html";
  const Ran drawn = run_program({"demo", "audio", "--report", path});
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  const std::string page = read_text(path);
  EXPECT_EQ(page.rfind("<!DOCTYPE html>", 0), 0U);
  for (const char* told : {"sqrtspace demo audio", "440 Hz sine", "budget", "measured", "asked for, once each", "spectrum",
                           "peak_bin", "</html>"})
    EXPECT_NE(page.find(told), std::string::npos) << told;
  for (const char* fetched : {"<script", "http", "src="}) EXPECT_EQ(page.find(fetched), std::string::npos) << fetched;
  EXPECT_EQ(run_program({"demo", "audio", "--report", path}).exit_code, 1) << "it is there already";
  EXPECT_EQ(run_program({"demo", "audio", "--report", path, "--force"}).exit_code, 0);
}

// Its rows are longer than the tiles of small budgets, and the first segment of a chain is on the tapes: neither is replayed.
TEST(PlanPitch, MoreMemoryNeverPredictsMoreWork) {
  const Ran planned = run_program({"plan", "pitch", "--mode", "sqrt", "--json"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const json frontier = planned.json()["frontier"];
  ASSERT_GT(frontier.size(), 3U);
  for (size_t i = 1; i < frontier.size(); ++i) {
    EXPECT_LE(frontier[i]["rows_predicted"], frontier[i - 1]["rows_predicted"]) << i;
    EXPECT_LE(frontier[i]["seconds"], frontier[i - 1]["seconds"]) << i;
  }
}

// The carrier has amplitude 1 and lies in band 5, the bursts have amplitude 2 and lie in band 1.
TEST(DemoSatcom, AlertsOnTheBursts) {
  const json told = demo({"satcom", "--frames", "1000000"});
  const json& summary = told["summary"];
  EXPECT_EQ(told["targets"][0]["shape"], json({1 + (1000000 - 1024) / 512, 8, 1}));
  EXPECT_NEAR(summary["loudest_db"][5].get<double>(), 0.0, 0.2);
  EXPECT_NEAR(summary["loudest_db"][1].get<double>(), 20 * std::log10(2.0), 0.2);
  for (const size_t quiet : std::vector<size_t>{0, 2, 3, 4, 6, 7}) EXPECT_LT(summary["loudest_db"][quiet].get<double>(), -10.0) << quiet;
  EXPECT_GT(summary["alerts"][1], 0);
  EXPECT_EQ(summary["alert_windows"], summary["alerts"][1]);
  EXPECT_LT(summary["alert_windows"], summary["windows"]);
}

struct DemoCase {
  const char* name;
  std::vector<std::string> arguments;
};
void PrintTo(const DemoCase& demo, std::ostream* out) { *out << demo.name; }

class EveryDemo : public testing::TestWithParam<DemoCase> {};

TEST_P(EveryDemo, GivesTheSameBytesInEveryModeAndThreadCount) {
  std::map<std::string, json> targets;
  for (const char* mode : {"classic", "sqrt", "auto"}) {
    for (const char* threads : {"1", "2"}) {
      auto arguments = GetParam().arguments;
      arguments.insert(arguments.end(), {"--mode", mode, "--threads", threads});
      const json told = demo(arguments);
      targets[std::string(mode) + " " + threads] = told["targets"];
      EXPECT_EQ(told["stats"]["rows_predicted"].get<uint64_t>(),
                told["stats"]["rows_evaluated"].get<uint64_t>() + told["stats"]["rows_from_cache"].get<uint64_t>() +
                    told["stats"]["rows_skipped"].get<uint64_t>());
      EXPECT_LE(told["stats"]["measured_bytes"], told["stats"]["predicted_bytes"]);
    }
  }
  for (const auto& [how, result] : targets) EXPECT_EQ(result, targets.at("classic 1")) << how;
}

TEST_P(EveryDemo, KeepsTheContract) {
  auto arguments = GetParam().arguments;
  arguments.insert(arguments.begin(), "verify");
  arguments.insert(arguments.end(), {"--json"});
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const json told = ran.json();
  EXPECT_GE(told["verified"].size(), 1u);
  for (const json& verified : told["verified"]) EXPECT_GT(verified["rows"][1], 0);
}

INSTANTIATE_TEST_SUITE_P(Cli, EveryDemo,
                         testing::Values(DemoCase{"audio", {"audio"}}, DemoCase{"notes", {"audio", "--frames", "500000"}},
                                         DemoCase{"logs", {"logs", "--frames", "300000"}},
                                         DemoCase{"logs_deep", {"logs", "--frames", "300000", "--deep"}},
                                         DemoCase{"satcom", {"satcom", "--frames", "200000"}},
                                         DemoCase{"ecg", {"ecg"}}, DemoCase{"pitch", {"pitch", "--frames", "60000"}}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(DemoCompare, ShowsThreeModesWithOneDigest) {
  const Ran ran = run_program({"demo", "audio", "--minutes", "0.2", "--compare", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json told = ran.json();
  EXPECT_EQ(told["same_digests"], true);
  ASSERT_EQ(told["modes"].size(), 3u);
  for (const json& mode : told["modes"]) {
    EXPECT_EQ(mode["refused"], false);
    EXPECT_EQ(mode["demo"]["targets"], told["modes"][0]["demo"]["targets"]);
    EXPECT_GT(mode["demo"]["stats"]["rss_peak_bytes"], mode["demo"]["stats"]["measured_bytes"]);
  }
  EXPECT_EQ(told["modes"][0]["demo"]["stats"]["mode"], "classic");
  EXPECT_EQ(told["modes"][1]["demo"]["stats"]["mode"], "sqrt");

  const Ran text = run_program({"demo", "audio", "--minutes", "0.2", "--compare"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.out.find("same digests in all modes"), std::string::npos) << text.out;
}

TEST(DemoCompare, TakesWhatLooksBack) {
  for (const char* workload : {"ecg", "pitch"}) {
    const Ran ran = run_program({"demo", workload, "--compare", "--json"});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const json told = ran.json();
    EXPECT_EQ(told["same_digests"], true);
    ASSERT_EQ(told["modes"].size(), 3u);
    EXPECT_EQ(told["modes"][0]["demo"]["stats"]["mode"], "classic");
    EXPECT_EQ(told["modes"][1]["demo"]["stats"]["mode"], "sqrt");
    EXPECT_EQ(told["modes"][1]["demo"]["targets"], told["modes"][0]["demo"]["targets"]);
  }
}

// Two minutes of spectra take 45 MiB in classic mode.
TEST(DemoCompare, SaysWhichModeTheBudgetRefuses) {
  const Ran ran = run_program({"demo", "audio", "--minutes", "2", "--budget", "8MiB", "--compare", "--json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const json told = ran.json();
  EXPECT_EQ(told["modes"][0]["refused"], true);
  EXPECT_NE(told["modes"][0]["refusal"], "");
  EXPECT_EQ(told["modes"][1]["refused"], false);
  EXPECT_EQ(told["modes"][2]["demo"]["stats"]["mode"], "sqrt");
  EXPECT_LE(told["modes"][1]["demo"]["stats"]["measured_bytes"], 8 << 20);
  EXPECT_NE(ran.err.find("sqrtspace: warning: classic mode: "), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace sqs::test
