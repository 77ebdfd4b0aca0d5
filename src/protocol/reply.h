// A reply's ids, split into thought and answer by the protocol's markers.
#ifndef FULLSTOP_PROTOCOL_REPLY_H_
#define FULLSTOP_PROTOCOL_REPLY_H_

#include <cstddef>
#include <span>
#include <string>

#include "protocol/turn_protocol.h"

namespace fullstop {

// Tokens [begin, end) of the reply; empty parts have begin == end.
struct TokenRange {
  size_t begin = 0;
  size_t end = 0;
};

struct SplitReply {
  // Without the markers. A marker made of text may begin or end within a token:
  // the texts are exact, the ranges then hold the whole tokens.
  TokenRange thought;
  TokenRange answer;
  std::string thought_text;
  std::string answer_text;
  // A thought was opened, by the prompt or the reply, and never closed.
  bool thought_unclosed = false;
};

// IDS are the reply's, the stop token included if there was one;
// THOUGHT_OPEN as in RenderedPrompt. The protocol must have a tokenizer.
// Control tokens have no text; what the vocabulary cannot decode to UTF-8 is
// left as raw bytes.
SplitReply SplitThought(const TurnProtocol& protocol,
                        std::span<const TokenId> ids, bool thought_open);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_H_
