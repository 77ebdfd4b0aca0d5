#include "protocol/context.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using jinja::Dict;
using jinja::Origin;
using jinja::Value;
using nlohmann::ordered_json;

constexpr int kMaxDepth = 500;

// Turns one JSON value into a jinja value whose every string knows its path.
class Converter {
 public:
  Converter(OriginKind kind, std::optional<size_t> message, OriginTable* table)
      : kind_(kind), message_(message), table_(table) {}

  Value Convert(const ordered_json& json, const std::string& path) {
    return Convert(json, path, 0);
  }

 private:
  Origin Add(const std::string& path) {
    return table_->Add({kind_, message_, path});
  }

  Value Convert(const ordered_json& json, const std::string& path, int depth) {
    if (depth > kMaxDepth) {
      throw Error::Limit("'" + path.substr(0, 40) + "…' is nested more than " +
                         std::to_string(kMaxDepth) + " levels deep");
    }
    if (json.is_array()) return ConvertArray(json, path, depth);
    if (json.is_object()) return ConvertObject(json, path, depth);
    if (IsRole(json, path)) return Value::String(json.get<std::string>());
    return Value::FromJson(json, Add(path));
  }

  Value ConvertArray(const ordered_json& json, const std::string& path,
                     int depth) {
    std::vector<Value> items;
    items.reserve(json.size());
    for (size_t i = 0; i < json.size(); ++i) {
      items.push_back(
          Convert(json[i], path + "[" + std::to_string(i) + "]", depth + 1));
    }
    return Value::List(std::move(items), Add(path));
  }

  Value ConvertObject(const ordered_json& json, const std::string& path,
                      int depth) {
    const Origin origin = Add(path);
    Dict dict;
    dict.Reserve(json.size());
    for (const auto& [key, value] : json.items()) {
      dict.Set(key,
               Convert(value, path.empty() ? key : path + "." + key, depth + 1),
               origin);
    }
    return Value::Map(std::move(dict), origin);
  }

  bool IsRole(const ordered_json& json, const std::string& path) const {
    return kind_ == OriginKind::kMessage && path == "role" &&
           json.is_string() && IsKnownRole(json.get_ref<const std::string&>());
  }

  OriginKind kind_;
  std::optional<size_t> message_;
  OriginTable* table_;
};

bool IsNamedToken(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {
      "bos_token", "eos_token", "unk_token", "sep_token",
      "pad_token", "cls_token", "mask_token"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void CheckArray(const ordered_json& json, const char* name) {
  if (json.is_null() || json.is_array()) return;
  throw Error::Usage(std::string(name) + " must be an array or null, not " +
                     json.type_name());
}

Value ConvertMessages(const ordered_json& messages, OriginTable* table) {
  if (!messages.is_array()) {
    throw Error::Usage(std::string("messages must be an array, not ") +
                       messages.type_name())
        .Advice("give [{\"role\": \"user\", \"content\": \"…\"}, …]");
  }
  std::vector<Value> items;
  items.reserve(messages.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].is_object()) {
      throw Error::Usage("message " + std::to_string(i) +
                         " must be an object, not " + messages[i].type_name());
    }
    Converter converter(OriginKind::kMessage, i, table);
    items.push_back(converter.Convert(messages[i], ""));
  }
  return Value::List(std::move(items),
                     table->Add({OriginKind::kMessage, std::nullopt, ""}));
}

}  // namespace

Origin OriginTable::Add(Entry entry) {
  entries_.push_back(std::move(entry));
  return static_cast<Origin>(entries_.size() - 1);
}

const OriginTable::Entry& OriginTable::Get(Origin origin) const {
  return entries_[origin];
}

bool IsKnownRole(std::string_view role) {
  return role == "system" || role == "developer" || role == "user" ||
         role == "assistant" || role == "tool";
}

jinja::Dict BuildContext(const std::vector<NamedToken>& named,
                         bool named_variables_are_template,
                         const RenderRequest& request, OriginTable* origins) {
  CheckArray(request.tools, "tools");
  CheckArray(request.documents, "documents");
  if (!request.variables.is_object()) {
    throw Error::Usage(std::string("variables must be an object, not ") +
                       request.variables.type_name());
  }
  Dict context;
  context.Reserve(named.size() + 4 + request.variables.size());
  for (const NamedToken& token : named) {
    context.Set(token.name + "_token", Value::String(token.text));
  }
  context.Set("messages", ConvertMessages(request.messages, origins));
  context.Set("tools", Converter(OriginKind::kTools, std::nullopt, origins)
                           .Convert(request.tools, ""));
  context.Set("documents",
              Converter(OriginKind::kDocuments, std::nullopt, origins)
                  .Convert(request.documents, ""));
  context.Set("add_generation_prompt",
              Value::Bool(request.add_generation_prompt));
  for (const auto& [name, value] : request.variables.items()) {
    if (name == "messages" || name == "tools" || name == "documents" ||
        name == "add_generation_prompt") {
      throw Error::Usage("the variable '" + name +
                         "' is a part of the request itself");
    }
    if (named_variables_are_template && IsNamedToken(name)) {
      context.Set(name, Value::FromJson(value));
      continue;
    }
    context.Set(name, Converter(OriginKind::kVariable, std::nullopt, origins)
                          .Convert(value, name));
  }
  return context;
}

jinja::Dict BuildContext(const TurnProtocol& protocol,
                         const RenderRequest& request, OriginTable* origins) {
  return BuildContext(protocol.facts().named, protocol.tokenizer() == nullptr,
                      request, origins);
}

}  // namespace fullstop
