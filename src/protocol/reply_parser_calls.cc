// The states of ReplyParser around calls: how they begin and end, and what may
// stand between two.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocol/reply_parser.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// A name or an id is at most so long, in symbols.
constexpr size_t kMaxSlot = 256;

bool IsNameSymbol(char32_t symbol) {
  if (IsToken(symbol)) return false;
  if (symbol >= 128) return true;
  constexpr std::u32string_view kOthers = U"_-.:/$";
  return std::isalnum(static_cast<int>(symbol)) != 0 ||
         kOthers.find(symbol) != std::u32string_view::npos;
}

// "functions.look:0" names the tool "look".
std::string NameInId(const std::string& id) {
  const size_t colon = id.rfind(':');
  const bool counted =
      colon != std::string::npos && colon + 1 < id.size() &&
      std::all_of(id.begin() + static_cast<ptrdiff_t>(colon) + 1, id.end(),
                  [](unsigned char c) { return std::isdigit(c) != 0; });
  std::string name = counted ? id.substr(0, colon) : id;
  constexpr std::string_view kPrefix = "functions.";
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  return name;
}

}  // namespace

Fit ReplyParser::FitHead(const CallGrammar& call, SymbolView text,
                         Head* head) const {
  if (call.format.kind == CallKind::kNamed) {
    return FitNamedHead(call, text, head);
  }
  const Symbols empty;
  const Symbols& marker = call.head.empty() ? empty : call.head[0].text;
  Fit fit = FitAt(text, marker);
  if (!fit.whole()) return fit;
  const size_t at = fit.length + LeadingSpace(text.substr(fit.length));
  if (at == text.size()) {
    return {final_ ? Fit::Kind::kNo : Fit::Kind::kPart, at};
  }
  if (text[at] != U'{' && text[at] != U'[') return {};
  const bool unsure = call.weak || call.shares_opening;
  if (unsure && state_ != State::kSection) {
    const Fit json = FitJsonCall(call, text.substr(at));
    if (!json.whole()) return json;
  }
  return {Fit::Kind::kWhole, at};
}

Fit ReplyParser::FitNamedHead(const CallGrammar& call, SymbolView text,
                              Head* head) const {
  const auto& steps = call.head;
  size_t at = 0;
  // A weak section opens with its first call.
  if (call.weak && state_ != State::kSection) {
    const Fit fit = FitAt(text, call.section_open);
    if (!fit.whole()) return fit;
    at = fit.length;
  }
  const bool opened = call.format.prefilled && !started_;
  for (size_t i = 0; i < steps.size(); ++i) {
    const SymbolView rest = text.substr(at);
    if (steps[i].kind == CallStep::Kind::kText) {
      if (i == 0 && opened) continue;
      const Fit fit = FitAt(rest, steps[i].text);
      if (!fit.whole()) return fit;
      at += fit.length;
      continue;
    }
    std::string slot;
    const Fit fit = FitSlot(call, rest, i, &slot);
    if (!fit.whole()) return fit;
    at += fit.length;
    (steps[i].kind == CallStep::Kind::kName ? head->name : head->id) = slot;
  }
  if (head->name.empty()) head->name = NameInId(head->id);
  if (head->name.empty()) head->name = call.format.tool;
  if (head->name.empty()) return {};
  if (call.weak && !grammar_->tools.contains(head->name)) return {};
  return {Fit::Kind::kWhole, at};
}

// A slot's text, up to what follows it.
Fit ReplyParser::FitSlot(const CallGrammar& call, SymbolView text, size_t step,
                         std::string* slot) const {
  const Symbols& next = call.head[step + 1].text;
  const Fit unknown = {final_ ? Fit::Kind::kNo : Fit::Kind::kPart, text.size()};
  size_t at = LeadingSpace(text);
  const size_t begin = at;
  for (; at < text.size() && at < kMaxSlot; ++at) {
    const SymbolView rest = text.substr(at);
    if (!next.empty()) {
      const size_t space = LeadingSpace(rest);
      const Fit fit = FitAt(rest.substr(space), next);
      if (fit.part() && !final_) return unknown;
      if (fit.whole() && at > begin) {
        *slot = BytesOf(text.substr(begin, at - begin));
        return {Fit::Kind::kWhole, at + space};
      }
      // The call may end, or the section, without any arguments.
      const Fit end = FitEnd(call, rest.substr(space));
      if (end.part() && !final_) return unknown;
    }
    if (!IsNameSymbol(text[at])) {
      if (!next.empty() || at == begin) return {};
      *slot = BytesOf(text.substr(begin, at - begin));
      return {Fit::Kind::kWhole, at};
    }
  }
  if (at >= kMaxSlot) return {};
  return unknown;
}

Fit FitEnd(const CallGrammar& call, SymbolView text) {
  Fit best;
  const auto consider = [&](const Symbols& marker) {
    if (marker.empty()) return;
    const Fit fit = FitAt(text, marker);
    if (fit.whole() || (fit.part() && !best.whole())) best = fit;
  };
  for (const Symbols& part : call.close) consider(part);
  consider(call.section_close);
  if (call.format.kind == CallKind::kNamed && call.close.empty() &&
      !call.head.empty()) {
    consider(call.head[0].text);
  }
  return best;
}

void ReplyParser::BeginCall(const Head& head, size_t length) {
  const bool json = call_->format.kind == CallKind::kJson;
  skip_space_ = true;
  fresh_ = false;
  close_at_ = 0;
  if (json) {
    Take(ReplyEventKind::kMarkup, length);
    state_ = State::kJson;
    in_list_ = in_element_ = false;
    return;
  }
  ++calls_;
  TakeAs(ReplyEventKind::kCallBegin, length, "");
  if (!head.id.empty()) Emit(ReplyEventKind::kCallId, head.id, "");
  Emit(ReplyEventKind::kCallName, head.name, "");
  name_ = head.name;
  arguments_.clear();
  depth_ = 0;
  quoted_ = escaped_ = value_begun_ = structured_ = false;
  pairs_ = 0;
  switch (call_->format.arguments) {
    case ArgumentSyntax::kJson:
      state_ = State::kArguments;
      break;
    case ArgumentSyntax::kPairs:
      state_ = State::kKey;
      break;
    case ArgumentSyntax::kLiteral:
      state_ = State::kLiteral;
      break;
    case ArgumentSyntax::kCode:
      state_ = State::kCode;
      break;
  }
}

bool ReplyParser::StepSection() {
  const size_t space = LeadingSpace(pending_);
  const SymbolView text = SymbolView(pending_).substr(space);
  if (text.empty()) {
    if (space == 0 || !final_) return false;
    Take(ReplyEventKind::kMarkup, space);
    return true;
  }
  const CallGrammar& call = *call_;
  const Fit close = FitAt(text, call.section_close);
  if (!call.section_close.empty()) {
    if (close.part() && !final_) return false;
    if (close.whole()) {
      Take(ReplyEventKind::kMarkup, space + close.length);
      state_ = State::kContent;
      skip_space_ = fresh_ = true;
      return true;
    }
  }
  const bool channels = call.format.kind == CallKind::kChannel;
  if (!channels) {
    // The brackets around a list of calls may be there or not.
    const bool bracket = call.format.arguments == ArgumentSyntax::kLiteral &&
                         !call.weak && (text[0] == U'[' || text[0] == U']');
    if (bracket) {
      Take(ReplyEventKind::kMarkup, space + 1);
      return true;
    }
    const size_t comma = text[0] == U',' || text[0] == U';'
                             ? 1 + LeadingSpace(text.substr(1))
                             : 0;
    const SymbolView rest = text.substr(comma);
    Head head;
    Fit fit = FitHead(call, rest, &head);
    if (rest.empty()) fit = {Fit::Kind::kPart, 0};
    // Of calls one behind the other the marker may stand before the first only.
    const bool goes_on = comma > 0 && call.format.kind == CallKind::kJson &&
                         rest.starts_with(U'{');
    if (goes_on && !fit.whole()) fit = {Fit::Kind::kWhole, 0};
    if (fit.part() && !final_) return false;
    if (fit.whole()) {
      BeginCall(head, space + comma + fit.length);
      return true;
    }
  }
  const bool within = !call.section_close.empty() && !IsToken(text[0]);
  if (within) {
    if (!stray_) Flag(ReplyFlag::kCallBroken);
    stray_ = true;
    TakeContent(space + 1);
    return true;
  }
  if (space > 0) Take(ReplyEventKind::kMarkup, space);
  state_ = grammar_->message.empty() ? State::kContent : State::kHeader;
  skip_space_ = true;
  fresh_ = true;
  last_ = 0;
  return true;
}

// Behind the arguments, or an object: what closes the call, in parts.
bool ReplyParser::StepClose() {
  const size_t space = LeadingSpace(pending_);
  const SymbolView text = SymbolView(pending_).substr(space);
  const bool json_kind = call_->format.kind == CallKind::kJson;
  const auto& close = call_->close;
  const auto end_call = [&] {
    if (!json_kind) EndCall();
    state_ = State::kSection;
  };
  if (close_at_ == close.size()) {
    end_call();
    return true;
  }
  if (text.empty()) return false;
  for (size_t i = close_at_; i < close.size(); ++i) {
    const Fit fit = FitAt(text, close[i]);
    if (fit.part() && !final_) return false;
    if (!fit.whole()) continue;
    Take(ReplyEventKind::kMarkup, space + fit.length);
    close_at_ = i + 1;
    return true;
  }
  const Fit end = FitAt(text, call_->section_close);
  if (end.part() && !final_) return false;
  const bool junk = close_at_ == 0 && !json_kind && !IsToken(text[0]) &&
                    !(end.whole() && !call_->section_close.empty()) &&
                    call_->format.arguments == ArgumentSyntax::kJson;
  if (junk && structured_) {
    // The value was not all: what follows belongs to the arguments as text.
    structured_ = false;
    state_ = State::kArguments;
    return true;
  }
  end_call();
  return true;
}

// CLOSED is false where the reply ends here.
void ReplyParser::EndArguments(bool closed) {
  const bool json = call_->format.arguments == ArgumentSyntax::kJson;
  if (!closed) Flag(ReplyFlag::kCallUnclosed);
  if (!json && closed) {
    const std::string end = pairs_ == 0 ? "{}" : "}";
    arguments_ += end;
    Emit(ReplyEventKind::kCallArguments, end, "");
  }
  if (closed) {
    state_ = State::kClose;
  } else {
    EndCall();
  }
}

void ReplyParser::EndCall() {
  if (Strip(arguments_).empty()) {
    Emit(ReplyEventKind::kCallArguments, "{}", "");
  } else if (!Json::parse(arguments_, nullptr, false).is_object()) {
    Flag(ReplyFlag::kArgumentsNotJson);
  }
  Emit(ReplyEventKind::kCallEnd, "", "");
  arguments_.clear();
  skip_space_ = true;
}

}  // namespace fullstop
