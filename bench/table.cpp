#include "table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>

namespace sqs::bench {
namespace {

template <class... Arguments>
std::string format(const char* form, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, form, arguments...);
  return text;
}

std::string time_text(double seconds) {
  if (std::isnan(seconds)) return "-";
  if (seconds < 1e-3) return format("%.1f us", seconds * 1e6);
  if (seconds < 1) return format("%.2f ms", seconds * 1e3);
  return format("%.3f s", seconds);
}

std::string bytes_text(uint64_t bytes) {
  if (bytes == 0) return "-";
  if (bytes < uint64_t{1} << 20) return format("%.0f KiB", static_cast<double>(bytes) / 1024);
  if (bytes < uint64_t{1} << 30) return format("%.1f MiB", static_cast<double>(bytes) / 1048576);
  return format("%.2f GiB", static_cast<double>(bytes) / 1073741824);
}

std::string ratio_text(double ratio) { return std::isnan(ratio) ? "-" : format("%.3f", ratio); }

const Series* find(const std::vector<Series>& all, const std::string& name) {
  const auto it = std::find_if(all.begin(), all.end(), [&](const Series& s) { return s.name == name; });
  return it == all.end() ? nullptr : &*it;
}

double product_of(const std::vector<Series>& all, const std::vector<std::string>& names, bool cpu) {
  double product = 1;
  for (const std::string& name : names) {
    const Series* series = find(all, name);
    product *= series == nullptr ? std::nan("") : cpu ? series->median_cpu_seconds() : series->median_seconds();
  }
  return product;
}

double best_of(const std::vector<Series>& all, const std::vector<std::string>& names, bool cpu) {
  double best = std::nan("");
  for (const std::string& name : names) best = std::fmin(best, product_of(all, {name}, cpu));
  return best;
}

double value_of(const Goal& goal, const std::vector<Series>& all, bool cpu) {
  if (goal.under.empty()) return 1000 * product_of(all, goal.over, cpu);
  const double under = goal.best_under ? best_of(all, goal.under, cpu) : product_of(all, goal.under, cpu);
  return product_of(all, goal.over, cpu) / under;
}

void print_goal(std::ostream& out, const Goal& goal, const std::vector<Series>& all) {
  const double wall = value_of(goal, all, false), cpu = value_of(goal, all, true);
  const double judged = goal.by_wall_clock ? wall : cpu;
  const bool met = goal.at_least ? judged >= goal.bound : judged <= goal.bound;
  out << format("  %-44s %s by CPU time, %s by wall clock; goal %s %.2f%s: %s\n", goal.what.c_str(), ratio_text(cpu).c_str(),
                ratio_text(wall).c_str(), goal.at_least ? "at least" : "at most", goal.bound,
                goal.by_wall_clock ? " by wall clock" : "", std::isnan(judged) ? "not measured" : met ? "met" : "missed");
}

}  // namespace

void print_table(std::ostream& out, const Workload& workload, const Contest& contest, const std::vector<Series>& all) {
  const Series& base = all.front();
  out << workload.name << ": " << workload.what << '\n';
  out << format("  %-20s %-8s %11s %11s %7s %7s %7s %10s %10s %12s\n", "", "mode", "time", "cpu", "ratio", "paired", "cpu", "memory",
                "RSS growth", "rows");
  for (const Series& s : all) {
    if (!s.figures.refusal.empty()) {
      out << format("  %-20s ", s.name.c_str()) << "refused: " << s.figures.refusal << '\n';
      continue;
    }
    out << format("  %-20s %-8s %11s %11s %7s %7s %7s %10s %10s %12s\n", s.name.c_str(), s.figures.mode.c_str(),
                  time_text(s.median_seconds()).c_str(), time_text(s.median_cpu_seconds()).c_str(),
                  ratio_text(s.median_seconds() / base.median_seconds()).c_str(),
                  ratio_text(paired_ratio(s.seconds, base.seconds)).c_str(),
                  ratio_text(paired_ratio(s.cpu_seconds, base.cpu_seconds)).c_str(), bytes_text(s.figures.engine_bytes).c_str(),
                  bytes_text(s.figures.rss_growth_bytes).c_str(), s.figures.rows == 0 ? "-" : std::to_string(s.figures.rows).c_str());
  }
  for (const Goal& goal : contest.goals) print_goal(out, goal, all);
  out << std::endl;
}

void print_csv_header(std::ostream& out) {
  out << "workload,contender,mode,rounds,seconds,cpu_seconds,paired_ratio,engine_bytes,rss_growth_bytes,rows,budget_bytes,predicted_seconds\n";
}

void print_csv(std::ostream& out, const Workload& workload, const std::vector<Series>& all) {
  for (const Series& s : all) {
    out << workload.name << ",\"" << s.name << "\"," << (s.figures.refusal.empty() ? s.figures.mode : "refused") << ','
        << s.seconds.size() << ',' << format("%.9g,%.9g,%.5g", s.median_seconds(), s.median_cpu_seconds(),
                                             paired_ratio(s.seconds, all.front().seconds))
        << ',' << s.figures.engine_bytes << ',' << s.figures.rss_growth_bytes << ',' << s.figures.rows << ','
        << s.figures.budget_bytes << ',' << format("%.6g", s.median_predicted_seconds()) << '\n';
  }
  out.flush();
}

}  // namespace sqs::bench
