// One live object of every kind, and what a function must do with a handle that it can't take.
#pragma once

#include "fixture.hpp"
#include "handle_calls.hpp"

namespace border {

// One live object of every kind, as handles. user: what a stage of the pipeline holds; NULL: there is no such stage.
struct Zoo {
  Held<sqs_pipeline> pipeline = make_ready_pipeline();
  Held<sqs_input> input;
  Held<sqs_plan> plan;
  Held<sqs_result> result = evaluate(pipeline);
  Held<sqs_run> run;
  HeldError error;

  explicit Zoo(Counted* user = nullptr) {
    const char* const sum = "sum";
    if (user != nullptr) add_stage(pipeline, "counted", sum_stage(), user, Counted::destroy);
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_pipeline_plan(pipeline, &sum, 1, 0, SQS_END, 0, plan.out(), e); }));
    EXPECT_TRUE(succeeds([&](sqs_error** e) { return sqs_input_create(pipeline, input.out(), e); }));
    run = open_run(pipeline);
    sqs_error_create(SQS_E_IO, "a stage", 7, "a sentence", error.out());
  }
  void* handle(HandleKind kind) const {
    switch (kind) {
      case HandleKind::Pipeline: return static_cast<sqs_pipeline*>(pipeline);
      case HandleKind::Input: return static_cast<sqs_input*>(input);
      case HandleKind::Plan: return static_cast<sqs_plan*>(plan);
      case HandleKind::Run: return static_cast<sqs_run*>(run);
      case HandleKind::Result: return static_cast<sqs_result*>(result);
      case HandleKind::Error: return static_cast<sqs_error*>(error);
    }
    return nullptr;
  }
};

inline constexpr HandleKind kKinds[] = {HandleKind::Pipeline, HandleKind::Input,  HandleKind::Plan,
                                        HandleKind::Run,      HandleKind::Result, HandleKind::Error};

// Calls with a handle that must be refused with `code`.
inline void expect_refused(const HandleCall& call, void* handle, int32_t code) {
  SCOPED_TRACE(call.name + " must answer " + sqs_status_name(code));
  if (call.answer == Answer::Text) {
    EXPECT_STREQ(call.text(handle), "");
    return;
  }
  Counted user;
  int token = 0;
  void* out = &token;
  void* const untouched = out;
  const Outcome outcome = outcome_of([&](sqs_error** e) { return call.status(handle, &out, &user, e); });
  EXPECT_EQ(user.destroyed, call.has_destroy ? 1 : 0) << "destroy must have run once when the call fails";
  if (call.answer == Answer::Nothing) return;
  if (call.answer == Answer::ErrorCode && code == SQS_E_NULL) code = SQS_E_HANDLE;  // as its comment says
  EXPECT_EQ(outcome.status, code) << sqs_status_name(outcome.status);
  EXPECT_TRUE(out == nullptr || out == untouched);
  if (call.answer != Answer::Status) return;
  EXPECT_TRUE(outcome.has_error);
  EXPECT_EQ(outcome.code, code);
  EXPECT_NE(outcome.message, "");
  EXPECT_EQ(call.status(handle, &out, &user, nullptr), code) << "without an error object";
  EXPECT_EQ(user.destroyed, call.has_destroy ? 2 : 0);
}

}  // namespace border
