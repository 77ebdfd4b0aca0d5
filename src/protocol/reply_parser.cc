#include "protocol/reply_parser.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace fullstop {
namespace {

// A header longer than this, in symbols, is none.
constexpr size_t kMaxHeader = 256;

bool IsQuoteMark(char32_t symbol) {
  return symbol == U'`' || symbol == U'\'' || symbol == U'"';
}

}  // namespace

ReplyParser::ReplyParser(std::shared_ptr<const ReplyGrammar> grammar,
                         bool thought_open)
    : grammar_(std::move(grammar)), call_(&grammar_->calls.front()) {
  if (thought_open) {
    state_ = State::kThought;
    skip_space_ = true;
  } else if (!grammar_->message.empty()) {
    state_ = State::kHeader;
  }
}

std::vector<ReplyEvent> ReplyParser::Put(TokenId id, std::string_view bytes,
                                         bool control) {
  if (!control) return PutText(bytes);
  const char32_t symbol = TokenSymbol(id);
  if (!grammar_->token_texts.contains(symbol)) {
    other_tokens_[symbol] = bytes;
  }
  pending_ += symbol;
  Run();
  return std::exchange(events_, {});
}

std::vector<ReplyEvent> ReplyParser::PutText(std::string_view bytes) {
  for (const char byte : bytes) {
    pending_ += static_cast<char32_t>(static_cast<unsigned char>(byte));
    Run();
  }
  return std::exchange(events_, {});
}

std::vector<ReplyEvent> ReplyParser::Finish() {
  final_ = true;
  Run();
  switch (state_) {
    case State::kThought:
      Flag(ReplyFlag::kThoughtUnclosed);
      break;
    case State::kJson:
      if (in_element_) {
        Flag(ReplyFlag::kCallUnclosed);
        EndElement();
      }
      break;
    case State::kArguments:
    case State::kKey:
    case State::kLiteral:
    case State::kCode:
      EndArguments(false);
      break;
    case State::kValue:
      EndPair(0);
      EndArguments(false);
      break;
    case State::kClose:
      if (call_->format.kind != CallKind::kJson) EndCall();
      break;
    default:
      break;
  }
  if (!pending_.empty()) Take(ReplyEventKind::kMarkup, pending_.size());
  return std::exchange(events_, {});
}

void ReplyParser::Run() {
  while (Step()) {
  }
}

bool ReplyParser::Step() {
  switch (state_) {
    case State::kContent:
    case State::kThought:
      return StepText();
    case State::kHeader:
      return StepHeader();
    case State::kSection:
      return StepSection();
    case State::kJson:
      return StepJson();
    case State::kArguments:
      return StepArguments();
    case State::kKey:
      return StepKey();
    case State::kValue:
      return StepValue();
    case State::kLiteral:
      return StepLiteral();
    case State::kCode:
      return StepCode();
    case State::kClose:
      return StepClose();
  }
  return false;
}

bool ReplyParser::Quoted() const {
  return state_ == State::kContent && (fenced_ || IsQuoteMark(last_));
}

void ReplyParser::Consider(Opening opening, SymbolView text, SymbolView marker,
                           Found* found) const {
  if (marker.empty()) return;
  const Fit fit = FitAt(text, marker);
  found->wait = found->wait || fit.part();
  if (fit.whole() && fit.length > found->length) {
    found->opening = opening;
    found->length = fit.length;
  }
}

// TEXT begins behind white space.
ReplyParser::Found ReplyParser::FindOpening(SymbolView text) const {
  const ReplyGrammar& grammar = *grammar_;
  const bool in_thought = state_ == State::kThought;
  const bool quoted = Quoted();
  Found found;
  const auto consider = [&](Opening opening, const Symbols& marker,
                            bool as_text) {
    if (HasToken(marker) || (as_text && !quoted)) {
      Consider(opening, text, marker, &found);
    }
  };
  consider(Opening::kHeader, grammar.header_open, false);
  consider(Opening::kThought, grammar.thought_open, fresh_);
  consider(Opening::kThoughtEnd, grammar.thought_close, in_thought);
  consider(Opening::kAnswer, grammar.answer_open, in_thought || fresh_);
  for (const Symbols& tag : grammar.answer_close) {
    consider(Opening::kAnswerEnd, tag, false);
  }
  for (const CallGrammar& call : grammar.calls) {
    ConsiderCalls(call, text, &found);
  }
  return found;
}

void ReplyParser::ConsiderCalls(const CallGrammar& call, SymbolView text,
                                Found* found) const {
  const CallKind kind = call.format.kind;
  if (kind != CallKind::kJson && kind != CallKind::kNamed) return;
  const bool as_text = state_ != State::kThought && !Quoted();
  const Symbols& section = call.section_open;
  if (!call.weak && (HasToken(section) || as_text)) {
    const size_t least = found->length;
    Consider(Opening::kSection, text, section, found);
    if (found->length > least) found->call = &call;
  }
  const Symbols first = call.head.empty() ? Symbols() : call.head[0].text;
  bool may_open = HasToken(first) || as_text;
  if (call.weak) {
    may_open = may_open && fresh_ && !grammar_->tools.empty();
  } else if (first.empty()) {
    may_open = false;
  }
  if (!may_open && !(call.format.prefilled && !started_)) return;
  Head head;
  const Fit fit = FitHead(call, text, &head);
  found->wait = found->wait || fit.part();
  if (fit.whole() && fit.length >= found->length) {
    found->opening = Opening::kCall;
    found->length = fit.length;
    found->call = &call;
  }
}

bool ReplyParser::StepText() {
  const size_t space = LeadingSpace(pending_);
  if (space > 0 && skip_space_) {
    Take(ReplyEventKind::kMarkup, space);
    return true;
  }
  const auto kind = state_ == State::kThought ? ReplyEventKind::kThought
                                              : ReplyEventKind::kContent;
  const SymbolView text = SymbolView(pending_).substr(space);
  if (text.empty()) {
    if (space == 0 || !final_) return false;
    Take(kind, space);
    return true;
  }
  const Found found = FindOpening(text);
  if (found.wait && !final_) return false;
  if (found.opening != Opening::kNone) {
    if (found.call != nullptr) call_ = found.call;
    TakeMarker(found.opening, space,
               SymbolView(pending_).substr(0, space + found.length));
    return true;
  }
  if (IsToken(text[0])) {
    TakeStrayToken(kind, space);
    return true;
  }
  if (kind == ReplyEventKind::kContent) {
    TakeContent(space + 1);
  } else {
    Take(kind, space + 1);
    fresh_ = false;
  }
  return true;
}

// A token that means nothing here: the first symbol behind SPACE of white
// space, which goes with it if it is a marker elsewhere.
void ReplyParser::TakeStrayToken(ReplyEventKind kind, size_t space) {
  const char32_t token = pending_[space];
  const bool is_marker = grammar_->marks.contains(token);
  if (space > 0) Take(is_marker ? ReplyEventKind::kMarkup : kind, space);
  const bool opens = std::any_of(grammar_->calls.begin(), grammar_->calls.end(),
                                 [token](const CallGrammar& call) {
                                   return !call.head.empty() &&
                                          call.head[0].text.starts_with(token);
                                 });
  if (opens && !grammar_->section_ends.contains(token))
    Flag(ReplyFlag::kCallBroken);
  Take(ReplyEventKind::kMarkup, 1);
  skip_space_ = is_marker;
}

void ReplyParser::TakeMarker(Opening opening, size_t space, SymbolView text) {
  const size_t length = text.size();
  switch (opening) {
    case Opening::kCall: {
      Head head;
      FitHead(*call_, SymbolView(pending_).substr(space), &head);
      const bool to_answer =
          !head.name.empty() && head.name == call_->format.answer_name;
      if (!to_answer) {
        BeginCall(head, length);
        return;
      }
      state_ = State::kContent;
      break;
    }
    case Opening::kThought:
      state_ = State::kThought;
      break;
    case Opening::kThoughtEnd:
      if (state_ != State::kThought && grammar_->header_open.empty()) {
        Flag(ReplyFlag::kMarkerStray);
      }
      state_ = grammar_->message.empty() ? State::kContent : State::kHeader;
      break;
    case Opening::kAnswer:
    case Opening::kAnswerEnd:
      state_ = State::kContent;
      break;
    case Opening::kHeader:
      state_ = State::kHeader;
      header_marked_ = true;
      break;
    case Opening::kSection:
      state_ = State::kSection;
      stray_ = false;
      break;
    case Opening::kNone:
      break;
  }
  Take(ReplyEventKind::kMarkup, length);
  skip_space_ = true;
  fresh_ = true;
  last_ = 0;
  fenced_ = false;
}

// Headers are names up to the marker that they lead to.
bool ReplyParser::StepHeader() {
  if (!grammar_->message.empty()) {
    const size_t message = pending_.find(grammar_->message);
    if (message != Symbols::npos) return StepChannel(message);
    const bool stopped =
        !pending_.empty() && grammar_->stops.contains(pending_[0]);
    if (stopped) {
      Take(ReplyEventKind::kMarkup, 1);
      return true;
    }
    return LeaveHeader(pending_.size());
  }
  size_t at = 0;
  while (at < pending_.size() && !IsToken(pending_[at])) ++at;
  if (at == pending_.size()) return LeaveHeader(at);
  if (at > 0) Take(ReplyEventKind::kMarkup, at);
  state_ = State::kContent;
  header_marked_ = false;
  return true;
}

// A header without its end, LENGTH symbols long so far. One that is cut off is
// for no reader; what was never marked as one is content.
bool ReplyParser::LeaveHeader(size_t length) {
  if (length == 0 || (!final_ && length <= kMaxHeader)) return false;
  const bool marked =
      header_marked_ || (!grammar_->header_open.empty() &&
                         pending_.find(grammar_->header_open) != Symbols::npos);
  if (marked && length <= kMaxHeader) {
    Take(ReplyEventKind::kMarkup, length);
    return true;
  }
  if (LeadingSpace(pending_) < length) Flag(ReplyFlag::kHeaderBroken);
  state_ = State::kContent;
  header_marked_ = false;
  skip_space_ = false;
  return true;
}

// A header that ends with its message token, at MESSAGE.
bool ReplyParser::StepChannel(size_t message) {
  header_marked_ = false;
  const Symbols header = pending_.substr(0, message);
  const auto holds = [&header](const Symbols& key) {
    return !key.empty() && header.find(key) != Symbols::npos;
  };
  // Tokens end a word, as white space does.
  std::string words;
  for (const char32_t symbol : header) {
    words += IsToken(symbol) ? '\n' : static_cast<char>(symbol);
  }
  Head head;
  const size_t to = words.find("to=");
  if (to != std::string::npos) {
    head.name = words.substr(to + 3);
    head.name.resize(
        std::min(head.name.size(), head.name.find_first_of(" \t\n")));
    const std::string& prefix = grammar_->calls.front().format.name_prefix;
    if (head.name.starts_with(prefix)) head.name.erase(0, prefix.size());
  }
  const bool keys_name =
      BytesOf(grammar_->answer_key).find("to=") != std::string::npos;
  const bool to_reader = keys_name && (holds(grammar_->thought_key) ||
                                       holds(grammar_->answer_key));
  const bool to_tool = !head.name.empty() && !to_reader;
  if (to_tool && grammar_->calls.size() == 1) {
    call_ = &grammar_->calls.front();
    BeginCall(head, message + 1);
    return true;
  }
  // Where calls have marks of their own, those tell what is called.
  TakeMarker(!to_tool && holds(grammar_->thought_key) ? Opening::kThought
                                                      : Opening::kAnswer,
             0, SymbolView(pending_).substr(0, message + 1));
  return true;
}

void ReplyParser::TakeContent(size_t n) {
  for (size_t i = 0; i < n; ++i) {
    const char32_t symbol = pending_[i];
    if (symbol == U'\n') {
      line_start_ = true;
      ticks_ = 0;
    } else if (line_start_ && symbol == U'`') {
      if (++ticks_ == 3) fenced_ = !fenced_;
    } else if (!IsSpace(symbol) || ticks_ > 0) {
      line_start_ = false;
    }
    last_ = symbol;
    if (!IsSpace(symbol)) fresh_ = false;
  }
  Take(ReplyEventKind::kContent, n);
}

void ReplyParser::Take(ReplyEventKind kind, size_t n) {
  const std::string raw = Raw(SymbolView(pending_).substr(0, n));
  TakeAs(kind, n, kind == ReplyEventKind::kMarkup ? "" : raw);
}

void ReplyParser::TakeAs(ReplyEventKind kind, size_t n, std::string text) {
  Emit(kind, std::move(text), Raw(SymbolView(pending_).substr(0, n)));
  pending_.erase(0, n);
  if (kind != ReplyEventKind::kMarkup) skip_space_ = false;
  started_ = true;
}

void ReplyParser::Emit(ReplyEventKind kind, std::string text, std::string raw) {
  const bool of_call = kind == ReplyEventKind::kCallBegin ||
                       kind == ReplyEventKind::kCallId ||
                       kind == ReplyEventKind::kCallName ||
                       kind == ReplyEventKind::kCallArguments ||
                       kind == ReplyEventKind::kCallEnd;
  std::vector<ReplyEvent> event;
  event.push_back({kind, ReplyFlag::kNone, of_call ? calls_ - 1 : 0,
                   std::move(text), std::move(raw)});
  JoinEvents(std::move(event), &events_);
}

void ReplyParser::Flag(ReplyFlag flag) {
  const bool of_call = flag == ReplyFlag::kCallUnclosed ||
                       flag == ReplyFlag::kArgumentsNotJson ||
                       flag == ReplyFlag::kCallNameless;
  events_.push_back(
      {ReplyEventKind::kFlag, flag, of_call ? calls_ - 1 : 0, "", ""});
}

std::string ReplyParser::Raw(SymbolView symbols) const {
  std::string raw;
  for (const char32_t symbol : symbols) {
    if (!IsToken(symbol)) {
      raw += static_cast<char>(symbol);
      continue;
    }
    const auto known = grammar_->token_texts.find(symbol);
    raw += known != grammar_->token_texts.end() ? known->second
                                                : other_tokens_.at(symbol);
  }
  return raw;
}

std::vector<ReplyEvent> ParseReplyText(const ReplyParser& parser,
                                       std::string_view text,
                                       const TokenScanner& scanner) {
  std::vector<ScannedToken> found;
  scanner.Scan(text, 0, text.size(), &found);
  ReplyParser copy = parser;
  std::vector<ReplyEvent> events;
  size_t at = 0;
  for (const ScannedToken& token : found) {
    JoinEvents(copy.PutText(text.substr(at, token.begin - at)), &events);
    const std::string_view bytes =
        text.substr(token.begin, token.end - token.begin);
    JoinEvents(copy.Put(token.id, bytes, true), &events);
    at = token.end;
  }
  JoinEvents(copy.PutText(text.substr(at)), &events);
  JoinEvents(copy.Finish(), &events);
  return events;
}

}  // namespace fullstop
