// A conversation with one model: its messages, the ids that its replies were
// generated as, and the cache that holds them.
#ifndef FULLSTOP_ENGINE_CONVERSATION_H_
#define FULLSTOP_ENGINE_CONVERSATION_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/cached_sequence.h"
#include "engine/reply.h"
#include "protocol/render.h"

namespace fullstop {

struct ConversationOptions {
  // Whether replies keep the ids that they were generated as; without, every
  // reply is encoded again from its text.
  bool keep_ids = true;
  // Prompt tokens evaluated in one call of the model.
  int32_t prefill_rows = 512;
};

// As OpenAI's `tool_calls`: id (where there is one), type, function with name
// and arguments, which are a text.
nlohmann::ordered_json CallsToJson(const std::vector<ParsedCall>& calls);

// The role of MESSAGE; empty where it has none.
std::string MessageRole(const nlohmann::ordered_json& message);

// The index of the first message of a user; their number where there is none.
size_t FirstUserMessage(const nlohmann::ordered_json& messages);

// What one turn did.
struct Turn {
  Reply reply;
  // The prompt that it answered, with the places where earlier replies had to
  // be encoded again.
  RenderedPrompt prompt;
};

// PROTOCOL and MODEL must outlive the object, and nothing else may use the
// model's sequence 0. One thread at a time.
class Conversation {
 public:
  Conversation(const TurnProtocol& protocol, ForwardModel& model,
               const ConversationOptions& options = {});

  // The messages, to be changed freely between turns: a changed reply is
  // encoded from its new text. Where indices shift, request().kept has to shift
  // along.
  nlohmann::ordered_json& messages() { return request_.messages; }
  const nlohmann::ordered_json& messages() const { return request_.messages; }
  // Tools, documents, variables and prefill of the renderings.
  RenderRequest& request() { return request_; }

  // Renders the messages and generates the assistant's next one, which joins
  // them with whatever it has when it ends, its turn closed. Throws Error as
  // Render and GenerateReply do; then nothing has changed. OPTIONS.stops gives
  // what the user asks for on top; the protocol's part is filled in here.
  Turn Reply(GenerationOptions options, ReplyObserver& observer);

  // Drops the messages from INDEX on, with their ids.
  void Truncate(size_t index);
  // Drops the oldest turn behind the system message: a user's message and what
  // follows it up to the next one. False where only one turn is left.
  bool DropOldestTurn();

  // The ids that the cache holds now.
  const std::vector<TokenId>& cached_ids() const { return sequence_.ids(); }
  // What the next prompt would be.
  RenderedPrompt Prompt() const;

 private:
  void Append(const RenderedPrompt& prompt, const fullstop::Reply& reply);

  const TurnProtocol* protocol_;
  ConversationOptions options_;
  RenderRequest request_;
  CachedSequence sequence_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_CONVERSATION_H_
