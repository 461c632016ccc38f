// sqs_bench: runs named workloads and prints what they took. Workload names are paths; --filter takes a part of one.
#include <CLI/CLI.hpp>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>

#include "series.hpp"
#include "table.hpp"
#include "workload.hpp"

namespace sqs::bench {
namespace {

struct Options {
  std::string filter;
  std::string csv;
  uint32_t repeats = 7;
  bool list = false;
  bool smoke = false;
};

// Every contender once on a short stream: they must give the same bytes.
void smoke(const Workload& workload) {
  Contest contest = workload.make(workload.smoke_frames);
  run_interleaved(contest, 1, 0);
  std::cout << workload.name << ": " << contest.contenders.size() << " contenders agree\n";
}

void measure(const Workload& workload, const Options& options, std::ostream* csv) {
  Contest contest = workload.make(workload.frames);
  const std::vector<Series> all = run_interleaved(contest, options.repeats, kLeastSampleSeconds);
  print_table(std::cout, workload, contest, all);
  if (csv != nullptr) print_csv(*csv, workload, all);
}

int run(const Options& options) {
  std::ofstream csv;
  if (!options.csv.empty()) {
    csv.open(options.csv);
    if (!csv) throw std::runtime_error("can't write " + options.csv);
    print_csv_header(csv);
  }
  bool found = false;
  for (const Workload& workload : all_workloads()) {
    if (workload.name.find(options.filter) == std::string::npos) continue;
    found = true;
    if (options.list) std::cout << workload.name << ": " << workload.what << '\n';
    else if (options.smoke) smoke(workload);
    else measure(workload, options, options.csv.empty() ? nullptr : &csv);
  }
  if (!found) throw std::runtime_error("no workload has '" + options.filter + "' in its name; --list shows all");
  return 0;
}

}  // namespace

std::vector<Workload> all_workloads() {
  std::vector<Workload> all;
  for (const auto& list : {audio_workloads(), logs_workloads(), back_workloads(), engine_workloads(), demo_workloads()}) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace sqs::bench

int main(int argc, char** argv) {
  sqs::bench::Options options;
  CLI::App app{"Times the engine against hand-written loops over the same kernels, in turns."};
  app.add_flag("--list", options.list, "Name the workloads");
  app.add_option("--filter", options.filter, "Only workloads with this in their name");
  app.add_option("--repeats", options.repeats, "Rounds; every contender runs once in each")->check(CLI::Range(1, 10000))->capture_default_str();
  app.add_option("--csv", options.csv, "Also write the figures here");
  app.add_flag("--smoke", options.smoke, "Run each contender once on a short stream and compare the results; measures nothing");
  CLI11_PARSE(app, argc, argv);
  try {
    return sqs::bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "sqs_bench: " << error.what() << '\n';
    return 1;
  }
}
