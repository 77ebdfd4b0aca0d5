#include "protocol/sampled_calls.h"

#include <algorithm>

namespace fullstop {
namespace {

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

}  // namespace

SampledCalls::SampledCalls(const CallSample& sample)
    : sample_(sample), text_(sample.probe.text) {
  Collect();
  if (calls_.empty() || calls_[0].arguments.end == 0) return;
  for (SampledCall& call : calls_) {
    if (call.name.end == 0) call.name = call.id;
    if (call.name.end == 0) return;
    named_by_id_ = call.name.begin == call.id.begin;
  }
  complete_ = true;
}

void SampledCalls::Collect() {
  for (const ProbePart& part : sample_.probe.parts) {
    if (part.id) {
      tokens_[part.begin] = part;
      token_texts_[*part.id] = text_.substr(part.begin, part.end - part.begin);
    } else if (part.message == sample_.message && part.begin >= sample_.begin) {
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

void SampledCalls::Add(const ProbePart& part, std::string_view field,
                       SampledCall* call) {
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

bool SampledCalls::IsKeyOf(const SampledPair& pair,
                           const ByteRange& range) const {
  return pair.key_again.end == 0 &&
         text_.substr(range.begin, range.end - range.begin) ==
             text_.substr(pair.key.begin, pair.key.end - pair.key.begin);
}

size_t SampledCalls::KeyAgain(size_t at) const {
  for (const SampledCall& call : calls_) {
    for (const SampledPair& pair : call.pairs) {
      if (pair.key_again.end != 0 && pair.key_again.begin == at) {
        return pair.key_again.end;
      }
    }
  }
  return 0;
}

Symbols SampledCalls::Piece(size_t begin, size_t end) const {
  Symbols piece;
  for (size_t at = begin; at < end;) {
    const auto token = tokens_.find(at);
    const auto call =
        std::find_if(calls_.begin(), calls_.end(), [at](const SampledCall& c) {
          return c.id.end != 0 && c.id.begin == at;
        });
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

std::string SampledCalls::Text(SymbolView symbols) const {
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

std::optional<ByteRange> SampledCalls::Value(size_t from,
                                             const SampledCall& call) const {
  for (size_t at = from; at < call.name.begin; ++at) {
    const auto token = tokens_.find(at);
    if (token != tokens_.end()) {
      at = token->second.end - 1;
      continue;
    }
    if (text_[at] != '{' && text_[at] != '[') continue;
    const size_t end = BracketEnd(text_, at);
    if (end != std::string_view::npos && end > call.arguments.end &&
        end <= sample_.end) {
      return ByteRange{at, end};
    }
  }
  return std::nullopt;
}

bool SampledCalls::TemplateWithin(const SampledCall& call) const {
  size_t covered = call.arguments.begin;
  for (const ProbePart& part : sample_.probe.parts) {
    if (part.begin < covered || part.begin >= call.arguments.end) continue;
    if (part.id || !IsWhiteSpace(text_.substr(covered, part.begin - covered))) {
      return true;
    }
    covered = part.end;
  }
  return false;
}

}  // namespace fullstop
