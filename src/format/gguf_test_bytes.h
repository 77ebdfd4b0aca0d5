// GGUF files written byte by byte, for tests: independent of the writer, and
// able to be wrong.
#ifndef FULLSTOP_FORMAT_GGUF_TEST_BYTES_H_
#define FULLSTOP_FORMAT_GGUF_TEST_BYTES_H_

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace fullstop {

// Bytes that remember the places that got a mark.
class GgufTestBytes {
 public:
  // Names the place where the next bytes go.
  GgufTestBytes& Mark(const std::string& name) {
    marks_[name] = bytes_.size();
    return *this;
  }
  template <typename T>
  GgufTestBytes& Add(T number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(number));
    return *this;
  }
  GgufTestBytes& U32(uint32_t number) { return Add(number); }
  GgufTestBytes& U64(uint64_t number) { return Add(number); }
  GgufTestBytes& Text(std::string_view text) {
    U64(text.size());
    bytes_ += text;
    return *this;
  }
  GgufTestBytes& Header(uint32_t version, uint64_t tensors, uint64_t entries) {
    bytes_ += "GGUF";
    return U32(version).U64(tensors).U64(entries);
  }
  GgufTestBytes& Zeros(size_t count) {
    bytes_.append(count, '\0');
    return *this;
  }
  GgufTestBytes& PadTo(size_t alignment) {
    return Zeros((alignment - bytes_.size() % alignment) % alignment);
  }

  // Overwrites at a mark, plus DELTA.
  template <typename T>
  uint64_t Put(const std::string& mark, T number, uint64_t delta = 0) {
    std::memcpy(bytes_.data() + at(mark) + delta, &number, sizeof(number));
    return at(mark) + delta;
  }
  void CutAt(uint64_t size) { bytes_.resize(size); }

  uint64_t at(const std::string& mark) const { return marks_.at(mark); }
  std::string& bytes() { return bytes_; }
  std::span<const std::byte> span() const {
    return std::as_bytes(std::span(bytes_));
  }

 private:
  std::string bytes_;
  std::map<std::string, uint64_t> marks_;
};

// Seven entries and two tensors, with a mark at each part that can be damaged.
inline GgufTestBytes GoodGguf() {
  GgufTestBytes file;
  file.Header(3, 2, 7);
  file.Mark("alignment").Text("general.alignment");
  file.Mark("alignment type").U32(4).Mark("alignment value").U32(64);
  file.Mark("flag").Text("flag").Mark("flag type").U32(7);
  file.Mark("flag value").Add<uint8_t>(1);
  file.Mark("text").Text("text").U32(8).Mark("text value").Text("hello");
  file.Mark("numbers").Text("numbers").U32(9).Mark("numbers type").U32(2);
  file.Mark("numbers count").U64(3);
  file.Add<uint16_t>(1).Add<uint16_t>(2).Add<uint16_t>(65535);
  file.Mark("words")
      .Text("words")
      .U32(9)
      .Mark("words type")
      .U32(8)
      .Mark("words count")
      .U64(2);
  file.Text("a").Mark("second word").Text("bc");
  file.Mark("flags").Text("flags").U32(9).U32(7).Mark("flags count").U64(2);
  file.Mark("flags values").Add<uint8_t>(1).Add<uint8_t>(0);
  file.Mark("nested").Text("nested").U32(9).U32(9).Mark("nested count").U64(2);
  file.U32(0).U64(2).Add<uint8_t>(7).Add<uint8_t>(8);
  file.Mark("second nested").U32(5).Mark("second nested count").U64(0);

  file.Mark("first").Text("first").Mark("first dimensions").U32(2);
  file.Mark("first shape").U64(32).U64(2).Mark("first type").U32(2);
  file.Mark("first offset").U64(0);
  file.Mark("second").Text("other").Mark("second dimensions").U32(1);
  file.Mark("second shape").U64(3).Mark("second type").U32(0);
  file.Mark("second offset").U64(64).Mark("end of header");
  file.PadTo(64).Mark("data").Zeros(36).PadTo(64).Mark("second data");
  file.Add(1.5f).Add(-2.0f).Add(0.25f);
  return file;
}

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_GGUF_TEST_BYTES_H_
