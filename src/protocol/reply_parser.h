// A reply's tokens, turned into what they say: thought, content and calls. A
// pure object: tokens in, events out.
//
// Markers that are control tokens count by id, wherever they stand: their
// spelling in ordinary bytes is text. Markers that are text count where they
// are not quoted: not directly behind one of ` ' " and not within a fenced
// block of the answer. A text that opens a thought counts only where the answer
// has said nothing yet; calls within thoughts count only by id. An opening that
// is nothing but brackets counts only where the answer begins, and names a tool
// of the request.
//
// White space beside a marker belongs to the marker. What begins like a call
// and is none goes back to the content, with a flag. Arguments that are no JSON
// are kept as text, with a flag. No byte is lost: the events' raw bytes are the
// reply's.
//
// The events, joined, are a function of the reply alone: not of how bytes are
// cut into tokens, nor of what was put at once.
#ifndef FULLSTOP_PROTOCOL_REPLY_PARSER_H_
#define FULLSTOP_PROTOCOL_REPLY_PARSER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json_call_reader.h"
#include "protocol/reply_events.h"
#include "protocol/reply_grammar.h"

namespace fullstop {

// Whether TEXT begins with what closes a call or its section, or with the next.
Fit FitEnd(const CallGrammar& call, SymbolView text);

// A value: a copy costs what is held back and the arguments of the present
// call; taking back is going on with an earlier copy. One thread at a time.
class ReplyParser {
 public:
  // THOUGHT_OPEN as in RenderedPrompt.
  explicit ReplyParser(std::shared_ptr<const ReplyGrammar> grammar,
                       bool thought_open = false);

  // The next token. CONTROL as TurnProtocol::IsControl says; BYTES are then its
  // text. Events may come later than their token, never earlier.
  std::vector<ReplyEvent> Put(TokenId id, std::string_view bytes, bool control);
  // Bytes of ordinary tokens.
  std::vector<ReplyEvent> PutText(std::string_view bytes);
  // The reply has ended. Nothing is to be put afterwards.
  std::vector<ReplyEvent> Finish();

  bool in_thought() const { return state_ == State::kThought; }

 private:
  enum class State {
    kContent,
    kThought,
    kHeader,     // names of roles and channels
    kSection,    // between calls
    kJson,       // a call, or a list of calls, as JSON
    kArguments,  // one JSON value, or text up to what closes the call
    kKey,        // between pairs
    kValue,      // the value of a pair
    kLiteral,    // key = value
    kCode,       // an argument up to the call's end
    kClose,      // behind the arguments
  };
  // What may begin at a place of a thought or an answer.
  enum class Opening {
    kNone,
    kThought,
    kThoughtEnd,
    kAnswer,
    kAnswerEnd,
    kHeader,
    kSection,
    kCall,
  };
  struct Found {
    Opening opening = Opening::kNone;
    size_t length = 0;
    bool wait = false;
    const CallGrammar* call = nullptr;
  };
  struct Head {
    std::string name;
    std::string id;
  };

  void Run();
  bool Step();
  bool StepText();
  bool StepHeader();
  bool StepChannel(size_t message);
  bool LeaveHeader(size_t length);
  bool StepSection();
  bool StepJson();
  bool StepElement();
  bool StepArguments();
  bool StepKey();
  bool StepValue();
  bool StepLiteral();
  bool StepCode();
  bool StepClose();

  Found FindOpening(SymbolView text) const;
  void ConsiderCalls(const CallGrammar& call, SymbolView text,
                     Found* found) const;
  void Consider(Opening opening, SymbolView text, SymbolView marker,
                Found* found) const;
  void TakeStrayToken(ReplyEventKind kind, size_t space);
  void TakeMarker(Opening opening, size_t space, SymbolView text);
  Fit FitHead(const CallGrammar& call, SymbolView text, Head* head) const;
  Fit FitNamedHead(const CallGrammar& call, SymbolView text, Head* head) const;
  Fit FitSlot(const CallGrammar& call, SymbolView text, size_t step,
              std::string* slot) const;
  Fit FitJsonCall(const CallGrammar& call, SymbolView text) const;
  // What closes the present pair.
  Symbols PairClose() const;
  bool Quoted() const;

  void BeginCall(const Head& head, size_t length);
  void EndArguments(bool closed);
  void EndCall();
  void EndElement();
  void EndPair(size_t close);
  void EndItem();
  void AddPair(const std::string& key, const std::string& json, size_t length);
  bool IsTextArgument(const std::string& key, bool* known) const;

  // Consumes N pending symbols into an event.
  void Take(ReplyEventKind kind, size_t n);
  void TakeAs(ReplyEventKind kind, size_t n, std::string text);
  void TakeContent(size_t n);
  void Emit(ReplyEventKind kind, std::string text, std::string raw);
  void Flag(ReplyFlag flag);
  std::string Raw(SymbolView symbols) const;

  std::shared_ptr<const ReplyGrammar> grammar_;
  const CallGrammar* call_;  // how the present call is written
  State state_ = State::kContent;
  Symbols pending_;
  std::vector<ReplyEvent> events_;
  std::map<char32_t, std::string> other_tokens_;
  bool final_ = false;

  // Of the text around the calls.
  bool skip_space_ = false;     // directly behind a marker
  bool fresh_ = true;           // nothing was said since a marker
  bool header_marked_ = false;  // a token began the present header
  bool started_ = false;        // anything was consumed
  char32_t last_ = 0;           // the last symbol of content
  size_t ticks_ = 0;            // backticks with which the line begins
  bool line_start_ = true;
  bool fenced_ = false;
  bool stray_ = false;  // flagged in this section

  // Of the present call.
  size_t calls_ = 0;
  std::string name_;
  std::string arguments_;
  bool named_ = false;  // the name was told
  bool in_list_ = false;
  bool in_element_ = false;
  JsonCallReader reader_;
  size_t depth_ = 0;
  bool quoted_ = false;
  bool escaped_ = false;
  bool value_begun_ = false;
  bool structured_ = false;
  size_t pairs_ = 0;
  std::string key_;
  bool value_is_other_ = false;
  size_t close_at_ = 0;
};

// All events of a whole reply, joined.
std::vector<ReplyEvent> ParseReplyText(const ReplyParser& parser,
                                       std::string_view text,
                                       const TokenScanner& scanner);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_PARSER_H_
