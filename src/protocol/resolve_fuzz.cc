// The protocol from hostile files, and renderings of hostile conversations.
// Input: a line of flags and small numbers, a template, and JSON messages, the
// three parted by a zero byte.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "protocol/byte_model.h"
#include "protocol/normalize.h"
#include "protocol/render.h"
#include "protocol/show.h"

namespace fullstop {
namespace {

std::string_view TakePart(std::string_view* rest) {
  const std::string_view part = rest->substr(0, rest->find('\0'));
  rest->remove_prefix(std::min(rest->size(), part.size() + 1));
  return part;
}

ByteModel Model(std::string_view numbers) {
  ByteModel model({"<s>", "<|im_start|>", "<|im_end|>", "</s>"},
                  {"<think>", "</think>", "\n\n"});
  for (const char* key :
       {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id",
        "tokenizer.ggml.padding_token_id"}) {
    if (numbers.empty()) break;
    if (numbers[0] != '-') model.Integer(key, 256 + (numbers[0] - '0'));
    numbers.remove_prefix(1);
  }
  if (!numbers.empty()) {
    model.StopIds({256 + (numbers[0] - '0'), numbers[0]});
  }
  return model;
}

void CheckPrompt(const RenderedPrompt& prompt) {
  size_t at = 0;
  for (const TextSpan& span : prompt.spans) {
    if (span.begin != at) __builtin_trap();
    at = span.end;
  }
  if (at != prompt.text.size()) __builtin_trap();
}

void Run(std::string_view input) {
  const ByteModel model = Model(TakePart(&input).substr(0, 8));
  const std::string_view source = TakePart(&input);
  ProtocolSources sources = model.Sources();
  sources.templates.push_back(
      {"default", std::string(source), {Provenance::kGguf, "fuzz"}});
  const auto protocol = TurnProtocol::Resolve(sources);
  const auto json = ToJson(protocol->facts());
  if (ToJson(ProtocolFromJson(json)) != json) __builtin_trap();
  PrintProtocol(protocol->facts(), true);

  RenderRequest request;
  request.messages = nlohmann::ordered_json::parse(input, nullptr, false);
  if (request.messages.is_discarded()) return;
  try {
    CheckPrompt(Render(*protocol, request));
  } catch (const Error&) {
    // A request or template that is told to be wrong.
  }
  request.messages = NormalizeMessages(std::move(request.messages)).messages;
  for (size_t i = 0; i < request.messages.size(); ++i) {
    request.kept[i] = {256, 'i', 't', 260, 258};
  }
  CheckPrompt(Render(*protocol, request));
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    fullstop::Run({reinterpret_cast<const char*>(data), size});
  } catch (const fullstop::Error&) {
    // What the caller of the library would be told.
  }
  return 0;
}
