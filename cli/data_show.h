// Rows of training data as the model sees them.
#ifndef FULLSTOP_CLI_DATA_SHOW_H_
#define FULLSTOP_CLI_DATA_SHOW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/data_arguments.h"

namespace fullstop::cli {

struct ShowDataOptions {
  std::string model;
  DataArguments data;
  size_t sample = 3;
  uint64_t seed = 0;
  // Numbers of rows, from 1; then none are drawn.
  std::vector<size_t> rows;
  bool json = false;
};

// Prints rows, drawn or named; returns the exit code. Throws Error.
int ShowData(const ShowDataOptions& options);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_DATA_SHOW_H_
