// Every allocation fails in turn, once and from then on. The call that was under way answers SQS_E_NO_MEMORY with an error object
// that says so, destroy functions have run once, nothing leaks, and the same call works when there is memory again.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "fixture.hpp"
#include "temporary_directory.hpp"

// ---------------------------------------------------------------- a heap that can be made to fail

namespace {

enum class Failing { Never, Once, FromThenOn };

std::atomic<Failing> failing{Failing::Never};
std::atomic<int> left{0};  // allocations before the one that fails
std::atomic<int> failed{0};
std::atomic<int> live{0};

bool refuse() {
  if (failing == Failing::Never) return false;
  const int before = left.fetch_sub(1);
  const bool now = failing == Failing::Once ? before == 0 : before <= 0;
  if (now) ++failed;
  return now;
}

void* take(std::size_t bytes, std::size_t alignment) noexcept {
  if (refuse()) return nullptr;
  const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
  void* const at = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
  if (at != nullptr) ++live;
  return at;
}

void* take_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const at = take(bytes, alignment);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

void give_back(void* at) noexcept {
  if (at == nullptr) return;
  --live;
  std::free(at);
}

constexpr std::size_t kPlain = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

}  // namespace

void* operator new(std::size_t n) { return take_or_throw(n, kPlain); }
void* operator new[](std::size_t n) { return take_or_throw(n, kPlain); }
void* operator new(std::size_t n, std::align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return take_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return take(n, kPlain); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return take(n, kPlain); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return take(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept { return take(n, static_cast<std::size_t>(a)); }
void operator delete(void* at) noexcept { give_back(at); }
void operator delete[](void* at) noexcept { give_back(at); }
void operator delete(void* at, std::size_t) noexcept { give_back(at); }
void operator delete[](void* at, std::size_t) noexcept { give_back(at); }
void operator delete(void* at, std::align_val_t) noexcept { give_back(at); }
void operator delete[](void* at, std::align_val_t) noexcept { give_back(at); }
void operator delete(void* at, std::size_t, std::align_val_t) noexcept { give_back(at); }
void operator delete[](void* at, std::size_t, std::align_val_t) noexcept { give_back(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { give_back(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { give_back(at); }
void operator delete(void* at, std::align_val_t, const std::nothrow_t&) noexcept { give_back(at); }
void operator delete[](void* at, std::align_val_t, const std::nothrow_t&) noexcept { give_back(at); }

namespace {

using namespace border;

// ---------------------------------------------------------------- a scenario, with one failure in it

// Makes calls one after the other, the failure being due after `n` allocations. The call it hits is checked, and made again
// with memory.
class Sweep {
 public:
  Sweep(Failing mode, int n) : mode_(mode), n_(n) {}

  // `call` takes the error and a user pointer; `owns` says that it hands that over with Counted::destroy.
  template <class Call>
  bool step(const char* what, bool owns, Call call) {
    if (!hit_) {
      Counted* const user = owns ? &users_[used_++] : nullptr;
      const Outcome outcome = attempt(call, user, true);
      if (!hit_ || outcome.status == SQS_OK) return judge(what, outcome);
      EXPECT_EQ(outcome.status, SQS_E_NO_MEMORY) << what << ": " << outcome.message;
      EXPECT_EQ(outcome.code, SQS_E_NO_MEMORY) << what;
      EXPECT_NE(outcome.message, "") << what;
      EXPECT_EQ(owns ? user->destroyed : 1, 1) << what;
    }
    return judge(what, attempt(call, owns ? &users_[used_++] : nullptr, false));
  }
  // A call that can't be made again.
  template <class Call>
  void last_step(const char* what, Call call) {
    if (hit_) return;
    const auto without_user = [&](sqs_error** e, Counted*) { return call(e); };
    const Outcome outcome = attempt(without_user, nullptr, true);
    EXPECT_EQ(outcome.code, outcome.has_error ? outcome.status : SQS_E_HANDLE) << what;
    EXPECT_EQ(outcome.status, hit_ ? SQS_E_NO_MEMORY : SQS_OK) << what << ": " << outcome.message;
  }
  // All objects are gone: every user pointer has been destroyed once.
  void expect_all_destroyed() const {
    for (int i = 0; i < used_; ++i) EXPECT_EQ(users_[i].destroyed, 1) << "user pointer " << i;
  }
  bool hit() const { return hit_; }

 private:
  template <class Call>
  Outcome attempt(Call& call, Counted* user, bool armed) {
    sqs_error* error = nullptr;
    if (armed) {
      left = n_;
      failed = 0;
      failing = mode_;
    }
    const int32_t status = call(&error, user);
    failing = Failing::Never;
    if (armed) {
      n_ = left;
      hit_ = failed > 0;
    }
    const Outcome outcome = {status, sqs_error_code(error), sqs_error_message(error), {}, SQS_NONE, error != nullptr};
    sqs_error_destroy(error);
    return outcome;
  }
  static bool judge(const char* what, const Outcome& outcome) {
    EXPECT_EQ(outcome.status, SQS_OK) << what << ": " << outcome.message;
    EXPECT_FALSE(outcome.has_error) << what;
    return outcome.status == SQS_OK;
  }

  Failing mode_;
  int n_;
  bool hit_ = false;
  Counted users_[32];
  int used_ = 0;
};


// Everything a pipeline can be asked for. False if there was nothing left to fail.
bool scenario(Failing mode, int n) {
  static const std::vector<double> frames = ramp();
  static double buffer[kRampRows];
  const char* const input = "input";
  const char* const sum = "sum";
  const sqs_format format = small_format();
  const sqs_stage stage = sum_stage();
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = "frames";
  access.after = 3;
  access.stride = 2;
  sqs_settings settings;
  sqs_settings_init(&settings, sizeof settings);
  settings.mode = SQS_SQRT;
  settings.memory_budget = 1 << 20;

  Sweep sweep(mode, n);
  {
    Held<sqs_pipeline> p;
    Held<sqs_input> in;
    Held<sqs_plan> plan;
    Held<sqs_result> result;
    Held<sqs_run> run;
    const bool done =
        sweep.step("create", false, [&](auto e, auto) { return sqs_pipeline_create(&format, p.out(), e); }) &&
        sweep.step("configure", false, [&](auto e, auto) { return sqs_pipeline_configure(p, &settings, e); }) &&
        sweep.step("set_log", true, [&](auto e, auto u) {
          return sqs_pipeline_set_log(p, [](void*, int32_t, const char*) {}, u, Counted::destroy, e);
        }) &&
        sweep.step("add_stage_on", true, [&](auto e, auto u) {
          return sqs_pipeline_add_stage_on(p, "sum", &stage, &input, 1, u, Counted::destroy, e);
        }) &&
        sweep.step("add_stage", true, [&](auto e, auto u) {
          return sqs_pipeline_add_stage(p, "same", &stage, &access, 1, u, Counted::destroy, e);
        }) &&
        sweep.step("add_windows", false, [&](auto e, auto) { return sqs_pipeline_add_windows(p, "w", &access, e); }) &&
        sweep.step("push", false, [&](auto e, auto) { return sqs_pipeline_push_samples(p, frames.data(), 7, e); }) &&
        sweep.step("set_memory", true, [&](auto e, auto u) {
          return sqs_pipeline_set_memory(p, frames.data(), frames.size(), u, Counted::destroy, e);
        }) &&
        sweep.step("input_create", false, [&](auto e, auto) { return sqs_input_create(p, in.out(), e); }) &&
        sweep.step("plan", false, [&](auto e, auto) { return sqs_pipeline_plan(p, &sum, 1, 0, SQS_END, 0, plan.out(), e); }) &&
        sweep.step("evaluate", false, [&](auto e, auto) { return sqs_pipeline_evaluate(p, "same", 2, 7, result.out(), e); }) &&
        sweep.step("run_create", false, [&](auto e, auto) { return sqs_run_create(p, run.out(), e); }) &&
        sweep.step("add_array", false, [&](auto e, auto) { return sqs_run_add_array(run, sum, nullptr, e); }) &&
        sweep.step("add_buffer", false, [&](auto e, auto) {
          return sqs_run_add_buffer(run, sum, buffer, sizeof buffer, nullptr, e);
        }) &&
        sweep.step("add_callback", true, [&](auto e, auto u) {
          return sqs_run_add_callback(run, sum, [](void*, const sqs_view*, char*) { return 1; }, u, Counted::destroy, nullptr, e);
        }) &&
        sweep.step("set_progress", true, [&](auto e, auto u) {
          return sqs_run_set_progress(run, [](void*, const sqs_progress*) { return 1; }, u, Counted::destroy, e);
        }) &&
        sweep.step("run_plan", false, [&](auto e, auto) { return sqs_run_plan(run, plan.out(), e); });
    EXPECT_TRUE(done);
    if (done) sweep.last_step("execute", [&](auto e) { return sqs_run_execute(run, e); });
    run.reset();
    if (done) expect_ramp_sums(values_of(evaluate(p)));
  }
  sweep.expect_all_destroyed();
  return sweep.hit();
}

// Probing repeats itself until it has measured long enough, so only its beginning is worth failing.
bool probing(Failing mode, int n) {
  const char* const sum = "sum";
  Sweep sweep(mode, n);
  const Held<sqs_pipeline> p = make_ready_pipeline();
  sweep.step("probe", false, [&](auto e, auto) { return sqs_pipeline_probe(p, &sum, 1, e); });
  expect_ramp_sums(values_of(evaluate(p)));
  return sweep.hit();
}

// Verifying is some thousand allocations in many small runs, all alike.
bool verifying(Failing mode, int n) {
  Sweep sweep(mode, n);
  const Held<sqs_pipeline> p = make_ready_pipeline();
  sweep.step("verify", false, [&](auto e, auto) { return sqs_pipeline_verify(p, "sum", 0, SQS_END, e); });
  expect_ramp_sums(values_of(evaluate(p)));
  return sweep.hit();
}

// A run that is pulled and writes a file, which is there only if all went well.
bool pulling(Failing mode, int n) {
  const sqs::test::TemporaryDirectory directory;
  const std::string path = directory.file("sum.npy");
  Sweep sweep(mode, n);
  {
    const Held<sqs_pipeline> p = make_ready_pipeline();
    Held<sqs_run> run;
    sqs_view rows = {};
    rows.struct_size = sizeof rows;
    const bool done =
        sweep.step("run_create", false, [&](auto e, auto) { return sqs_run_create(p, run.out(), e); }) &&
        sweep.step("add_pull", false, [&](auto e, auto) { return sqs_run_add_pull(run, "sum", SQS_ROW_ORDER, nullptr, e); }) &&
        sweep.step("add_npy", false, [&](auto e, auto) { return sqs_run_add_npy(run, "sum", path.c_str(), nullptr, e); });
    EXPECT_TRUE(done);
    sweep.last_step("pull", [&](auto e) {
      int32_t status = SQS_OK;
      while (status == SQS_OK) status = sqs_run_pull(run, 0, &rows, nullptr, e);
      return status == SQS_END_OF_STREAM ? int32_t{SQS_OK} : status;
    });
    run.reset();
    EXPECT_EQ(directory.names(), sweep.hit() ? std::vector<std::string>() : std::vector<std::string>{"sum.npy"});
    expect_ramp_sums(values_of(evaluate(p)));
  }
  return sweep.hit();
}

// Fails every `stride`th allocation of `scenario` in turn, until nothing is left to fail or `most` are done.
void fail_everywhere(bool (*scenario)(Failing, int), Failing mode, int stride = 1, int most = 100000) {
  scenario(Failing::Never, 0);  // the handle table takes its memory, which it keeps
  int n = 0;
  int tried = 0;
  bool hit = true;
  while (hit && tried < most && !testing::Test::HasFailure()) {
    SCOPED_TRACE("allocation " + std::to_string(n));
    const int before = live;
    hit = scenario(mode, n);
    EXPECT_EQ(live, before) << "leaked";
    n += stride;
    ++tried;
  }
  EXPECT_GT(tried, 50) << "that is not what a pipeline allocates";
  std::printf("%d allocations failed in turn\n", tried);
}

TEST(NoMemory, AnyOneAllocationFails) { fail_everywhere(scenario, Failing::Once); }

TEST(NoMemory, AllAllocationsFailFromAnyOneOn) { fail_everywhere(scenario, Failing::FromThenOn); }

TEST(NoMemory, WhileRowsArePulled) { fail_everywhere(pulling, Failing::Once); }

TEST(NoMemory, FromAnyAllocationOnWhileRowsArePulled) { fail_everywhere(pulling, Failing::FromThenOn); }

TEST(NoMemory, InsideAProbe) { fail_everywhere(probing, Failing::Once, 1, 60); }

TEST(NoMemory, InsideVerify) { fail_everywhere(verifying, Failing::Once, 17); }

TEST(NoMemory, ErrorsThatCannotBeMadeAreToldByTheirCode) {
  const Held<sqs_pipeline> p = make_ready_pipeline();
  Held<sqs_pipeline> destroyed = make_pipeline();
  sqs_pipeline* const stale = destroyed;
  destroyed.reset();
  // Every kind of failure at the border: from the first allocation on, none succeeds.
  const auto refused = [&](const std::function<int32_t(sqs_error**)>& call, int32_t code) {
    sqs_error* error = nullptr;
    left = 0;
    failing = Failing::FromThenOn;
    const int32_t status = call(&error);
    failing = Failing::Never;
    EXPECT_TRUE(status == code || status == SQS_E_NO_MEMORY) << sqs_status_name(status);
    EXPECT_EQ(sqs_error_code(error), status);
    EXPECT_STRNE(sqs_error_message(error), "");
    EXPECT_STREQ(sqs_error_stage(error), "");
    EXPECT_EQ(sqs_error_row(error), SQS_NONE);
    sqs_error_destroy(error);
    sqs_error_destroy(error);  // of those made ahead too
    EXPECT_EQ(sqs_error_code(error), error == nullptr ? SQS_E_HANDLE : sqs_error_code(error));
  };
  refused([&](auto e) { return sqs_pipeline_trim(stale, e); }, SQS_E_HANDLE);
  refused([&](auto e) { return sqs_pipeline_trim(nullptr, e); }, SQS_E_NULL);
  refused([&](auto e) { return sqs_pipeline_end_input(p, e); }, SQS_OK);
  refused([&](auto e) { return sqs_error_create(SQS_E_GRAPH, "stage", 3, "a sentence longer than any short string buffer", e); }, SQS_E_GRAPH);
  sqs_error* error = nullptr;
  left = 0;
  failing = Failing::FromThenOn;
  const int32_t status = sqs_error_create(SQS_E_GRAPH, nullptr, 3, nullptr, &error);
  failing = Failing::Never;
  EXPECT_EQ(status, SQS_E_GRAPH) << "the code is kept";
  EXPECT_EQ(sqs_error_code(error), SQS_E_GRAPH);
  sqs_error_destroy(error);
}

}  // namespace
