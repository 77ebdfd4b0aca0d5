// The stop machine: tokens in, the text that may be shown and the end out. It
// is the only place that decides where a reply ends. No model stands behind it.
//
// The visible text is the concatenation of the bytes of all tokens that are not
// control tokens, as raw bytes. It is divided into sections by markers:
//   <think>I add.</think>Four.       gives   thought "<think>" (marker)
//                                            thought "I add."
//                                            thought "</think>" (marker)
//                                            answer  "Four."
//
// Markers. A marker leads from one section to another and is looked for only in
// the section that it leaves. One given as ids is that run of tokens, one right
// behind the other in one section, and no other spelling of its text; one given
// as text is matched on the visible bytes, however they are cut into tokens. A
// marker's own bytes form a piece with `marker` set, in the section it opens
// or, where it opens an answer, in the one it leaves. Bytes behind it in the
// same token belong to the section it leads to. Of several runs that end with
// one token the longest counts. The bytes of the token that completes a run are
// not searched for text; those of the tokens before it are.
//
// Stop ids. A token of the stop set ends the reply in every section, but one of
// role kSection only in an answer (cause: turn_end). Its own bytes are never
// visible. Where a stop id is also a marker or its bytes would complete a stop
// string, it is the stop id that counts.
//
// Stop strings. They are matched on the visible bytes of the answer; on a
// thought or a call only if asked, on a header never. The search starts afresh
// behind each marker, so no match reaches across sections. A control token
// interrupts nothing: the visible bytes on its two sides are neighbours. Of all
// stop strings and text markers the one whose last byte comes first wins; of
// those that end at the same byte the longest; of a stop string and a marker
// with the same bytes the stop string. The text before the match is shown; the
// match and what follows it in the same token is not part of the reply.
//
// Lengths. The reply's tokens are all that were put in, control and stop tokens
// too. `min_tokens`: a stop id or stop string at the n-th token of the reply
// counts only if n >= min_tokens (for a string: the token with its last byte).
// Before that the stop id is a token like any other (shown, hidden or a marker)
// and the string is text like any other; a match that begins before the minimum
// and ends behind it counts. `max_tokens`: the reply ends with the token that
// reaches it; 0 is a machine that has ended before its first token.
//
// Order of causes at one token: a stop id; a stop string; then what the caller
// reports in StopEvents and the limit: loop, max_tokens, context_full,
// cancelled, error.
//
// What is held back. After each token all visible bytes are released except the
// longest suffix of the current section that a stop string or a marker (active
// in that section) properly begins with: for ids, the bytes of the longest run
// of last tokens that a marker's ids properly begin with. With `hold_tokens` =
// H what is released after a token is what would have been released H tokens
// earlier, so that up to H tokens can be taken back without unsaying a byte;
// StopEvents::hold is the H of one token. At every end all held bytes are
// released. Pieces therefore concatenate to the
// same text however the bytes are cut into tokens and whatever H is.
#ifndef FULLSTOP_GENERATE_STOP_MACHINE_H_
#define FULLSTOP_GENERATE_STOP_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "generate/byte_matcher.h"
#include "generate/end.h"
#include "protocol/stop_set.h"

namespace fullstop {

enum class Section {
  kAnswer,
  kThought,
  kCall,
  kHeader,  // names of roles and channels between sections, for no reader
};

// "answer", "thought", "call", "header".
std::string_view SectionName(Section section);

// Exactly one of IDS and TEXT is not empty.
struct SectionMarker {
  Section from = Section::kAnswer;
  Section to = Section::kThought;
  std::vector<TokenId> ids;
  std::string text;
};

struct StopConfig {
  // Its ids, and its derived strings, which count as stop strings.
  StopSet stops;
  // What the user asks for on top: any bytes, any number, none empty.
  std::vector<std::string> stop_strings;
  bool strings_in_thought = false;
  bool strings_in_call = false;
  // No two with the same `from` and the same ids or text.
  std::vector<SectionMarker> markers;
  // kThought where the prompt ends with the opening of a thought.
  Section start = Section::kAnswer;
  // In tokens; 0 is no minimum. At most max_tokens.
  uint64_t min_tokens = 0;
  // In tokens; absent is no limit.
  std::optional<uint64_t> max_tokens;
  // How many tokens are held back so that they can be taken back.
  size_t hold_tokens = 0;
};

struct StopToken {
  TokenId id = 0;
  // The token's exact bytes, not necessarily whole characters.
  std::string_view bytes;
  // A control token has no visible text, whatever its bytes.
  bool control = false;
};

// A loop at the tail of the ids. With STEP_BACK = 0 it ends the reply; else
// the last STEP_BACK tokens are taken back and the reply goes on: the one just
// put and, of those before it, as many as were held.
struct LoopEvent {
  uint64_t period = 0;  // in tokens
  uint64_t count = 0;   // of periods at the tail
  size_t step_back = 0;
};

// What the caller knows at a token and the machine can't.
struct StopEvents {
  // How many tokens at the tail, this one included, must not be shown yet, in
  // place of StopConfig::hold_tokens. From one token to the next it may grow by
  // one at most: what was not held can't be taken back.
  std::optional<size_t> hold;
  std::optional<LoopEvent> loop;
  bool context_full = false;  // there is no room for a further token
  bool cancelled = false;
  std::optional<std::string> error;  // the message
};

struct Piece {
  Section section = Section::kAnswer;
  bool marker = false;
  std::string bytes;  // never empty

  friend bool operator==(const Piece&, const Piece&) = default;
};

// Appends FROM to TO, joining what belongs together: neighbours then differ in
// section or marker.
void JoinPieces(std::vector<Piece> from, std::vector<Piece>* to);

struct StopStep {
  // What may be shown now; neighbours differ in section or marker.
  std::vector<Piece> pieces;
  // Set by the one step that ends the reply.
  std::optional<End> end;
  // How many tokens a loop's step_back took back: 0 where a stop came first.
  size_t stepped_back = 0;
};

// In tokens, the stop token included.
struct ReplyUsage {
  // The reply's tokens and those that were stepped back.
  uint64_t completion_tokens = 0;
  // Of these, the ones before or behind which the reply stands in a thought:
  // markers count.
  uint64_t reasoning_tokens = 0;
  uint64_t stepped_back_tokens = 0;

  friend bool operator==(const ReplyUsage&, const ReplyUsage&) = default;
};

// One reply. A value: a copy costs the held bytes and shares the compiled
// configuration. One thread at a time; copies are independent.
class StopMachine {
 public:
  // Throws Error (kUsage) on an empty stop string, a marker without or with
  // both ids and text, two markers that contradict each other, or min_tokens
  // above max_tokens.
  explicit StopMachine(StopConfig config);

  // The next token and what is known about it. After the end it is ignored:
  // the step is empty and nothing changes.
  StopStep Put(const StopToken& token, const StopEvents& events = {});

  // Ends the reply between tokens, or before the first; step_back is ignored.
  // Without any event, or after the end, nothing happens.
  StopStep Close(const StopEvents& events);

  // Takes back the last N tokens as if they had never been put: usage,
  // sections, matches. Throws Error (kUsage) where N > rollback_limit().
  void Rollback(size_t n);
  // 0 after the end.
  size_t rollback_limit() const { return history_.size(); }

  const std::optional<End>& end() const { return end_; }
  // Where the next token's first byte will stand.
  Section section() const { return now_.section; }
  // The reply's tokens, without those taken or stepped back.
  uint64_t tokens() const { return now_.tokens; }
  ReplyUsage usage() const;
  // The visible bytes that are held back.
  std::string_view held() const;

  // The stop that ID is in the present section, or nullptr.
  const Stop* FindStop(TokenId id) const;
  // Whether min_tokens lets a stop at the next token end the reply.
  bool may_stop() const;

 private:
  struct Plan;
  // A token that may belong to a marker's run of ids.
  struct RunToken {
    TokenId id;
    uint64_t begin;  // of its visible bytes
  };
  // All that a token changes. Positions count visible bytes from the start.
  struct State {
    uint64_t end = 0;    // of the visible text
    uint64_t safe = 0;   // what lies before can't be part of a later match
    uint64_t marks = 0;  // markers met
    uint64_t tokens = 0;
    uint64_t reasoning = 0;
    ByteMatcher::Node node = ByteMatcher::kStart;
    Section section = Section::kAnswer;
    std::vector<RunToken> run;  // the last tokens that begin a marker's ids
  };
  // The bytes [begin, end) are a marker's; behind them SECTION goes on.
  struct Mark {
    uint64_t begin;
    uint64_t end;
    Section section;
  };

  std::optional<End> Read(const StopToken& token);
  bool ReadIdMarker(TokenId id, uint64_t begin);
  std::optional<End> Match(uint64_t from);
  std::optional<End> MatchAt(uint64_t position);
  void AddMark(uint64_t begin, uint64_t end, Section section);
  size_t StepBack(size_t n);
  std::optional<End> EndByEvent(const StopEvents& events) const;
  void Release(const State& limit, std::vector<Piece>* pieces);
  void Finish(End end, StopStep* step);

  std::shared_ptr<const Plan> plan_;
  State now_;
  std::deque<State> history_;  // before each of the last hold_tokens tokens
  std::optional<End> end_;

  std::string text_;  // visible bytes from text_begin_ to now_.end
  uint64_t text_begin_ = 0;
  uint64_t shown_ = 0;
  Section shown_section_ = Section::kAnswer;  // of the byte at shown_
  std::deque<Mark> marks_;                    // those not shown yet
  uint64_t marks_shown_ = 0;
  uint64_t stepped_back_ = 0;
  uint64_t stepped_back_reasoning_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_STOP_MACHINE_H_
