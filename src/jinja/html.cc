#include "jinja/html.h"

#include <algorithm>
#include <array>

#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

struct Entity {
  std::string_view name;
  uint32_t code;
  bool bare;  // also without a semicolon
};

#include "jinja/entities.inc"

const Entity* FindEntity(std::string_view name) {
  const auto* found =
      std::lower_bound(std::begin(kEntities), std::end(kEntities), name,
                       [](const Entity& entity, std::string_view text) {
                         return entity.name < text;
                       });
  const bool same = found != std::end(kEntities) && found->name == name;
  return same ? found : nullptr;
}

// Windows-1252 where a number names a control character of 0x80 to 0x9F.
constexpr std::array<char32_t, 32> kWindows = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string CharacterOf(uint64_t code) {
  std::string out;
  if (code == 0 || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) {
    AppendUtf8(0xFFFD, &out);
  } else if (code >= 0x80 && code < 0xA0) {
    AppendUtf8(kWindows[code - 0x80], &out);
  } else if (code == 0x0D ||
             !((code < 0x20 && code != 9 && code != 10 && code != 12) ||
               code == 0x7F || (code >= 0xFDD0 && code < 0xFDF0) ||
               (code & 0xFFFE) == 0xFFFE)) {
    AppendUtf8(static_cast<char32_t>(code), &out);
  }
  return out;
}

// The reference that begins with the "&" at AT: where it ends and what it
// means; END is AT where it is none.
struct Reference {
  size_t end;
  std::string text;
};

Reference ReadNumber(std::string_view bytes, size_t at) {
  size_t i = at + 2;
  const bool hex = i < bytes.size() && (bytes[i] | 0x20) == 'x';
  if (hex) ++i;
  const size_t digits = i;
  uint64_t code = 0;
  const auto value = [hex](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return hex && lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  for (; i < bytes.size() && value(bytes[i]) >= 0; ++i) {
    code = std::min<uint64_t>(
        code * (hex ? 16 : 10) + static_cast<uint64_t>(value(bytes[i])),
        0x110000);
  }
  if (i == digits) return {at, ""};
  if (i < bytes.size() && bytes[i] == ';') ++i;
  return {i, CharacterOf(code)};
}

Reference ReadReference(std::string_view bytes, size_t at) {
  if (at + 1 < bytes.size() && bytes[at + 1] == '#') {
    return ReadNumber(bytes, at);
  }
  size_t end = at + 1;
  while (end < bytes.size() && end - at <= 32 &&
         std::string_view("\t\n\f <&#;").find(bytes[end]) ==
             std::string_view::npos) {
    ++end;
  }
  const std::string_view name = bytes.substr(at + 1, end - at - 1);
  const auto meaning = [](const Entity& entity) {
    std::string text;
    AppendUtf8(entity.code, &text);
    return text;
  };
  if (end < bytes.size() && bytes[end] == ';') {
    if (const Entity* entity = FindEntity(name)) {
      return {end + 1, meaning(*entity)};
    }
  }
  // Without a semicolon: the longest name that begins here.
  for (size_t length = name.size(); length > 1; --length) {
    const Entity* entity = FindEntity(name.substr(0, length));
    if (entity != nullptr && entity->bare) {
      return {at + 1 + length, meaning(*entity)};
    }
  }
  return {at, ""};
}

}  // namespace

Text Unescape(const Text& text) {
  const std::string_view bytes = text.view();
  Text out(std::string(), text.origin());
  size_t done = 0;
  for (size_t i = bytes.find('&'); i != std::string_view::npos;
       i = bytes.find('&', i)) {
    const Reference reference = ReadReference(bytes, i);
    if (reference.end == i) {
      ++i;
      continue;
    }
    out.Append(text, done, i);
    out.Append(reference.text, text.OriginAt(i));
    done = i = reference.end;
  }
  out.Append(text, done, bytes.size());
  return out;
}

Text StripTags(const Text& text) {
  const std::string_view bytes = text.view();
  Text bare(std::string(), text.origin());
  size_t done = 0;
  for (size_t start = bytes.find('<'); start != std::string_view::npos;
       start = bytes.find('<', done)) {
    const bool comment = bytes.substr(start, 4) == "<!--";
    const size_t end =
        comment ? bytes.find("-->", start + 4) : bytes.find('>', start);
    if (end == std::string_view::npos) break;
    bare.Append(text, done, start);
    done = end + (comment ? 3 : 1);
  }
  bare.Append(text, done, bytes.size());
  Text out(std::string(), text.origin());
  bool first = true;
  for (const Text& word : Split(bare, nullptr, kUnlimited)) {
    if (!first) out.Append(" ", word.origin());
    first = false;
    out.Append(word);
  }
  return Unescape(out);
}

}  // namespace fullstop::jinja
