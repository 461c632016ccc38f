#include "report_page.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "failure.hpp"
#include "units.hpp"

namespace sqs::cli {
namespace {

constexpr const char* kStyle =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1f2933;max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin-top:2rem}p{margin:.2rem 0}.quiet{color:#66727f}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.25rem .6rem;text-align:right;white-space:nowrap}"
    "th{color:#66727f;font-weight:500;border-bottom:1px solid #cbd2d9}td:first-child,th:first-child{text-align:left}"
    ".track{width:14rem;background:#eef1f4;text-align:left;padding:0}.bar{height:.9rem;background:#2563a8}"
    ".warm{background:#c2410c}";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

struct Line {
  std::string name;
  std::string value;
  double share = 0;  // of the longest bar
  bool warm = false;
};

std::string bars(const std::vector<Line>& lines) {
  std::string out = "<table>\n";
  for (const Line& line : lines)
    out += fmt::format(
        "<tr><td>{}</td><td class=\"track\"><div class=\"bar{}\" style=\"width:{:.1f}%\"></div></td><td>{}</td></tr>\n",
        escaped(line.name), line.warm ? " warm" : "", 100 * std::clamp(line.share, 0.0, 1.0), escaped(line.value));
  return out + "</table>\n";
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

// A budget may be many times what is held: its bar is as long as the longest of the others, and its figure says the rest.
std::string memory(const sqs_stats& s) {
  const std::pair<const char*, uint64_t> held[] = {{"predicted", s.predicted_bytes}, {"reserved", s.reserved_bytes},
                                                   {"measured", s.measured_bytes},   {"untracked", s.untracked_bytes},
                                                   {"process, now", s.rss_bytes},    {"process, peak", s.rss_peak_bytes}};
  uint64_t most = 1;
  for (const auto& [name, bytes] : held) most = std::max(most, bytes);
  std::vector<Line> lines = {{"budget", format_bytes(s.budget_bytes),
                              share(static_cast<double>(s.budget_bytes), static_cast<double>(most)), true}};
  for (const auto& [name, bytes] : held)
    lines.push_back({name, format_bytes(bytes), share(static_cast<double>(bytes), static_cast<double>(most)), false});
  return bars(lines);
}

std::string causes(const sqs_stats& s) {
  const uint64_t more = s.rows_replayed + s.rows_swept_again + s.rows_access + s.rows_cache_lost + s.rows_given_up;
  const std::pair<std::string, uint64_t> parts[] = {
      {"asked for, once each", s.rows_evaluated - std::min(s.rows_evaluated, more)},
      {fmt::format("by replays ({} of them halos)", format_count(s.rows_halo)), s.rows_replayed},
      {"in later sweeps", s.rows_swept_again},
      {"to get to the range", s.rows_access},
      {"that the cache has lost", s.rows_cache_lost},
      {"before the disk failed", s.rows_given_up}};
  std::vector<Line> lines;
  for (const auto& [name, rows] : parts)
    if (rows > 0 || lines.empty())
      lines.push_back({name, format_count(rows), share(static_cast<double>(rows), static_cast<double>(s.rows_evaluated)),
                       !lines.empty()});
  return bars(lines);
}

std::string stages(const nlohmann::json& list) {
  double longest = 0;
  for (const auto& stage : list) longest = std::max(longest, stage["seconds"].get<double>());
  std::string out =
      "<table>\n<tr><th>stage</th><th>evaluated</th><th>recompute</th><th>calls</th><th>buffer</th><th>time</th><th></th></tr>\n";
  for (const auto& stage : list) {
    const double seconds = stage["seconds"].get<double>();
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{:.2f}x</td><td>{}</td><td>{}</td><td>{}</td>"
                       "<td class=\"track\"><div class=\"bar\" style=\"width:{:.1f}%\"></div></td></tr>\n",
                       escaped(stage["name"].get<std::string>()), format_count(stage["rows_evaluated"].get<uint64_t>()),
                       stage["recompute_ratio"].get<double>(), format_count(stage["calls"].get<uint64_t>()),
                       format_bytes(stage["buffer_bytes"].get<uint64_t>()), format_seconds(seconds),
                       100 * share(seconds, longest));
  }
  return out + "</table>\n";
}

std::string report_page(const std::string& title, const std::string& input, const Outcome& outcome) {
  const sqs_stats& s = outcome.stats;
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>" + escaped(title) +
                     "</title>\n<style>" + kStyle + "</style>\n</head>\n<body>\n<h1>" + escaped(title) + "</h1>\n";
  page += "<p class=\"quiet\">" + escaped(input) + "</p>\n";
  page += fmt::format("<p>Mode {}: {}.</p>\n", escaped(outcome.report["mode"].get<std::string>()),
                      escaped(outcome.report["why"].get<std::string>()));
  page += fmt::format("<p>{} in {} sweeps, {} tiles; {} rows of {} frames.</p>\n", format_seconds(s.seconds), s.sweeps,
                      format_count(s.tiles), format_count(s.rows_evaluated), format_count(s.source_frames));
  for (const TargetOutcome& target : outcome.targets) page += "<p class=\"quiet\">" + escaped(describe_target(target)) + "</p>\n";
  page += "<h2>Memory</h2>\n" + memory(s);
  page += "<h2>Rows evaluated</h2>\n" + causes(s);
  page += fmt::format("<p class=\"quiet\">{} from the cache, {} skipped by checkpoints; cache {} hits, {} misses; checkpoints {} "
                      "saved, {} loaded; disk {} written, {} read.</p>\n",
                      format_count(s.rows_from_cache), format_count(s.rows_skipped), format_count(s.cache_hits),
                      format_count(s.cache_misses), format_count(s.checkpoints_saved), format_count(s.checkpoints_loaded),
                      format_bytes(s.disk_written_bytes), format_bytes(s.disk_read_bytes));
  page += fmt::format("<p class=\"quiet\">Process: page faults {} minor, {} major; I/O {} read, {} written.</p>\n",
                      format_count(s.minor_faults), format_count(s.major_faults), format_bytes(s.io_read_bytes),
                      format_bytes(s.io_write_bytes));
  page += "<h2>Stages</h2>\n" + stages(outcome.report["stages"]);
  return page + "</body>\n</html>\n";
}

}  // namespace

void draw_report(const Options& options, const char* command, const Session& session, const Outcome& outcome) {
  if (options.report.empty()) return;
  std::ofstream file(options.report, std::ios::binary);
  const std::string title = fmt::format("sqrtspace {} {}", command, session.workload().name());
  file << report_page(title, describe_input(session.input()), outcome);
  file.close();
  if (!file) throw Failure(Exit::kFailed, "cannot write the report to " + options.report);
}

}  // namespace sqs::cli
