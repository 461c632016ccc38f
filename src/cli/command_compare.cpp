#include <algorithm>
#include <iostream>
#include <vector>

#include "commands.hpp"
#include "document.hpp"
#include "messages.hpp"
#include "table.hpp"
#include "trial.hpp"

namespace sqs::cli {
namespace {

using sqrtspace::Mode;

std::string mode_cell(Mode asked, const Trial& trial) {
  const std::string name = mode_name(asked);
  return trial.refused || asked != Mode::automatic ? name : name + ": " + trial.mode();
}

bool same_results(const std::vector<Trial>& trials) {
  const Trial* first = nullptr;
  for (const Trial& trial : trials) {
    if (trial.refused) continue;
    if (first && trial.document.at("targets") != first->document.at("targets")) return false;
    if (!first) first = &trial;
  }
  return true;
}

void print_table(const std::vector<Trial>& trials) {
  using enum Table::Align;
  Table table({{"mode", kLeft},
               {"time"},
               {"engine bytes"},
               {"predicted"},
               {"RSS peak"},
               {"rows evaluated"},
               {"digest", kLeft}});
  for (size_t i = 0; i < trials.size(); ++i) {
    const Trial& trial = trials[i];
    if (trial.refused)
      table.add({mode_cell(kModes[i], trial), "-", "-", "-", "-", "-", "refused: over the budget"});
    else
      table.add({mode_cell(kModes[i], trial), format_seconds(trial.seconds()), format_mib(trial.number("measured_bytes")),
                 format_mib(trial.number("predicted_bytes")), format_mib(trial.number("rss_peak_bytes")),
                 format_count(trial.number("rows_evaluated")), trial.digest()});
  }
  table.print(std::cout);
}

void print_text(const std::vector<Trial>& trials, bool same) {
  const auto ran = std::find_if(trials.begin(), trials.end(), [](const Trial& trial) { return !trial.refused; });
  const auto& input = ran->document.at("input");
  std::cout << ran->document.at("workload").get<std::string>() << ": " << input.at("description").get<std::string>() << ", "
            << format_count(input.at("frames").get<uint64_t>()) << " frames, budget "
            << format_bytes(ran->number("budget_bytes")) << '\n';
  print_table(trials);
  std::cout << (same ? "same digests in all modes\n" : "THE DIGESTS DIFFER\n");
}

void print_json(const std::vector<Trial>& trials, bool same) {
  nlohmann::json modes = nlohmann::json::array();
  for (size_t i = 0; i < trials.size(); ++i) {
    nlohmann::json entry = {{"mode", mode_name(kModes[i])}, {"refused", trials[i].refused}};
    if (trials[i].refused) entry["refusal"] = trials[i].refusal;
    else entry["demo"] = trials[i].document;
    modes.push_back(entry);
  }
  print_document(nlohmann::json{{"command", "compare"}, {"modes", modes}, {"same_digests", same}});
}

}  // namespace

Exit compare(const Options& options) {
  std::vector<Trial> trials;
  for (const Mode mode : kModes) {
    Options asked = options;
    asked.mode = mode;
    trials.push_back(run_trial(asked));
    if (trials.back().refused && !options.quiet) say_warning(std::string(mode_name(mode)) + " mode: " + trials.back().refusal);
  }
  if (std::all_of(trials.begin(), trials.end(), [](const Trial& trial) { return trial.refused; }))
    throw Failure(Exit::kBudget, trials.back().refusal);

  const bool same = same_results(trials);
  if (options.json) print_json(trials, same);
  else print_text(trials, same);
  if (!same) throw Failure(Exit::kFailed, "the modes gave different bytes");
  return Exit::kOk;
}

}  // namespace sqs::cli
