#include "handle_calls.hpp"

#include "fixture.hpp"

namespace border {
namespace {

using Out = void**;
using Err = sqs_error**;

const char* const kInput = "input";
const char* const kSum = "sum";

int64_t read_zeros(void*, uint64_t, uint64_t frames, void* dst, char*) {
  std::fill_n(static_cast<double*>(dst), frames, 0.0);
  return static_cast<int64_t>(frames);
}
int32_t take_rows(void*, const sqs_view*, char*) { return 1; }
int32_t go_on(void*, const sqs_progress*) { return 1; }
void drop_message(void*, int32_t, const char*) {}

sqs_access plain_access() {
  sqs_access access;
  sqs_access_init(&access, sizeof access);
  access.stage = kInput;
  return access;
}

template <class Struct>
Struct sized() {
  Struct value = {};
  value.struct_size = sizeof value;
  return value;
}

class Table {
 public:
  template <class Handle, class Call>
  void status(const char* name, HandleKind kind, Call call) {
    add<Handle>(name, kind, Answer::Status, false, [call](auto* handle, Out out, void*, Err err) { return call(handle, out, err); });
  }
  template <class Handle, class Call>
  void owning(const char* name, HandleKind kind, Call call) {
    add<Handle>(name, kind, Answer::Status, true,
                [call](auto* handle, Out, void* user, Err err) { return call(handle, user, err); });
  }
  template <class Handle>
  void code(const char* name, HandleKind kind, int32_t (*call)(const Handle*)) {
    const Answer answer = kind == HandleKind::Error ? Answer::ErrorCode : Answer::Code;
    add<const Handle>(name, kind, answer, false, [call](auto* handle, Out, void*, Err) { return call(handle); });
  }
  template <class Handle>
  void text(const char* name, HandleKind kind, const char* (*call)(const Handle*)) {
    rows.push_back({name, kind, Answer::Text, false, false, {}, [call](void* handle) {
                      return call(static_cast<const Handle*>(handle));
                    }});
  }
  template <class Handle>
  void end(const char* name, HandleKind kind, void (*call)(Handle*)) {
    add<Handle>(name, kind, Answer::Nothing, false, [call](auto* handle, Out, void*, Err) {
      call(handle);
      return int32_t{SQS_OK};
    });
  }

  std::vector<HandleCall> rows;

 private:
  template <class Handle, class Call>
  void add(const char* name, HandleKind kind, Answer answer, bool has_destroy, Call call) {
    rows.push_back({name, kind, answer, !std::is_const_v<Handle>, has_destroy,
                    [call](void* handle, Out out, void* user, Err err) -> int32_t {
                      return call(static_cast<Handle*>(handle), out, user, err);
                    },
                    {}});
  }
};

template <class Handle>
Handle** as(Out out) {
  return reinterpret_cast<Handle**>(out);
}

void add_pipeline_calls(Table& t) {
  using P = sqs_pipeline;
  constexpr auto k = HandleKind::Pipeline;
  t.owning<P>("sqs_pipeline_add_stage", k, [](P* p, void* user, Err e) {
    const sqs_stage stage = sum_stage();
    const sqs_access access = plain_access();
    return sqs_pipeline_add_stage(p, "added", &stage, &access, 1, user, Counted::destroy, e);
  });
  t.owning<P>("sqs_pipeline_add_stage_on", k, [](P* p, void* user, Err e) {
    const sqs_stage stage = sum_stage();
    return sqs_pipeline_add_stage_on(p, "added on", &stage, &kInput, 1, user, Counted::destroy, e);
  });
  t.status<P>("sqs_pipeline_add_windows", k, [](P* p, Out, Err e) {
    const sqs_access access = plain_access();
    return sqs_pipeline_add_windows(p, "windows", &access, e);
  });
  t.status<const P>("sqs_pipeline_describe", k, [](const P* p, Out, Err e) {
    auto info = sized<sqs_stage_info>();
    return sqs_pipeline_describe(p, kInput, &info, e);
  });
  t.owning<P>("sqs_pipeline_set_memory", k, [](P* p, void* user, Err e) {
    static const double frames[4] = {};
    return sqs_pipeline_set_memory(p, frames, 4, user, Counted::destroy, e);
  });
  t.owning<P>("sqs_pipeline_set_reader", k, [](P* p, void* user, Err e) {
    sqs_reader reader;
    sqs_reader_init(&reader, sizeof reader);
    reader.frame_count = 4;
    reader.read = read_zeros;
    return sqs_pipeline_set_reader(p, &reader, user, Counted::destroy, e);
  });
  t.status<P>("sqs_pipeline_push_samples", k, [](P* p, Out, Err e) {
    const double frame = 0;
    return sqs_pipeline_push_samples(p, &frame, 1, e);
  });
  t.status<P>("sqs_pipeline_end_input", k, [](P* p, Out, Err e) { return sqs_pipeline_end_input(p, e); });
  t.status<P>("sqs_input_create", k, [](P* p, Out out, Err e) { return sqs_input_create(p, as<sqs_input>(out), e); });
  t.status<P>("sqs_pipeline_configure", k, [](P* p, Out, Err e) {
    sqs_settings settings;
    sqs_settings_init(&settings, sizeof settings);
    return sqs_pipeline_configure(p, &settings, e);
  });
  t.status<const P>("sqs_pipeline_settings", k, [](const P* p, Out, Err e) {
    auto settings = sized<sqs_settings>();
    return sqs_pipeline_settings(p, &settings, e);
  });
  t.owning<P>("sqs_pipeline_set_log", k, [](P* p, void* user, Err e) {
    return sqs_pipeline_set_log(p, drop_message, user, Counted::destroy, e);
  });
  t.status<P>("sqs_pipeline_trim", k, [](P* p, Out, Err e) { return sqs_pipeline_trim(p, e); });
  t.status<P>("sqs_pipeline_evaluate", k, [](P* p, Out out, Err e) {
    return sqs_pipeline_evaluate(p, kSum, 0, SQS_END, as<sqs_result>(out), e);
  });
  t.code<P>("sqs_pipeline_cancel", k, sqs_pipeline_cancel);
  t.status<P>("sqs_pipeline_probe", k, [](P* p, Out, Err e) { return sqs_pipeline_probe(p, &kSum, 1, e); });
  t.status<P>("sqs_pipeline_verify", k, [](P* p, Out, Err e) { return sqs_pipeline_verify(p, kSum, 0, SQS_END, e); });
  t.status<const P>("sqs_pipeline_plan", k, [](const P* p, Out out, Err e) {
    return sqs_pipeline_plan(p, &kSum, 1, 0, SQS_END, 0, as<sqs_plan>(out), e);
  });
  t.status<P>("sqs_run_create", k, [](P* p, Out out, Err e) { return sqs_run_create(p, as<sqs_run>(out), e); });
  t.end<P>("sqs_pipeline_destroy", k, sqs_pipeline_destroy);
}

void add_input_calls(Table& t) {
  using I = sqs_input;
  constexpr auto k = HandleKind::Input;
  t.status<I>("sqs_input_push_samples", k, [](I* in, Out, Err e) {
    const double frame = 0;
    return sqs_input_push_samples(in, &frame, 1, e);
  });
  t.status<I>("sqs_input_end", k, [](I* in, Out, Err e) { return sqs_input_end(in, e); });
  t.end<I>("sqs_input_destroy", k, sqs_input_destroy);
}

void add_plan_calls(Table& t) {
  using P = sqs_plan;
  constexpr auto k = HandleKind::Plan;
  t.text<P>("sqs_plan_text", k, sqs_plan_text);
  t.text<P>("sqs_plan_json", k, sqs_plan_json);
  t.status<const P>("sqs_plan_info_get", k, [](const P* plan, Out, Err e) {
    auto info = sized<sqs_plan_info>();
    return sqs_plan_info_get(plan, &info, e);
  });
  t.text<P>("sqs_plan_lint", k, [](const P* plan) { return sqs_plan_lint(plan, 0); });
  t.status<const P>("sqs_plan_frontier", k, [](const P* plan, Out, Err e) {
    auto point = sized<sqs_frontier_point>();
    return sqs_plan_frontier(plan, 0, &point, e);
  });
  t.end<P>("sqs_plan_destroy", k, sqs_plan_destroy);
}

void add_run_calls(Table& t) {
  using R = sqs_run;
  constexpr auto k = HandleKind::Run;
  t.status<R>("sqs_run_add_array", k, [](R* run, Out, Err e) { return sqs_run_add_array(run, kSum, nullptr, e); });
  t.status<R>("sqs_run_add_buffer", k, [](R* run, Out, Err e) {
    static double buffer[64];
    return sqs_run_add_buffer(run, kSum, buffer, sizeof buffer, nullptr, e);
  });
  t.owning<R>("sqs_run_add_callback", k, [](R* run, void* user, Err e) {
    return sqs_run_add_callback(run, kSum, take_rows, user, Counted::destroy, nullptr, e);
  });
  t.owning<R>("sqs_run_add_callback_in", k, [](R* run, void* user, Err e) {
    return sqs_run_add_callback_in(run, kSum, SQS_ANY_ORDER, take_rows, user, Counted::destroy, nullptr, e);
  });
  t.status<R>("sqs_run_add_pull", k, [](R* run, Out, Err e) {
    return sqs_run_add_pull(run, kSum, SQS_ROW_ORDER, nullptr, e);
  });
  t.status<R>("sqs_run_add_npy", k, [](R* run, Out, Err e) {
    return sqs_run_add_npy(run, kSum, "/dev/null/never.npy", nullptr, e);
  });
  t.status<R>("sqs_run_set_range", k, [](R* run, Out, Err e) { return sqs_run_set_range(run, 0, SQS_END, e); });
  t.owning<R>("sqs_run_set_progress", k, [](R* run, void* user, Err e) {
    return sqs_run_set_progress(run, go_on, user, Counted::destroy, e);
  });
  t.status<R>("sqs_run_plan", k, [](R* run, Out out, Err e) { return sqs_run_plan(run, as<sqs_plan>(out), e); });
  t.status<R>("sqs_run_execute", k, [](R* run, Out, Err e) { return sqs_run_execute(run, e); });
  t.status<R>("sqs_run_step", k, [](R* run, Out, Err e) { return sqs_run_step(run, 0, e); });
  t.status<R>("sqs_run_pull", k, [](R* run, Out, Err e) {
    auto rows = sized<sqs_view>();
    return sqs_run_pull(run, SQS_ANY_TARGET, &rows, nullptr, e);
  });
  t.code<R>("sqs_run_cancel", k, sqs_run_cancel);
  t.status<const R>("sqs_run_stats", k, [](const R* run, Out, Err e) {
    auto stats = sized<sqs_stats>();
    return sqs_run_stats(run, &stats, e);
  });
  t.status<const R>("sqs_run_stage_stats", k, [](const R* run, Out, Err e) {
    auto stats = sized<sqs_stage_stats>();
    return sqs_run_stage_stats(run, 0, &stats, e);
  });
  t.status<const R>("sqs_run_digest", k, [](const R* run, Out, Err e) {
    uint8_t digest[16];
    return sqs_run_digest(run, 0, digest, e);
  });
  t.text<R>("sqs_run_report_text", k, sqs_run_report_text);
  t.text<R>("sqs_run_report_json", k, sqs_run_report_json);
  t.status<R>("sqs_run_take_result", k, [](R* run, Out out, Err e) {
    return sqs_run_take_result(run, 0, as<sqs_result>(out), e);
  });
  t.end<R>("sqs_run_destroy", k, sqs_run_destroy);
}

void add_result_calls(Table& t) {
  using R = sqs_result;
  constexpr auto k = HandleKind::Result;
  t.status<const R>("sqs_result_view", k, [](const R* r, Out, Err e) {
    auto view = sized<sqs_view>();
    return sqs_result_view(r, &view, e);
  });
  t.status<const R>("sqs_result_row_time", k, [](const R* r, Out, Err e) {
    double seconds = 0;
    return sqs_result_row_time(r, 0, &seconds, e);
  });
  t.status<const R>("sqs_result_digest", k, [](const R* r, Out, Err e) {
    uint8_t digest[16];
    return sqs_result_digest(r, digest, e);
  });
  t.status<const R>("sqs_result_stats", k, [](const R* r, Out, Err e) {
    auto stats = sized<sqs_stats>();
    return sqs_result_stats(r, &stats, e);
  });
  t.text<R>("sqs_result_report_text", k, sqs_result_report_text);
  t.text<R>("sqs_result_report_json", k, sqs_result_report_json);
  t.end<R>("sqs_result_destroy", k, sqs_result_destroy);
}

void add_error_calls(Table& t) {
  constexpr auto k = HandleKind::Error;
  t.code<sqs_error>("sqs_error_code", k, sqs_error_code);
  t.text<sqs_error>("sqs_error_message", k, sqs_error_message);
  t.text<sqs_error>("sqs_error_stage", k, sqs_error_stage);
  // SQS_NONE stands for "no row": here it is "".
  t.rows.push_back({"sqs_error_row", k, Answer::Text, false, false, {}, [](void* handle) {
                      return sqs_error_row(static_cast<const sqs_error*>(handle)) == SQS_NONE ? "" : "a row";
                    }});
  t.end<sqs_error>("sqs_error_destroy", k, sqs_error_destroy);
}

}  // namespace

const std::vector<HandleCall>& handle_calls() {
  static const std::vector<HandleCall> rows = [] {
    Table table;
    add_pipeline_calls(table);
    add_input_calls(table);
    add_plan_calls(table);
    add_run_calls(table);
    add_result_calls(table);
    add_error_calls(table);
    return table.rows;
  }();
  return rows;
}

const std::vector<std::string>& calls_without_handle() {
  static const std::vector<std::string> names = {
      "sqs_abi_version",  "sqs_access_init", "sqs_dtype_bytes",  "sqs_dtype_name",   "sqs_error_create", "sqs_format_init",
      "sqs_pipeline_create", "sqs_reader_init", "sqs_settings_init", "sqs_stage_init", "sqs_status_name", "sqs_version"};
  return names;
}

}  // namespace border
