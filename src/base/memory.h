// How much memory there is, and in what pages.
#ifndef FULLSTOP_BASE_MEMORY_H_
#define FULLSTOP_BASE_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fullstop {

// Bytes that this process could still take without pushing others out: what the
// system calls available, at most what the control group and the limit on the
// address space allow. The largest number there is where nothing is known.
uint64_t AvailableMemory();

inline constexpr size_t kLargePage = size_t{2} << 20;

// Asks the system for pages of kLargePage in [memory, memory + bytes), both
// multiples of that. It may decline, and nothing else changes.
void PreferLargePages(void* memory, size_t bytes);

// Whether it may grant them.
bool HasLargePages();

// Takes the whole pages in BYTES out of this process where a file is mapped
// there; the system keeps them as long as it has room, and they are read again
// when they are needed. Memory of any other kind stays as it is.
void ReleaseFilePages(std::span<const std::byte> bytes);

// "5.2 GiB", "180 MiB": BYTES for a person, rounded up.
std::string DescribeBytes(uint64_t bytes);

// "5GB", "500MB", "1.5 GiB", "1000000": what users of transformers write, a
// number above 0 and a unit of 1000 or, with an i, of 1024 bytes. nullopt for
// anything else and past 2^53.
std::optional<uint64_t> ParseBytes(std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_MEMORY_H_
