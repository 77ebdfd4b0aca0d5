// SHA-256 (FIPS 180-4), for hashes that name a protocol or a file.
#ifndef FULLSTOP_BASE_SHA256_H_
#define FULLSTOP_BASE_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fullstop {

// Bytes in, digest out. A plain value: a copy goes on by itself. One thread.
class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  // The digest of all bytes so far; the object is spent.
  std::array<uint8_t, 32> Finish();

 private:
  void Compress(const uint8_t* block);

  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> pending_;
  uint64_t length_ = 0;  // in bytes
};

// The digest of BYTES as 64 lower-case hex digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_SHA256_H_
