// For tests: the replies of reply_cases.json, each with its protocol.
#ifndef FULLSTOP_PROTOCOL_REPLY_CASES_H_
#define FULLSTOP_PROTOCOL_REPLY_CASES_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "protocol/byte_model.h"
#include "protocol/reply_parser.h"

namespace fullstop {

struct ReplyCase {
  std::string name;
  // One control token, or bytes of ordinary ones.
  struct Part {
    std::optional<TokenId> id;
    std::string bytes;
  };
  std::vector<Part> parts;
  std::string text;  // all of it
  bool thought_open = false;
  std::shared_ptr<const ReplyGrammar> grammar;
  ParsedReply expected;
};

struct ReplyFormat {
  std::string name;
  std::shared_ptr<const TurnProtocol> protocol;
  std::vector<ReplyCase> cases;
};

inline nlohmann::ordered_json CaseTools() {
  return nlohmann::ordered_json::parse(R"([
    {"type": "function", "function": {"name": "look", "parameters":
      {"type": "object", "properties": {"place": {"type": "string"},
       "note": {"type": "string"}, "depth": {"type": "integer"}}}}},
    {"type": "function", "function": {"name": "dig", "parameters":
      {"type": "object", "properties": {"place": {"type": "string"},
       "code": {"type": "string"}}}}}])");
}

// TEXT in parts: what stands between U+2045 and U+2046 is bytes, whatever it
// spells.
inline std::vector<ReplyCase::Part> CaseParts(const TurnProtocol& protocol,
                                              std::string_view text) {
  constexpr std::string_view kOpen = "\u2045";
  constexpr std::string_view kClose = "\u2046";
  const TokenScanner scanner(protocol.facts().specials);
  std::vector<ReplyCase::Part> parts;
  const auto add_bytes = [&parts](std::string_view bytes) {
    if (bytes.empty()) return;
    if (parts.empty() || parts.back().id) parts.emplace_back();
    parts.back().bytes += bytes;
  };
  const auto add = [&](std::string_view piece) {
    std::vector<ScannedToken> found;
    scanner.Scan(piece, 0, piece.size(), &found);
    size_t at = 0;
    for (const ScannedToken& token : found) {
      add_bytes(piece.substr(at, token.begin - at));
      parts.push_back({token.id, std::string(piece.substr(
                                     token.begin, token.end - token.begin))});
      at = token.end;
    }
    add_bytes(piece.substr(at));
  };
  while (true) {
    const size_t open = text.find(kOpen);
    add(text.substr(0, open));
    if (open == std::string_view::npos) return parts;
    text.remove_prefix(open + kOpen.size());
    const size_t close = text.find(kClose);
    add_bytes(text.substr(0, close));
    if (close == std::string_view::npos) return parts;
    text.remove_prefix(close + kClose.size());
  }
}

// TEXT without the two signs.
inline std::string CaseText(std::string text) {
  for (const char* sign : {"\u2045", "\u2046"}) {
    for (size_t at = text.find(sign); at != std::string::npos;
         at = text.find(sign)) {
      text.erase(at, std::string_view(sign).size());
    }
  }
  return text;
}

inline ReplyFlag FlagNamed(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ReplyFlag::kMarkerStray); ++i) {
    const auto flag = static_cast<ReplyFlag>(i);
    if (ReplyFlagName(flag) == name) return flag;
  }
  throw std::invalid_argument("no flag has the name " + std::string(name));
}

inline ParsedReply ReadExpected(const nlohmann::ordered_json& json) {
  ParsedReply reply;
  reply.reasoning = CaseText(json.value("reasoning", ""));
  reply.content = CaseText(json.value("content", ""));
  for (const auto& name :
       json.value("flags", nlohmann::ordered_json::array())) {
    reply.flags.insert(FlagNamed(name.get<std::string>()));
  }
  for (const auto& call :
       json.value("calls", nlohmann::ordered_json::array())) {
    reply.calls.push_back({call[0], call[1], call[2], {}});
  }
  return reply;
}

inline std::vector<ReplyFormat> ReadReplyFormats() {
  const auto json = nlohmann::ordered_json::parse(
      ReadFile(FULLSTOP_SOURCE_DIR "/src/protocol/reply_cases.json"));
  std::vector<ReplyFormat> formats;
  for (const auto& item : json) {
    std::vector<std::string> control = item["control"];
    control.insert(control.end(), {"<|turn|>", "<|end|>"});
    ReplyFormat format;
    format.name = item["name"];
    format.protocol = ByteModel(control).Template(item["template"]).Resolve();
    const auto with_tools =
        ReplyGrammar::Make(format.protocol->facts(), CaseTools());
    const auto without = ReplyGrammar::Make(format.protocol->facts());
    for (const auto& given : item["cases"]) {
      ReplyCase made;
      made.name = format.name + "/" + given["name"].get<std::string>();
      made.text = CaseText(given["reply"]);
      made.parts = CaseParts(*format.protocol,
                             given["reply"].get_ref<const std::string&>());
      made.thought_open = given.value("open", false);
      made.grammar = given.value("tools", true) ? with_tools : without;
      made.expected = ReadExpected(given["expected"]);
      format.cases.push_back(std::move(made));
    }
    formats.push_back(std::move(format));
  }
  return formats;
}

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_REPLY_CASES_H_
