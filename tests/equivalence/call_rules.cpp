#include "call_rules.hpp"

namespace eq {

void Findings::add(const std::string& sentence) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (sentences_.size() < 8) sentences_.push_back(sentence);
}

std::string Findings::text() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string all;
  for (const std::string& sentence : sentences_) all += sentence + "\n";
  return all;
}

}  // namespace eq
