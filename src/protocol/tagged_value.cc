#include "protocol/tagged_value.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxDepth = 64;

class TagReader {
 public:
  explicit TagReader(const TagMarks& marks) : marks_(marks) {}

  std::optional<Json> Read(SymbolView text, int depth) const {
    std::vector<std::pair<std::string, Json>> children;
    text.remove_prefix(LeadingSpace(text));
    while (!text.empty()) {
      const size_t end = ReadChild(text, depth, &children);
      if (end == 0) return std::nullopt;
      text.remove_prefix(end);
      text.remove_prefix(LeadingSpace(text));
    }
    if (children.empty()) return std::nullopt;
    return Joined(std::move(children));
  }

 private:
  // How many symbols of TEXT the child that it begins with takes; 0 where it
  // begins with none.
  size_t ReadChild(SymbolView text, int depth,
                   std::vector<std::pair<std::string, Json>>* children) const {
    if (depth > kMaxDepth || !text.starts_with(marks_.open)) return 0;
    const size_t key_begin = marks_.open.size();
    const size_t key_end = text.find(marks_.open_end, key_begin);
    if (key_end == SymbolView::npos) return 0;
    const SymbolView key = text.substr(key_begin, key_end - key_begin);
    if (key.empty() || HasToken(key)) return 0;
    Symbols closing = marks_.close;
    closing += key;
    closing += marks_.close_end;
    const size_t begin = key_end + marks_.open_end.size();
    const size_t end = text.find(closing, begin);
    if (end == SymbolView::npos) return 0;
    const SymbolView value = text.substr(begin, end - begin);
    std::optional<Json> nested = Read(value, depth + 1);
    children->emplace_back(ReplaceInvalidUtf8(BytesOf(key)),
                           nested ? std::move(*nested) : Plain(value));
    return end + closing.size();
  }

  static Json Plain(SymbolView value) {
    const std::string text = ReplaceInvalidUtf8(BytesOf(value));
    Json parsed = Json::parse(text, nullptr, false);
    return parsed.is_discarded() || parsed.is_string() ? Json(text) : parsed;
  }

  static Json Joined(std::vector<std::pair<std::string, Json>> children) {
    const std::string& key = children.front().first;
    const bool same =
        std::all_of(children.begin(), children.end(),
                    [&key](const auto& child) { return child.first == key; });
    const bool list = same && (children.size() > 1 || key == "item");
    Json joined = list ? Json::array() : Json::object();
    for (auto& [name, value] : children) {
      if (list) {
        joined.push_back(std::move(value));
      } else {
        joined[name] = std::move(value);
      }
    }
    return joined;
  }

  const TagMarks& marks_;
};

}  // namespace

std::optional<Json> ReadTaggedValue(SymbolView text, const TagMarks& marks) {
  return TagReader(marks).Read(text, 0);
}

}  // namespace fullstop
