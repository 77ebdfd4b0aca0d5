#include "base/byte_sink.h"

#include "base/file.h"

namespace fullstop {

void WriteFileInPieces(const std::string& path,
                       const std::function<void(const ByteSink&)>& write) {
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
