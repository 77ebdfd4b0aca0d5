#include "tokenizer/normalized_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "base/utf8.h"
#include "tokenizer/nfc_tables.h"

namespace fullstop {
namespace {

bool InTable(const CodePointRange* table, size_t count, char32_t value) {
  const CodePointRange* after = std::upper_bound(
      table, table + count, value,
      [](char32_t v, const CodePointRange& range) { return v < range.first; });
  return after != table && value <= (after - 1)->last;
}

// Whether VALUE may compose with or move before what stands before it.
bool Follows(char32_t value) {
  return value >= 0x300 &&
         InTable(nfc_tables::kFollows, nfc_tables::kFollowsCount, value);
}

// Whether VALUE by itself is not in normal form.
bool Decomposes(char32_t value) {
  return value >= 0x300 &&
         InTable(nfc_tables::kDecomposes, nfc_tables::kDecomposesCount, value);
}

// Whether utf8proc takes VALUE for a combining mark. It knows later ones than
// the tables do; what follows such a one must not be moved before it.
bool IsMark(char32_t value) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(value))
             ->combining_class != 0;
}

// TEXT must be UTF-8.
std::string Nfc(std::string_view text) {
  uint8_t* result = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(
      reinterpret_cast<const uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &result,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<uint8_t, decltype(&std::free)> owner(result,
                                                             &std::free);
  if (length < 0) throw std::bad_alloc();
  return std::string(reinterpret_cast<char*>(result),
                     static_cast<size_t>(length));
}

// The length of the well-formed sequence at the start of TEXT that normalises
// by itself: a character and those that follow it. *INERT: whether it is its
// own normal form for sure.
size_t ClusterLength(std::string_view text, bool* inert) {
  CodePoint point = DecodeCodePoint(text);
  *inert = !Decomposes(point.value) && !Follows(point.value);
  size_t length = point.length;
  if (*inert && IsMark(point.value)) return length;
  while (length < text.size()) {
    point = DecodeCodePoint(text.substr(length));
    if (!point.valid || !Follows(point.value)) break;
    *inert = false;
    length += point.length;
  }
  return length;
}

}  // namespace

NormalizedText::NormalizedText(std::string_view source,
                               const NormalizeOptions& options)
    : source_(source) {
  if (!options.nfc && options.unspelt.none()) return;
  for (size_t at = 0; at < source.size();) {
    if (static_cast<unsigned char>(source[at]) < 0x80 &&
        (at + 1 == source.size() ||
         static_cast<unsigned char>(source[at + 1]) < 0x80)) {
      ++at;
      continue;
    }
    const CodePoint point = DecodeCodePoint(source.substr(at));
    if (!point.valid) {
      const ByteRange range{at, at + point.length};
      const std::string_view bytes = source.substr(at, point.length);
      const bool spelt = std::none_of(bytes.begin(), bytes.end(), [&](char c) {
        return options.unspelt[static_cast<uint8_t>(c)];
      });
      if (!spelt) AddChange(range, "\xEF\xBF\xBD");
      at = range.end;
      continue;
    }
    if (!options.nfc) {
      at += point.length;
      continue;
    }
    bool inert = false;
    const size_t length = ClusterLength(source.substr(at), &inert);
    if (!inert) {
      const std::string_view cluster = source.substr(at, length);
      const std::string normal = Nfc(cluster);
      if (normal != cluster) AddChange({at, at + length}, normal);
    }
    at += length;
  }
  if (!changes_.empty()) copy_ += source_.substr(copied_);
}

void NormalizedText::AddChange(const ByteRange& source,
                               std::string_view replacement) {
  copy_ += source_.substr(copied_, source.begin - copied_);
  const size_t begin = copy_.size();
  copy_ += replacement;
  changes_.push_back({{begin, copy_.size()}, source});
  copied_ = source.end;
}

ByteRange NormalizedText::SourceOf(const ByteRange& range) const {
  // Of a place that is the start (or the end) of a range.
  const auto place = [this](size_t at, bool is_end) {
    const auto after =
        std::upper_bound(changes_.begin(), changes_.end(), at,
                         [is_end](size_t value, const Change& change) {
                           return is_end ? value <= change.text.begin
                                         : value < change.text.begin;
                         });
    if (after == changes_.begin()) return at;
    const Change& change = *std::prev(after);
    if (at >= change.text.end) {
      return change.source.end + (at - change.text.end);
    }
    return is_end ? change.source.end : change.source.begin;
  };
  return {place(range.begin, false), place(range.end, true)};
}

}  // namespace fullstop
