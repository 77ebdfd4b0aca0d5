#include "tokenizer/charsmap.h"

#include <utf8proc.h>

#include "base/error.h"
#include "base/unicode.h"
#include "base/utf8.h"

namespace fullstop {
namespace {

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) {
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return value;
}

// The parts of a unit of the trie.
bool HasLeaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
uint32_t Value(uint32_t unit) { return unit & 0x7FFFFFFF; }
uint32_t Label(uint32_t unit) { return unit & 0x800000FF; }
uint32_t Offset(uint32_t unit) {
  return unit >> 10 << ((unit & uint32_t{1} << 9) >> 6);
}

// Whether NEXT is a mark that utf8proc is too old to know, and does not stand
// behind a control character.
bool IsNewMark(char32_t value, char32_t next) {
  // Unicode 16's, and those that Unicode 17 adds below U+10000: longer ones are
  // in no short cluster.
  static const CodePointSet kMarks =
      UnicodeProperty("Mn")
          ->Union(*UnicodeProperty("Me"))
          .Union({{0x1ACF, 0x1ADD}, {0x1AE0, 0x1AEB}});
  if (utf8proc_category(static_cast<utf8proc_int32_t>(next)) !=
          UTF8PROC_CATEGORY_CN ||
      !kMarks.Contains(next)) {
    return false;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(value))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

// The length of the grapheme cluster that TEXT begins with.
size_t ClusterLength(std::string_view text) {
  CodePoint point = DecodeCodePoint(text);
  size_t length = point.length;
  utf8proc_int32_t state = 0;
  while (length < text.size()) {
    const CodePoint next = DecodeCodePoint(text.substr(length));
    if (!next.valid) break;
    const bool breaks = utf8proc_grapheme_break_stateful(
        static_cast<utf8proc_int32_t>(point.value),
        static_cast<utf8proc_int32_t>(next.value), &state);
    if (breaks && !IsNewMark(point.value, next.value)) break;
    length += next.length;
    point = next;
  }
  return length;
}

// Clusters shorter than this are looked up as a whole.
constexpr size_t kShortCluster = 6;

}  // namespace

Charsmap::Charsmap(std::string_view bytes) {
  const auto fail = [](std::string_view what) {
    return Error::Format("the map of characters " + std::string(what));
  };
  if (bytes.size() < 4) throw fail("is too short");
  const uint32_t size = LittleEndian(bytes);
  bytes.remove_prefix(4);
  if (size % 4 != 0 || size == 0 || size > bytes.size()) {
    throw fail("says that its trie has " + std::to_string(size) +
               " bytes, but holds " + std::to_string(bytes.size()));
  }
  units_.reserve(size / 4);
  for (size_t at = 0; at < size; at += 4) {
    units_.push_back(LittleEndian(bytes.substr(at, 4)));
  }
  texts_ = bytes.substr(size);
}

template <typename Visit>
void Charsmap::Search(std::string_view text, Visit visit) const {
  size_t node = Offset(units_[0]);
  for (size_t i = 0; i < text.size() && text[i] != '\0'; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    node ^= byte;
    if (node >= units_.size()) return;
    const uint32_t unit = units_[node];
    if (Label(unit) != byte) return;
    node ^= Offset(unit);
    if (node >= units_.size()) return;
    if (HasLeaf(unit) && !visit(i + 1, Value(units_[node]))) return;
  }
}

std::string_view Charsmap::TextAt(uint32_t place) const {
  if (place >= texts_.size()) return {};
  const std::string_view rest = std::string_view(texts_).substr(place);
  return rest.substr(0, rest.find('\0'));
}

std::optional<Charsmap::Rule> Charsmap::Longest(std::string_view text) const {
  std::optional<Rule> found;
  Search(text, [&](size_t length, uint32_t place) {
    found = Rule{length, TextAt(place)};
    return true;
  });
  return found;
}

std::optional<Charsmap::Rule> Charsmap::Shortest(std::string_view text) const {
  std::optional<Rule> found;
  Search(text, [&](size_t length, uint32_t place) {
    found = Rule{length, TextAt(place)};
    return false;
  });
  return found;
}

void Charsmap::ApplyToClusters(AlignedText* text) const {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  const auto replace = [&](size_t begin, size_t length) {
    const std::string_view part = source.substr(begin, length);
    const auto rule = Shortest(part);
    if (rule && rule->replacement != part) {
      edits.Replace({begin, begin + length}, rule->replacement);
    }
    return rule.has_value();
  };
  for (size_t at = 0; at < source.size();) {
    const CodePoint first = DecodeCodePoint(source.substr(at));
    if (!first.valid) {
      at += first.length;
      continue;
    }
    const size_t length = ClusterLength(source.substr(at));
    if (length < kShortCluster && replace(at, length)) {
      at += length;
      continue;
    }
    const size_t end = at + length;
    while (at < end) {
      const size_t one = DecodeCodePoint(source.substr(at)).length;
      replace(at, one);
      at += one;
    }
  }
  edits.Commit();
}

}  // namespace fullstop
