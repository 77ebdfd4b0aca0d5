// Files written through a function that takes bytes.
#ifndef FULLSTOP_BASE_BYTE_SINK_H_
#define FULLSTOP_BASE_BYTE_SINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace fullstop {

// Takes bytes in order, in pieces of any size.
using ByteSink = std::function<void(std::span<const std::byte>)>;

// Passes all its bytes to the sink.
using ByteSource = std::function<void(const ByteSink&)>;

// Passes on to SINK what SOURCE gives. Throws Error (kUsage), which calls it
// WHAT, where that is not SIZE bytes in all; no more of them reach SINK.
void PassExactly(const ByteSource& source, uint64_t size,
                 const std::string& what, const ByteSink& sink);

// What WRITE passes to its sink as a NewFile (file.h); small pieces are
// gathered. Throws what NewFile and WRITE throw: then the old file stands.
void WriteFileInPieces(const std::string& path, const ByteSource& write);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_BYTE_SINK_H_
