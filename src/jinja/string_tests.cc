// str.isalpha and its like; also the tests lower and upper.
#include "jinja/string_tests.h"

#include "jinja/arguments.h"
#include "jinja/methods.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

// Whether TEXT has letters and all have one of FLAGS.
bool AllHave(std::string_view text, uint16_t flags) {
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    if ((UnicodeFlags(CodePointAt(text, i)) & flags) == 0) return false;
  }
  return !text.empty();
}

// Whether some letter has WANTED and none has REFUSED.
bool SomeHave(std::string_view text, uint16_t wanted, uint16_t refused) {
  bool found = false;
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    const uint16_t flags = UnicodeFlags(CodePointAt(text, i));
    if (flags & refused) return false;
    found |= (flags & wanted) != 0;
  }
  return found;
}

template <uint16_t kFlags>
Value HasAll(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("a string's method", arguments);
  runtime->Charge(self.AsText().size() / 16);
  return Value::Bool(AllHave(self.AsText().view(), kFlags));
}

template <bool (*kTest)(std::string_view)>
Value Satisfies(Runtime* runtime, const Value& self, Arguments* arguments) {
  BindNothing("a string's method", arguments);
  runtime->Charge(self.AsText().size() / 16);
  return Value::Bool(kTest(self.AsText().view()));
}

bool IsIdentifier(std::string_view text) {
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    const uint16_t wanted = i == 0 ? kIdentifierStart : kIdentifierPart;
    if ((UnicodeFlags(CodePointAt(text, i)) & wanted) == 0) return false;
  }
  return !text.empty();
}

bool IsPrintable(std::string_view text) {
  return text.empty() || AllHave(text, kPrintable);
}

bool IsTitle(std::string_view text) {
  bool in_word = false;
  bool found = false;
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text, i)) {
    const uint16_t flags = UnicodeFlags(CodePointAt(text, i));
    if (flags & (kUppercase | kTitlecase)) {
      if (in_word) return false;
      in_word = found = true;
    } else if (flags & kLowercase) {
      if (!in_word) return false;
      in_word = found = true;
    } else {
      in_word = false;
    }
  }
  return found;
}

}  // namespace

bool IsLower(std::string_view text) {
  return SomeHave(text, kLowercase, kUppercase | kTitlecase);
}

bool IsUpper(std::string_view text) {
  return SomeHave(text, kUppercase, kLowercase | kTitlecase);
}

std::span<const MethodEntry> StringTestMethods() {
  static constexpr MethodEntry kMethods[] = {
      {"isalnum", HasAll<kAlphanumeric>},
      {"isalpha", HasAll<kAlpha>},
      {"isascii", Satisfies<IsAscii>},
      {"isdecimal", HasAll<kDecimal>},
      {"isdigit", HasAll<kDigit>},
      {"isidentifier", Satisfies<IsIdentifier>},
      {"islower", Satisfies<IsLower>},
      {"isnumeric", HasAll<kNumeric>},
      {"isprintable", Satisfies<IsPrintable>},
      {"isspace", HasAll<kSpace>},
      {"istitle", Satisfies<IsTitle>},
      {"isupper", Satisfies<IsUpper>},
  };
  return kMethods;
}

}  // namespace fullstop::jinja
