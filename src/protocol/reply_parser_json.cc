// The states of ReplyParser within calls and arguments that are JSON.
#include <nlohmann/json.hpp>

#include "protocol/reply_parser.h"

namespace fullstop {
namespace {

constexpr size_t kMaxWeakHead = 1024;

}  // namespace

bool ReplyParser::StepJson() {
  if (in_element_) return StepElement();
  const size_t space = LeadingSpace(pending_);
  if (space == pending_.size()) {
    if (!final_ || space == 0) return false;
    Take(ReplyEventKind::kMarkup, space);
    return true;
  }
  const char32_t symbol = pending_[space];
  if (symbol == U'{') {
    if (space > 0) Take(ReplyEventKind::kMarkup, space);
    ++calls_;
    Emit(ReplyEventKind::kCallBegin, "", "");
    reader_ =
        JsonCallReader(call_->format.name_key, call_->format.arguments_key);
    arguments_.clear();
    named_ = false;
    in_element_ = true;
    return true;
  }
  const bool list_mark =
      in_list_ ? symbol == U',' || symbol == U']' : symbol == U'[';
  if (list_mark) {
    Take(ReplyEventKind::kMarkup, space + 1);
    if (symbol == U']') state_ = State::kClose;
    in_list_ = symbol != U']';
    return true;
  }
  if (FitEnd(*call_, SymbolView(pending_).substr(space)).part() && !final_) {
    return false;
  }
  // No call where one should be: what stands here is content.
  if (!FitEnd(*call_, SymbolView(pending_).substr(space)).whole()) {
    Flag(ReplyFlag::kCallBroken);
  }
  in_list_ = false;
  state_ = State::kClose;
  return true;
}

// Within an object that is a call.
bool ReplyParser::StepElement() {
  if (pending_.empty()) return false;
  const SymbolView text = pending_;
  if (!reader_.quoted()) {
    const Fit end = FitEnd(*call_, text);
    if (end.part() && !final_ && !IsToken(text[0])) return false;
    if (end.whole() && text[0] != U'}' && text[0] != U']') {
      EndElement();
      state_ = State::kClose;
      in_list_ = false;
      return true;
    }
  }
  if (IsToken(text[0])) {
    EndElement();
    state_ = State::kClose;
    in_list_ = false;
    return true;
  }
  const char byte = static_cast<char>(text[0]);
  reader_.Put(byte);
  if (!named_ && reader_.name()) {
    named_ = true;
    Emit(ReplyEventKind::kCallName, *reader_.name(), "");
  }
  const std::string more = reader_.TakeArguments();
  const std::string raw(1, byte);
  if (more.empty()) {
    Emit(ReplyEventKind::kMarkup, "", raw);
  } else {
    arguments_ += more;
    Emit(ReplyEventKind::kCallArguments, more, raw);
  }
  pending_.erase(0, 1);
  if (reader_.done()) EndElement();
  return true;
}

void ReplyParser::EndElement() {
  in_element_ = false;
  if (reader_.id()) Emit(ReplyEventKind::kCallId, *reader_.id(), "");
  if (!named_) {
    Flag(ReplyFlag::kCallNameless);
    arguments_ = reader_.text();
    Emit(ReplyEventKind::kCallArguments, arguments_, "");
  }
  EndCall();
  state_ = in_list_ ? State::kJson : State::kClose;
  if (!in_list_) close_at_ = 0;
}

bool ReplyParser::StepArguments() {
  const size_t space = LeadingSpace(pending_);
  const SymbolView text = SymbolView(pending_).substr(space);
  if (text.empty()) {
    if (structured_ && space > 0) {
      // White space within a value is part of it.
      arguments_ += BytesOf(SymbolView(pending_).substr(0, space));
      Take(ReplyEventKind::kCallArguments, space);
      return true;
    }
    if (space == 0 || !final_) return false;
    Take(ReplyEventKind::kMarkup, space);
    return true;
  }
  const bool may_end = !structured_ || !quoted_;
  const Fit end = may_end ? FitEnd(*call_, text) : Fit{};
  if (end.part() && !final_ && !IsToken(text[0])) return false;
  const bool ends = end.whole() && text[0] != U'}' && text[0] != U']';
  if (ends || IsToken(text[0])) {
    if (space > 0) Take(ReplyEventKind::kMarkup, space);
    state_ = State::kClose;
    return true;
  }
  if (!value_begun_) {
    if (space > 0) Take(ReplyEventKind::kMarkup, space);
    value_begun_ = true;
    structured_ = pending_[0] == U'{' || pending_[0] == U'[';
    return true;
  }
  const char32_t symbol = text[0];
  if (structured_) {
    if (quoted_) {
      quoted_ = escaped_ || symbol != U'"';
      escaped_ = !escaped_ && symbol == U'\\';
    } else if (symbol == U'"') {
      quoted_ = true;
    } else if (symbol == U'{' || symbol == U'[') {
      ++depth_;
    } else if (symbol == U'}' || symbol == U']') {
      --depth_;
    }
  }
  arguments_ += BytesOf(SymbolView(pending_).substr(0, space + 1));
  Take(ReplyEventKind::kCallArguments, space + 1);
  if (structured_ && depth_ == 0) state_ = State::kClose;
  return true;
}

// Whether an object, or a list of them, is a call; where nothing else says so,
// of a tool of the request.
Fit ReplyParser::FitJsonCall(const CallGrammar& call, SymbolView text) const {
  size_t at = 0;
  if (text[0] == U'[') at = 1 + LeadingSpace(text.substr(1));
  JsonCallReader reader(call.format.name_key, call.format.arguments_key);
  for (size_t i = at; i < text.size(); ++i) {
    if (IsToken(text[i]) || (i == at && text[i] != U'{')) return {};
    reader.Put(static_cast<char>(text[i]));
    if (reader.name()) {
      const bool known = !call.weak || grammar_->tools.contains(*reader.name());
      return {known ? Fit::Kind::kWhole : Fit::Kind::kNo, 0};
    }
    if (reader.done() || reader.strange() || i > kMaxWeakHead) return {};
  }
  return {final_ ? Fit::Kind::kNo : Fit::Kind::kPart, 0};
}

}  // namespace fullstop
