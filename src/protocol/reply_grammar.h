// What the parser of replies looks for, compiled from a protocol's markers.
#ifndef FULLSTOP_PROTOCOL_REPLY_GRAMMAR_H_
#define FULLSTOP_PROTOCOL_REPLY_GRAMMAR_H_

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "protocol/facts.h"
#include "protocol/symbols.h"

namespace fullstop {

// One way of writing calls. Empty symbols stand for a marker that there is not.
struct CallGrammar {
  struct Step {
    CallStep::Kind kind;
    Symbols text;
  };

  CallFormat format;
  Symbols section_open;
  Symbols section_close;
  std::vector<Step> head;
  std::vector<Symbols> close;  // in parts, of which a reply may leave some out
  Symbols key_open;
  Symbols value_open;
  Symbols value_close;
  Symbols key_close;
  Symbols other_open;
  // What is the same in `value_open` and `other_open` before and behind the
  // word that tells of which kind the value is.
  Symbols kind_before;
  Symbols kind_behind;
  Symbols quote;
  // Nothing but brackets opens a call: it counts only where a reply begins and
  // names a tool of the request.
  bool weak = false;
  // Another way begins with the same marker: JSON counts only where it is a
  // call.
  bool shares_opening = false;

  // What stands between a key and its value, in whichever of its two forms;
  // OTHER: the value is no text.
  Fit FitValueOpen(SymbolView text, bool* other) const;
  // What the first call begins with.
  Symbols Opening() const {
    return section_open + (head.empty() ? Symbols() : head[0].text);
  }
};

// Immutable once made; shared by parsers on any thread. Empty symbols stand for
// a marker that there is not.
struct ReplyGrammar {
  // FACTS are a resolved protocol's. TOOLS is null or the request's list: it
  // tells which names are tools and which arguments are texts.
  static std::shared_ptr<const ReplyGrammar> Make(
      const ProtocolFacts& facts, const nlohmann::ordered_json& tools = {});

  Symbols thought_open;
  Symbols thought_close;
  Symbols answer_open;
  std::vector<Symbols> answer_close;  // tag by tag
  Symbols header_open;
  // Channels: the token that ends a header, and what a header holds that leads
  // to a thought or to the answer.
  Symbols message;
  Symbols thought_key;
  Symbols answer_key;

  // The usual way first; never empty.
  std::vector<CallGrammar> calls;

  // By name: which arguments are texts, and which are not.
  std::map<std::string, std::map<std::string, bool>> tools;
  std::set<char32_t> stops;
  std::set<char32_t> section_ends;
  std::set<char32_t> marks;  // all tokens of the above
  std::map<char32_t, std::string> token_texts;
};

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_GRAMMAR_H_
