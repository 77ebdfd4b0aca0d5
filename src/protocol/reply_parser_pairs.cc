// The states of ReplyParser within arguments that are keys and values.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.h"
#include "protocol/literal_value.h"
#include "protocol/reply_parser.h"
#include "protocol/tagged_value.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// A key is at most so long, in symbols.
constexpr size_t kMaxKey = 256;

std::string JsonText(const std::string& bytes) {
  return Json(ReplaceInvalidUtf8(bytes)).dump();
}

std::string Trimmed(const std::string& text) {
  return std::string(Strip(text));
}

}  // namespace

bool ReplyParser::StepKey() {
  const size_t space = LeadingSpace(pending_);
  const SymbolView text = SymbolView(pending_).substr(space);
  if (text.empty()) return false;
  const CallGrammar& grammar = *call_;
  const Fit end = FitEnd(grammar, text);
  const Fit open = FitAt(text, grammar.key_open);
  if (open.part() && !final_) return false;
  // What closes the call may begin as keys do.
  if (end.part() && !final_ && !grammar.key_close.empty()) return false;
  const bool closes = end.whole() && end.length > open.length;
  if (open.whole() && !closes) {
    for (size_t at = open.length; at < text.size(); ++at) {
      const Fit value = grammar.FitValueOpen(text.substr(at), &value_is_other_);
      if (value.part() && !final_) return false;
      if (value.whole()) {
        key_ = Trimmed(BytesOf(text.substr(open.length, at - open.length)));
        Take(ReplyEventKind::kMarkup, space + at + value.length);
        state_ = State::kValue;
        return true;
      }
      if (at - open.length > kMaxKey || IsToken(text[at])) break;
      if (at + 1 == text.size() && !final_) return false;
    }
    if (open.length == text.size() && !final_) return false;
  }
  if (final_ && !open.no() && !closes) {
    Take(ReplyEventKind::kMarkup, pending_.size());
    return true;
  }
  if (end.part() && !final_) return false;
  if (end.whole() || IsToken(text[0])) {
    EndArguments(true);
    return true;
  }
  if (end.part()) {
    Take(ReplyEventKind::kMarkup, pending_.size());
    return true;
  }
  if (!stray_) Flag(ReplyFlag::kCallBroken);
  stray_ = true;
  Take(ReplyEventKind::kMarkup, space + 1);
  return true;
}

bool ReplyParser::StepValue() {
  const Symbols closing = PairClose();
  for (size_t at = depth_; at < pending_.size(); ++at) {
    const SymbolView rest = SymbolView(pending_).substr(at);
    const Fit close = FitAt(rest, closing);
    if (close.part() && !final_) return false;
    if (close.whole()) {
      depth_ = at;
      EndPair(close.length);
      state_ = State::kKey;
      return true;
    }
    const bool stops = IsToken(rest[0]) && (grammar_->stops.contains(rest[0]) ||
                                            FitEnd(*call_, rest).whole());
    if (stops) {
      depth_ = at;
      EndPair(0);
      state_ = State::kKey;
      return true;
    }
    depth_ = at + 1;
  }
  return false;
}

Symbols ReplyParser::PairClose() const {
  if (call_->key_close.empty()) return call_->value_close;
  Symbols closing = call_->value_close;
  for (const char byte : key_) closing += static_cast<unsigned char>(byte);
  return closing + call_->key_close;
}

// The value is the first depth_ pending symbols; CLOSE symbols close it.
void ReplyParser::EndPair(size_t close) {
  if (!call_->key_close.empty()) {
    const auto nested = ReadTaggedValue(SymbolView(pending_).substr(0, depth_),
                                        {call_->key_open, call_->value_open,
                                         call_->value_close, call_->key_close});
    if (nested) {
      AddPair(key_, nested->dump(), depth_ + close);
      depth_ = 0;
      return;
    }
  }
  std::string value = Raw(SymbolView(pending_).substr(0, depth_));
  const CallFormat& format = call_->format;
  if (format.value_open.ends_with('\n') && value.starts_with('\n')) {
    value.erase(0, 1);
  }
  if (format.value_close.starts_with('\n') && value.ends_with('\n')) {
    value.pop_back();
  }
  bool known = !call_->other_open.empty();
  bool is_text = known && !value_is_other_;
  if (!known) is_text = IsTextArgument(key_, &known);
  const Json parsed = is_text ? Json(Json::value_t::discarded)
                              : Json::parse(value, nullptr, false);
  const bool bare = parsed.is_discarded() || parsed.is_string();
  AddPair(key_, bare ? JsonText(value) : parsed.dump(), depth_ + close);
  depth_ = 0;
}

bool ReplyParser::IsTextArgument(const std::string& key, bool* known) const {
  const auto tool = grammar_->tools.find(name_);
  if (tool == grammar_->tools.end()) return false;
  const auto parameter = tool->second.find(key);
  if (parameter == tool->second.end()) return false;
  *known = true;
  return parameter->second;
}

void ReplyParser::AddPair(const std::string& key, const std::string& json,
                          size_t length) {
  const std::string text =
      (pairs_ == 0 ? "{" : ", ") + JsonText(key) + ": " + json;
  ++pairs_;
  arguments_ += text;
  TakeAs(ReplyEventKind::kCallArguments, length, text);
}

bool ReplyParser::StepLiteral() {
  const CallGrammar& grammar = *call_;
  const char32_t end = grammar.format.end == ")" ? U')' : U'}';
  size_t depth = 0;
  char32_t mark = 0;  // the quotation mark that is open
  for (size_t at = 0; at < pending_.size(); ++at) {
    const SymbolView rest = SymbolView(pending_).substr(at);
    const char32_t symbol = rest[0];
    if (!grammar.quote.empty()) {
      const Fit quote = FitAt(rest, grammar.quote);
      if (quote.part() && !final_) return false;
      if (quote.whole()) {
        mark = mark == 0 ? kFirstToken : 0;
        at += quote.length - 1;
        continue;
      }
    }
    if (IsToken(symbol) && mark != kFirstToken) {
      depth_ = at;
      EndItem();
      EndArguments(true);
      return true;
    }
    if (mark != 0) {
      if (symbol == U'\\' && mark != kFirstToken) {
        ++at;
      } else if (symbol == mark) {
        mark = 0;
      }
      continue;
    }
    if (symbol == U'"' || (symbol == U'\'' && grammar.quote.empty())) {
      mark = symbol;
    } else if (symbol == U'(' || symbol == U'[' || symbol == U'{') {
      ++depth;
    } else if (depth == 0 && (symbol == end || symbol == U',')) {
      depth_ = at;
      EndItem();
      Take(ReplyEventKind::kMarkup, 1);
      if (symbol == end) EndArguments(true);
      return true;
    } else if (depth > 0 &&
               (symbol == U')' || symbol == U']' || symbol == U'}')) {
      --depth;
    }
  }
  if (final_ && !pending_.empty()) {
    depth_ = pending_.size();
    EndItem();
    return true;
  }
  return false;
}

// The first depth_ pending symbols are a key with its value.
void ReplyParser::EndItem() {
  const SymbolView item = SymbolView(pending_).substr(0, depth_);
  const size_t length = std::exchange(depth_, 0);
  if (LeadingSpace(item) == length) {
    if (length > 0) Take(ReplyEventKind::kMarkup, length);
    return;
  }
  const auto assign = static_cast<char32_t>(
      static_cast<unsigned char>(call_->format.assign[0]));
  const size_t at = item.find(assign);
  std::string key;
  SymbolView value = item;
  if (at != SymbolView::npos) {
    key = Trimmed(BytesOf(item.substr(0, at)));
    value = item.substr(at + 1);
  }
  const bool is_key =
      !key.empty() && key.find_first_of("\"'([{ ") == std::string::npos;
  if (!is_key) {
    Flag(ReplyFlag::kCallBroken);
    key = std::to_string(pairs_);
    value = item;
  }
  const std::optional<Json> json = LiteralToJson(value, call_->quote);
  AddPair(key, json ? json->dump() : JsonText(Trimmed(BytesOf(value))), length);
}

// All up to the next token, or the reply's end.
bool ReplyParser::StepCode() {
  const auto token = std::find_if(pending_.begin(), pending_.end(), IsToken);
  if (token == pending_.end() && !final_) return false;
  const auto length = static_cast<size_t>(token - pending_.begin());
  const std::string code =
      Trimmed(BytesOf(SymbolView(pending_).substr(0, length)));
  AddPair(call_->format.code_key, JsonText(code), length);
  EndArguments(true);
  return true;
}

}  // namespace fullstop
