#include "format/json_member.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kSpace = " \t\r\n";

struct NamedMember {
  std::string key;
  JsonMember member;
};

// One pass over a text; of one that is no JSON it gives what it takes for
// members.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<NamedMember> Members() {
    std::vector<NamedMember> members;
    SkipSpace();
    at_ = std::min(at_ + 1, text_.size());  // {
    SkipSpace();
    while (at_ < text_.size() && text_[at_] == '"') {
      JsonMember member{.key_begin = at_};
      SkipText();
      const Json key =
          Json::parse(text_.substr(member.key_begin, at_ - member.key_begin),
                      nullptr, false);
      if (!key.is_string()) break;  // no JSON
      SkipSpace();
      at_ = std::min(at_ + 1, text_.size());  // :
      SkipSpace();
      member.value_begin = at_;
      SkipValue();
      member.end = at_;
      members.push_back({key.get<std::string>(), member});
      SkipSpace();
      if (at_ < text_.size() && text_[at_] == ',') ++at_;
      SkipSpace();
    }
    return members;
  }

 private:
  void SkipSpace() {
    at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
  }

  void SkipText() {
    ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    at_ = std::min(at_ + 1, text_.size());
  }

  void SkipValue() {
    size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        SkipText();
        if (depth == 0) return;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',' || kSpace.find(c) != kSpace.npos))
        return;
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if (closes && --depth == 0) return;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

// What stands before KEY_BEGIN on its line, where that is space alone; nullopt
// where the object is written in one line.
std::optional<std::string> Indent(std::string_view text, size_t key_begin) {
  const size_t line = text.substr(0, key_begin).find_last_not_of(" \t");
  if (line == std::string_view::npos || text[line] != '\n') {
    return std::nullopt;
  }
  return std::string(text.substr(line + 1, key_begin - line - 1));
}

// As Python's json.dump writes it: with INDENT in lines.
std::string Written(const Json& value,
                    const std::optional<std::string>& indent) {
  if (!value.is_array() || value.empty()) return value.dump();
  std::string text = "[";
  for (const Json& element : value) {
    if (text.size() > 1) text += indent ? "," : ", ";
    if (indent) text += "\n" + *indent + *indent;
    text += element.dump();
  }
  return text + (indent ? "\n" + *indent + "]" : "]");
}

std::string Spliced(std::string_view text, size_t begin, size_t end,
                    std::string_view middle) {
  return std::string(text.substr(0, begin)) + std::string(middle) +
         std::string(text.substr(end));
}

}  // namespace

std::optional<JsonMember> FindJsonMember(std::string_view text,
                                         std::string_view key) {
  std::optional<JsonMember> found;
  for (const NamedMember& each : Scanner(text).Members()) {
    if (each.key == key) found = each.member;
  }
  return found;
}

std::string SetJsonMember(std::string_view text, std::string_view key,
                          const Json& value) {
  if (const auto member = FindJsonMember(text, key)) {
    const std::string_view old =
        text.substr(member->value_begin, member->end - member->value_begin);
    const bool in_line =
        old.starts_with('[') && old.find('\n') == std::string_view::npos;
    return Spliced(text, member->value_begin, member->end,
                   Written(value, in_line ? std::nullopt
                                          : Indent(text, member->key_begin)));
  }
  const std::vector<NamedMember> members = Scanner(text).Members();
  const std::string quoted = Json(key).dump() + ": ";
  if (members.empty()) {
    const std::string indent = "  ";
    return "{\n" + indent + quoted + Written(value, indent) + "\n}\n";
  }
  const auto indent = Indent(text, members.back().member.key_begin);
  const size_t end = members.back().member.end;
  return Spliced(
      text, end, end,
      (indent ? ",\n" + *indent : ", ") + quoted + Written(value, indent));
}

std::string RemoveJsonMember(std::string_view text, std::string_view key) {
  std::string left(text);
  for (;;) {
    const std::vector<NamedMember> members = Scanner(left).Members();
    const auto found = std::ranges::find(members, key, &NamedMember::key);
    if (found == members.end()) return left;
    if (found != members.begin()) {
      left = Spliced(left, std::prev(found)->member.end, found->member.end, "");
    } else if (members.size() > 1) {
      left = Spliced(left, found->member.key_begin,
                     std::next(found)->member.key_begin, "");
    } else {
      left = Spliced(left, found->member.key_begin, found->member.end, "");
    }
  }
}

size_t LineOfByte(std::string_view text, size_t byte) {
  return 1 +
         static_cast<size_t>(std::ranges::count(text.substr(0, byte), '\n'));
}

}  // namespace fullstop
