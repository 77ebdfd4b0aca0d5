// fullstop as a library: open a model, hold a conversation, learn how each
// reply ended.
//
//   #include <fullstop/fullstop.h>
//   #include <iostream>
//
//   int main(int argc, char** argv) {
//     fullstop::ChatModel model(argc > 1 ? argv[1] : "");
//     fullstop::Chat chat(model);
//     const fullstop::ChatReply reply = chat.Send("Name three colours.");
//     std::cout << reply.text << "\n(" << reply.end << ")\n";
//   }
//
// Every function that can fail throws fullstop::ChatError.
#ifndef FULLSTOP_FULLSTOP_H_
#define FULLSTOP_FULLSTOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

// What was wrong, where, and what to do, in what().
class ChatError : public std::runtime_error {
 public:
  // KIND is "usage", "not_found", "io", "format", "unsupported", "limit" or
  // "template".
  ChatError(std::string kind, const std::string& text)
      : std::runtime_error(text), kind_(std::move(kind)) {}
  const std::string& kind() const { return kind_; }

 private:
  std::string kind_;
};

struct ChatModelOptions {
  // Positions of the context; 0: as many as the model was trained for.
  int32_t context_length = 0;
  // Threads that compute; 0: one for each processor.
  int32_t threads = 0;
  // A Jinja chat template in place of the model's own.
  std::optional<std::string> chat_template;
};

// A model file with its vocabulary, turn protocol and weights. Moving is cheap;
// not copyable. One thread at a time.
class ChatModel {
 public:
  // MODEL is the path of a GGUF file or the name of a model in the cache; ""
  // is the default model.
  explicit ChatModel(const std::string& model,
                     const ChatModelOptions& options = {});
  ChatModel(ChatModel&&) noexcept;
  ChatModel& operator=(ChatModel&&) noexcept;
  ~ChatModel();

  // The turn protocol as `fullstop show --json` prints it.
  std::string ProtocolJson() const;
  // The ids of a plain text, in which no control token is recognised.
  std::vector<int32_t> Tokenize(std::string_view text) const;
  // The exact bytes of ids.
  std::string Detokenize(const std::vector<int32_t>& ids) const;

 private:
  friend class Chat;
  struct Data;
  std::unique_ptr<Data> data_;
};

struct ChatOptions {
  std::string system;
  // Absent: what the model's authors declare, else 0.7, 0.9 and 0.05.
  std::optional<float> temperature;
  std::optional<float> top_p;
  std::optional<float> min_p;
  uint64_t seed = 0;
  // The most tokens of a reply; absent: as many as fit.
  std::optional<uint64_t> max_tokens;
  // Texts that end a reply, on top of the model's own ends.
  std::vector<std::string> stop;
};

struct ChatReply {
  std::string text;
  std::string reasoning;
  // "turn_end", "sequence_end", "tool_call", "turn_open", "stop_string",
  // "loop", "max_tokens", "context_full", "cancelled" or "error".
  std::string cause;
  // The token that ended the reply, if one did.
  std::optional<int32_t> end_id;
  // The end in one line: cause, id, text and who declared it.
  std::string end;
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;
};

// A conversation. MODEL must outlive it and serve no other Chat at the same
// time. Not copyable. One thread at a time.
class Chat {
 public:
  explicit Chat(ChatModel& model, const ChatOptions& options = {});
  ~Chat();

  // What may be shown of the reply, as it comes; false cancels it. Bytes are
  // raw: a piece may end within a character.
  using OnText = std::function<bool(std::string_view piece)>;

  // Adds a user's message and generates the reply. After an error the
  // conversation is what it was.
  ChatReply Send(const std::string& message, const OnText& on_text = {});

  // The conversation as a JSON array of messages.
  std::string MessagesJson() const;

 private:
  struct Data;
  std::unique_ptr<Data> data_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FULLSTOP_H_
