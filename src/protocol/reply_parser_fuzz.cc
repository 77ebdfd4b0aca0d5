// Feeds replies in the formats of reply_cases.json to the parser. The first
// byte chooses the format, the second whether the prompt opened a thought (1),
// tools are given (2) and how bytes are cut into tokens (the rest); what
// follows is the reply, in which the vocabulary's tokens are found by their
// text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

struct Grammars {
  std::shared_ptr<const TurnProtocol> protocol;
  std::shared_ptr<const ReplyGrammar> with_tools;
  std::shared_ptr<const ReplyGrammar> without;
};

const std::vector<Grammars>& All() {
  static const auto& all = *new std::vector<Grammars>([] {
    std::vector<Grammars> made;
    for (const ReplyFormat& format : ReadReplyFormats()) {
      const ProtocolFacts& facts = format.protocol->facts();
      made.push_back({format.protocol, ReplyGrammar::Make(facts, CaseTools()),
                      ReplyGrammar::Make(facts)});
    }
    return made;
  }());
  return all;
}

void Require(bool holds) {
  if (!holds) std::abort();
}

void Parse(const Grammars& grammars, uint8_t options, std::string_view text) {
  const auto parts = CaseParts(*grammars.protocol, text);
  const ReplyParser start(
      (options & 2) != 0 ? grammars.with_tools : grammars.without,
      (options & 1) != 0);
  ReplyParser whole = start;
  ReplyParser cut = start;
  std::vector<ReplyEvent> events;
  std::vector<ReplyEvent> cut_events;
  std::string all;
  const size_t step = 1 + (options >> 2);
  for (const ReplyCase::Part& part : parts) {
    all += part.bytes;
    if (part.id) {
      JoinEvents(whole.Put(*part.id, part.bytes, true), &events);
      JoinEvents(cut.Put(*part.id, part.bytes, true), &cut_events);
      continue;
    }
    JoinEvents(whole.PutText(part.bytes), &events);
    const std::string_view bytes = part.bytes;
    for (size_t at = 0; at < bytes.size(); at += step) {
      cut = ReplyParser(cut);
      JoinEvents(cut.PutText(bytes.substr(at, step)), &cut_events);
    }
  }
  JoinEvents(whole.Finish(), &events);
  JoinEvents(cut.Finish(), &cut_events);
  Require(events == cut_events);

  std::string raw;
  ParsedReply reply;
  for (const ReplyEvent& event : events) {
    raw += event.raw;
    reply.Add(event);
  }
  Require(raw == all);
  for (const ParsedCall& call : reply.calls) {
    const bool is_json =
        nlohmann::json::parse(call.arguments, nullptr, false).is_object();
    Require(is_json != call.flags.contains(ReplyFlag::kArgumentsNotJson));
    Require(!call.name.empty() ||
            call.flags.contains(ReplyFlag::kCallNameless));
  }
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 4096) return 0;
  const auto& all = fullstop::All();
  const std::string_view text(reinterpret_cast<const char*>(data) + 2,
                              size - 2);
  fullstop::Parse(all[data[0] % all.size()], data[1], text);
  return 0;
}
