// Adding the stages of a recipe to a pipeline, as one step as far as the public interface lets it be: stages can be added but
// not taken back, so all that can be refused is checked before the first one is added. Thread safety: that of the pipeline.
#pragma once

#include "stage.hpp"

namespace sqs::dsp {

// Adds the helpers of the recipe and then the stage `name` itself. Returns a status and makes the error of a failing engine
// call; throws Failure. A failure leaves the pipeline as it was, unless the engine refuses a later stage of the chain after all
// (for want of memory, say): then the message names the helpers that stay.
int32_t add_chain(sqs_pipeline* p, const TypeSpec& type, const char* name, const sqs_access* accesses, uint32_t access_count,
                  Recipe recipe, sqs_error** err);

}  // namespace sqs::dsp
