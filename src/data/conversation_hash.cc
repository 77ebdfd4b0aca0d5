#include <nlohmann/json.hpp>
#include <optional>

#include "base/text_hash.h"
#include "data/raw_check.h"
#include "data/shallow_json.h"
#include "data/text_signs.h"

namespace fullstop {
namespace {

void Add(std::string_view text, ConversationHash* hash) {
  hash->high = HashOfText(text, hash->high);
  hash->low = HashOfText(text, hash->low);
}

// A call without its id, keys in order: {"name", "arguments"} of any layout.
void AddCall(const nlohmann::json& call, ConversationHash* hash) {
  const auto function = call.find("function");
  if (function != call.end() && function->is_object()) {
    return AddCall(*function, hash);
  }
  const auto name = call.find("name");
  auto arguments =
      call.value("arguments", call.value("parameters", nlohmann::json()));
  if (arguments.is_string()) {
    auto parsed =
        ParseShallow<nlohmann::json>(arguments.get_ref<const std::string&>());
    if (!parsed.is_discarded()) arguments = std::move(parsed);
  }
  if (name != call.end()) Add(name->dump(), hash);
  Add(arguments.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
      hash);
}

void AddCalls(const std::string& text, ConversationHash* hash) {
  const auto parsed = ParseShallow<nlohmann::json>(text);
  if (parsed.is_object()) {
    AddCall(parsed, hash);
  } else if (parsed.is_array()) {
    for (const auto& call : parsed) {
      if (call.is_object()) AddCall(call, hash);
    }
  } else {
    Add(Trimmed(text), hash);
  }
}

// A thought that stands before the words, in <think> tags.
std::optional<std::string_view> InlineThought(std::string_view text,
                                              std::string_view* words) {
  constexpr std::string_view kOpen = "<think>";
  constexpr std::string_view kClose = "</think>";
  *words = Trimmed(text);
  if (!words->starts_with(kOpen)) return std::nullopt;
  const size_t end = words->find(kClose);
  if (end == words->npos) return std::nullopt;
  const auto thought = words->substr(kOpen.size(), end - kOpen.size());
  *words = Trimmed(words->substr(end + kClose.size()));
  return Trimmed(thought);
}

}  // namespace

ConversationHash HashOf(const RawRow& row) {
  ConversationHash hash{1, 2};
  const RawTurn* before = nullptr;
  for (const RawTurn& turn : row.turns) {
    std::string_view words;
    const auto thought = InlineThought(turn.text, &words);
    // Some layouts have one turn for words and call, some two.
    const bool goes_on = before != nullptr && turn.role == before->role &&
                         turn.role == RawRole::kAssistant;
    if (!goes_on) Add(RawRoleName(turn.role), &hash);
    if (thought) {
      Add(*thought, &hash);
    } else if (const auto apart = Trimmed(turn.thought); !apart.empty()) {
      Add(apart, &hash);
    }
    if (!words.empty()) Add(words, &hash);
    for (const std::string& call : turn.calls) AddCalls(call, &hash);
    before = &turn;
  }
  return hash;
}

}  // namespace fullstop
