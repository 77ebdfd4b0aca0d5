// A bounded walk over foreign bytes.
#ifndef FULLSTOP_FORMAT_BYTE_CURSOR_H_
#define FULLSTOP_FORMAT_BYTE_CURSOR_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"

namespace fullstop {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they stand in the file");

// Every step checks that the bytes are there and copies them, so that no
// alignment is asked for. Throws Error (kFormat) with the file and the byte.
// The bytes and NAME must outlive the object.
class ByteCursor {
 public:
  ByteCursor(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }
  uint64_t size() const { return bytes_.size(); }

  // WHAT names the thing in the error: "the number of tensors".
  template <typename T>
    requires std::is_arithmetic_v<T>
  T Read(std::string_view what) {
    T value;
    std::memcpy(&value, Take(1, sizeof(T), what), sizeof(T));
    return value;
  }

  // COUNT numbers in a row. Memory is taken only for what is there.
  template <typename T>
    requires std::is_arithmetic_v<T>
  std::vector<T> ReadMany(uint64_t count, std::string_view what) {
    const std::byte* begin = Take(count, sizeof(T), what);
    std::vector<T> values(count);
    if (count != 0) std::memcpy(values.data(), begin, count * sizeof(T));
    return values;
  }

  // A uint64 length and the bytes: a view.
  std::string_view ReadString(std::string_view what) {
    const uint64_t begin = position_;
    const uint64_t length = Read<uint64_t>(what);
    if (length > remaining()) {
      throw Bad(begin, std::string(what) + " is " + std::to_string(length) +
                           " bytes long, but only " +
                           std::to_string(remaining()) + " are left")
          .Advice(kCutOrDamaged);
    }
    return {reinterpret_cast<const char*>(Take(length, 1, what)),
            static_cast<size_t>(length)};
  }

  // A uint64 number of things that take up at least BYTES_EACH, checked against
  // the bytes that are left.
  uint64_t ReadCount(uint64_t bytes_each, std::string_view what) {
    const uint64_t begin = position_;
    const uint64_t count = Read<uint64_t>(what);
    if (count > remaining() / bytes_each) {
      throw Bad(begin, std::string(what) + " has " + std::to_string(count) +
                           " elements, which do not fit into the " +
                           std::to_string(remaining()) + " bytes that are left")
          .Advice(kCutOrDamaged);
    }
    return count;
  }

  Error Bad(uint64_t byte, std::string what) const {
    return Error::Format(std::move(what)).In(name_).AtByte(byte);
  }
  Error NotFound(uint64_t byte, std::string what) const {
    return Error::NotFound(std::move(what)).In(name_).AtByte(byte);
  }
  Error Unsupported(uint64_t byte, std::string what) const {
    return Error::Unsupported(std::move(what)).In(name_).AtByte(byte);
  }

  static constexpr const char* kCutOrDamaged =
      "the file is cut short (an incomplete download?) or damaged: fetch it "
      "again";

 private:
  const std::byte* Take(uint64_t count, uint64_t bytes_each,
                        std::string_view what) {
    if (count > remaining() / bytes_each) {
      throw Bad(position_, "the file ends after " + std::to_string(size()) +
                               " bytes, within " + std::string(what))
          .Advice(kCutOrDamaged);
    }
    const std::byte* begin = bytes_.data() + position_;
    position_ += count * bytes_each;
    return begin;
  }

  std::span<const std::byte> bytes_;
  const std::string& name_;
  uint64_t position_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_BYTE_CURSOR_H_
