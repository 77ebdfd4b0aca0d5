#include "protocol/derive_calls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "protocol/symbols.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr std::array<const char*, 2> kPlaces = {"north", "south"};
constexpr std::array<int, 2> kDepths = {25, 17};
// Stand for a call's id, and a key that is written again, in the text around
// them.
constexpr char32_t kIdSlot = 0x7FFFFFFF;
constexpr char32_t kKeySlot = 0x7FFFFFFE;

bool IsWordByte(char32_t symbol) {
  return symbol < 128 && std::isalnum(static_cast<int>(symbol)) != 0;
}

SymbolView StripSpace(SymbolView text) {
  text.remove_prefix(LeadingSpace(text));
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// How much of PREFIX stands before a tag or a word that it cuts in two; NEXT
// follows it.
size_t BackToTag(SymbolView prefix, SymbolView next) {
  size_t size = prefix.size();
  const size_t open = prefix.rfind(U'<');
  const size_t close = prefix.rfind(U'>');
  if (open != SymbolView::npos && (close == SymbolView::npos || close < open)) {
    size = open;
  }
  while (size > 0 && size == prefix.size() && !next.empty() &&
         IsWordByte(next.front()) && IsWordByte(prefix[size - 1])) {
    const size_t word = prefix.find_last_of(U"<>[]{}() \n\"'|:");
    size = word == SymbolView::npos ? 0 : word + 1;
    break;
  }
  return size;
}

size_t CommonPrefix(SymbolView a, SymbolView b) {
  const auto [end, other] =
      std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto size = static_cast<size_t>(end - a.begin());
  const size_t cut = std::min(BackToTag(a.substr(0, size), a.substr(size)),
                              BackToTag(b.substr(0, size), b.substr(size)));
  return cut;
}

size_t CommonSuffix(SymbolView a, SymbolView b) {
  const auto [end, other] =
      std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend());
  auto size = static_cast<size_t>(end - a.rbegin());
  // Not from within a tag: what is before the first '<' goes where a '>' does.
  const SymbolView suffix = a.substr(a.size() - size);
  const size_t open = suffix.find(U'<');
  const size_t close = suffix.find(U'>');
  if (close != SymbolView::npos && (open == SymbolView::npos || close < open)) {
    size -= close + 1;
  }
  return size;
}

// The end of the bracketed value at BEGIN; npos where it has none.
size_t BracketEnd(std::string_view text, size_t begin) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return i + 1;
    }
  }
  return std::string_view::npos;
}

// The last text in quotation marks in TEXT.
std::string LastQuoted(std::string_view text) {
  const size_t close = text.rfind('"');
  if (close == std::string_view::npos || close == 0) return "";
  const size_t open = text.rfind('"', close - 1);
  if (open == std::string_view::npos) return "";
  return std::string(text.substr(open + 1, close - open - 1));
}

class FormatReader {
 public:
  explicit FormatReader(const CallSample& sample)
      : probe_(sample.probe),
        text_(sample.probe.text),
        message_(sample.message),
        begin_(sample.begin),
        end_(sample.end),
        prompt_(StripRight(sample.prompt)) {}

  std::optional<CallFormat> Read() {
    Collect();
    if (calls_.empty() || calls_[0].arguments.end == 0) return std::nullopt;
    for (Call& call : calls_) {
      if (call.name.end == 0) call.name = call.id;
      if (call.name.end == 0) return std::nullopt;
      named_by_id_ = call.name.begin == call.id.begin;
    }
    if (!ReadJson()) ReadNamed();
    return std::move(format_);
  }

 private:
  struct Pair {
    ByteRange key;
    ByteRange value;
    bool is_text = false;
    ByteRange key_again = {};  // behind the value
  };
  struct Call {
    ByteRange name;
    ByteRange id;
    ByteRange arguments;
    std::vector<Pair> pairs;
  };

  void Collect() {
    for (const ProbePart& part : probe_.parts) {
      if (part.id) {
        tokens_[part.begin] = part;
        token_texts_[*part.id] =
            text_.substr(part.begin, part.end - part.begin);
      } else if (part.message == message_ && part.begin >= begin_) {
        std::string_view field = part.field;
        constexpr std::string_view kCalls = "tool_calls[";
        if (!field.starts_with(kCalls)) continue;
        const auto index = static_cast<size_t>(field[kCalls.size()] - '0');
        field.remove_prefix(std::min(field.size(), field.find(']') + 1));
        if (index > calls_.size() || index > 1) continue;
        if (index == calls_.size()) calls_.emplace_back();
        Add(part, field, &calls_[index]);
      }
    }
    while (calls_.size() > 1 && calls_.back().arguments.end == 0) {
      calls_.pop_back();
    }
  }

  void Add(const ProbePart& part, std::string_view field, Call* call) {
    constexpr std::string_view kArguments = ".function.arguments";
    ByteRange range{part.begin, part.end};
    if (field == ".function.name" || field == ".id") {
      if (text_[range.begin] == '"' && range.end - range.begin > 2) {
        ++range.begin;
        --range.end;
      }
      // A name may be told twice, the last time right before its arguments.
      const bool is_id = field == ".id";
      ByteRange& slot = is_id ? call->id : call->name;
      if (slot.end == 0 || (!is_id && call->arguments.end == 0)) slot = range;
    } else if (field.starts_with(kArguments)) {
      if (call->arguments.end == 0) call->arguments = range;
      call->arguments.end = range.end;
      if (field == kArguments) {
        key_ = range;
        if (!call->pairs.empty() && IsKeyOf(call->pairs.back(), range)) {
          call->pairs.back().key_again = range;
          call->arguments.end = call->pairs.back().value.end;
        }
      } else {
        call->pairs.push_back({key_, range, field.ends_with(".place")});
      }
    }
  }

  bool IsKeyOf(const Pair& pair, const ByteRange& range) const {
    return pair.key_again.end == 0 &&
           text_.substr(range.begin, range.end - range.begin) ==
               text_.substr(pair.key.begin, pair.key.end - pair.key.begin);
  }

  // The end of the key that is written again at AT; 0 where there is none.
  size_t KeyAgain(size_t at) const {
    for (const Call& call : calls_) {
      for (const Pair& pair : call.pairs) {
        if (pair.key_again.end != 0 && pair.key_again.begin == at) {
          return pair.key_again.end;
        }
      }
    }
    return 0;
  }

  // Bytes [BEGIN, END) with tokens as symbols and ids of calls as slots.
  Symbols Piece(size_t begin, size_t end) const {
    Symbols piece;
    for (size_t at = begin; at < end;) {
      const auto token = tokens_.find(at);
      const auto call = std::find_if(
          calls_.begin(), calls_.end(),
          [at](const Call& c) { return c.id.end != 0 && c.id.begin == at; });
      if (token != tokens_.end()) {
        piece += TokenSymbol(*token->second.id);
        at = token->second.end;
      } else if (call != calls_.end()) {
        piece += kIdSlot;
        at = call->id.end;
      } else if (const size_t again = KeyAgain(at); again != 0) {
        piece += kKeySlot;
        at = again;
      } else {
        piece += static_cast<char32_t>(static_cast<unsigned char>(text_[at++]));
      }
    }
    return piece;
  }

  std::string Text(SymbolView symbols) const {
    std::string text;
    for (const char32_t symbol : StripSpace(symbols)) {
      if (symbol == kIdSlot || symbol == kKeySlot) continue;
      if (IsToken(symbol)) {
        text += token_texts_.at(IdOf(symbol));
      } else {
        text += static_cast<char>(symbol);
      }
    }
    return text;
  }

  void AddSteps(SymbolView symbols) {
    while (true) {
      const size_t slot = symbols.find(kIdSlot);
      const std::string text = Text(symbols.substr(0, slot));
      if (!text.empty()) {
        format_.head.push_back({CallStep::Kind::kText, text});
      }
      if (slot == SymbolView::npos) return;
      format_.head.push_back({CallStep::Kind::kId, ""});
      symbols.remove_prefix(slot + 1);
    }
  }

  // From the texts before the first call, between two (if there are two) and
  // behind the last: what is of a call and what of the section around them.
  // Returns what opens a call.
  Symbols Split(const Symbols& before, const std::optional<Symbols>& between,
                const Symbols& behind) {
    if (!between) {
      format_.close = Text(behind);
      return before;
    }
    const size_t close = CommonPrefix(*between, behind);
    format_.close = Text(SymbolView(behind).substr(0, close));
    format_.section_close = Text(SymbolView(behind).substr(close));
    const SymbolView opening = SymbolView(*between).substr(close);
    const std::string text = Text(opening);
    if (StripSpace(before).empty() && !text.empty() &&
        prompt_.ends_with(text)) {
      format_.prefilled = true;
      return Symbols(opening);
    }
    const size_t open = CommonSuffix(before, opening);
    format_.section_open =
        Text(SymbolView(before).substr(0, before.size() - open));
    return Symbols(SymbolView(before).substr(before.size() - open));
  }

  // The value that holds CALL's name and arguments; FROM is where to look.
  std::optional<ByteRange> Value(size_t from, const Call& call) const {
    for (size_t at = from; at < call.name.begin; ++at) {
      const auto token = tokens_.find(at);
      if (token != tokens_.end()) {
        at = token->second.end - 1;
        continue;
      }
      if (text_[at] != '{' && text_[at] != '[') continue;
      const size_t end = BracketEnd(text_, at);
      if (end != std::string_view::npos && end > call.arguments.end &&
          end <= end_) {
        return ByteRange{at, end};
      }
    }
    return std::nullopt;
  }

  bool ReadJson() {
    const Call& call = calls_[0];
    if (named_by_id_ || text_[call.name.begin - 1] != '"') return false;
    const std::optional<ByteRange> first = Value(begin_, call);
    if (!first) return false;
    format_.kind = CallKind::kJson;
    std::optional<Symbols> between;
    size_t end = first->end;
    if (calls_.size() > 1 && calls_[1].name.begin > first->end) {
      const auto second = Value(first->end, calls_[1]);
      if (!second) return false;
      between = Piece(first->end, second->begin);
      end = second->end;
    }
    AddSteps(Split(Piece(begin_, first->begin), between, Piece(end, end_)));
    const std::string_view before_name = text_.substr(0, call.name.begin - 1);
    const bool is_key = text_.substr(call.name.end).starts_with("\":");
    if (!is_key) {
      format_.name_key = LastQuoted(before_name);
      format_.arguments_key = LastQuoted(text_.substr(0, call.arguments.begin));
    }
    return true;
  }

  void ReadNamed() {
    format_.kind = CallKind::kNamed;
    const Call& first = calls_[0];
    const Call& last = calls_.back();
    const bool is_json =
        text_[first.arguments.begin] == '{' && !TemplateWithin(first);
    if (!is_json && first.pairs.size() == 2) ReadPairs();
    const size_t head_end = is_json               ? first.arguments.begin
                            : first.pairs.empty() ? first.arguments.begin
                                                  : first.pairs[0].key.begin;
    Symbols behind = Piece(last.arguments.end, end_);
    std::optional<Symbols> between;
    if (calls_.size() > 1) {
      between = Piece(first.arguments.end, last.name.begin);
    }
    if (!is_json) {
      behind = BehindValue(behind);
      if (between) between = BehindValue(*between);
    }
    const Symbols open =
        Split(Piece(begin_, first.name.begin), between, behind);
    AddSteps(open);
    format_.head.push_back(
        {named_by_id_ ? CallStep::Kind::kId : CallStep::Kind::kName, ""});
    Symbols name_end = Piece(first.name.end, head_end);
    if (!is_json && !format_.key_open.empty()) {
      name_end.resize(name_end.size() -
                      std::min(name_end.size(), key_open_size_));
    }
    if (calls_.size() > 1) WithoutIndex(last, &name_end);
    const size_t steps = format_.head.size();
    AddSteps(name_end);
    if (format_.head.size() == steps) {
      format_.head.push_back({CallStep::Kind::kText, ""});
    }
    KeepTagPrefixes();
  }

  // A prefix of tags goes with the tag behind it, in whatever text that is.
  void KeepTagPrefixes() {
    if (format_.key_close.empty()) return;
    const std::string prefix =
        format_.key_open.substr(0, format_.key_open.rfind('<'));
    const auto move = [&prefix](std::string* from, std::string* to) {
      if (prefix.empty() || !from->ends_with(prefix)) return;
      from->resize(from->size() - prefix.size());
      *from = StripRight(*from);
      to->insert(0, prefix);
    };
    move(&format_.section_open, &format_.head[0].text);
    move(&format_.close, &format_.section_close);
  }

  // A number that differs from call to call is a slot.
  void WithoutIndex(const Call& other, Symbols* name_end) const {
    const size_t end = std::min(end_, other.name.end + name_end->size() + 8);
    const Symbols second = Piece(other.name.end, end);
    size_t at = 0;
    while (at < name_end->size() && at < second.size() &&
           (*name_end)[at] == second[at]) {
      ++at;
    }
    const auto is_digit = [](char32_t c) { return c >= U'0' && c <= U'9'; };
    if (at < name_end->size() && at < second.size() &&
        is_digit((*name_end)[at]) && is_digit(second[at])) {
      (*name_end)[at] = kIdSlot;
    }
  }

  bool TemplateWithin(const Call& call) const {
    size_t covered = call.arguments.begin;
    for (const ProbePart& part : probe_.parts) {
      if (part.begin < covered || part.begin >= call.arguments.end) continue;
      if (part.id ||
          !IsWhiteSpace(text_.substr(covered, part.begin - covered))) {
        return true;
      }
      covered = part.end;
    }
    return false;
  }

  void ReadPairs() {
    const std::vector<Pair>& pairs = calls_[0].pairs;
    const size_t text_at = pairs[0].is_text ? 0 : 1;
    const auto open_of = [&](const Pair& pair) {
      return Piece(pair.key.end, pair.value.begin);
    };
    const Symbols before_key = Piece(calls_[0].name.end, pairs[0].key.begin);
    const Symbols text_open = open_of(pairs[text_at]);
    const Symbols other_open = open_of(pairs[1 - text_at]);
    const SymbolView head = StripSpace(before_key);
    const bool brackets =
        !head.empty() && (head.back() == U'(' || head.back() == U'{');
    const Symbols between = Piece(pairs[0].value.end, pairs[1].key.begin);
    if (brackets && !text_open.empty() &&
        (text_open[0] == U'=' || text_open[0] == U':')) {
      format_.arguments = ArgumentSyntax::kLiteral;
      format_.assign = static_cast<char>(text_open[0]);
      const std::string quote = Text(SymbolView(text_open).substr(1));
      if (quote != "'" && quote != "\"") format_.quote = quote;
      quote_ = quote;
      format_.end = head.back() == U'(' ? ")" : "}";
      return;
    }
    format_.arguments = ArgumentSyntax::kPairs;
    key_open_size_ = CommonSuffix(before_key, between);
    format_.key_open =
        Text(SymbolView(between).substr(between.size() - key_open_size_));
    format_.value_open = KeepBreak(text_open, true);
    const std::string other = KeepBreak(other_open, true);
    if (other != format_.value_open) format_.other_open = other;
    const SymbolView closing =
        SymbolView(between).substr(0, between.size() - key_open_size_);
    const size_t again = closing.find(kKeySlot);
    format_.value_close = KeepBreak(closing.substr(0, again), false);
    if (again == SymbolView::npos) return;
    format_.key_close = Text(closing.substr(again + 1));
  }

  // As Text, but with the one line break that stands beside the value.
  std::string KeepBreak(SymbolView symbols, bool at_end) const {
    std::string text = Text(symbols);
    if (symbols.empty() || symbols == U"\n") return text;
    if (at_end && symbols.back() == U'\n') return text + "\n";
    if (!at_end && symbols.front() == U'\n') return "\n" + text;
    return text;
  }

  // What is behind the last value's own end.
  Symbols BehindValue(const Symbols& behind) const {
    std::string text = format_.arguments == ArgumentSyntax::kLiteral
                           ? quote_
                           : format_.value_close;
    Symbols rest(behind);
    const size_t again = rest.find(kKeySlot);
    if (!format_.key_close.empty() && again != Symbols::npos) {
      rest.erase(0, again + 1);
      text = format_.key_close;
    }
    const auto drop = [&rest, this](const std::string& what) {
      for (size_t n = 1; !what.empty() && n <= rest.size(); ++n) {
        if (Text(SymbolView(rest).substr(0, n)) == what) {
          rest.erase(0, n);
          return;
        }
      }
    };
    if (!StripRight(text).empty()) drop(std::string(Strip(text)));
    drop(format_.end);
    return rest;
  }

  const Probe& probe_;
  const std::string_view text_;
  const size_t message_;
  const size_t begin_;
  const size_t end_;
  const std::string_view prompt_;
  std::vector<Call> calls_;
  ByteRange key_;
  bool named_by_id_ = false;
  std::string quote_;
  size_t key_open_size_ = 0;
  std::map<size_t, ProbePart> tokens_;  // by their first byte
  std::map<TokenId, std::string> token_texts_;
  CallFormat format_;
};

}  // namespace

ordered_json FormatProbeCalls(size_t count, const CallForm& form,
                              bool as_parts) {
  ordered_json message = ProbeCalls(count, form, false, as_parts);
  for (size_t i = 0; i < count; ++i) {
    const ordered_json object = {{"place", kPlaces.at(i)},
                                 {"depth", kDepths.at(i)}};
    message["tool_calls"][i]["function"]["arguments"] =
        form.arguments == CallArguments::kObject ? object
                                                 : ordered_json(object.dump());
  }
  return message;
}

std::optional<CallFormat> ReadCallFormat(const CallSample& sample) {
  return FormatReader(sample).Read();
}

}  // namespace fullstop
