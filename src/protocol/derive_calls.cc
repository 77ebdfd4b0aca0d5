#include "protocol/derive_calls.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <vector>

#include "protocol/sampled_calls.h"
#include "protocol/symbols.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr std::array<const char*, 2> kPlaces = {"north", "south"};
constexpr std::array<int, 2> kDepths = {25, 17};

bool IsWordByte(char32_t symbol) {
  return symbol < 128 && std::isalnum(static_cast<int>(symbol)) != 0;
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
  if (size > 0 && size == prefix.size() && !next.empty() &&
      IsWordByte(next.front()) && IsWordByte(prefix[size - 1])) {
    const size_t word = prefix.find_last_of(U"<>[]{}() \n\"'|:");
    size = word == SymbolView::npos ? 0 : word + 1;
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
  // CALLS must be complete.
  FormatReader(const CallSample& sample, const SampledCalls& calls)
      : text_(sample.probe.text),
        begin_(sample.begin),
        end_(sample.end),
        prompt_(StripRight(sample.prompt)),
        calls_(calls) {}

  CallFormat Read() {
    if (!ReadJson()) ReadNamed();
    return std::move(format_);
  }

 private:
  void AddSteps(SymbolView symbols) {
    while (true) {
      const size_t slot = symbols.find(kIdSlot);
      const std::string text = calls_.Text(symbols.substr(0, slot));
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
      format_.close = calls_.Text(behind);
      return before;
    }
    const size_t close = CommonPrefix(*between, behind);
    format_.close = calls_.Text(SymbolView(behind).substr(0, close));
    format_.section_close = calls_.Text(SymbolView(behind).substr(close));
    const SymbolView opening = SymbolView(*between).substr(close);
    const std::string text = calls_.Text(opening);
    if (StripSpace(before).empty() && !text.empty() &&
        prompt_.ends_with(text)) {
      format_.prefilled = true;
      return Symbols(opening);
    }
    const size_t open = CommonSuffix(before, opening);
    format_.section_open =
        calls_.Text(SymbolView(before).substr(0, before.size() - open));
    return Symbols(SymbolView(before).substr(before.size() - open));
  }

  bool ReadJson() {
    const SampledCall& call = calls_.first();
    if (calls_.named_by_id() || text_[call.name.begin - 1] != '"') return false;
    const std::optional<ByteRange> first = calls_.Value(begin_, call);
    if (!first) return false;
    format_.kind = CallKind::kJson;
    std::optional<Symbols> between;
    size_t end = first->end;
    if (calls_.several() && calls_.last().name.begin > first->end) {
      const auto second = calls_.Value(first->end, calls_.last());
      if (!second) return false;
      between = calls_.Piece(first->end, second->begin);
      end = second->end;
    }
    AddSteps(Split(calls_.Piece(begin_, first->begin), between,
                   calls_.Piece(end, end_)));
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
    const SampledCall& first = calls_.first();
    const SampledCall& last = calls_.last();
    const bool is_json =
        text_[first.arguments.begin] == '{' && !calls_.TemplateWithin(first);
    if (!is_json && first.pairs.size() == 2) ReadPairs();
    const size_t head_end = is_json               ? first.arguments.begin
                            : first.pairs.empty() ? first.arguments.begin
                                                  : first.pairs[0].key.begin;
    Symbols behind = calls_.Piece(last.arguments.end, end_);
    std::optional<Symbols> between;
    if (calls_.several()) {
      between = calls_.Piece(first.arguments.end, last.name.begin);
    }
    if (!is_json) {
      behind = BehindValue(behind);
      if (between) between = BehindValue(*between);
    }
    const Symbols open =
        Split(calls_.Piece(begin_, first.name.begin), between, behind);
    AddSteps(open);
    format_.head.push_back(
        {calls_.named_by_id() ? CallStep::Kind::kId : CallStep::Kind::kName,
         ""});
    Symbols name_end = calls_.Piece(first.name.end, head_end);
    if (!is_json && !format_.key_open.empty()) {
      name_end.resize(name_end.size() -
                      std::min(name_end.size(), key_open_size_));
    }
    if (calls_.several()) WithoutIndex(last, &name_end);
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
  void WithoutIndex(const SampledCall& other, Symbols* name_end) const {
    const size_t end = std::min(end_, other.name.end + name_end->size() + 8);
    const Symbols second = calls_.Piece(other.name.end, end);
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

  void ReadPairs() {
    const std::vector<SampledPair>& pairs = calls_.first().pairs;
    const size_t text_at = pairs[0].is_text ? 0 : 1;
    const auto open_of = [&](const SampledPair& pair) {
      return calls_.Piece(pair.key.end, pair.value.begin);
    };
    const Symbols before_key =
        calls_.Piece(calls_.first().name.end, pairs[0].key.begin);
    const Symbols text_open = open_of(pairs[text_at]);
    const Symbols other_open = open_of(pairs[1 - text_at]);
    const SymbolView head = StripSpace(before_key);
    const bool brackets =
        !head.empty() && (head.back() == U'(' || head.back() == U'{');
    const Symbols between =
        calls_.Piece(pairs[0].value.end, pairs[1].key.begin);
    if (brackets && !text_open.empty() &&
        (text_open[0] == U'=' || text_open[0] == U':')) {
      format_.arguments = ArgumentSyntax::kLiteral;
      format_.assign = static_cast<char>(text_open[0]);
      const std::string quote = calls_.Text(SymbolView(text_open).substr(1));
      if (quote != "'" && quote != "\"") format_.quote = quote;
      quote_ = quote;
      format_.end = head.back() == U'(' ? ")" : "}";
      return;
    }
    format_.arguments = ArgumentSyntax::kPairs;
    key_open_size_ = CommonSuffix(before_key, between);
    format_.key_open = calls_.Text(
        SymbolView(between).substr(between.size() - key_open_size_));
    format_.value_open = KeepBreak(text_open, true);
    const std::string other = KeepBreak(other_open, true);
    if (other != format_.value_open) format_.other_open = other;
    const SymbolView closing =
        SymbolView(between).substr(0, between.size() - key_open_size_);
    const size_t again = closing.find(kKeySlot);
    format_.value_close = KeepBreak(closing.substr(0, again), false);
    if (again == SymbolView::npos) return;
    format_.key_close = calls_.Text(closing.substr(again + 1));
  }

  // As Text, but with the one line break that stands beside the value.
  std::string KeepBreak(SymbolView symbols, bool at_end) const {
    std::string text = calls_.Text(symbols);
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
        if (calls_.Text(SymbolView(rest).substr(0, n)) == what) {
          rest.erase(0, n);
          return;
        }
      }
    };
    if (!StripRight(text).empty()) drop(std::string(Strip(text)));
    drop(format_.end);
    return rest;
  }

  const std::string_view text_;
  const size_t begin_;
  const size_t end_;
  const std::string_view prompt_;
  const SampledCalls& calls_;
  std::string quote_;
  size_t key_open_size_ = 0;
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
  const SampledCalls calls(sample);
  if (!calls.complete()) return std::nullopt;
  return FormatReader(sample, calls).Read();
}

}  // namespace fullstop
