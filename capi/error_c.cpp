// sqs_error: the objects that failures are told by.
#include <memory>
#include <new>

#include "errors.hpp"
#include "guard.hpp"
#include "objects.hpp"

namespace sqs::capi {
namespace {

// ---- errors made ahead

// What an sqs_error shows, whether it lies on the heap or was made ahead.
struct ErrorText {
  int32_t code = SQS_E_HANDLE;
  const char* message = "";
  const char* stage = "";
  uint64_t row = SQS_NONE;
};

// Their tokens have an index beyond the handle table's last one; the code is in it.
constexpr Token kReadyMadeTag = Token{0xA0 | static_cast<unsigned>(HandleType::Error)} << 56 | 0xFFFF0000;

bool is_ready_made(Token token) {
  const auto code = -static_cast<int32_t>(token & 0xFFFF);
  return (token & ~Token{0xFFFF}) == kReadyMadeTag && code < 0 && code >= SQS_E_INTERNAL;
}

ErrorText ready_made_text(Token token) {
  const auto code = -static_cast<int32_t>(token & 0xFFFF);
  if (code == SQS_E_NO_MEMORY) return {.code = code, .message = "the system refused memory"};
  if (code == SQS_E_INTERNAL) return {.code = code, .message = "a defect of the library: something unknown was thrown"};
  return {.code = code, .message = "there was no memory left to say more than the code"};
}

// ---- reading

// Runs read(ErrorText) on the error, or on what stands for one that is not there.
template <class Read>
auto read_error(const sqs_error* error, Read&& read) {
  const Token token = token_of(error);
  if (is_ready_made(token)) return read(ready_made_text(token));
  HandleSlot* slot = nullptr;
  const int32_t code = handles().enter(token, HandleType::Error, Use::Shared, &slot);
  if (code != SQS_OK) return read(ErrorText{.code = code});
  const Entered<const ErrorObject> held(slot, Use::Shared);
  return read(ErrorText{held->code, held->message.c_str(), held->stage.c_str(), held->row});
}

}  // namespace

int32_t hand_over_ready_made(int32_t code, sqs_error** err) noexcept {
  const int32_t known = code < 0 && code >= SQS_E_INTERNAL ? code : SQS_E_NO_MEMORY;
  if (err != nullptr) *err = handle_of<sqs_error>(kReadyMadeTag | static_cast<Token>(-known));
  return code;
}

int32_t hand_over(Error&& error, sqs_error** err) noexcept {
  const int32_t code = error.code;
  if (err == nullptr) return code;
  ReservedSlot slot;
  if (!slot) return hand_over_ready_made(code, err);
  std::unique_ptr<ErrorObject> object(new (std::nothrow) ErrorObject(std::move(error)));
  if (!object) return hand_over_ready_made(code, err);
  *err = publish<sqs_error>(slot, std::move(object));
  return code;
}

}  // namespace sqs::capi

using namespace sqs;
using namespace sqs::capi;

int32_t sqs_error_code(const sqs_error* e) {
  return read_error(e, [](const ErrorText& error) { return error.code; });
}

const char* sqs_error_message(const sqs_error* e) {
  return read_error(e, [](const ErrorText& error) { return error.message; });
}

const char* sqs_error_stage(const sqs_error* e) {
  return read_error(e, [](const ErrorText& error) { return error.stage; });
}

uint64_t sqs_error_row(const sqs_error* e) {
  return read_error(e, [](const ErrorText& error) { return error.row; });
}

void sqs_error_destroy(sqs_error* e) { destroy(e); }

int32_t sqs_error_create(int32_t code, const char* stage, uint64_t row, const char* message, sqs_error** out) {
  if (out != nullptr) *out = nullptr;
  const bool told = guarded_value(false, [&] {
    Error error{.code = code,
                .message = message != nullptr ? message : "",
                .stage = stage != nullptr ? stage : "",
                .row = row};
    if (code >= 0) error = {.code = SQS_E_INVALID, .message = "an error has a negative code, not " + std::to_string(code)};
    hand_over(std::move(error), out);
    return true;
  });
  const int32_t answer = code < 0 ? code : SQS_E_INVALID;
  return told ? answer : hand_over_ready_made(answer, out);
}
