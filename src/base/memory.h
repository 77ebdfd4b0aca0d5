// How much memory there is.
#ifndef FULLSTOP_BASE_MEMORY_H_
#define FULLSTOP_BASE_MEMORY_H_

#include <cstdint>
#include <string>

namespace fullstop {

// Bytes that this process could still take without pushing others out: what the
// system calls available, at most what the control group and the limit on the
// address space allow. The largest number there is where nothing is known.
uint64_t AvailableMemory();

// "5.2 GiB", "180 MiB": BYTES for a person, rounded up.
std::string DescribeBytes(uint64_t bytes);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_MEMORY_H_
