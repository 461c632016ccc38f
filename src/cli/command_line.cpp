#include "command_line.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <vector>

#include "option_groups.hpp"
#include "sqrtspace/sqrtspace.hpp"

namespace sqs::cli {
namespace {

using Command = Exit (*)(const Options&);

std::string version_text() {
  return std::string("sqrtspace ") + sqs_version() + " (ABI " + std::to_string(sqs_abi_version()) +
         ")\nlibsqrtspace is under the MIT licence. This program also uses libsqrtspace-dsp, which links FFTW3 (GPL 2 or\n"
         "later): distributed together with it, this program is under the GPL.";
}

// The commands, each with the groups of options it knows.
class Grammar {
 public:
  explicit Grammar(CommandLine& line) : line_(line), options_(line.options) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", version_text());
    app_.footer("Data goes to stdout, all else to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 input unreadable,\n"
                "4 no plan fits the budget, 130 cancelled.");
    add_demo();
    add_run();
    add_plan();
    add_verify();
    add_info();
    add_stages();
    add_bench();
  }

  CLI::App& app() { return app_; }

 private:
  CLI::App& add(const char* name, const char* text, Command command) {
    CLI::App* const sub = app_.add_subcommand(name, text);
    sub->callback([this, command] { line_.command = command; });
    add_output_options(*sub, options_);
    return *sub;
  }

  void add_demo() {
    CLI::App& sub = add("demo", "Run a workload on its default input, or on a file, and tell the result", demo);
    sub.callback([this] { line_.command = options_.compare ? compare : demo; });
    add_workload(sub, options_, WorkloadSet::kAll);
    sub.add_option("--input", options_.input, "A file instead of the default input")->type_name("FILE")->group("Input file");
    sub.add_flag("--compare", options_.compare, "Run all three modes, each in its own process, and compare them")
        ->group("Engine");
    add_head_option(sub, options_);
    add_common(sub);
    add_report_option(sub, options_);
    sub.add_flag("--force", options_.force, "Replace the report if it exists")->needs("--report");
    sub.get_option("--compare")->excludes(sub.get_option("--mode"));
    sub.get_option("--compare")->excludes(sub.get_option("--report"));
  }

  void add_run() {
    CLI::App& sub = add("run", "Run a workload on a file and write the result to a .npy file", run);
    add_workload(sub, options_, WorkloadSet::kAll);
    sub.add_option("FILE", options_.input, "WAV, FLAC, RF64, .npy, or raw samples (.raw, or with --dtype)")
        ->required()
        ->type_name("");
    add_output_file(sub, "The .npy file to write");
    sub.get_option("--output")->required();
    sub.add_flag("--force", options_.force, "Replace the output, and the report, if they exist");
    add_report_option(sub, options_);
    add_file_options(sub, options_);
    add_pipeline_options(sub, options_);
    add_rows_option(sub, options_);
    add_engine_options(sub, options_);
  }

  void add_plan() {
    CLI::App& sub = add("plan", "Explain what run, or without -o demo, would do, without doing it", plan);
    add_workload(sub, options_, WorkloadSet::kAll);
    sub.add_option("FILE", options_.input, "The input; without it, the workload's default")->type_name("");
    add_output_file(sub, "Plan a run that writes this file, which takes rows in any order; nothing is written");
    sub.add_flag("--force", options_.force, "As of run; nothing is replaced")->needs("--output");
    sub.get_option("--target")->needs("--output");
    add_common(sub);
  }

  void add_verify() {
    CLI::App& sub = add("verify", "Check that the stages of a workload keep their contract", verify);
    add_workload(sub, options_, WorkloadSet::kAll);
    sub.add_option("FILE", options_.input, "The input; without it, the workload's default")->type_name("");
    add_common(sub);
  }

  void add_info() {
    CLI::App& sub = add("info", "Tell what is in a file", info);
    sub.add_option("FILE", options_.input, "WAV, FLAC, RF64, .npy, or raw samples (with --dtype)")->required()->type_name("");
    add_file_options(sub, options_);
  }

  void add_stages() {
    CLI::App& sub = add("stages", "List the ready-made stages, or tell all about one", stages);
    sub.add_option("NAME", options_.stage_type, "A stage type")->type_name("");
  }

  void add_bench() {
    CLI::App& sub = add("bench", "Measure the modes against each other on a synthetic stream", bench);
    add_workload(sub, options_, WorkloadSet::kSynthetic);
    sub.add_option("--preset", options_.preset,
                   "What classic mode needs of the budget: fits: a quarter; barely: 90 %; spill: four times it")
        ->check(CLI::IsMember(std::vector<std::string>{"fits", "barely", "spill"}))
        ->capture_default_str()
        ->type_name("PRESET");
    sub.add_option("--repeats", options_.repeats, "Runs of each mode, interleaved")
        ->check(CLI::Range(1U, 1000U).description(""))
        ->capture_default_str()
        ->type_name("N");
    sub.add_option("--csv", options_.csv, "Also write one line per run to this file")->type_name("FILE");
    sub.add_flag("--force", options_.force, "Replace that file if it exists");
    add_synthetic_options(sub, options_);
    add_pipeline_options(sub, options_);
    add_budget_option(sub, options_);
    add_threads_option(sub, options_);
  }

  void add_output_file(CLI::App& sub, const char* text) {
    sub.add_option("-o,--output", options_.output, text)->type_name("OUT.npy");
    sub.add_option("--target", options_.target, "Which of the workload's results (default: the main one)")->type_name("NAME");
  }

  void add_common(CLI::App& sub) {
    add_file_options(sub, options_);
    add_synthetic_options(sub, options_);
    add_pipeline_options(sub, options_);
    add_rows_option(sub, options_);
    add_engine_options(sub, options_);
  }

  CommandLine& line_;
  Options& options_;
  CLI::App app_{"Runs pipelines over very long streams in the memory you give it", "sqrtspace"};
};

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// CLI11 answers an unknown command with "A subcommand is required", which helps nobody.
void check_command_word(CLI::App& app, int argc, char** argv) {
  if (argc < 2) throw Failure(Exit::kUsage, "a command is needed; `sqrtspace --help` lists them");
  const std::string word = argv[1];
  if (word.empty() || word.front() == '-') return;
  std::string nearest;
  for (const CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    if (sub->get_name() == word) return;
    if (nearest.empty() || edit_distance(word, sub->get_name()) < edit_distance(word, nearest)) nearest = sub->get_name();
  }
  const std::string hint = edit_distance(word, nearest) <= 2 ? "; did you mean '" + nearest + "'?"
                                                              : "; `sqrtspace --help` lists the commands";
  throw Failure(Exit::kUsage, "there is no command '" + word + "'" + hint);
}

}  // namespace

CommandLine parse_command_line(int argc, char** argv) {
  CommandLine line;
  Grammar grammar(line);
  try {
    check_command_word(grammar.app(), argc, argv);
    grammar.app().parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw Failure(Exit::kUsage, error.what());
    grammar.app().exit(error, std::cout, std::cerr);  // help and version
    line.command = nullptr;
  }
  return line;
}

}  // namespace sqs::cli
