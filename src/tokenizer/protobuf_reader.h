// The wire format of protocol buffers, as much as a SentencePiece model needs.
#ifndef FULLSTOP_TOKENIZER_PROTOBUF_READER_H_
#define FULLSTOP_TOKENIZER_PROTOBUF_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace fullstop {

// The fields of one message, one after the other:
//   while (reader.Next()) switch (reader.field()) …
// Reads within the message only. A value; views live as long as the bytes.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  // Goes to the next field; false at the end. Throws Error (kFormat) where the
  // bytes are no message.
  bool Next() {
    if (rest_.empty()) return false;
    const uint64_t key = TakeVarint();
    field_ = key >> 3;
    bytes_ = {};
    switch (key & 7) {
      case 0:
        number_ = TakeVarint();
        break;
      case 1:
        bytes_ = Take(8);
        break;
      case 2:
        bytes_ = Take(TakeVarint());
        break;
      case 5:
        bytes_ = Take(4);
        number_ = 0;
        for (size_t i = 4; i-- > 0;) {
          number_ = number_ << 8 | static_cast<uint8_t>(bytes_[i]);
        }
        break;
      default:
        throw Error::Format("a field of the protocol buffer has no known type");
    }
    return true;
  }

  uint64_t field() const { return field_; }
  // Of a field with a length.
  std::string_view bytes() const { return bytes_; }
  uint64_t number() const { return number_; }
  bool flag() const { return number_ != 0; }
  float real() const {
    return std::bit_cast<float>(static_cast<uint32_t>(number_));
  }

 private:
  uint64_t TakeVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(Take(1)[0]);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    throw Error::Format("a number of the protocol buffer has no end");
  }

  std::string_view Take(uint64_t size) {
    if (size > rest_.size()) {
      throw Error::Format("the protocol buffer ends within a field");
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  std::string_view bytes_;
  uint64_t field_ = 0;
  uint64_t number_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_PROTOBUF_READER_H_
