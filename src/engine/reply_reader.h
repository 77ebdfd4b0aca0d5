// What a reply says while it is generated: the parser behind the stop machine.
#ifndef FULLSTOP_ENGINE_REPLY_READER_H_
#define FULLSTOP_ENGINE_REPLY_READER_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "protocol/reply_parser.h"

namespace fullstop {

// Hands a token on to the parser once the stop machine has released its bytes
// and can no longer take it back; so that what a stop string cut off, or a loop
// took back, is never told. One thread at a time.
class ReplyReader {
 public:
  ReplyReader(std::shared_ptr<const ReplyGrammar> grammar, bool thought_open)
      : parser_(std::move(grammar), thought_open) {}

  // The next token; CONTROL tokens have no visible bytes.
  void Add(TokenId id, std::string_view bytes, bool control);
  // Takes the last N tokens back.
  void StepBack(size_t n);
  // So many visible bytes were released, and all but the last KEPT tokens are
  // settled.
  std::vector<ReplyEvent> Release(size_t bytes, size_t kept);
  // The reply has ended; what was not released is no part of it.
  std::vector<ReplyEvent> Finish();

  const ParsedReply& reply() const { return reply_; }

 private:
  struct Token {
    TokenId id;
    std::string bytes;
    bool control;
  };

  std::vector<ReplyEvent> Note(std::vector<ReplyEvent> events);

  ReplyParser parser_;
  std::deque<Token> waiting_;
  size_t taken_ = 0;     // bytes of the first waiting token that were parsed
  size_t released_ = 0;  // bytes released and not parsed yet
  ParsedReply reply_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_REPLY_READER_H_
