// Conversations to text and ids, with the origin of every byte.
#ifndef FULLSTOP_PROTOCOL_RENDER_H_
#define FULLSTOP_PROTOCOL_RENDER_H_

#include <cstddef>
#include <ctime>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

enum class OriginKind {
  kTemplate,  // the template, bos_token and its kin, a known role's name
  kMessage,
  kTools,
  kDocuments,
  kVariable,
  kPrefill,  // the beginning of the reply that the caller gave
};

// Bytes [begin, end) of the rendering.
struct TextSpan {
  size_t begin = 0;
  size_t end = 0;
  OriginKind origin = OriginKind::kTemplate;
  // Of kMessage: the index in the request's messages.
  std::optional<size_t> message;
  // The path within the message, tools or documents ("content",
  // "tool_calls[0].function.arguments.city"), or a variable's name. Keys of an
  // object belong to the object's own path.
  std::string field;
};

struct RenderRequest {
  // Not normalised here. An array of objects.
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  // null or an array; both are defined for the template either way.
  nlohmann::ordered_json tools;
  nlohmann::ordered_json documents;
  // An object: further names for the template. They may replace bos_token and
  // its kin.
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  bool add_generation_prompt = true;
  // The beginning of the assistant's reply. Content, never control.
  std::string prefill;
  // The ids that an assistant message was generated as, by message index, with
  // the stop token if one was generated. See RenderedPrompt::kept.
  std::map<size_t, std::vector<TokenId>> kept;
  // What strftime_now reads.
  std::function<std::time_t()> now = [] { return std::time(nullptr); };
  // Of whoever renders many; may be nullptr.
  PieceCache* cache = nullptr;
};

// A place where a message's kept ids could not stand as they were generated.
struct Reencoded {
  size_t message = 0;
  // Bytes [begin, end) of the rendering; empty where the text is not in it.
  size_t begin = 0;
  size_t end = 0;
  std::string field;
  std::string reason;
};

// What became of one message's kept ids.
struct KeptReport {
  size_t message = 0;
  // How many of its ids stand in the prompt as they were generated.
  size_t ids_kept = 0;
  // Whether the id that ended the reply stands in the rendering behind it: only
  // then does the cache keep it. False too where the reply ended without one.
  bool stop_written = false;
  std::vector<Reencoded> reencoded;
};

struct RenderedPrompt {
  std::string text;
  // Ascending, gapless over TEXT; neighbours differ.
  std::vector<TextSpan> spans;
  // What `generation` blocks wrote.
  std::vector<ByteRange> generations;
  // Empty without a tokenizer. Each id with the bytes of TEXT it stands for.
  std::vector<EncodedToken> ids;
  // Ascending by message, one for each entry of RenderRequest::kept.
  std::vector<KeptReport> kept;
  // Whether the prompt ends inside a thought that it opened itself.
  bool thought_open = false;

  std::vector<TokenId> TokenIds() const;
};

// Renders as transformers does: messages as given, `tools` and `documents`
// defined, null when absent. Throws Error: kUsage where a part of the request
// has a wrong JSON type; kTemplate where the template fails, refuses
// (raise_exception) or is missing; kLimit at a bound of the template's.
RenderedPrompt Render(const TurnProtocol& protocol,
                      const RenderRequest& request);

// The text and spans alone, without ids.
RenderedPrompt RenderText(const TurnProtocol& protocol,
                          const RenderRequest& request);

// "template", "message", "tools", "documents", "variable", "prefill".
std::string_view OriginKindName(OriginKind kind);

// The keys `text`, `ids`, `spans` (`begin`, `end`, `origin`, `message`,
// `field`) of `render --json`. Bytes that are no UTF-8 become U+FFFD in `text`;
// `begin` and `end` count the bytes of the rendering itself.
nlohmann::ordered_json ToJson(const RenderedPrompt& prompt);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_RENDER_H_
