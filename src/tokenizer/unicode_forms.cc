#include "tokenizer/unicode_forms.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/unicode_forms_tables.h"

namespace fullstop {
namespace {

namespace tables = unicode_forms_tables;

bool InTable(const CodePointRange* table, size_t count, char32_t value) {
  const CodePointRange* after = std::upper_bound(
      table, table + count, value,
      [](char32_t v, const CodePointRange& range) { return v < range.first; });
  return after != table && value <= (after - 1)->last;
}

bool IsCompatible(UnicodeForm form) {
  return form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd;
}

bool Composes(UnicodeForm form) {
  return form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc;
}

// Whether VALUE may compose with or move before what stands before it.
bool Follows(UnicodeForm form, char32_t value) {
  if (value < 0x300) return false;
  return InTable(tables::kFollows, tables::kFollowsCount, value) ||
         (IsCompatible(form) &&
          InTable(tables::kFollowsCompatibly, tables::kFollowsCompatiblyCount,
                  value));
}

// Whether utf8proc knows more of VALUE than Unicode 9 does.
bool IsLater(char32_t value) {
  return value >= 0x300 && InTable(tables::kLater, tables::kLaterCount, value);
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
std::string Normal(UnicodeForm form, std::string_view text) {
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE |
      (Composes(form) ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
      (IsCompatible(form) ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> characters;
  while (!text.empty()) {
    const CodePoint point = DecodeCodePoint(text);
    utf8proc_int32_t parts[32];  // no character has more than 18
    const utf8proc_ssize_t count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(point.value), parts,
        static_cast<utf8proc_ssize_t>(std::size(parts)), options, nullptr);
    characters.insert(characters.end(), parts, parts + count);
    text.remove_prefix(point.length);
  }
  OrderMarks(&characters);
  if (Composes(form)) {
    characters.resize(static_cast<size_t>(utf8proc_normalize_utf32(
        characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
        options)));
  }
  std::string result;
  for (const utf8proc_int32_t value : characters) {
    AppendUtf8(static_cast<char32_t>(value), &result);
  }
  return result;
}

// The length of the well-formed sequence at the start of TEXT that normalises
// by itself: a character and those that follow it. *INERT: whether it is its
// own normal form for sure.
size_t ClusterLength(UnicodeForm form, std::string_view text, bool* inert) {
  CodePoint point = DecodeCodePoint(text);
  *inert = true;
  size_t length = point.length;
  if (IsLater(point.value)) return length;
  *inert =
      form == UnicodeForm::kNfc &&
      (point.value < 0x300 ||
       !InTable(tables::kDecomposes, tables::kDecomposesCount, point.value)) &&
      !Follows(form, point.value);
  while (length < text.size()) {
    point = DecodeCodePoint(text.substr(length));
    if (!point.valid || !Follows(form, point.value)) break;
    *inert = false;
    length += point.length;
  }
  return length;
}

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Calls VISIT(begin, point) for each character that is not ASCII.
template <typename Visit>
void VisitCharacters(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    if (IsAscii(text[at])) {
      ++at;
      continue;
    }
    const CodePoint point = DecodeCodePoint(text.substr(at));
    visit(at, point);
    at += point.length;
  }
}

// Capital letters that utf8proc may not know: Unicode 16's and 17's.
struct LaterCapitals {
  char32_t first;
  char32_t last;
  int32_t to_small;
};
constexpr LaterCapitals kLaterCapitals[] = {
    {0x1C89, 0x1C89, 1},      {0xA7CB, 0xA7CB, 0x264 - 0xA7CB},
    {0xA7CC, 0xA7CC, 1},      {0xA7CE, 0xA7CE, 1},
    {0xA7D2, 0xA7D2, 1},      {0xA7D4, 0xA7D4, 1},
    {0xA7DA, 0xA7DA, 1},      {0xA7DC, 0xA7DC, 0x19B - 0xA7DC},
    {0x10D50, 0x10D65, 0x20}, {0x16EA0, 0x16EB8, 0x1B}};

std::string LowerCaseOf(char32_t value) {
  std::string small;
  if (value == 0x130) return "i\u0307";
  auto code = static_cast<int32_t>(value);
  for (const LaterCapitals& later : kLaterCapitals) {
    if (value >= later.first && value <= later.last) code += later.to_small;
  }
  AppendUtf8(static_cast<char32_t>(utf8proc_tolower(code)), &small);
  return small;
}

}  // namespace

void ToUnicodeForm(UnicodeForm form, AlignedText* text) {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  for (size_t at = 0; at < source.size();) {
    if (IsAscii(source[at]) &&
        (at + 1 == source.size() || IsAscii(source[at + 1]))) {
      ++at;
      continue;
    }
    const CodePoint point = DecodeCodePoint(source.substr(at));
    if (!point.valid) {
      at += point.length;
      continue;
    }
    bool inert = false;
    const size_t length = ClusterLength(form, source.substr(at), &inert);
    if (!inert) {
      const std::string_view cluster = source.substr(at, length);
      const std::string normal = Normal(form, cluster);
      if (normal != cluster) edits.Replace({at, at + length}, normal);
    }
    at += length;
  }
  edits.Commit();
}

void ToLowerCase(AlignedText* text) {
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  for (size_t at = 0; at < source.size();) {
    const CodePoint point = DecodeCodePoint(source.substr(at));
    if (point.valid) {
      const std::string small = LowerCaseOf(point.value);
      if (small != source.substr(at, point.length)) {
        edits.Replace({at, at + point.length}, small);
      }
    }
    at += point.length;
  }
  edits.Commit();
}

void StripMarks(AlignedText* text) {
  AlignedText::Edits edits(text);
  VisitCharacters(text->text(), [&](size_t at, const CodePoint& point) {
    if (point.valid &&
        InTable(tables::kMarks, tables::kMarksCount, point.value)) {
      edits.Replace({at, at + point.length}, "");
    }
  });
  edits.Commit();
}

void ReplaceIllFormed(const std::bitset<256>& unspelt, AlignedText* text) {
  if (unspelt.none()) return;
  const std::string_view source = text->text();
  AlignedText::Edits edits(text);
  VisitCharacters(source, [&](size_t at, const CodePoint& point) {
    if (point.valid) return;
    const std::string_view bytes = source.substr(at, point.length);
    const bool spelt = std::none_of(bytes.begin(), bytes.end(), [&](char c) {
      return unspelt[static_cast<uint8_t>(c)];
    });
    if (!spelt) edits.Replace({at, at + point.length}, "\xEF\xBF\xBD");
  });
  edits.Commit();
}

}  // namespace fullstop
