#include "protocol/reply_grammar.h"

#include <algorithm>
#include <cctype>
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

// Tags, tokens and words of TEXT, each by itself.
std::vector<Symbols> Parts(const Symbols& text) {
  std::vector<Symbols> parts;
  bool in_tag = false;
  for (const char32_t symbol : text) {
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
  std::vector<Symbols> all = {
      grammar.thought_open, grammar.thought_close, grammar.answer_open,
      grammar.header_open,  grammar.section_open,  grammar.section_close,
      grammar.key_open,     grammar.value_open,    grammar.value_close,
      grammar.other_open,   grammar.quote};
  all.insert(all.end(), grammar.close.begin(), grammar.close.end());
  for (const ReplyGrammar::Step& step : grammar.head) all.push_back(step.text);
  for (const Symbols& text : all) {
    for (const char32_t symbol : text) {
      if (IsToken(symbol)) marks.insert(symbol);
    }
  }
  return marks;
}

}  // namespace

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
  grammar->header_open = marker(facts.reasoning.header);

  const CallFormat& calls = grammar->calls = facts.tool_calls.format;
  if (calls.kind == CallKind::kChannel && !grammar->thought_open.empty() &&
      !grammar->answer_open.empty()) {
    grammar->message = grammar->thought_open.back();
    grammar->thought_key = grammar->thought_open;
    grammar->thought_key.pop_back();
    grammar->answer_key = grammar->answer_open;
    grammar->answer_key.pop_back();
  }
  grammar->section_open = symbols(calls.section_open);
  grammar->section_close = symbols(calls.section_close);
  for (const CallStep& step : calls.head) {
    grammar->head.push_back({step.kind, symbols(step.text)});
  }
  grammar->close = Parts(symbols(calls.close));
  grammar->key_open = symbols(calls.key_open);
  grammar->value_open = symbols(calls.value_open);
  grammar->value_close = symbols(calls.value_close);
  grammar->other_open = symbols(calls.other_open);
  grammar->quote = symbols(calls.quote);
  const Symbols opening =
      grammar->section_open +
      (grammar->head.empty() ? Symbols() : grammar->head[0].text);
  grammar->weak = calls.kind != CallKind::kNone && !HasLetterOrToken(opening) &&
                  opening.size() < 2;
  grammar->tools = ReadTools(tools);
  grammar->marks = Marks(*grammar);
  for (const Stop& stop : facts.stops.stops) {
    if (stop.role != StopRole::kSection) {
      grammar->stops.insert(TokenSymbol(stop.id));
    }
  }
  return grammar;
}

}  // namespace fullstop
