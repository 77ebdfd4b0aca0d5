#include "base/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

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

// Whether all of [begin, end) is one file's mapping, by the system's own list:
// "55d0e000-55d10000 r--p 00000000 fe:00 1234 /path", of which a file alone has
// an inode.
bool IsFileMapping(uintptr_t begin, uintptr_t end) {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t inode = 0;
    if (std::sscanf(line.c_str(),
                    "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64, &first,
                    &last, &inode) != 3) {
      return false;
    }
    if (begin >= first && begin < last) return end <= last && inode != 0;
  }
  return false;
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

void PreferLargePages([[maybe_unused]] void* memory,
                      [[maybe_unused]] size_t bytes) {
#if defined(MADV_HUGEPAGE)
  ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
}

bool HasLargePages() {
  std::ifstream stream("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string modes;
  return std::getline(stream, modes) && modes.find("[never]") == modes.npos;
}

void ReleaseFilePages([[maybe_unused]] std::span<const std::byte> bytes) {
#if defined(MADV_DONTNEED)
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t end = (begin + bytes.size()) / page * page;
  if (first >= end || !IsFileMapping(first, end)) return;
  ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
#endif
}

std::string DescribeBytes(uint64_t bytes) {
  const double mebibytes = static_cast<double>(bytes) / 1048576;
  if (mebibytes < 1024) return fmt::format("{:.0f} MiB", std::ceil(mebibytes));
  return fmt::format("{:.1f} GiB", std::ceil(mebibytes / 102.4) / 10);
}

std::optional<uint64_t> ParseBytes(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  double number = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (!text.empty() && (text.back() == 'B' || text.back() == 'b')) {
    text.remove_suffix(1);
  }
  const bool binary = !text.empty() && text.back() == 'i';
  if (binary) text.remove_suffix(1);
  if (text.size() > 1 || (binary && text.empty())) return std::nullopt;
  if (!text.empty()) {
    const size_t unit = kUnits.find(text[0] == 'k' ? 'K' : text[0]);
    if (unit == kUnits.npos) return std::nullopt;
    number *= std::pow(binary ? 1024 : 1000, unit + 1);
  }
  if (!(number >= 1 && number <= 9007199254740992)) return std::nullopt;
  return static_cast<uint64_t>(number);
}

}  // namespace fullstop
