#include "protocol/probe.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "protocol/context.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

// Far above what a published template needs for a few short messages.
constexpr jinja::Limits kProbeLimits = {
    .steps = 2'000'000,
    .depth = 200,
    .output_bytes = 4 << 20,
    .list_items = 1 << 16,
};

// Where thoughts are parts of the content.
constexpr std::string_view kThoughtPart = "content[0].thinking";
constexpr std::string_view kCallName = "function.name";
constexpr const char* kTool = "look";

// The fields of call CALL that say what it is, whose end is the call's end.
bool IsCallField(std::string_view field, size_t call) {
  const std::string prefix = "tool_calls[" + std::to_string(call) + "].";
  if (!field.starts_with(prefix)) return false;
  field.remove_prefix(prefix.size());
  return field == kCallName || field.starts_with("function.arguments");
}

std::string CallId(size_t call) {
  // Nine alphanumeric characters, as some templates demand.
  return "call0000" + std::to_string(call + 1);
}

ordered_json Says(const char* text, bool as_parts) {
  if (!as_parts) return text;
  return ordered_json::array({{{"type", "text"}, {"text", text}}});
}

}  // namespace

std::optional<size_t> Probe::Find(size_t message,
                                  std::string_view field) const {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parts[i].id && parts[i].message == message &&
        parts[i].field.starts_with(field)) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<size_t> Probe::FindThought(size_t message) const {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].id || parts[i].message != message) continue;
    for (const std::string_view name : kThoughtFields) {
      if (parts[i].field == name) return i;
    }
    if (parts[i].field == kThoughtPart) return i;
  }
  return std::nullopt;
}

std::optional<size_t> Probe::FindCall(size_t message, size_t call) const {
  bool named = false;
  std::optional<size_t> last;
  for (size_t i = 0; i < parts.size(); ++i) {
    const ProbePart& part = parts[i];
    if (part.id || part.message != message || !IsCallField(part.field, call)) {
      continue;
    }
    // Pieces of one value that stand side by side are one.
    const bool goes_on = last && *last + 1 == i && !parts[*last].id &&
                         parts[*last].end == part.begin;
    const bool is_name = part.field.ends_with(kCallName);
    if (!is_name || !named || goes_on) last = i;
    named = named || is_name;
  }
  return last;
}

size_t Probe::ContentBehind(size_t at) const {
  bool passed_id = false;
  for (size_t i = at + 1; i < parts.size(); ++i) {
    if (parts[i].id) {
      passed_id = true;
    } else if (passed_id || parts[i].message != parts[at].message) {
      return i;
    }
  }
  return parts.size();
}

std::vector<TokenId> Probe::RunBehind(size_t at) const {
  std::vector<TokenId> run;
  const size_t end = ContentBehind(at);
  for (size_t i = at + 1; i < end; ++i) {
    if (parts[i].id) run.push_back(*parts[i].id);
  }
  return run;
}

std::vector<TokenId> Probe::IdsBetween(size_t begin_byte,
                                       size_t end_byte) const {
  std::vector<TokenId> ids;
  for (const ProbePart& part : parts) {
    if (part.id && part.begin >= begin_byte && part.end <= end_byte) {
      ids.push_back(*part.id);
    }
  }
  return ids;
}

std::optional<Probe> Prober::Try(const ordered_json& messages,
                                 const ProbeSetup& setup,
                                 bool add_generation_prompt) {
  if (gave_up_) return std::nullopt;
  RenderRequest request;
  request.messages = messages;
  request.tools = setup.tools;
  request.documents = setup.documents;
  request.variables = setup.variables;
  request.add_generation_prompt = add_generation_prompt;
  OriginTable origins;
  const jinja::Dict context = BuildContext(named_, false, request, &origins);
  jinja::Rendering rendering;
  try {
    rendering = template_.Render(context, {.limits = kProbeLimits, .now = [] {
                                             return std::time_t{0};
                                           }});
  } catch (const Error& error) {
    refusal_ = error.message();
    gave_up_ = error.kind() == Error::Kind::kLimit;
    return std::nullopt;
  }
  ++rendered_;
  Probe probe;
  std::vector<ScannedToken> found;
  for (const jinja::OriginSpan& span : rendering.origins) {
    const OriginTable::Entry& entry = origins.Get(span.origin);
    if (entry.kind == OriginKind::kTemplate) {
      found.clear();
      scanner_.Scan(rendering.text, span.begin, span.end, &found);
      for (const ScannedToken& token : found) {
        probe.parts.push_back({.begin = token.begin,
                               .end = token.end,
                               .id = token.id,
                               .field = ""});
        written_.insert(token.id);
      }
    } else {
      probe.parts.push_back(
          {.begin = span.begin,
           .end = span.end,
           .id = std::nullopt,
           .message = entry.message.value_or(ProbePart::kNone),
           .field = entry.field});
    }
  }
  probe.text = std::move(rendering.text);
  return probe;
}

ordered_json ProbeSystem(bool as_parts) {
  return {{"role", "system"}, {"content", Says("be brief", as_parts)}};
}

ordered_json ProbeUser(bool as_parts) {
  return {{"role", "user"}, {"content", Says("what is it", as_parts)}};
}

ordered_json ProbeAnswer(bool as_parts) {
  return {{"role", "assistant"}, {"content", Says("it is so", as_parts)}};
}

ordered_json ProbeThoughtfulAnswer(bool as_parts) {
  ordered_json message = ProbeAnswer(as_parts);
  for (const char* name : kThoughtFields) {
    message[name] = "let me see";
  }
  return message;
}

ordered_json ProbeThoughtPart() {
  return {{"role", "assistant"},
          {"content", ordered_json::array(
                          {{{"type", "thinking"}, {"thinking", "let me see"}},
                           {{"type", "text"}, {"text", "it is so"}}})}};
}

ordered_json ProbeCalls(size_t count, const CallForm& form, bool thought,
                        bool as_parts) {
  const CallContent content = form.content;
  ordered_json message = thought ? ProbeThoughtfulAnswer(as_parts)
                                 : ordered_json{{"role", "assistant"}};
  message.erase("content");
  if (content == CallContent::kNull) message["content"] = nullptr;
  if (content == CallContent::kEmpty) message["content"] = "";
  if (content == CallContent::kText) {
    message["content"] = Says("it is so", as_parts);
  }
  ordered_json& calls = message["tool_calls"] = ordered_json::array();
  for (size_t i = 0; i < count; ++i) {
    ordered_json function = {{"name", kTool}};
    const ordered_json object = {{"place", "north"}};
    function["arguments"] = form.arguments == CallArguments::kObject
                                ? object
                                : ordered_json(object.dump());
    calls.push_back(
        {{"id", CallId(i)}, {"type", "function"}, {"function", function}});
  }
  return message;
}

ordered_json ProbeResult(size_t call, bool as_parts) {
  return {{"role", "tool"},
          {"name", kTool},
          {"tool_call_id", CallId(call)},
          {"content", Says("all clear", as_parts)}};
}

std::vector<ProbeSetup> ProbeSetups(const jinja::Template& compiled) {
  const ordered_json tools = ordered_json::array(
      {{{"type", "function"},
        {"function",
         {{"name", kTool},
          {"description", "looks around"},
          {"parameters",
           {{"type", "object"},
            {"properties",
             {{"place", {{"type", "string"}, {"description", "where"}}}}},
            {"required", ordered_json::array({"place"})}}}}}}});
  constexpr std::array<std::string_view, 14> kStandard = {
      "messages",     "tools",
      "documents",    "add_generation_prompt",
      "bos_token",    "eos_token",
      "unk_token",    "sep_token",
      "pad_token",    "cls_token",
      "mask_token",   "raise_exception",
      "strftime_now", "additional_special_tokens"};
  std::vector<std::string> own;
  for (const std::string& name : compiled.undeclared()) {
    if (std::find(kStandard.begin(), kStandard.end(), name) ==
        kStandard.end()) {
      own.push_back(name);
    }
  }

  std::vector<ordered_json> variables = {ordered_json::object()};
  std::vector<std::string> descriptions = {""};
  if (own.size() > 1) {
    ordered_json all = ordered_json::object();
    for (const std::string& name : own) all[name] = "some text";
    variables.push_back(std::move(all));
    descriptions.push_back("all variables set");
  }
  const std::array<ordered_json, 4> values = {true, false, "some text",
                                              ordered_json::array({kTool})};
  for (const std::string& name : own) {
    for (const ordered_json& value : values) {
      variables.push_back({{name, value}});
      descriptions.push_back(name + " = " + value.dump());
    }
  }

  std::vector<ProbeSetup> setups;
  const auto add = [&](const ordered_json& set, const std::string& what,
                       const ordered_json& documents) {
    setups.push_back({nullptr, documents, set, what});
    setups.push_back({tools, documents, set,
                      what + (what.empty() ? "" : ", ") + "with tools"});
  };
  for (size_t i = 0; i < variables.size(); ++i) {
    add(variables[i], descriptions[i], nullptr);
  }
  const std::vector<std::string>& read = compiled.undeclared();
  if (std::find(read.begin(), read.end(), "documents") != read.end()) {
    add(ordered_json::object(), "with documents",
        ordered_json::array({{{"title", "a map"}, {"text", "north is up"}}}));
  }
  return setups;
}

}  // namespace fullstop
