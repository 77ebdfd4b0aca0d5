#include "engine/conversation.h"

#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "engine/stop_config.h"
#include "protocol/normalize.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// The ids at the end of PROMPT that stand for the prefill, if they begin where
// it begins.
std::vector<TokenId> PrefillIds(const RenderedPrompt& prompt,
                                const std::string& prefill) {
  std::vector<TokenId> ids;
  const size_t begin = prompt.text.size() - prefill.size();
  for (const EncodedToken& token : prompt.ids) {
    if (token.source.begin >= begin) {
      ids.push_back(token.id);
    } else if (token.source.end > begin) {
      return {};
    }
  }
  return ids;
}

}  // namespace

Json CallsToJson(const std::vector<ParsedCall>& calls) {
  Json list = Json::array();
  for (const ParsedCall& call : calls) {
    Json json = Json::object();
    if (!call.id.empty()) json["id"] = ReplaceInvalidUtf8(call.id);
    json["type"] = "function";
    json["function"] = {{"name", ReplaceInvalidUtf8(call.name)},
                        {"arguments", ReplaceInvalidUtf8(call.arguments)}};
    list.push_back(std::move(json));
  }
  return list;
}

std::string MessageRole(const Json& message) {
  if (!message.is_object()) return "";
  const auto role = message.find("role");
  return role != message.end() && role->is_string() ? role->get<std::string>()
                                                    : "";
}

size_t FirstUserMessage(const Json& messages) {
  size_t first = 0;
  while (first < messages.size() && MessageRole(messages[first]) != "user") {
    ++first;
  }
  return first;
}

Conversation::Conversation(const TurnProtocol& protocol, ForwardModel& model,
                           const ConversationOptions& options)
    : protocol_(&protocol),
      options_(options),
      sequence_(model, 0, options.prefill_rows) {}

RenderedPrompt Conversation::Prompt() const {
  RenderRequest request = request_;
  // Where tools are given the conversation may have calls.
  const MessageForm form =
      request.tools.is_null() ? MessageForm{} : protocol_->facts().form;
  request.messages =
      NormalizeMessages(std::move(request.messages), form).messages;
  return Render(*protocol_, request);
}

Turn Conversation::Reply(GenerationOptions options, ReplyObserver& observer) {
  Turn turn{.reply = {}, .prompt = Prompt()};
  StopConfig stops =
      StopConfigFor(protocol_->facts(), turn.prompt.thought_open);
  MergeUserStops(options.stops, &stops);
  options.stops = std::move(stops);
  options.grammar = ReplyGrammar::Make(protocol_->facts(), request_.tools);
  options.open_thought = options.open_thought && !turn.prompt.thought_open;
  turn.reply = GenerateReply(*protocol_, sequence_, turn.prompt.TokenIds(),
                             options, observer);
  Append(turn.prompt, turn.reply);
  return turn;
}

void Conversation::Append(const RenderedPrompt& prompt,
                          const fullstop::Reply& reply) {
  // Without tools nobody can answer calls: they are a text like any other.
  const ParsedReply& said = reply.said;
  const bool calls = !said.calls.empty() && !request_.tools.is_null();
  const std::string& content =
      said.calls.empty() || calls ? said.content : reply.text;
  Json message = {{"role", "assistant"},
                  {"content", ReplaceInvalidUtf8(request_.prefill + content)}};
  if (!said.reasoning.empty()) {
    const std::string& field = protocol_->facts().reasoning.field;
    message[field.empty() ? "reasoning_content" : field] =
        ReplaceInvalidUtf8(said.reasoning);
  }
  if (calls) message["tool_calls"] = CallsToJson(said.calls);
  if (options_.keep_ids && !reply.ids.empty()) {
    std::vector<TokenId> ids = PrefillIds(prompt, request_.prefill);
    if (request_.prefill.empty() || !ids.empty()) {
      ids.insert(ids.end(), reply.ids.begin(), reply.ids.end());
      request_.kept[request_.messages.size()] = std::move(ids);
    }
  }
  request_.messages.push_back(std::move(message));
}

void Conversation::Truncate(size_t index) {
  Json& all = request_.messages;
  if (index >= all.size()) return;
  all.erase(all.begin() + static_cast<ptrdiff_t>(index), all.end());
  request_.kept.erase(request_.kept.lower_bound(index), request_.kept.end());
}

bool Conversation::DropOldestTurn() {
  const Json& all = request_.messages;
  const size_t first = FirstUserMessage(all);
  size_t next = first + 1;
  while (next < all.size() && MessageRole(all[next]) != "user") ++next;
  if (next >= all.size()) return false;
  const size_t count = next - first;
  std::map<size_t, std::vector<TokenId>> kept;
  for (auto& [index, ids] : request_.kept) {
    if (index < first) kept[index] = ids;
    if (index >= next) kept[index - count] = ids;
  }
  request_.kept = std::move(kept);
  request_.messages.erase(
      request_.messages.begin() + static_cast<ptrdiff_t>(first),
      request_.messages.begin() + static_cast<ptrdiff_t>(next));
  return true;
}

}  // namespace fullstop
