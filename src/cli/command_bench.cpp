#include <algorithm>
#include <fstream>
#include <iostream>
#include <set>
#include <spdlog/fmt/fmt.h>
#include <vector>

#include "commands.hpp"
#include "document.hpp"
#include "paths.hpp"
#include "session.hpp"
#include "table.hpp"
#include "trial.hpp"

namespace sqs::cli {
namespace {

using sqrtspace::Mode;

constexpr uint64_t kNoBudget = uint64_t{1} << 50;

// How much of the budget classic mode needs: a quarter, nine tenths, or four times as much.
double classic_share(const std::string& preset) {
  if (preset == "fits") return 0.25;
  if (preset == "barely") return 0.9;
  return 4.0;
}

sqs_plan_info plan_of(const Options& options, uint64_t frames, Mode mode) {
  Options asked = options;
  asked.minutes.reset();
  asked.frames = frames;
  asked.mode = mode;
  asked.budget = kNoBudget;
  return Session(asked).plan().info();
}

uint64_t classic_bytes(const Options& options, uint64_t frames) {
  return plan_of(options, frames, Mode::classic).predicted_bytes;
}

// The longest stream that classic mode runs in `bytes`.
uint64_t frames_for(const Options& options, uint64_t bytes) {
  uint64_t fits = 0;
  uint64_t too_many = 1024;
  while (classic_bytes(options, too_many) <= bytes) {
    fits = too_many;
    too_many *= 2;
    if (too_many > uint64_t{1} << 40)
      throw Failure(Exit::kUsage, "classic mode hardly needs memory here: give --frames, or a smaller --budget");
  }
  while (too_many - fits > 1 + fits / 1024) {
    const uint64_t middle = fits + (too_many - fits) / 2;
    (classic_bytes(options, middle) <= bytes ? fits : too_many) = middle;
  }
  return fits;
}

// Relates the stream to the budget as the preset says: from a given budget the length, else from the length the budget.
void choose_size(Options& options, const Workload& workload) {
  const double share = classic_share(options.preset);
  if (options.budget != 0) {
    if (options.frames || options.minutes)
      throw Failure(Exit::kUsage, "--budget sets the length of the stream by the preset: leave --frames and --minutes out");
    options.frames = frames_for(options, static_cast<uint64_t>(share * static_cast<double>(options.budget)));
    return;
  }
  if (options.minutes) {
    options.frames = workload.default_input(options).format.frames;
    options.minutes.reset();
  }
  if (!options.frames) options.frames = workload.bench_frames();
  const uint64_t classic = classic_bytes(options, *options.frames);
  const uint64_t least = plan_of(options, *options.frames, Mode::sqrt).least_budget_bytes;
  options.budget = std::max(least, static_cast<uint64_t>(static_cast<double>(classic) / share));
  if (options.preset == "spill" && options.budget >= classic)
    throw Failure(Exit::kUsage, fmt::format("nothing to spill: classic mode needs {} for {} frames and the least budget is "
                                            "{}; give more --frames",
                                            format_bytes(classic), *options.frames, format_bytes(least)));
}

// All trials of one mode.
struct Series {
  Mode mode;
  std::vector<Trial> trials = {};

  bool refused() const { return trials.front().refused; }
  double seconds() const {
    std::vector<double> values;
    for (const Trial& trial : trials) values.push_back(trial.seconds());
    return median(values);
  }
  uint64_t number(const char* field) const {
    std::vector<uint64_t> values;
    for (const Trial& trial : trials) values.push_back(trial.number(field));
    return median(values);
  }
  // Of auto, what it chose, which may differ from run to run.
  std::string label() const {
    if (mode != Mode::automatic || refused()) return mode_name(mode);
    std::set<std::string> chosen;
    for (const Trial& trial : trials) chosen.insert(trial.mode());
    return "auto: " + (chosen.size() == 1 ? *chosen.begin() : "both");
  }

 private:
  template <class T>
  static T median(std::vector<T> values) {
    std::sort(values.begin(), values.end());
    return values[(values.size() - 1) / 2];
  }
};

// Round by round, so that what else the machine does falls on all modes alike.
std::vector<Series> run_interleaved(const Options& options) {
  std::vector<Series> all;
  for (const Mode mode : kModes) all.push_back({mode});
  for (uint32_t round = 0; round < options.repeats; ++round) {
    for (Series& series : all) {
      Options asked = options;
      asked.mode = series.mode;
      asked.probe = options.probe || series.mode == Mode::automatic;
      series.trials.push_back(run_trial(asked));
    }
  }
  return all;
}

bool same_digests(const std::vector<Series>& all) {
  std::vector<nlohmann::json> targets;
  for (const Series& series : all)
    for (const Trial& trial : series.trials)
      if (!trial.refused) targets.push_back(trial.document.at("targets"));
  return std::all_of(targets.begin(), targets.end(), [&](const nlohmann::json& each) { return each == targets.front(); });
}

std::string ratio_cell(const Series& series, const Series& classic) {
  if (classic.refused()) return "-";
  return fmt::format("{:.2f}", series.seconds() / classic.seconds());
}

std::string title(const Options& options) {
  return fmt::format("{}{}/{}: {} frames, budget {}, {} runs of each mode, medians", options.workload,
                     options.deep ? " deep" : "", options.preset, format_count(*options.frames), format_bytes(options.budget),
                     options.repeats);
}

void print_table(const std::vector<Series>& all) {
  using enum Table::Align;
  Table table({{"mode", kLeft},
               {"time"},
               {"to classic"},
               {"predicted"},
               {"measured"},
               {"RSS peak"},
               {"rows evaluated"}});
  for (const Series& series : all) {
    if (series.refused())
      table.add({series.label(), "refused", "-", "-", "-", "-", "-"});
    else
      table.add({series.label(), format_seconds(series.seconds()), ratio_cell(series, all.front()),
                 format_mib(series.number("predicted_bytes")), format_mib(series.number("measured_bytes")),
                 format_mib(series.number("rss_peak_bytes")), format_count(series.number("rows_evaluated"))});
  }
  table.print(std::cout);
}

nlohmann::json to_json(const Options& options, const std::vector<Series>& all, bool same) {
  nlohmann::json modes = nlohmann::json::array();
  for (const Series& series : all) {
    nlohmann::json entry = {{"mode", mode_name(series.mode)}, {"refused", series.refused()}};
    if (series.refused()) {
      entry["refusal"] = series.trials.front().refusal;
    } else {
      entry["chosen"] = series.trials.front().mode();
      entry["digest"] = series.trials.front().digest();
      entry["median_seconds"] = series.seconds();
      for (const Trial& trial : series.trials) entry["runs"].push_back(trial.document.at("stats"));
    }
    modes.push_back(entry);
  }
  return {{"command", "bench"},        {"workload", options.workload},    {"preset", options.preset},
          {"deep", options.deep},      {"frames", *options.frames},       {"budget_bytes", options.budget},
          {"threads", options.threads}, {"modes", modes},                 {"same_digests", same}};
}

void write_csv(const Options& options, const std::vector<Series>& all, std::ostream& out) {
  out << "workload,preset,deep,threads,frames,budget_bytes,mode,chosen,run,status,seconds,predicted_bytes,measured_bytes,"
         "reserved_bytes,rss_peak_bytes,rows_predicted,rows_evaluated,digest\n";
  for (const Series& series : all) {
    for (size_t run = 0; run < series.trials.size(); ++run) {
      const Trial& trial = series.trials[run];
      out << fmt::format("{},{},{},{},{},{},{},", options.workload, options.preset, options.deep ? 1 : 0, options.threads,
                         *options.frames, options.budget, mode_name(series.mode));
      if (trial.refused)
        out << fmt::format(",{},refused,,,,,,,,\n", run);
      else
        out << fmt::format("{},{},ok,{:.9f},{},{},{},{},{},{},{}\n", trial.mode(), run, trial.seconds(),
                           trial.number("predicted_bytes"), trial.number("measured_bytes"), trial.number("reserved_bytes"),
                           trial.number("rss_peak_bytes"), trial.number("rows_predicted"), trial.number("rows_evaluated"),
                           trial.digest());
    }
  }
}

}  // namespace

Exit bench(const Options& asked) {
  Options options = asked;
  std::ofstream csv;  // opened first: minutes of measuring shall not end at a path that can't be written
  if (!options.csv.empty()) {
    check_output_path(options.csv, options.force);
    csv.open(options.csv);
    if (!csv) throw Failure(Exit::kFailed, options.csv + " can't be written");
  }
  choose_size(options, find_workload(options.workload));
  const auto all = run_interleaved(options);
  if (csv.is_open()) {
    write_csv(options, all, csv);
    if (!csv.flush()) throw Failure(Exit::kFailed, options.csv + " could not be written to its end");
  }
  const bool same = same_digests(all);
  if (options.json) {
    print_document(to_json(options, all, same));
  } else {
    std::cout << title(options) << '\n';
    print_table(all);
  }
  if (!same) throw Failure(Exit::kFailed, "the modes gave different bytes");
  return Exit::kOk;
}

}  // namespace sqs::cli
