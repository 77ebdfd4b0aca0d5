#include "tokenizer/normalized_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

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

// Puts each run of marks into the order of their classes, those of one class as
// they stand. utf8proc would, in the square of the run's length.
void OrderMarks(std::vector<utf8proc_int32_t>* characters) {
  std::vector<uint64_t> run;  // class, place, character
  for (size_t i = 0; i <= characters->size(); ++i) {
    const uint64_t mark_class =
        i == characters->size()
            ? 0
            : static_cast<uint64_t>(
                  utf8proc_get_property((*characters)[i])->combining_class);
    if (mark_class != 0) {
      run.push_back(mark_class << 56 | uint64_t{run.size()} << 21 |
                    static_cast<uint32_t>((*characters)[i]));
      continue;
    }
    std::sort(run.begin(), run.end());
    for (size_t k = 0; k < run.size(); ++k) {
      (*characters)[i - run.size() + k] =
          static_cast<utf8proc_int32_t>(run[k] & 0x1FFFFF);
    }
    run.clear();
  }
}

// TEXT must be UTF-8.
std::string Nfc(std::string_view text) {
  static constexpr auto kOptions =
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  std::vector<utf8proc_int32_t> characters;
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    utf8proc_int32_t parts[8];  // no character has more than four
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(point.value), parts,
        static_cast<utf8proc_ssize_t>(std::size(parts)), kOptions, nullptr);
    characters.insert(characters.end(), parts, parts + count);
    text.remove_prefix(point.length);
  }
  OrderMarks(&characters);
  characters.resize(static_cast<size_t>(utf8proc_normalize_utf32(
      characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
      kOptions)));
  std::string result;
  for (const utf8proc_int32_t value : characters) {
    AppendUtf8(static_cast<char32_t>(value), &result);
  }
  return result;
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
