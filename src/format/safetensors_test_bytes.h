// safetensors files made in memory, for tests.
#ifndef FULLSTOP_FORMAT_SAFETENSORS_TEST_BYTES_H_
#define FULLSTOP_FORMAT_SAFETENSORS_TEST_BYTES_H_

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace fullstop {

// A file of that header, whose length is said to be LENGTH, and SIZE bytes of
// data 0, 1, 2, …
inline std::string MakeSafetensors(std::string_view header, size_t size,
                                   uint64_t length) {
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  file += header;
  for (size_t i = 0; i < size; ++i) file += static_cast<char>(i);
  return file;
}

inline std::string MakeSafetensors(std::string_view header, size_t size) {
  return MakeSafetensors(header, size, header.size());
}

inline std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_SAFETENSORS_TEST_BYTES_H_
