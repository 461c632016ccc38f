#include "document.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

namespace sqs::cli {

void print_document(const nlohmann::json& document) {
  std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

}  // namespace sqs::cli
