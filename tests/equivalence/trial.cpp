#include "trial.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "checks.hpp"
#include "naive.hpp"
#include "session.hpp"

namespace eq {
namespace {

sqs_settings default_settings() {
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  return settings;
}

// One thing to ask of a pipeline.
struct Request {
  bool evaluate = true;
  std::vector<std::string> targets;
  RowRange range;
  Drive drive = Drive::Execute;
  std::vector<Sink> sinks;  // of a run, one for each target
};

std::string describe(const Request& request) {
  std::string text = request.evaluate ? "evaluate" : request.drive == Drive::Step ? "step" : "execute";
  constexpr std::array<const char*, 7> kSinks = {" to an array", " to a buffer", " to an unaligned buffer", " to a callback",
                                                " to a callback in any order", " pulled", " pulled in any order"};
  for (size_t i = 0; i < request.targets.size(); ++i) {
    text += " " + request.targets[i];
    if (!request.evaluate) text += kSinks.at(static_cast<size_t>(request.sinks[i]));
  }
  return text + " " + eq::describe(request.range);
}

// Where the disk is to fail, most of the graphs have rows that are dearer to make again than to put there. Where there is little
// memory, half of them turn only once, which has the most schedules, and a second thread may replay; as it may in all that are to
// be replayed by one.
GraphSpec graph_of(uint64_t seed, const TrialOptions& options) {
  GraphLimits limits = options.limits;
  const bool once = (options.by_two || options.in_little) && splitmix(seed) % 2 == 0;
  if (once) limits.turns = 2;
  GraphSpec graph = random_graph(seed, limits);
  if (once || options.by_two)
    for (StageSpec& stage : graph.stages) stage.threading = stage.kind == SQS_MAP ? SQS_CONCURRENT : SQS_ANY_THREAD;
  graph.reading = options.by_two ? SQS_CONCURRENT : static_cast<int32_t>(splitmix(seed ^ 0x72656164) % 3);
  if (options.faults.arm != nullptr && seed % 3 != 0)
    for (StageSpec& stage : graph.stages) stage.cost_ns_per_row = 1e6;
  return graph;
}

class Trial {
 public:
  Trial(uint64_t seed, const TrialOptions& options)
      : options_(options), graph_(graph_of(seed, options)), naive_(graph_), rng_(seed ^ 0x7269616C) {}

  TrialResult run() {
    classic();
    if (result_.refused == SQS_OK) {
      for (uint32_t i = 0; i < options_.sessions && result_.failure.empty(); ++i) varied();
      if (result_.failure.empty()) least_budget();
      if (result_.failure.empty()) live();
    } else if (result_.failure.empty()) {
      refused_alike();
    }
    if (!result_.failure.empty()) result_.failure += dump(graph_);
    return result_;
  }

 private:
  void classic();
  void varied();
  void least_budget();
  void live();
  void refused_alike();
  int32_t take(Session& session, const sqs_settings& settings, Feed how);
  sqs_settings random_settings();
  Request random_request();
  Sink random_sink() { return static_cast<Sink>(rng_.below(7)); }
  Request run_of_all();
  Outcome send(Session& session, const Request& request);
  static int32_t plan(Session& session, const Request& request, sqs_plan_info& info);
  RowRange random_range(uint64_t rows);
  bool fit_budget(Session& session, sqs_settings& settings, const std::vector<Request>& requests);
  bool ask(Session& session, const sqs_settings& settings, const Request& request);
  bool ask_with_fault(Session& session, const sqs_settings& settings, const Request& request);
  static bool replayed_by_two(const Session& session);
  bool as_planned(const Session& session, const sqs_settings& settings, const Request& request, const sqs_plan_info& info,
                  const sqs_stats& stats);
  bool answered(Session& session, const sqs_settings& settings, const Request& request, const Outcome& outcome);
  void early_evaluate(Session& session, const sqs_settings& settings);
  void end(Session& session, const sqs_settings& settings);
  bool fail(const sqs_settings& settings, const std::string& what, const std::string& why);
  void note(const std::string& what);

  const TrialOptions options_;
  const GraphSpec graph_;
  const Naive naive_;
  Rng rng_;
  RowRange last_range_;
  bool in_little_ = false;  // the session at hand
  std::string history_;  // what the session at hand was asked for
  TrialResult result_;
};

bool Trial::fail(const sqs_settings& settings, const std::string& what, const std::string& why) {
  result_.failure += what + " with " + eq::describe(settings) + ":\n" + why + "\n";
  if (!history_.empty()) result_.failure += "asked of the pipeline:" + history_ + "\n";
  return false;
}

void Trial::note(const std::string& what) { history_ += "\n  " + what; }

// How often a run is stepped is a matter of time: what it draws must not change what is asked next.
Outcome Trial::send(Session& session, const Request& request) {
  if (request.evaluate) return session.evaluate(request.targets.front(), request.range);
  Rng of_the_run(rng_.next());
  return session.run(request.targets, request.sinks, request.range, request.drive, of_the_run);
}

int32_t Trial::plan(Session& session, const Request& request, sqs_plan_info& info) {
  if (request.evaluate) return session.plan(request.targets, request.range, false, info);
  return session.plan_run(request.targets, request.sinks, request.range, info);
}

// Sends one request and checks all that came back.
bool Trial::ask(Session& session, const sqs_settings& settings, const Request& request) {
  if (options_.faults.arm != nullptr && rng_.chance(75) && !ask_with_fault(session, settings, request)) return false;
  ++result_.runs;
  note(describe(request));
  const bool planned = options_.by_two || rng_.chance(25);
  sqs_plan_info info{};
  if (planned && plan(session, request, info) != SQS_OK) return fail(settings, describe(request), session.refusal());
  const Outcome outcome = send(session, request);
  if (outcome.ok() && outcome.stats.rows_given_up > 0) return fail(settings, describe(request), "started again on a disk that works");
  if (!answered(session, settings, request, outcome)) return false;
  return !planned || as_planned(session, settings, request, info, outcome.stats);
}

// The plan made just before a run is the one it follows.
bool Trial::as_planned(const Session& session, const sqs_settings& settings, const Request& request, const sqs_plan_info& info,
                       const sqs_stats& stats) {
  ++result_.schedules.at(static_cast<size_t>(info.schedule));
  if (replayed_by_two(session)) ++result_.replayed_ahead.at(static_cast<size_t>(info.schedule));
  const bool same = info.mode == stats.mode && info.sweeps == stats.sweeps && info.tiles == stats.tiles &&
                    info.rows_predicted == stats.rows_predicted && info.predicted_bytes == stats.predicted_bytes;
  return same || fail(settings, describe(request), "ran by another plan than the one made before:\n" + session.plan_text());
}

bool Trial::replayed_by_two(const Session& session) {
  return session.plan_text().find("replayed by a second thread") != std::string::npos;
}

// On a disk that fails a run gives the same bytes or says that it can't do without.
bool Trial::ask_with_fault(Session& session, const sqs_settings& settings, const Request& request) {
  options_.faults.arm(rng_);
  const Outcome outcome = send(session, request);
  const bool met = options_.faults.disarm();
  note(describe(request) + " on " + options_.faults.describe() + (met ? ", which it met" : ", which it did not meet"));
  if (!met) return answered(session, settings, request, outcome);
  ++result_.faults;
  if (outcome.ok()) {
    ++result_.started_again;
    if (outcome.stats.sink_bytes > 0 && outcome.stats.disk_read_bytes > 0) ++result_.after_reads;
    return answered(session, settings, request, outcome);
  }
  if (outcome.status == SQS_E_IO && outcome.message.find("the run can't do without the disk: ") != std::string::npos) return true;
  return fail(settings, describe(request), sqs_status_name(outcome.status) + (": " + outcome.message));
}

bool Trial::answered(Session& session, const sqs_settings& settings, const Request& request, const Outcome& outcome) {
  const std::string what = describe(request);
  if (!outcome.ok()) return fail(settings, what, sqs_status_name(outcome.status) + (": " + outcome.message));
  std::string wrong = check_bytes(naive_, outcome, request.range) + check_counts(session, outcome);
  if (settings.mode != SQS_AUTO && outcome.stats.mode != settings.mode) wrong += "ran in another mode\n";
  if (settings.memory_budget != 0 && outcome.stats.budget_bytes != settings.memory_budget) wrong += "another budget\n";
  const sqs_stats& stats = outcome.stats;
  const bool states = stats.disk_written_bytes > 0 && stats.checkpoints_saved > 0;
  const bool rows = stats.disk_written_bytes > 0 && !states;
  result_.spilled_states += states ? 1 : 0;
  result_.spilled_rows += rows ? 1 : 0;
  result_.from_cache += stats.rows_from_cache > 0 ? 1 : 0;
  if (stats.rows_given_up > 0) return wrong.empty() || fail(settings, what, wrong);
  if (stats.disk_written_bytes != stats.disk_read_bytes) wrong += "not all that was written to disk was read back, and once\n";
  if (rows && stats.rows_replayed > 0) wrong += "rows were replayed though they were on disk\n";
  return wrong.empty() || fail(settings, what, wrong);
}

void Trial::end(Session& session, const sqs_settings& settings) {
  const std::string wrong = session.close() + session.findings();
  if (!wrong.empty()) fail(settings, "after the end", wrong);
}

// The oracle itself against the naive evaluator; finds out whether the engine takes the graph.
void Trial::classic() {
  sqs_settings settings = default_settings();
  settings.mode = SQS_CLASSIC;
  Session session(graph_, naive_);
  result_.refused = take(session, settings, Feed::Memory);
  if (result_.refused != SQS_OK) {
    result_.refusal = session.refusal();
    // No graph here asks for what a version of the library may leave out.
    if (result_.refused == SQS_E_UNSUPPORTED) fail(settings, "refusal", result_.refusal);
    return;
  }
  for (const std::string& target : graph_.targets) {
    if (!ask(session, settings, {true, {target}, {}, Drive::Execute, {}})) return;
  }
  if (!ask(session, settings, run_of_all())) return;
  const RowRange part = random_range(naive_.rows(graph_.targets.front()).rows);
  if (!ask(session, settings, {true, {graph_.targets.front()}, part, Drive::Execute, {}})) return;
  end(session, settings);
}

// Builds, feeds, configures and plans; the first status that is not SQS_OK.
int32_t Trial::take(Session& session, const sqs_settings& settings, Feed how) {
  history_.clear();
  int32_t status = session.build();
  if (status == SQS_OK) status = session.feed(how, rng_);
  if (status != SQS_OK) return status;
  session.configure(settings);
  for (const std::string& target : graph_.targets) {
    sqs_plan_info info;
    status = session.plan({target}, {}, false, info);
    if (status == SQS_OK) continue;
    if (session.evaluate(target, {}).status != status) {
      fail(settings, "refusal of " + target, "plan and evaluate return different codes");
    }
    return status;
  }
  return SQS_OK;
}

// A graph that classic refuses is refused by every mode and with every source with the same code, by plan and by evaluate.
void Trial::refused_alike() {
  for (const int32_t mode : {SQS_AUTO, SQS_CLASSIC, SQS_SQRT}) {
    for (const Feed how : {Feed::Memory, Feed::Reader, Feed::Push}) {
      sqs_settings settings = default_settings();
      settings.mode = mode;
      Session session(graph_, naive_);
      const int32_t status = take(session, settings, how);
      if (status == result_.refused) continue;
      fail(settings, "refusal",
           std::string(sqs_status_name(status)) + " here, " + sqs_status_name(result_.refused) + " in classic");
    }
  }
}

sqs_settings Trial::random_settings() {
  sqs_settings settings = default_settings();
  in_little_ = false;
  const uint64_t mode = rng_.below(10);
  settings.mode = mode < 8 ? SQS_SQRT : mode < 9 ? SQS_AUTO : SQS_CLASSIC;
  settings.tile_frames = rng_.pick<uint64_t>({0, 1, 2, 3, 5, 7, 13, 20, 31, 64, 100, 257, 1000, 100000});
  settings.checkpoint_every = rng_.chance(40) ? 0 : rng_.pick<uint64_t>({1, 2, 3, 5, 8, 17, 40, 1000});
  settings.lru_bytes = rng_.pick<uint64_t>({SQS_NONE, 0, 1, 700, 5000, 100000, 4000000});
  settings.threads = static_cast<uint32_t>(rng_.between(options_.threads_min, options_.threads_max));
  if (!options_.spill_dir.empty() && rng_.chance(40)) {
    settings.spill_dir = options_.spill_dir.c_str();
    settings.disk_bytes = rng_.pick<uint64_t>({0, 0, 500, 3000, 20'000, 1'000'000});
    settings.max_ratio = rng_.pick<uint32_t>({0, 0, 1, 1, 2, 3});
    if (rng_.chance(50)) {  // so that there is something to spill
      settings.mode = SQS_SQRT;
      settings.checkpoint_every = 0;
      settings.lru_bytes = SQS_NONE;
      settings.tile_frames = rng_.between(1, 7);
    }
  }
  if (options_.faults.arm != nullptr) {
    settings.mode = rng_.chance(90) ? SQS_SQRT : SQS_AUTO;
    settings.spill_dir = options_.spill_dir.c_str();
    settings.disk_bytes = 0;
    settings.max_ratio = rng_.pick<uint32_t>({0, 0, 0, 0, 1, 2, 3});
    if (rng_.chance(70)) settings.tile_frames = rng_.between(1, 7);
    if (rng_.chance(70)) settings.lru_bytes = rng_.pick<uint64_t>({SQS_NONE, 700});
    if (rng_.chance(90)) settings.checkpoint_every = 0;
  }
  if (options_.in_little && rng_.chance(50)) {
    settings.mode = SQS_SQRT;
    settings.checkpoint_every = 0;
    settings.lru_bytes = SQS_NONE;
    settings.tile_frames = rng_.between(1, 7);
    in_little_ = true;
  }
  if (options_.by_two) {
    settings.mode = SQS_SQRT;
    settings.checkpoint_every = 0;
    settings.lru_bytes = SQS_NONE;
    settings.tile_frames = rng_.between(1, 3);
    settings.threads = 2;
  }
  if (options_.rows_once) {
    settings.mode = SQS_SQRT;
    settings.spill_dir = options_.spill_dir.c_str();
    settings.disk_bytes = settings.checkpoint_every = 0;
    settings.max_ratio = 1;
  }
  return settings;
}

// Any range, often one that continues or overlaps the last.
RowRange Trial::random_range(uint64_t rows) {
  if (rng_.chance(10)) return {};
  RowRange range;
  range.t0 = rng_.chance(20) ? 0 : rng_.below(rows + 1);
  if (rng_.chance(30) && last_range_.t1 <= rows) range.t0 = last_range_.t1;
  if (rng_.chance(20) && last_range_.t0 <= rows) range.t0 = last_range_.t0;
  const uint64_t room = rows - range.t0;
  const uint64_t length = rng_.chance(50) ? std::min(room, rng_.below(20)) : rng_.below(room + 1);
  range.t1 = rng_.chance(15) ? SQS_END : range.t0 + length;
  last_range_ = {range.t0, range.t1 == SQS_END ? rows : range.t1};
  return range;
}

Request Trial::run_of_all() {
  Request request;
  request.evaluate = false;
  request.targets = graph_.targets;
  for (size_t i = 0; i < request.targets.size(); ++i) request.sinks.push_back(random_sink());
  return request;
}

Request Trial::random_request() {
  Request request;
  request.evaluate = rng_.chance(60);
  request.drive = rng_.pick({Drive::Execute, Drive::Step});
  request.targets = graph_.targets;
  std::rotate(request.targets.begin(),
              request.targets.begin() + static_cast<std::ptrdiff_t>(rng_.below(request.targets.size())), request.targets.end());
  if (request.evaluate) request.targets.resize(1);
  for (size_t i = 0; i < request.targets.size(); ++i) request.sinks.push_back(random_sink());
  request.range = options_.by_two && rng_.chance(70) ? RowRange{} : random_range(naive_.rows(request.targets.front()).rows);
  // Of several targets an empty range leaves open which frames it covers.
  if (request.targets.size() > 1 && (request.range.t0 == request.range.t1 || naive_.geometry(request.targets.front()).constant)) {
    request.range = {};
  }
  return request;
}

// Chooses a budget from the least one that works for all requests to unlimited.
bool Trial::fit_budget(Session& session, sqs_settings& settings, const std::vector<Request>& requests) {
  uint64_t least = 1;  // a run of no rows needs nothing
  for (const Request& request : requests) {
    sqs_plan_info info;
    const int32_t status = plan(session, request, info);
    if (status != SQS_OK) return fail(settings, "plan of " + describe(request), sqs_status_name(status));
    least = std::max(least, info.least_budget_bytes);
  }
  const bool little = options_.rows_once || options_.faults.arm != nullptr || (settings.spill_dir != nullptr && rng_.chance(50)) ||
                      in_little_;
  const uint64_t choice = little ? rng_.between(1, 2) : rng_.below(4);
  if (settings.mode == SQS_CLASSIC || choice == 0) return true;
  settings.memory_budget = choice == 1 ? least : least + rng_.below(least * (choice == 2 ? 1 : 16));
  session.configure(settings);
  sqs_plan_info info;
  for (uint64_t more = rng_.below(8); options_.by_two && more < 64; ++more) {
    settings.memory_budget = least + least * more / 16;
    session.configure(settings);
    if (plan(session, requests.front(), info) == SQS_OK && replayed_by_two(session)) break;
  }
  if (plan(session, requests.front(), info) == SQS_OK && session.plan_text().find(", kept\n") != std::string::npos) ++result_.retained;
  return true;
}

// One pipeline under random settings, asked several times, so that later requests find cache and checkpoints of earlier ones.
void Trial::varied() {
  sqs_settings settings = random_settings();
  last_range_ = {};
  Session session(graph_, naive_);
  if (take(session, settings, rng_.pick({Feed::Memory, Feed::Reader, Feed::Push})) != SQS_OK) {
    return static_cast<void>(fail(settings, "start", session.refusal()));
  }
  std::vector<Request> requests;
  for (uint64_t i = rng_.between(1, 6); i > 0; --i) requests.push_back(random_request());
  if (!fit_budget(session, settings, requests)) return;
  for (const Request& request : requests) {
    if (!ask(session, settings, request)) return;
  }
  end(session, settings);
}

// At the least budget that the plan tells a run works, one byte below it plan and run are refused.
void Trial::least_budget() {
  sqs_settings settings = random_settings();
  settings.mode = SQS_SQRT;
  last_range_ = {};
  Session session(graph_, naive_);
  if (take(session, settings, rng_.pick({Feed::Memory, Feed::Reader, Feed::Push})) != SQS_OK) {
    return static_cast<void>(fail(settings, "start", session.refusal()));
  }
  const Request request = random_request();
  const std::string what = "least budget of " + describe(request);
  sqs_plan_info info;
  const int32_t planned = plan(session, request, info);
  if (planned != SQS_OK) return static_cast<void>(fail(settings, what, sqs_status_name(planned)));
  const uint64_t least = info.least_budget_bytes;
  if (least > 1) {  // a run of no rows needs nothing, and a budget of 0 is the default
    settings.memory_budget = least - 1;
    session.configure(settings);
    if (plan(session, request, info) != SQS_E_BUDGET) {
      return static_cast<void>(fail(settings, what, "a plan one byte below " + std::to_string(least)));
    }
    const Outcome below = send(session, request);
    const bool refused = below.status == SQS_E_BUDGET && below.message.find(std::to_string(least)) != std::string::npos;
    if (!refused) return static_cast<void>(fail(settings, what, sqs_status_name(below.status) + (": " + below.message)));
    settings.memory_budget = least;
    session.configure(settings);
  }
  if (ask(session, settings, request)) end(session, settings);
}

// Before the end: the rows that no later frame can change, and no others; or a part of them, whose rows may stay in the cache.
void Trial::early_evaluate(Session& session, const sqs_settings& settings) {
  ++result_.runs;
  const std::string& target = graph_.targets[rng_.below(graph_.targets.size())];
  const std::optional<uint64_t> decided = naive_.geometries().decided_rows(graph_, target, session.pushed());
  const bool part = decided.value_or(0) > 0 && rng_.chance(50);
  RowRange range;
  if (part) range.t0 = rng_.below(*decided);
  if (part) range.t1 = rng_.between(range.t0, *decided);
  const std::string what = "evaluate " + target + " " + describe(range) + " after " + std::to_string(session.pushed()) + " frames";
  note(what);
  const Outcome outcome = session.evaluate(target, range);
  if (!decided) {
    if (outcome.status != SQS_E_NOT_ENDED) fail(settings, what, std::string(sqs_status_name(outcome.status)) + ", wanted NOT_ENDED");
    return;
  }
  if (!outcome.ok()) return static_cast<void>(fail(settings, what, sqs_status_name(outcome.status) + (": " + outcome.message)));
  if (session.rows_now(target) != *decided) {
    fail(settings, what, "describe gives " + std::to_string(session.rows_now(target)) + " rows, wanted " + std::to_string(*decided));
  }
  const std::string wrong = check_bytes(naive_, outcome, part ? range : RowRange{0, *decided}) + check_counts(session, outcome);
  if (!wrong.empty()) fail(settings, what, wrong);
}

// Pushed in pieces, evaluated in between.
void Trial::live() {
  sqs_settings settings = random_settings();
  Session session(graph_, naive_);
  history_.clear();
  session.build();
  session.configure(settings);
  const uint64_t longest = rng_.pick<uint64_t>({1, 10, 100, 1000});
  session.push(0);
  while (session.pushed() < graph_.frames && result_.failure.empty()) {
    session.push(std::min(graph_.frames - session.pushed(), rng_.between(1, longest)));
    if (rng_.below(graph_.frames) < 4 * longest) early_evaluate(session, settings);
  }
  session.end_input();
  for (const std::string& target : graph_.targets) {
    if (!result_.failure.empty() || !ask(session, settings, {true, {target}, {}, Drive::Execute, {}})) return;
  }
  end(session, settings);
}

uint64_t environment(const char* name, uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 0);
}

int failed_parts() {
  return ::testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

}  // namespace

void TrialResult::add(const TrialResult& other) {
  runs += other.runs;
  spilled_rows += other.spilled_rows;
  spilled_states += other.spilled_states;
  faults += other.faults;
  started_again += other.started_again;
  after_reads += other.after_reads;
  retained += other.retained;
  from_cache += other.from_cache;
  for (size_t s = 0; s < schedules.size(); ++s) {
    schedules[s] += other.schedules[s];
    replayed_ahead[s] += other.replayed_ahead[s];
  }
}

TrialResult try_graph(uint64_t seed, const TrialOptions& options) { return Trial(seed, options).run(); }

TrialResult try_graphs(uint64_t seed, uint64_t count, const TrialOptions& options, uint64_t share) {
  seed = environment("SQS_SEED", seed);
  count = environment(options.graphs_variable, count);
  std::map<std::string, uint64_t> refusals;
  uint64_t tried = 0;
  uint64_t refused = 0;
  TrialResult sum;
  int failures = 0;
  for (uint64_t i = share; i < count && failures < 3; i += kShares) {
    ++tried;
    const int parts_before = failed_parts();
    const TrialResult result = try_graph(seed + i, options);
    sum.add(result);
    if (result.refused != SQS_OK) {
      ++refused;
      ++refusals[std::string(sqs_status_name(result.refused)) + ": " + result.refusal];
    }
    const bool unexpected = failed_parts() > parts_before;  // an expectation inside the session
    if (result.failure.empty() && !unexpected) continue;
    ++failures;
    ADD_FAILURE() << (result.failure.empty() ? dump(graph_of(seed + i, options)) : result.failure)
                  << "reproduce: SQS_SEED=" << seed + i << " " << options.graphs_variable << "=1 and share 0 of this test";
  }
  std::cout << tried << " of " << count << " graphs from seed " << seed << ", " << sum.runs << " runs, " << refused << " graphs refused, "
            << sum.spilled_rows << " runs with rows on disk, " << sum.spilled_states << " with states; " << sum.retained
            << " sessions that keep rows for a later sweep, " << sum.from_cache << " runs with rows from the cache\n";
  constexpr std::array<const char*, 8> kSchedules = {"none", "store", "shrink", "shrink disk", "multi", "fixed", "chain", "spill"};
  std::cout << "schedules of a quarter of the runs:";
  for (size_t s = 0; s < kSchedules.size(); ++s) {
    std::cout << " " << kSchedules[s] << " " << sum.schedules[s];
    if (sum.replayed_ahead[s] > 0) std::cout << " (" << sum.replayed_ahead[s] << " replayed by a second thread)";
  }
  std::cout << "\n";
  if (options.faults.arm != nullptr)
    std::cout << sum.faults << " runs whose disk failed, of which " << sum.started_again << " succeeded, " << sum.after_reads
              << " after something was read from it\n";
  if (environment("SQS_VERBOSE", 0) != 0) {
    for (const auto& [sentence, times] : refusals) std::cout << "  " << times << " x " << sentence << "\n";
  }
  if (tried >= 20) {
    EXPECT_LT(refused * 4, tried) << "too many graphs are refused to test much";
  }
  return sum;
}

}  // namespace eq
