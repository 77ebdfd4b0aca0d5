#include "base/memory.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace fullstop {
namespace {

constexpr uint64_t kUnknown = std::numeric_limits<uint64_t>::max();

// The number at the start of FILE, or behind KEY in it.
uint64_t NumberIn(const char* file, const std::string& key = "") {
  std::ifstream stream(file);
  std::string word;
  while (!key.empty() && stream >> word && word != key) {
  }
  uint64_t number = 0;
  return stream >> number ? number : kUnknown;
}

// What a control group leaves: its limit less what it holds, the pages of files
// not counted. A limit of "max" is no number.
uint64_t LeftOfGroup() {
  const uint64_t limit = NumberIn("/sys/fs/cgroup/memory.max");
  if (limit == kUnknown) return kUnknown;
  const uint64_t used = NumberIn("/sys/fs/cgroup/memory.stat", "anon");
  return used == kUnknown ? limit : limit - std::min(limit, used);
}

}  // namespace

uint64_t AvailableMemory() {
  const uint64_t kibibytes = NumberIn("/proc/meminfo", "MemAvailable:");
  uint64_t bytes = kibibytes == kUnknown ? kUnknown : kibibytes * 1024;
  bytes = std::min(bytes, LeftOfGroup());
  rlimit limit = {};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = std::min<uint64_t>(bytes, limit.rlim_cur);
  }
  return bytes;
}

std::string DescribeBytes(uint64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / 1048576;
  if (mebibytes < 1024) return fmt::format("{:.0f} MiB", std::ceil(mebibytes));
  return fmt::format("{:.1f} GiB", std::ceil(mebibytes / 102.4) / 10);
}

}  // namespace fullstop
