// What this machine can do at most, measured in the same run as what it does.
#ifndef FULLSTOP_CLI_BENCH_LIMITS_H_
#define FULLSTOP_CLI_BENCH_LIMITS_H_

#include <cstdint>

#include "kernels/kernels.h"

namespace fullstop::cli {

// The best of a few tries each, all threads at once unless said.
struct MachineLimits {
  double read_alone = 0;  // bytes per second that one thread reads from memory
  double read = 0;        // that all threads read together
  double operations = 0;  // per second: Kernels::MultiplyInRegisters
};

// Takes less than a second, and up to 512 MiB meanwhile.
MachineLimits MeasureLimits(const kernels::Kernels& kernels, int32_t threads);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_BENCH_LIMITS_H_
