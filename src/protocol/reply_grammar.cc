#include "protocol/reply_grammar.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

const Json* Member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto member = object.find(key);
  return member == object.end() ? nullptr : &*member;
}

// Whether a parameter's schema says that it is a text; false where it says
// nothing of the kind.
bool IsText(const Json& schema) {
  const Json* type = Member(schema, "type");
  if (type == nullptr) {
    const Json* values = Member(schema, "enum");
    return values != nullptr && values->is_array() && !values->empty() &&
           std::all_of(values->begin(), values->end(),
                       [](const Json& value) { return value.is_string(); });
  }
  return *type == "string";
}

std::map<std::string, std::map<std::string, bool>> ReadTools(
    const Json& tools) {
  std::map<std::string, std::map<std::string, bool>> read;
  if (!tools.is_array()) return read;
  for (const Json& tool : tools) {
    const Json* function = Member(tool, "function");
    if (function == nullptr) function = &tool;
    const Json* name = Member(*function, "name");
    if (name == nullptr || !name->is_string()) continue;
    std::map<std::string, bool>& parameters = read[name->get<std::string>()];
    const Json* schema = Member(*function, "parameters");
    const Json* properties =
        schema == nullptr ? nullptr : Member(*schema, "properties");
    if (properties == nullptr || !properties->is_object()) continue;
    for (const auto& [key, value] : properties->items()) {
      if (Member(value, "type") != nullptr ||
          Member(value, "enum") != nullptr) {
        parameters[key] = IsText(value);
      }
    }
  }
  return read;
}

// Tags, tokens and words of TEXT, each by itself; PREFIX with the tag that it
// stands before.
std::vector<Symbols> Parts(const Symbols& text, const Symbols& prefix) {
  std::vector<Symbols> parts;
  bool in_tag = false;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!prefix.empty() && text.compare(at, prefix.size(), prefix) == 0) {
      const size_t end = text.find(U'>', at + prefix.size());
      const size_t size = std::min(text.size(), end) - at + 1;
      parts.push_back(text.substr(at, size));
      parts.emplace_back();
      at += size - 1;
      in_tag = false;
      continue;
    }
    const char32_t symbol = text[at];
    const bool space = IsSpace(symbol);
    if (parts.empty() || (!in_tag && (IsToken(symbol) || symbol == U'<' ||
                                      space || parts.back().empty()))) {
      parts.emplace_back();
    }
    if (!space || in_tag) parts.back() += symbol;
    if (symbol == U'<') in_tag = true;
    if (symbol == U'>') in_tag = false;
    if (!in_tag && (IsToken(symbol) || symbol == U'>')) parts.emplace_back();
  }
  std::erase_if(parts, [](const Symbols& part) { return part.empty(); });
  return parts;
}

bool HasLetterOrToken(SymbolView text) {
  return std::any_of(text.begin(), text.end(), [](char32_t symbol) {
    return IsToken(symbol) || symbol >= 128 ||
           std::isalpha(static_cast<int>(symbol)) != 0;
  });
}

// All tokens in the markers of GRAMMAR.
std::set<char32_t> Marks(const ReplyGrammar& grammar) {
  std::set<char32_t> marks;
  std::vector<Symbols> all = {grammar.thought_open, grammar.thought_close,
                              grammar.answer_open, grammar.header_open};
  all.insert(all.end(), grammar.answer_close.begin(),
             grammar.answer_close.end());
  for (const CallGrammar& call : grammar.calls) {
    all.insert(all.end(), {call.section_open, call.section_close, call.key_open,
                           call.value_open, call.value_close, call.key_close,
                           call.other_open, call.quote});
    all.insert(all.end(), call.close.begin(), call.close.end());
    for (const CallGrammar::Step& step : call.head) all.push_back(step.text);
  }
  for (const Symbols& text : all) {
    for (const char32_t symbol : text) {
      if (IsToken(symbol)) marks.insert(symbol);
    }
  }
  return marks;
}

// A run of tags that begin with the same token, each by itself.
std::vector<Symbols> TagsOf(const Symbols& run) {
  std::vector<Symbols> tags;
  for (const char32_t symbol : run) {
    if (tags.empty() || symbol == run[0]) tags.emplace_back();
    tags.back() += symbol;
  }
  return tags;
}

bool IsWordSymbol(char32_t symbol) {
  return symbol < 128 && std::isalnum(static_cast<int>(symbol)) != 0;
}

// Where two openings of values differ in one word, what is around that word.
void SplitKinds(CallGrammar* call) {
  const Symbols& text = call->value_open;
  const Symbols& other = call->other_open;
  if (other.empty()) return;
  size_t before = static_cast<size_t>(
      std::mismatch(text.begin(), text.end(), other.begin(), other.end())
          .first -
      text.begin());
  while (before > 0 && IsWordSymbol(text[before - 1])) --before;
  const auto word_end = [before](const Symbols& symbols) {
    return static_cast<size_t>(
        std::find_if_not(symbols.begin() + static_cast<ptrdiff_t>(before),
                         symbols.end(), IsWordSymbol) -
        symbols.begin());
  };
  const Symbols behind = text.substr(word_end(text));
  if (word_end(text) == before || word_end(other) == before ||
      behind != other.substr(word_end(other)) || behind.empty()) {
    return;
  }
  call->kind_before = text.substr(0, before);
  call->kind_behind = behind;
}

using Compile = std::function<Symbols(std::string_view)>;

CallGrammar CompileCalls(const CallFormat& format, const Compile& symbols) {
  CallGrammar call;
  call.format = format;
  call.section_open = symbols(format.section_open);
  call.section_close = symbols(format.section_close);
  for (const CallStep& step : format.head) {
    call.head.push_back({step.kind, symbols(step.text)});
  }
  call.key_open = symbols(format.key_open);
  call.value_open = symbols(format.value_open);
  call.value_close = symbols(format.value_close);
  call.key_close = symbols(format.key_close);
  call.other_open = symbols(format.other_open);
  call.quote = symbols(format.quote);
  SplitKinds(&call);
  const bool keyed = !call.key_close.empty();
  call.close = Parts(
      symbols(format.close),
      keyed ? call.key_open.substr(0, call.key_open.rfind(U'<')) : Symbols());
  const Symbols opening = call.Opening();
  call.weak = format.kind != CallKind::kNone && !HasLetterOrToken(opening) &&
              opening.size() < 2;
  return call;
}

// Channels: which of the two that a header may lead to.
void CompileChannels(ReplyGrammar* grammar) {
  if (grammar->calls.front().format.kind != CallKind::kChannel ||
      grammar->thought_open.empty() || grammar->answer_open.empty()) {
    return;
  }
  grammar->message = grammar->thought_open.back();
  grammar->thought_key = grammar->thought_open;
  grammar->thought_key.pop_back();
  grammar->answer_key = grammar->answer_open;
  grammar->answer_key.pop_back();
}

}  // namespace

Fit CallGrammar::FitValueOpen(SymbolView text, bool* other) const {
  const Fit value = FitAt(text, value_open);
  *other = !value.whole();
  if (!value.no() || other_open.empty()) return value;
  if (kind_behind.empty()) return FitAt(text, other_open);
  Fit fit = FitAt(text, kind_before);
  if (!fit.whole()) return fit;
  while (fit.length < text.size() && IsWordSymbol(text[fit.length])) {
    ++fit.length;
  }
  const Fit behind = FitAt(text.substr(fit.length), kind_behind);
  return {behind.kind, fit.length + behind.length};
}

std::shared_ptr<const ReplyGrammar> ReplyGrammar::Make(
    const ProtocolFacts& facts, const Json& tools) {
  auto grammar = std::make_shared<ReplyGrammar>();
  std::vector<SpecialToken> control;
  for (const SpecialToken& special : facts.specials) {
    if (!special.control) continue;
    grammar->token_texts[TokenSymbol(special.id)] = special.text;
    if (special.kind != TokenKind::kUnknown) control.push_back(special);
  }
  const TokenScanner scanner(control);
  const auto symbols = [&](std::string_view text) {
    return ToSymbols(Strip(text), scanner);
  };
  const auto marker = [&](const std::optional<Marker>& given) {
    return given ? symbols(given->text) : Symbols();
  };
  grammar->thought_open = marker(facts.reasoning.opening);
  grammar->thought_close = marker(facts.reasoning.closing);
  grammar->answer_open = marker(facts.reasoning.answer);
  grammar->answer_close = TagsOf(marker(facts.reasoning.answer_closing));
  grammar->header_open = marker(facts.reasoning.header);

  grammar->calls.push_back(CompileCalls(facts.tool_calls.format, symbols));
  for (const CallFormat& other : facts.tool_calls.others) {
    grammar->calls.push_back(CompileCalls(other, symbols));
  }
  for (CallGrammar& call : grammar->calls) {
    call.shares_opening =
        std::any_of(grammar->calls.begin(), grammar->calls.end(),
                    [&call](const CallGrammar& other) {
                      return &other != &call && !call.weak &&
                             other.Opening() == call.Opening();
                    });
  }
  CompileChannels(grammar.get());
  grammar->tools = ReadTools(tools);
  grammar->marks = Marks(*grammar);
  for (const Stop& stop : facts.stops.stops) {
    (stop.role == StopRole::kSection ? grammar->section_ends : grammar->stops)
        .insert(TokenSymbol(stop.id));
  }
  return grammar;
}

}  // namespace fullstop
