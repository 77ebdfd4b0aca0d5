#ifndef FULLSTOP_JINJA_TEXT_H_
#define FULLSTOP_JINJA_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fullstop::jinja {

// Where a value came from: 0 is the template itself; other numbers are the
// caller's, who keeps what each means. Strings carry an origin per run of
// bytes; numbers, lists and dicts carry one each, which their printed form (and
// the punctuation of tojson) takes.
using Origin = uint32_t;
inline constexpr Origin kTemplateOrigin = 0;

// Bytes [begin, end) of a text and where they come from.
struct OriginSpan {
  size_t begin;
  size_t end;
  Origin origin;

  friend bool operator==(const OriginSpan&, const OriginSpan&) = default;
};

// A string in which every byte knows its origin. The bytes are UTF-8 as far as
// the caller's were; nothing checks them. A value: copying costs its bytes and
// its runs. An empty text keeps the origin it was made with.
class Text {
 public:
  Text() = default;
  explicit Text(std::string bytes, Origin origin = kTemplateOrigin)
      : bytes_(std::move(bytes)), origin_(origin) {}

  const std::string& bytes() const { return bytes_; }
  // The bytes, which the text has no more.
  std::string Take() { return std::exchange(*this, {}).bytes_; }
  std::string_view view() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  // The first byte's origin, or that of the empty text.
  Origin origin() const { return origin_; }
  bool uniform() const { return runs_.empty(); }
  // BYTE must be < size().
  Origin OriginAt(size_t byte) const;
  // Ascending, gapless over the bytes, neighbours differ; empty for an empty
  // text.
  std::vector<OriginSpan> Spans() const;

  void reserve(size_t bytes) { bytes_.reserve(bytes); }
  void Append(std::string_view bytes, Origin origin);
  void Append(const Text& other);
  // Bytes [BEGIN, END) of OTHER, which must lie within it.
  void Append(const Text& other, size_t begin, size_t end);
  // Bytes [BEGIN, END); an empty slice takes the origin of its surroundings.
  Text Slice(size_t begin, size_t end) const;

 private:
  // Runs beyond the first: where each begins. Empty where one origin holds all.
  struct Run {
    size_t begin;
    Origin origin;
  };
  size_t RunAt(size_t byte) const;
  Origin LastOrigin() const {
    return runs_.empty() ? origin_ : runs_.back().origin;
  }

  std::string bytes_;
  std::vector<Run> runs_;
  Origin origin_ = kTemplateOrigin;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_TEXT_H_
