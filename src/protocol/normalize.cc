#include "protocol/normalize.h"

#include <string_view>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

bool IsText(const ordered_json& message, const char* key) {
  return message.contains(key) && !message[key].is_null() && message[key] != "";
}

class Normalizer {
 public:
  explicit Normalizer(const MessageForm& form)
      : form_(form.calls.value_or(CallForm())),
        content_as_parts_(form.content_as_parts) {}

  Normalized Normalize(ordered_json messages) {
    if (!messages.is_array()) {
      throw Error::Usage(std::string("messages must be an array, not ") +
                         messages.type_name());
    }
    for (size_t i = 0; i < messages.size(); ++i) {
      number_ = i;
      if (!messages[i].is_object()) {
        throw Error::Usage(Place() + " must be an object, not " +
                           messages[i].type_name());
      }
      if (!messages[i].contains("role") || !messages[i]["role"].is_string()) {
        throw Error::Usage(Place() + " has no role");
      }
      messages[i] = NormalizeMessage(std::move(messages[i]));
    }
    result_.messages = std::move(messages);
    return std::move(result_);
  }

 private:
  ordered_json NormalizeMessage(ordered_json kept) {
    for (auto at = kept.begin(); at != kept.end();) {
      if (at->is_null() && at.key() != "content") {
        Note("dropped the null key '" + at.key() + "'");
        at = kept.erase(at);
      } else {
        ++at;
      }
    }
    const bool has_calls = kept.contains("tool_calls") &&
                           kept["tool_calls"].is_array() &&
                           !kept["tool_calls"].empty();
    if (!has_calls && kept.contains("content") && kept["content"].is_null()) {
      kept["content"] = "";
      Note("null content is empty");
    }
    AliasThought(&kept);
    if (has_calls) {
      if (!IsText(kept, "content")) SetNoContent(&kept);
      for (ordered_json& call : kept["tool_calls"]) SetArguments(&call);
    }
    if (content_as_parts_ && kept.contains("content") &&
        kept["content"].is_string()) {
      const ordered_json text = kept["content"];
      kept["content"] =
          ordered_json::array({{{"type", "text"}, {"text", text}}});
      Note("content given as text is a list of parts");
    }
    return kept;
  }

  void SetNoContent(ordered_json* message) {
    const ordered_json before = *message;
    if (form_.content == CallContent::kNull) {
      (*message)["content"] = nullptr;
    } else if (form_.content == CallContent::kAbsent) {
      message->erase("content");
    } else {
      (*message)["content"] = "";
    }
    if (*message != before)
      Note("what a call says is as the template wants it");
  }

  void AliasThought(ordered_json* message) {
    const ordered_json* thought = nullptr;
    for (const char* name : kThoughtFields) {
      if (message->contains(name) && (*message)[name].is_string()) {
        thought = &(*message)[name];
        break;
      }
    }
    if (thought == nullptr) return;
    const ordered_json text = *thought;
    for (const char* name : kThoughtFields) {
      if (message->contains(name)) continue;
      (*message)[name] = text;
      Note(std::string("the thought is given as '") + name + "' too");
    }
  }

  void SetArguments(ordered_json* call) {
    if (!call->is_object()) return;
    ordered_json& function =
        call->contains("function") ? (*call)["function"] : *call;
    if (!function.is_object() || !function.contains("arguments")) return;
    ordered_json& arguments = function["arguments"];
    if (form_.arguments == CallArguments::kText) {
      if (arguments.is_string()) return;
      arguments = arguments.dump(-1, ' ', false,
                                 ordered_json::error_handler_t::replace);
      Note("arguments given as JSON are printed");
      return;
    }
    if (!arguments.is_string()) return;
    ordered_json parsed =
        ordered_json::parse(arguments.get_ref<const std::string&>(), nullptr,
                            /*allow_exceptions=*/false);
    if (!parsed.is_object()) {
      Note("arguments that are no JSON object stay text");
      return;
    }
    arguments = std::move(parsed);
    Note("arguments given as text are parsed");
  }

  std::string Place() const { return "message " + std::to_string(number_); }

  void Note(const std::string& change) {
    result_.changes.push_back(Place() + ": " + change);
  }

  const CallForm form_;
  const bool content_as_parts_;
  Normalized result_;
  size_t number_ = 0;
};

}  // namespace

Normalized NormalizeMessages(ordered_json messages, const MessageForm& form) {
  return Normalizer(form).Normalize(std::move(messages));
}

}  // namespace fullstop
