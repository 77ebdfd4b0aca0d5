#include "data/raw_row.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct RoleName {
  std::string_view name;
  RawRole role;
};

// What data sets call the speakers.
constexpr std::array kRoleNames = {
    RoleName{"system", RawRole::kSystem},
    RoleName{"developer", RawRole::kSystem},
    RoleName{"user", RawRole::kUser},
    RoleName{"human", RawRole::kUser},
    RoleName{"prompter", RawRole::kUser},
    RoleName{"assistant", RawRole::kAssistant},
    RoleName{"gpt", RawRole::kAssistant},
    RoleName{"chatgpt", RawRole::kAssistant},
    RoleName{"bot", RawRole::kAssistant},
    RoleName{"model", RawRole::kAssistant},
    RoleName{"function_call", RawRole::kAssistant},
    RoleName{"tool_call", RawRole::kAssistant},
    RoleName{"tool", RawRole::kTool},
    RoleName{"observation", RawRole::kTool},
    RoleName{"function", RawRole::kTool},
    RoleName{"function_response", RawRole::kTool},
};
constexpr std::array<std::string_view, 2> kCallRoles = {"function_call",
                                                        "tool_call"};
constexpr std::array<std::string_view, 3> kThoughtFields = {
    "reasoning_content", "reasoning", "thinking"};

std::optional<element> Find(const object& from, std::string_view key) {
  element value;
  if (from.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string_view> FindText(const object& from,
                                         std::string_view key) {
  const std::optional<element> value = Find(from, key);
  std::string_view text;
  if (!value || value->get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

// TEXT itself, any other value as JSON.
std::string TextOf(const element& value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  return simdjson::minify(value);
}

}  // namespace

std::string_view RawRoleName(RawRole role) {
  switch (role) {
    case RawRole::kSystem:
      return "system";
    case RawRole::kUser:
      return "user";
    case RawRole::kAssistant:
      return "assistant";
    case RawRole::kTool:
      return "tool";
  }
  return "";
}

std::string_view RawLayoutName(RawLayout layout) {
  switch (layout) {
    case RawLayout::kAlpaca:
      return "alpaca";
    case RawLayout::kSharegpt:
      return "sharegpt";
    case RawLayout::kMessages:
      return "messages";
    case RawLayout::kText:
      return "text";
  }
  return "";
}

RawColumns RawColumns::Read(const std::string& path, const std::string& name) {
  const auto sets = nlohmann::json::parse(ReadFile(path), nullptr, false);
  if (!sets.is_object()) throw Error::Format("it is no JSON object").In(path);
  const auto set = sets.find(name);
  if (set == sets.end()) {
    throw Error::Usage("it has no data set '" + name + "'").In(path);
  }
  RawColumns columns;
  const auto take = [&](const char* key,
                        std::map<std::string, std::string>* into) {
    if (!set->is_object() || !set->contains(key)) return;
    const auto& names = (*set)[key];
    if (!names.is_object()) {
      throw Error::Format(name + ": " + key + " is no object").In(path);
    }
    for (const auto& [usual, theirs] : names.items()) {
      if (!theirs.is_string()) {
        throw Error::Format(name + ": " + key + "." + usual + " is no text")
            .In(path);
      }
      (*into)[usual] = theirs.get<std::string>();
    }
  };
  take("columns", &columns.columns);
  take("tags", &columns.tags);
  return columns;
}

struct RawRowReader::State {
  // The data set's name for what is usually called NAME.
  std::string_view Column(const std::string& usual,
                          std::string_view fallback) const {
    const auto found = columns.columns.find(usual);
    return found == columns.columns.end() ? fallback
                                          : std::string_view(found->second);
  }
  std::string_view Tag(const std::string& usual,
                       std::string_view fallback) const {
    const auto found = columns.tags.find(usual);
    return found == columns.tags.end() ? fallback
                                       : std::string_view(found->second);
  }

  std::optional<RoleName> RoleOf(std::string_view name) const {
    constexpr std::array<std::pair<const char*, RawRole>, 5> kTags = {
        {{"user_tag", RawRole::kUser},
         {"assistant_tag", RawRole::kAssistant},
         {"observation_tag", RawRole::kTool},
         {"function_tag", RawRole::kAssistant},
         {"system_tag", RawRole::kSystem}}};
    for (const auto& [tag, role] : kTags) {
      if (Tag(tag, "") != name || name.empty()) continue;
      const bool calls = std::string_view(tag) == "function_tag";
      return RoleName{calls ? kCallRoles[0] : "", role};
    }
    const auto known = std::ranges::find(kRoleNames, name, &RoleName::name);
    if (known == kRoleNames.end()) return std::nullopt;
    return *known;
  }

  void Fault(std::string what) { row->faults.push_back(std::move(what)); }

  RawTurn& Add(RawRole role, std::string text) {
    RawTurn turn;
    turn.role = role;
    turn.text = std::move(text);
    row->turns.push_back(std::move(turn));
    return row->turns.back();
  }

  void ReadAlpaca(const object& json) {
    row->layout = RawLayout::kAlpaca;
    if (const auto system = FindText(json, Column("system", "system"));
        system && !system->empty()) {
      Add(RawRole::kSystem, std::string(*system));
    }
    if (const auto history = Find(json, Column("history", "history"))) {
      ReadHistory(*history);
    }
    std::string prompt;
    const auto join = [&](std::string_view column) {
      const auto part = FindText(json, column);
      if (!part || part->empty()) return;
      prompt += (prompt.empty() ? "" : "\n") + std::string(*part);
    };
    join(Column("prompt", "instruction"));
    join(Column("query", "input"));
    Add(RawRole::kUser, std::move(prompt));
    const auto answer = Find(json, Column("response", "output"));
    if (answer) {
      Add(RawRole::kAssistant, TextOf(*answer));
    } else {
      Fault("there is no answer");
    }
  }

  // Pairs of earlier questions and answers.
  void ReadHistory(const element& history) {
    array turns;
    if (history.get(turns) != simdjson::SUCCESS) {
      return Fault("history is no list");
    }
    for (const element& each : turns) {
      array pair;
      std::string_view question;
      std::string_view answer;
      if (each.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
          pair.at(0).get(question) != simdjson::SUCCESS ||
          pair.at(1).get(answer) != simdjson::SUCCESS) {
        Fault("history holds what is no pair of texts");
        continue;
      }
      Add(RawRole::kUser, std::string(question));
      Add(RawRole::kAssistant, std::string(answer));
    }
  }

  void ReadTurns(const object& json, const element& list,
                 std::string_view role_key, std::string_view content_key) {
    if (const auto system = FindText(json, Column("system", "system"));
        system && !system->empty()) {
      Add(RawRole::kSystem, std::string(*system));
    }
    array turns;
    if (list.get(turns) != simdjson::SUCCESS) {
      return Fault("the conversation is no list");
    }
    for (const element& each : turns) {
      object turn;
      if (each.get(turn) != simdjson::SUCCESS) {
        Fault("a turn is no object");
        continue;
      }
      ReadTurn(turn, role_key, content_key);
    }
    for (const char* column : {"chosen", "rejected"}) {
      const auto answer = Find(json, Column(column, column));
      object turn;
      if (!answer || answer->get(turn) != simdjson::SUCCESS) continue;
      ReadTurn(turn, role_key, content_key);
      row->turns.back().rejected = std::string_view(column) == "rejected";
    }
  }

  void ReadTurn(const object& turn, std::string_view role_key,
                std::string_view content_key) {
    const std::string_view name = FindText(turn, role_key).value_or("");
    const std::optional<RoleName> known = RoleOf(name);
    if (!known) Fault("there is no role '" + std::string(name) + "'");
    RawTurn& added = Add(known ? known->role : RawRole::kUser, "");
    if (const auto content = Find(turn, content_key)) {
      ReadContent(*content, &added);
    }
    const bool calls =
        known && std::ranges::find(kCallRoles, known->name) != kCallRoles.end();
    if (calls) added.calls.push_back(std::exchange(added.text, ""));
    for (const std::string_view field : kThoughtFields) {
      const auto thought = FindText(turn, field);
      if (thought && added.thought.empty()) added.thought = *thought;
    }
    const auto made = Find(turn, "tool_calls");
    array list;
    if (!made || made->get(list) != simdjson::SUCCESS) return;
    for (const element& call : list) added.calls.push_back(TextOf(call));
  }

  // A text, or a list of parts: OpenAI's (`text`) and LLaMA-Factory's
  // (`value`).
  void ReadContent(const element& content, RawTurn* turn) {
    array parts;
    if (content.get(parts) != simdjson::SUCCESS) {
      turn->text = TextOf(content);
      return;
    }
    for (const element& each : parts) {
      object part;
      if (each.get(part) != simdjson::SUCCESS) {
        turn->text += TextOf(each);
        continue;
      }
      const std::string_view type = FindText(part, "type").value_or("text");
      std::optional<element> value = Find(part, "value");
      if (!value) value = Find(part, "text");
      if (!value) continue;  // an image, a sound
      if (type == "reasoning" || type == "thinking") {
        turn->thought += TextOf(*value);
      } else if (type == "tool_call" || type == "function_call") {
        turn->calls.push_back(TextOf(*value));
      } else {
        turn->text += TextOf(*value);
      }
    }
  }

  void ReadObject(const object& json) {
    if (const auto tools = Find(json, Column("tools", "tools"))) {
      row->tools = TextOf(*tools);
    }
    const auto messages = Find(json, Column("messages", "messages"));
    const auto conversations = Find(json, Column("messages", "conversations"));
    if (messages && columns.tags.empty()) {
      row->layout = RawLayout::kMessages;
      ReadTurns(json, *messages, "role", "content");
    } else if (conversations) {
      row->layout = RawLayout::kSharegpt;
      ReadTurns(json, *conversations, Tag("role_tag", "from"),
                Tag("content_tag", "value"));
    } else if (Find(json, Column("prompt", "instruction"))) {
      ReadAlpaca(json);
    } else if (const auto text = FindText(json, Column("text", "text"))) {
      row->layout = RawLayout::kText;
      Add(RawRole::kAssistant, std::string(*text));
    } else {
      Fault(
          "it is in no layout that is known: there are neither messages, "
          "conversations, an instruction nor a text");
    }
  }

  RawColumns columns;
  simdjson::dom::parser parser;
  RawRow* row = nullptr;
};

RawRowReader::RawRowReader(RawColumns columns)
    : state_(std::make_unique<State>()) {
  state_->columns = std::move(columns);
}

RawRowReader::~RawRowReader() = default;

void RawRowReader::Read(const JsonRow& json, RawRow* row) {
  row->line = json.line;
  row->number = json.number;
  row->turns.clear();
  row->tools.clear();
  row->faults.clear();
  state_->row = row;
  object parsed;
  if (state_->parser.parse(json.text.data(), json.text.size()).get(parsed) !=
      simdjson::SUCCESS) {
    state_->Fault("it is no valid JSON");
    return;
  }
  state_->ReadObject(parsed);
}

}  // namespace fullstop
