#include "base/byte_sink.h"

#include "base/error.h"
#include "base/file.h"

namespace fullstop {

void PassExactly(const ByteSource& source, uint64_t size,
                 const std::string& what, const ByteSink& sink) {
  uint64_t passed = 0;
  const auto check = [&] {
    if (passed == size) return;
    throw Error::Usage(what + " has " + std::to_string(size) +
                       " bytes, but its source gave " + std::to_string(passed));
  };
  source([&](std::span<const std::byte> bytes) {
    passed += bytes.size();
    if (passed > size) check();
    sink(bytes);
  });
  check();
}

void WriteFileInPieces(const std::string& path, const ByteSource& write) {
  constexpr size_t kPiece = 1 << 20;
  NewFile file(path);
  std::string buffer;
  const auto flush = [&] {
    file.Write(std::as_bytes(std::span(buffer)));
    buffer.clear();
  };
  write([&](std::span<const std::byte> bytes) {
    if (buffer.size() + bytes.size() > kPiece) flush();
    if (bytes.size() > kPiece) {
      file.Write(bytes);
    } else {
      buffer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
  });
  flush();
  file.Commit();
}

}  // namespace fullstop
