// What a chat reads: conversations, tools and documents from JSON, with ids
// kept from earlier replies, rendered by templates of the usual kinds.
//
// Input: a letter that picks the template, one that picks the form messages are
// brought into, and a JSON object: `messages`, `tools`, `documents`,
// `variables`, `prefill`, and `kept`, an array of arrays of ids.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "protocol/byte_model.h"
#include "protocol/normalize.h"
#include "protocol/render.h"
#include "protocol/reply.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr const char* kTemplates[] = {
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>"
    "\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% endif %}",

    "{{ bos_token }}{% if tools %}{{ tools | tojson }}<|im_end|>{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.content is string %}{{ m.content | trim }}"
    "{% else %}{% for p in m.content or [] %}{{ p.text }}{% endfor %}"
    "{% endif %}{% for c in m.tool_calls or [] %}<call>{{ c.function.name }}"
    "{{ c.function.arguments | tojson }}</call>{% endfor %}<|im_end|>"
    "{% endfor %}<|im_start|>assistant\n<think>",

    "{% for m in messages %}{% if m.role == 'assistant' %}<|im_start|>"
    "{% generation %}{% if m.reasoning_content %}<think>"
    "{{ m.reasoning_content }}</think>\n\n{% endif %}"
    "{{ m.content.split('</think>')[-1] }}</s>{% endgeneration %}"
    "{% else %}{{ m.role }}: {{ m.content }}\n{% endif %}{% endfor %}",

    "{{ messages }}{{ tools }}{{ documents | tojson(indent=1) }}{{ style }}"
    "{% for m in messages %}{% for key, value in m.items() %}<s>{{ key }}"
    "{{ value | string | upper }}{% endfor %}{% endfor %}",
};

const TurnProtocol& Protocol(size_t index) {
  static const auto kAll = [] {
    std::array<std::shared_ptr<const TurnProtocol>, std::size(kTemplates)> all;
    for (size_t i = 0; i < all.size(); ++i) {
      ByteModel model({"<s>", "<|im_start|>", "<|im_end|>", "</s>"},
                      {"<think>", "</think>", "\n\n"});
      model.Declare("bos", "<s>").Declare("eos", "<|im_end|>");
      all[i] = model.Template(kTemplates[i]).Resolve();
    }
    return all;
  }();
  return *kAll[index % kAll.size()];
}

MessageForm FormOf(uint8_t letter) {
  MessageForm form;
  form.content_as_parts = (letter & 1) != 0;
  if ((letter & 2) != 0) {
    form.calls =
        CallForm{.arguments = (letter & 4) != 0 ? CallArguments::kText
                                                : CallArguments::kObject,
                 .content = (letter & 8) != 0    ? CallContent::kNull
                            : (letter & 16) != 0 ? CallContent::kAbsent
                                                 : CallContent::kEmpty};
  }
  return form;
}

void Check(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckPrompt(const TurnProtocol& protocol, const RenderedPrompt& prompt) {
  size_t at = 0;
  for (const TextSpan& span : prompt.spans) {
    Check(span.begin == at && span.end > span.begin);
    at = span.end;
  }
  Check(at == prompt.text.size());
  std::string bytes;
  size_t span = 0;
  for (const EncodedToken& token : prompt.ids) {
    Check(token.source.begin == bytes.size());
    bytes += protocol.tokenizer()->TokenBytes(token.id);
    Check(token.source.end == bytes.size());
    while (prompt.spans[span].end <= token.source.begin) ++span;
    // A kept reply may hold any id: the model wrote it, not a user.
    Check(!protocol.IsControl(token.id) || !prompt.kept.empty() ||
          (prompt.spans[span].origin == OriginKind::kTemplate &&
           prompt.spans[span].end >= token.source.end));
  }
  Check(bytes == prompt.text);
  ToJson(prompt).dump();
}

RenderRequest ReadRequest(const ordered_json& json) {
  RenderRequest request;
  request.messages = json.value("messages", ordered_json());
  request.tools = json.value("tools", ordered_json());
  request.documents = json.value("documents", ordered_json());
  if (json.contains("variables")) request.variables = json["variables"];
  const auto prefill = json.value("prefill", ordered_json());
  if (prefill.is_string()) request.prefill = prefill.get<std::string>();
  request.add_generation_prompt = !json.contains("closed");
  request.now = [] { return std::time_t{0}; };
  return request;
}

void ReadKept(const ordered_json& json, RenderRequest* request) {
  const auto kept = json.value("kept", ordered_json());
  if (!kept.is_array()) return;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i].is_array()) continue;
    for (const auto& id : kept[i]) {
      if (id.is_number_integer()) {
        request->kept[i].push_back(id.get<TokenId>());
      }
    }
  }
}

void Run(uint8_t which, uint8_t form_letter, std::string_view text) {
  const TurnProtocol& protocol = Protocol(which);
  const auto json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  RenderRequest request = ReadRequest(json);
  try {
    CheckPrompt(protocol, Render(protocol, request));
  } catch (const Error& error) {
    Check(!error.message().empty());
  }
  const MessageForm form = FormOf(form_letter);
  request.messages =
      NormalizeMessages(std::move(request.messages), form).messages;
  Check(NormalizeMessages(request.messages, form).messages == request.messages);
  ReadKept(json, &request);
  const RenderedPrompt prompt = Render(protocol, request);
  CheckPrompt(protocol, prompt);
  for (const auto& [index, ids] : request.kept) {
    for (const bool open : {false, true}) {
      const SplitReply split = SplitThought(protocol, ids, open);
      Check(split.thought.begin <= split.thought.end);
      Check(split.answer.begin <= split.answer.end);
      Check(split.answer.end <= ids.size());
    }
  }
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    fullstop::Run(data[0], data[1], text.substr(2));
  } catch (const fullstop::Error& error) {
    fullstop::Check(!error.message().empty());
  }
  return 0;
}
