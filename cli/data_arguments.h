// How files of training data are read, and what is made of them.
#ifndef FULLSTOP_CLI_DATA_ARGUMENTS_H_
#define FULLSTOP_CLI_DATA_ARGUMENTS_H_

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "doctor/row_checker.h"

namespace fullstop::cli {

struct DataArguments {
  std::vector<std::string> files;
  std::string columns;
  std::string trainer;
  std::vector<size_t> cutoffs;
  std::string emit;
  std::string rejects;

  // --columns, --cutoff, --trainer.
  void AddReading(CLI::App* command);
  // --emit, --rejects.
  void AddParting(CLI::App* command);
  // Throws Error (kUsage) where they contradict each other.
  void Check() const;
  // Reads what they name. TARGET may be null.
  RowContext Context(const Target* target) const;
};

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_DATA_ARGUMENTS_H_
