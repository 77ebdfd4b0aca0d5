#include "data/row_messages.h"

#include <utility>

#include "data/shallow_json.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// VALUE, which names a function itself or under "function", as one of type
// "function"; discarded where it does neither.
ordered_json FunctionOf(ordered_json value) {
  if (!value.is_object()) return ordered_json(ordered_json::value_t::discarded);
  if (value.contains("function") && value["function"].is_object()) {
    if (!value.contains("type")) value["type"] = "function";
    return value;
  }
  if (!value.contains("name") || !value["name"].is_string()) {
    return ordered_json(ordered_json::value_t::discarded);
  }
  return {{"type", "function"}, {"function", std::move(value)}};
}

class Converter {
 public:
  explicit Converter(const RawRow& row) : row_(row) {}

  RowMessages Convert() {
    made_.messages.get_ref<ordered_json::array_t&>().reserve(row_.turns.size());
    for (const RawTurn& turn : row_.turns) {
      if (!turn.rejected) AddTurn(turn);
    }
    if (!row_.tools.empty()) AddTools();
    return std::move(made_);
  }

 private:
  void AddTurn(const RawTurn& turn) {
    if (turn.role != RawRole::kAssistant || turn.calls.empty()) {
      AddMessage(turn);
      return;
    }
    // Words that stand before their call, in a turn of their own.
    ordered_json& messages = made_.messages;
    const bool goes_on = !messages.empty() && turn.text.empty() &&
                         messages.back()["role"] == "assistant" &&
                         !messages.back().contains("tool_calls");
    if (!goes_on) AddMessage(turn);
    ordered_json calls = ordered_json::array();
    for (const std::string& text : turn.calls) AddCalls(text, &calls);
    if (!calls.empty()) messages.back()["tool_calls"] = std::move(calls);
  }

  void AddMessage(const RawTurn& turn) {
    ordered_json message = ordered_json::object();
    message.get_ref<ordered_json::object_t&>().reserve(3);
    message["role"] = RawRoleName(turn.role);
    message["content"] = turn.text;
    if (!turn.thought.empty()) message["reasoning_content"] = turn.thought;
    made_.messages.push_back(std::move(message));
  }

  // TEXT is one call or a list of them.
  void AddCalls(const std::string& text, ordered_json* calls) {
    ordered_json parsed = ParseShallow<ordered_json>(text);
    if (!parsed.is_array()) parsed = ordered_json::array({std::move(parsed)});
    for (ordered_json& each : parsed) {
      ordered_json call = FunctionOf(std::move(each));
      if (call.is_discarded() || !call["function"].contains("name")) {
        made_.faults.emplace_back("a call names no function");
        continue;
      }
      if (!call["function"].contains("arguments")) {
        call["function"]["arguments"] = ordered_json::object();
      }
      calls->push_back(std::move(call));
    }
  }

  void AddTools() {
    ordered_json parsed = ParseShallow<ordered_json>(row_.tools);
    if (!parsed.is_array()) {
      made_.faults.emplace_back("the tools are no list");
      return;
    }
    made_.tools = ordered_json::array();
    for (ordered_json& each : parsed) {
      ordered_json tool = FunctionOf(std::move(each));
      if (tool.is_discarded()) {
        made_.faults.emplace_back("a tool has no name");
      } else {
        made_.tools.push_back(std::move(tool));
      }
    }
    if (made_.tools.empty()) made_.tools = nullptr;
  }

  const RawRow& row_;
  RowMessages made_;
};

}  // namespace

RowMessages MessagesOf(const RawRow& row) { return Converter(row).Convert(); }

}  // namespace fullstop
