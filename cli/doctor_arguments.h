// Groups of arguments that `doctor` and `data` share.
#ifndef FULLSTOP_CLI_DOCTOR_ARGUMENTS_H_
#define FULLSTOP_CLI_DOCTOR_ARGUMENTS_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/examination.h"
#include "doctor/row_checker.h"

namespace fullstop::cli {

// The callbacks of options keep what they fill.
using SharedDoctorOptions = std::shared_ptr<DoctorOptions>;

// Which findings count.
void AddFindingArguments(CLI::App* command, const SharedDoctorOptions& options);
// --format.
void AddFormatArgument(CLI::App* command, const SharedDoctorOptions& options);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_DOCTOR_ARGUMENTS_H_
