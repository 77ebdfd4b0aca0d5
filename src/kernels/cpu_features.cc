#include "kernels/cpu_features.h"

#include <cstdint>

#include "base/error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fullstop::kernels {
namespace {

struct Requirement {
  CpuPath path;
  bool CpuFeatures::* feature;
  const char* name;
};

constexpr Requirement kRequirements[] = {
    {CpuPath::kAvx2, &CpuFeatures::avx2, "AVX2"},
    {CpuPath::kAvx2, &CpuFeatures::fma, "FMA"},
    {CpuPath::kAvx2, &CpuFeatures::f16c, "F16C"},
    {CpuPath::kAvx512, &CpuFeatures::avx512f, "AVX512F"},
    {CpuPath::kAvx512, &CpuFeatures::avx512bw, "AVX512BW"},
    {CpuPath::kAvx512, &CpuFeatures::avx512dq, "AVX512DQ"},
    {CpuPath::kAvx512, &CpuFeatures::avx512vl, "AVX512VL"},
    {CpuPath::kAvx512, &CpuFeatures::avx512vnni, "AVX512_VNNI"},
    {CpuPath::kAmx, &CpuFeatures::avx512bf16, "AVX512_BF16"},
    {CpuPath::kAmx, &CpuFeatures::amx_tile, "AMX_TILE"},
    {CpuPath::kAmx, &CpuFeatures::amx_bf16, "AMX_BF16"},
    {CpuPath::kAmx, &CpuFeatures::tiles_granted,
     "the use of AMX tiles (arch_prctl ARCH_REQ_XCOMP_PERM)"},
};

}  // namespace

#if defined(__x86_64__)

namespace {

// The states that the system saves at a switch of threads.
uint64_t ReadXcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool Bit(uint64_t value, int bit) { return (value >> bit & 1) != 0; }

// Linux makes room for a thread's tiles only where it was asked to. It declines
// where a thread's alternate signal stack is too small for them.
bool AskForTiles() {
#if defined(__linux__)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

// The shapes that the kernels want: eight tiles of 16 rows of 64 bytes.
bool HasFullTiles() {
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  uint32_t d = 0;
  if (__get_cpuid_count(0x1d, 1, &a, &b, &c, &d) == 0) return false;
  return (b & 0xffff) == 64 && b >> 16 == 8 && (c & 0xffff) == 16;
}

// EDX is that of leaf 7.
void DetectTiles(uint32_t edx, uint64_t saved, CpuFeatures& features) {
  constexpr uint64_t kTileShapesAndData = 0x60000;
  if ((saved & kTileShapesAndData) != kTileShapesAndData) return;
  features.amx_tile = Bit(edx, 24) && HasFullTiles();
  features.amx_bf16 = Bit(edx, 22);
  features.tiles_granted = features.amx_tile && AskForTiles();
}

}  // namespace

// Bits: Intel's Software Developer's Manual, volume 2, CPUID; volume 1, 13.3.
CpuFeatures CpuFeatures::Detect() {
  CpuFeatures features;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return features;
  constexpr int kOsXsave = 27;
  if (!Bit(c, kOsXsave)) return features;
  const uint64_t saved = ReadXcr0();
  constexpr uint64_t kSseAndAvx = 0x6;
  constexpr uint64_t kOpmaskAndZmm = 0xe0;
  if ((saved & kSseAndAvx) != kSseAndAvx) return features;
  features.fma = Bit(c, 12);
  features.f16c = Bit(c, 29);
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  features.avx2 = Bit(b, 5);
  if ((saved & kOpmaskAndZmm) != kOpmaskAndZmm) return features;
  features.avx512f = Bit(b, 16);
  features.avx512dq = Bit(b, 17);
  features.avx512bw = Bit(b, 30);
  features.avx512vl = Bit(b, 31);
  features.avx512vnni = Bit(c, 11);
  DetectTiles(d, saved, features);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) return features;
  features.avx512bf16 = Bit(a, 5);
  return features;
}

#else

CpuFeatures CpuFeatures::Detect() { return CpuFeatures(); }

#endif

std::string MissingFeatures(CpuPath path, const CpuFeatures& features) {
  std::string missing;
  for (const Requirement& need : kRequirements) {
    if (need.path > path || features.*need.feature) continue;
    if (!missing.empty()) missing += ", ";
    missing += need.name;
  }
  return missing;
}

void RequireFeatures(CpuPath path, const CpuFeatures& features) {
  const std::string missing = MissingFeatures(path, features);
  if (missing.empty()) return;
  throw Error::Unsupported("CPU path " + std::string(CpuPathName(path)) +
                           " needs " + missing +
                           ", which this CPU or its system lacks")
      .Advice("leave the path out: the best one is chosen by itself");
}

}  // namespace fullstop::kernels
