#include "option_groups.hpp"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

namespace sqs::cli {
namespace {

using sqrtspace::Mode;

const std::vector<std::string> kDtypes = {"u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "c64", "c128"};

void add_bytes(CLI::App& command, const std::string& name, uint64_t& bytes, const std::string& text,
               std::optional<uint64_t> none = {}) {
  command
      .add_option_function<std::string>(
          name,
          [name, none, &bytes](const std::string& value) {
            if (none && value == "none") {
              bytes = *none;
              return;
            }
            const auto parsed = parse_bytes(value);
            if (!parsed)
              throw CLI::ValidationError(name, "a size such as 64MiB, 1.5GiB, 512k or 80% is needed, not '" + value + "'");
            bytes = *parsed;
          },
          text)
      ->type_name("SIZE");
}

void add_count(CLI::App& command, const std::string& name, std::optional<uint64_t>& count, uint64_t least,
               const std::string& text) {
  command.add_option(name, count, text)->check(CLI::Range(least, uint64_t{1} << 62).description(""))->type_name("N");
}

// CLI11 reads "-1" as 2^64 - 1.
std::string refuse_negative(const std::string& text) {
  return text.find('-') == std::string::npos ? "" : "a number from 0 on is needed, not '" + text + "'";
}

// CLI11's own ranges let "nan" through, and print the least positive number with all of its digits.
std::function<std::string(const std::string&)> real_within(double least, double most, const std::string& wanted) {
  return [=](const std::string& text) -> std::string {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc() && read.ptr == end && value >= least && value <= most) return "";
    return wanted + " is needed, not '" + text + "'";
  };
}

}  // namespace

void add_report_option(CLI::App& command, Options& options) {
  command.add_option("--report", options.report, "Also draw what the run took as a page, into this file")->type_name("OUT.html");
}

void add_head_option(CLI::App& command, Options& options) {
  command.add_option("--head", options.head, "How many of the first rows to print")
      ->check(refuse_negative)
      ->capture_default_str()
      ->type_name("N");
}

void add_workload(CLI::App& command, Options& options, WorkloadSet set) {
  std::vector<std::string> names = {"audio", "logs", "satcom", "pitch"};
  if (set == WorkloadSet::kAll) names.emplace_back("ecg");
  command.add_option("WORKLOAD", options.workload, "What to compute")
      ->required()
      ->check(CLI::IsMember(names))
      ->type_name("");
}

void add_file_options(CLI::App& command, Options& options) {
  const char* const group = "Input file";
  command.add_option("--dtype", options.dtype, "Sample type: of raw files what is in them, of audio files what to read them as")
      ->check(CLI::IsMember(kDtypes))
      ->type_name("TYPE")
      ->group(group);
  command.add_option("--container", options.container, "'raw': take any file as bare samples")
      ->check(CLI::IsMember(std::vector<std::string>{"raw"}))
      ->type_name("KIND")
      ->group(group);
  add_count(command, "--channels", options.channels, 1, "Samples per frame of a raw file (1)");
  add_count(command, "--skip", options.skip, 0, "Bytes before the first frame of a raw file (0)");
  command.add_option("--rate", options.rate, "Frames per second, whatever the file says")
      ->check(real_within(1e-9, 1e15, "a number of Hz from 1e-9 to 1e15"))
      ->type_name("HZ");
  for (const char* name : {"--channels", "--skip", "--rate"}) command.get_option(name)->group(group);
}

void add_synthetic_options(CLI::App& command, Options& options) {
  const char* const group = "Synthetic input";
  auto* minutes = command.add_option("--minutes", options.minutes, "Length of the stream, which is generated, never stored")
                      ->check(real_within(1e-6, 1e9, "a number of minutes from 1e-6 to 1e9"))
                      ->type_name("M")
                      ->group(group);
  add_count(command, "--frames", options.frames, 0, "The same in frames");
  command.get_option("--frames")->group(group)->excludes(minutes);
  command.add_option("--seed", options.seed, fmt::format("Of the generator ({})", kDefaultSeed))
      ->check(refuse_negative)
      ->type_name("N")
      ->group(group);
}

void add_pipeline_options(CLI::App& command, Options& options) {
  const char* const group = "Pipeline";
  add_count(command, "--window", options.window, 1, "Frames per window");
  add_count(command, "--hop", options.hop, 1, "Frames between windows");
  command.get_option("--window")->group(group);
  command.get_option("--hop")->group(group);
  command.add_option("--limit", options.limit, "Alert above this: logs in ms, satcom in dB; ecg: least height of a peak")
      ->type_name("X")
      ->group(group);
  command.add_flag("--deep", options.deep, "logs: a histogram of 2048 bins per window as well")->group(group);
}

void add_budget_option(CLI::App& command, Options& options) {
  add_bytes(command, "--budget", options.budget, "Memory the engine may use: 64MiB, 1GiB, 80% of the memory there is");
  command.get_option("--budget")->group("Engine");
}

void add_threads_option(CLI::App& command, Options& options) {
  command.add_option("--threads", options.threads, "Worker threads")
      ->check(CLI::Range(1U, 1024U).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group("Engine");
}

void add_engine_options(CLI::App& command, Options& options) {
  const char* const group = "Engine";
  command
      .add_option_function<std::string>(
          "--mode",
          [&options](const std::string& name) {
            for (const Mode mode : {Mode::automatic, Mode::classic, Mode::sqrt})
              if (name == mode_name(mode)) options.mode = mode;
          },
          "auto, classic or sqrt")
      ->check(CLI::IsMember(std::vector<std::string>{"auto", "classic", "sqrt"}))
      ->type_name("MODE")
      ->group(group);
  add_budget_option(command, options);
  add_threads_option(command, options);
  add_bytes(command, "--lru", options.lru, "How much of the budget is for the cache of rows; or none", SQS_NONE);
  command.get_option("--lru")->group(group);
  command.add_option("--checkpoint-every", options.checkpoint_every, "Windows between checkpoints; 0: the plan chooses")
      ->check(refuse_negative)
      ->type_name("N")
      ->group(group);
  command.add_option("--tile-frames", options.tile_frames, "Frames per tile; 0: the plan chooses")
      ->check(refuse_negative)
      ->type_name("N")
      ->group(group);
  command
      .add_option("--spill-dir", options.spill_dir,
                  "Where states and rows may go that memory has no room for; without it no disk is used")
      ->check(CLI::ExistingDirectory.description(""))
      ->type_name("DIR")
      ->group(group);
  add_bytes(command, "--disk", options.disk, "How much of it; by default what is free");
  command.get_option("--disk")->group(group)->needs("--spill-dir");
  command.add_option("--max-ratio", options.max_ratio, "How often a row may be evaluated for looking back once: 4 unless told")
      ->check(CLI::Range(1U, 64U).description(""))
      ->type_name("N")
      ->group(group);
  command.add_flag("--probe", options.probe, "Measure a few tiles first, and the disk, so that auto knows what they cost")
      ->group(group);
}

void add_rows_option(CLI::App& command, Options& options) {
  command
      .add_option_function<std::string>(
          "--rows",
          [&options](const std::string& text) {
            options.rows = parse_rows(text);
            if (!options.rows)
              throw CLI::ValidationError("--rows", "a range such as 10:20, 10: or :20 is needed, not '" + text + "'");
          },
          "Only rows A to B-1 of the result")
      ->type_name("A:B")
      ->group("Pipeline");
}

void add_output_options(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "Print one JSON document instead of text");
  command.add_flag("-q,--quiet", options.quiet, "No report, no progress, no warnings");
  command.add_flag("-v,--verbose", options.verbose, "The library's own messages as well");
}

}  // namespace sqs::cli
