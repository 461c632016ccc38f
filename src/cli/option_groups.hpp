// How options are written on the command line: groups that several commands share. Thread safety: none.
#pragma once

#include <CLI/CLI.hpp>

#include "options.hpp"

namespace sqs::cli {

enum class WorkloadSet { kAll, kSynthetic };

void add_workload(CLI::App& command, Options& options, WorkloadSet set);
void add_file_options(CLI::App& command, Options& options);  // how to read a file that does not say it all
void add_synthetic_options(CLI::App& command, Options& options);
void add_pipeline_options(CLI::App& command, Options& options);
void add_engine_options(CLI::App& command, Options& options);
void add_budget_option(CLI::App& command, Options& options);
void add_threads_option(CLI::App& command, Options& options);
void add_head_option(CLI::App& command, Options& options);
void add_report_option(CLI::App& command, Options& options);
void add_rows_option(CLI::App& command, Options& options);
void add_output_options(CLI::App& command, Options& options);

}  // namespace sqs::cli
