// What this CPU and its operating system offer, as far as the paths care.
#ifndef FULLSTOP_KERNELS_CPU_FEATURES_H_
#define FULLSTOP_KERNELS_CPU_FEATURES_H_

#include <string>

#include "kernels/kernels.h"

namespace fullstop::kernels {

// A feature counts where the CPU has it and, for the wide registers, the system
// saves them (XCR0). Detect asks the system for the use of tiles, which it
// grants a process and all its threads.
struct CpuFeatures {
  bool avx2 = false;
  bool fma = false;
  bool f16c = false;
  bool avx512f = false;
  bool avx512bw = false;
  bool avx512dq = false;
  bool avx512vl = false;
  bool avx512vnni = false;
  bool avx512bf16 = false;
  bool amx_tile = false;
  bool amx_bf16 = false;
  bool tiles_granted = false;

  static CpuFeatures Detect();
};

// The features that PATH needs and FEATURES lacks, as "AVX2, FMA"; empty where
// the path can run.
std::string MissingFeatures(CpuPath path, const CpuFeatures& features);

// Throws Error (kUnsupported) naming them where there are any.
void RequireFeatures(CpuPath path, const CpuFeatures& features);

}  // namespace fullstop::kernels

#endif  // FULLSTOP_KERNELS_CPU_FEATURES_H_
