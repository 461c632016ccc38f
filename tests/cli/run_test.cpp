// `run`: the .npy file it writes, against results computed here by plain means.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <numbers>
#include <random>

#include "program.hpp"

namespace sqs::test {
namespace {

using nlohmann::json;

constexpr double kTwoPi = 2 * std::numbers::pi;

// |X[k]| of a window, straight from the definition.
template <class Sample>
double magnitude(const Sample* samples, size_t window, size_t k) {
  std::complex<double> sum;
  for (size_t i = 0; i < window; ++i) {
    const double angle = -kTwoPi * static_cast<double>(i * k % window) / static_cast<double>(window);
    sum += std::complex<double>(samples[i]) * std::polar(1.0, angle);
  }
  return std::abs(sum);
}

uint32_t fresh_seed() { return std::random_device{}(); }

TEST(RunAudio, WritesTheLoudestBinOfEveryWindow) {
  const TemporaryDirectory directory;
  const uint32_t seed = fresh_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr size_t kWindow = 256, kHop = 100, kWindows = 40;
  std::vector<float> samples((kWindows - 1) * kHop + kWindow + 7);
  std::uniform_real_distribution<float> noise(-1, 1);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = noise(random) + 0.3F * static_cast<float>(std::sin(1e-4 * static_cast<double>(i * i)));
  write_samples(directory / "in.raw", samples);

  for (const char* mode : {"classic", "sqrt"}) {
    const std::string out = directory / (std::string(mode) + ".npy");
    const Ran ran = run_program({"run", "audio", directory / "in.raw", "-o", out, "--window", std::to_string(kWindow), "--hop",
                                 std::to_string(kHop), "--mode", mode, "--json"});
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    const Npy npy = read_npy(out);
    EXPECT_EQ(npy.descr, "<i4");
    EXPECT_FALSE(npy.fortran_order);
    EXPECT_EQ(npy.shape, (std::vector<uint64_t>{kWindows, 1}));
    ASSERT_EQ(npy.payload.size(), kWindows * sizeof(int32_t));
    EXPECT_EQ(ran.json()["targets"][0]["digest"], digest_of(npy.payload));
    for (size_t t = 0; t < kWindows; ++t) {
      const auto bin = static_cast<size_t>(npy.at<int32_t>(t));
      ASSERT_LE(bin, kWindow / 2);
      double largest = 0;
      for (size_t k = 0; k <= kWindow / 2; ++k) largest = std::max(largest, magnitude(&samples[t * kHop], kWindow, k));
      EXPECT_GE(magnitude(&samples[t * kHop], kWindow, bin), largest * (1 - 1e-5)) << "window " << t;
    }
  }
  EXPECT_EQ(directory.entries(), 3u);
}

TEST(RunLogs, WritesNearestRankQuantiles) {
  const TemporaryDirectory directory;
  const uint32_t seed = fresh_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr size_t kWindow = 1000, kHop = 250, kWindows = 50;
  std::vector<float> samples((kWindows - 1) * kHop + kWindow);
  std::lognormal_distribution<float> latency(3, 0.6F);
  for (float& sample : samples) sample = latency(random);
  write_samples(directory / "in.raw", samples);

  const auto run_target = [&](const char* target) {
    const std::string out = directory / (std::string(target) + ".npy");
    const Ran ran = run_program({"run", "logs", directory / "in.raw", "-o", out, "--window", std::to_string(kWindow), "--hop",
                                 std::to_string(kHop), "--target", target, "--limit", "50"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return read_npy(out);
  };
  const Npy quantiles = run_target("quantiles");
  const Npy alert = run_target("alert");
  EXPECT_EQ(quantiles.descr, "<f4");
  EXPECT_EQ(alert.descr, "|u1");
  ASSERT_EQ(quantiles.payload.size(), kWindows * 2 * sizeof(float));
  ASSERT_EQ(alert.payload.size(), kWindows);
  for (size_t t = 0; t < kWindows; ++t) {
    std::vector<float> window(samples.begin() + static_cast<int64_t>(t * kHop),
                              samples.begin() + static_cast<int64_t>(t * kHop + kWindow));
    std::sort(window.begin(), window.end());
    EXPECT_EQ(quantiles.at<float>(2 * t), window[499]);      // rank ceil(0.50 * 1000) = 500
    EXPECT_EQ(quantiles.at<float>(2 * t + 1), window[949]);  // rank ceil(0.95 * 1000) = 950
    EXPECT_EQ(alert.at<uint8_t>(t), window[949] > 50 ? 1 : 0);
  }
}

TEST(RunSatcom, MeasuresATone) {
  const TemporaryDirectory directory;
  constexpr double kCycles = -100.0 / 1024.0, kAmplitude = 0.5;  // in the fourth eighth of -1/2 .. 1/2
  std::vector<std::complex<float>> samples(10000);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = std::polar(static_cast<float>(kAmplitude),
                            static_cast<float>(kTwoPi * std::fmod(kCycles * static_cast<double>(i), 1.0)));
  write_samples(directory / "complex.raw", samples);
  const auto run_on = [&](const char* name, const std::vector<std::string>& options) {
    std::vector<std::string> command = {"run", "satcom", directory / "complex.raw", "-o", directory / name};
    command.insert(command.end(), options.begin(), options.end());
    const Ran ran = run_program(command);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return read_npy(directory / name);
  };
  const Npy db = run_on("db.npy", {});
  ASSERT_EQ(db.shape, (std::vector<uint64_t>{18, 8, 1}));
  for (size_t t = 0; t < 18; ++t) {
    EXPECT_NEAR(db.at<float>(8 * t + 3), 20 * std::log10(kAmplitude), 0.01);
    for (const size_t band : {0, 1, 2, 4, 5, 6, 7}) EXPECT_LT(db.at<float>(8 * t + band), -60.0F);
  }
  // The same bytes as I and Q in two real channels.
  EXPECT_EQ(run_on("pairs.npy", {"--dtype", "f32", "--channels", "2"}).payload, db.payload);
  const Npy alert = run_on("alert.npy", {"--target", "alert", "--limit", "-7"});
  for (size_t i = 0; i < alert.payload.size(); ++i) EXPECT_EQ(alert.at<uint8_t>(i), i % 8 == 3 ? 1 : 0);
}

// Overtones of 110 Hz, the even ones in one channel, the odd ones but the first in the other; in the middle there is silence.
TEST(RunPitch, FindsAFundamentalThatIsNotThere) {
  const TemporaryDirectory directory;
  constexpr size_t kFrames = 44100, kWindow = 4096, kHop = 441, kWindows = 1 + (kFrames - kWindow) / kHop;
  std::vector<float> samples(2 * kFrames);
  for (size_t i = 0; i < kFrames; ++i) {
    if (i >= 20000 && i < 30000) continue;
    const auto overtone = [&](double k) {
      return std::sin(kTwoPi * std::fmod(110.0 * k / 44100.0 * static_cast<double>(i), 1.0));
    };
    samples[2 * i] = static_cast<float>(0.2 * (overtone(2) + overtone(4)));
    samples[2 * i + 1] = static_cast<float>(0.2 * (overtone(3) + overtone(5)));
  }
  write_samples(directory / "in.raw", samples);
  write_samples(directory / "wide.raw", std::vector<double>(samples.begin(), samples.end()));
  const auto run_on = [&](const char* name, const char* dtype) {
    const std::string out = directory / (std::string(name) + ".npy");
    const Ran ran = run_program({"run", "pitch", directory / (std::string(name) + ".raw"), "-o", out, "--dtype", dtype,
                                 "--channels", "2", "--rate", "44100", "--json"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return read_npy(out);
  };
  const Npy narrow = run_on("in", "f32"), wide = run_on("wide", "f64");
  for (const Npy& pitch : {narrow, wide}) {
    EXPECT_EQ(pitch.descr, "<f4");
    ASSERT_EQ(pitch.shape, (std::vector<uint64_t>{kWindows}));
    for (size_t t = 0; t < kWindows; ++t) EXPECT_NEAR(1200 * std::log2(pitch.at<float>(t) / 110.0), 0.0, 25.0) << "window " << t;
  }
}

TEST(Run, ReplacesAnExistingFileOnlyIfToldTo) {
  const TemporaryDirectory directory;
  write_samples(directory / "in.raw", std::vector<float>(10000, 1.0F));
  write_bytes(directory / "out.npy", "precious", 8);
  const std::vector<std::string> command = {"run", "audio", directory / "in.raw", "-o", directory / "out.npy"};
  const Ran refused = run_program(command);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(read_text(directory / "out.npy"), "precious");

  auto forced = command;
  forced.emplace_back("--force");
  const Ran replaced = run_program(forced);
  EXPECT_EQ(replaced.exit_code, 0) << replaced.err;
  EXPECT_EQ(read_npy(directory / "out.npy").shape, (std::vector<uint64_t>{6, 1}));
  EXPECT_EQ(directory.entries(), 2u);
}

TEST(Run, RowsAndModesAndTilesDoNotChangeTheBytes) {
  const TemporaryDirectory directory;
  const uint32_t seed = fresh_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<float> samples(200000);
  std::uniform_real_distribution<float> noise(-1, 1);
  for (float& sample : samples) sample = noise(random);
  write_samples(directory / "in.raw", samples);
  const auto run_with = [&](const std::vector<std::string>& options) {
    const std::string out = directory / "out.npy";
    std::vector<std::string> command = {"run", "audio", directory / "in.raw", "-o", out, "--force"};
    command.insert(command.end(), options.begin(), options.end());
    const Ran ran = run_program(command);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return read_npy(out);
  };
  const Npy whole = run_with({"--mode", "classic"});
  const size_t rows = whole.payload.size() / 4;
  ASSERT_EQ(rows, 192u);
  EXPECT_EQ(run_with({"--mode", "sqrt", "--tile-frames", "1"}).payload, whole.payload);
  EXPECT_EQ(run_with({"--mode", "sqrt", "--tile-frames", "7001", "--threads", "2"}).payload, whole.payload);
  EXPECT_EQ(run_with({"--mode", "sqrt", "--budget", "2MiB"}).payload, whole.payload);
  const size_t begin = random() % rows;
  const size_t end = begin + random() % (rows - begin + 1);
  const Npy part = run_with({"--mode", "sqrt", "--rows", std::to_string(begin) + ":" + std::to_string(end)});
  EXPECT_EQ(part.shape[0], end - begin);
  EXPECT_EQ(part.payload, whole.payload.substr(4 * begin, 4 * (end - begin)));
}

TEST(Run, TwoChannelsGiveTwoColumns) {
  const TemporaryDirectory directory;
  std::vector<float> samples;
  for (int i = 0; i < 20000; ++i) {
    samples.push_back(static_cast<float>(std::sin(kTwoPi * 100 * i / 4096)));
    samples.push_back(static_cast<float>(std::sin(kTwoPi * 200 * i / 4096)));
  }
  write_samples(directory / "in.raw", samples);
  const Ran ran = run_program({"run", "audio", directory / "in.raw", "--channels", "2", "-o", directory / "out.npy"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const Npy npy = read_npy(directory / "out.npy");
  ASSERT_EQ(npy.shape, (std::vector<uint64_t>{16, 2}));
  for (size_t t = 0; t < 16; ++t) {
    EXPECT_EQ(npy.at<int32_t>(2 * t), 100);
    EXPECT_EQ(npy.at<int32_t>(2 * t + 1), 200);
  }
}

TEST(RunPitch, RowsThatMemoryHasNoRoomForGoToDisk) {
  const TemporaryDirectory directory;
  const TemporaryDirectory disk;
  std::vector<float> samples(120'000);
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(std::sin(kTwoPi * 0.0137 * static_cast<double>(i)));
  write_samples(directory / "in.raw", samples);
  const auto run = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"run", "pitch", directory / "in.raw", "-o", directory / name, "--mode", "sqrt",
                                          "--rate", "8000", "--max-ratio", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  };
  const Ran whole = run("whole.npy", {"--json"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const std::string little = std::to_string(whole.json()["stats"]["predicted_bytes"].get<uint64_t>() / 4);
  EXPECT_EQ(run("refused.npy", {"--budget", little}).exit_code, 4);
  const Ran spilled = run("spilled.npy", {"--budget", little, "--spill-dir", disk / "", "--disk", "100MiB", "--json"});
  ASSERT_EQ(spilled.exit_code, 0) << spilled.err;
  const json told = spilled.json()["stats"];
  EXPECT_EQ(told["rows_evaluated"], whole.json()["stats"]["rows_evaluated"]);
  EXPECT_GT(told["disk_written_bytes"], 0);
  EXPECT_EQ(told["disk_read_bytes"], told["disk_written_bytes"]);
  EXPECT_EQ(read_npy(directory / "spilled.npy").payload, read_npy(directory / "whole.npy").payload);
  EXPECT_EQ(disk.entries(), 0u);
  const Ran reported = run("reported.npy", {"--budget", little, "--spill-dir", disk / ""});
  EXPECT_NE(reported.err.find(" of rows written, "), std::string::npos) << reported.err;
  EXPECT_EQ(run("nowhere.npy", {"--spill-dir", disk / "nowhere"}).exit_code, 2);
  EXPECT_EQ(run("nothing.npy", {"--disk", "1MiB"}).exit_code, 2);
}

}  // namespace
}  // namespace sqs::test
