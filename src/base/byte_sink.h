// Files written through a function that takes bytes.
#ifndef FULLSTOP_BASE_BYTE_SINK_H_
#define FULLSTOP_BASE_BYTE_SINK_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace fullstop {

// Takes bytes in order, in pieces of any size.
using ByteSink = std::function<void(std::span<const std::byte>)>;

// What WRITE passes to its sink as a NewFile (file.h); small pieces are
// gathered. Throws what NewFile and WRITE throw: then the old file stands.
void WriteFileInPieces(const std::string& path,
                       const std::function<void(const ByteSink&)>& write);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_BYTE_SINK_H_
