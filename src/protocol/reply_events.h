// What a reply says, piece by piece, and all of it put together.
#ifndef FULLSTOP_PROTOCOL_REPLY_EVENTS_H_
#define FULLSTOP_PROTOCOL_REPLY_EVENTS_H_

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

enum class ReplyEventKind {
  kThought,    // text of a thought
  kContent,    // text of the answer
  kMarkup,     // markers, headers and the white space beside them
  kCallBegin,  // a call; its name follows, then its arguments, then its end
  kCallId,
  kCallName,
  kCallArguments,  // a piece of the arguments' JSON
  kCallEnd,
  kFlag,  // something is not as it should be
};

enum class ReplyFlag {
  kNone,
  kThoughtUnclosed,   // the reply ends within a thought
  kCallUnclosed,      // the reply ends within a call
  kArgumentsNotJson,  // the arguments are no JSON object: they are kept as text
  kCallNameless,      // a call without a name: its text is its arguments
  // What began like a call is none, and is content; or something within a call
  // or between two is not of their form.
  kCallBroken,
  kHeaderBroken,  // a header without its end, and is content
  kMarkerStray,   // a marker that closes what is not open
};

// TEXT is what a reader gets, RAW the bytes of the reply (control tokens by
// their text) that it stands for: the RAWs of all events, in order, are the
// reply. A call's pieces carry its index.
struct ReplyEvent {
  ReplyEventKind kind = ReplyEventKind::kContent;
  ReplyFlag flag = ReplyFlag::kNone;
  size_t call = 0;
  std::string text;
  std::string raw;

  friend bool operator==(const ReplyEvent&, const ReplyEvent&) = default;
};

// Appends FROM to TO; neighbours of one kind and call become one, so that the
// result does not depend on how the reply was cut.
void JoinEvents(std::vector<ReplyEvent> from, std::vector<ReplyEvent>* to);

struct ParsedCall {
  std::string id;  // empty where the reply has none
  std::string name;
  std::string arguments;  // JSON, unless flagged
  std::set<ReplyFlag> flags;

  friend bool operator==(const ParsedCall&, const ParsedCall&) = default;
};

struct ParsedReply {
  std::string reasoning;
  std::string content;
  std::vector<ParsedCall> calls;
  // Those of calls stand here too.
  std::set<ReplyFlag> flags;

  void Add(const ReplyEvent& event);

  friend bool operator==(const ParsedReply&, const ParsedReply&) = default;
};

// "thought_unclosed", "arguments_not_json", …
std::string_view ReplyFlagName(ReplyFlag flag);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_EVENTS_H_
