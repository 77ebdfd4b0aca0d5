// Every reply of reply_cases.json, whole and cut in all ways.
#include "protocol/reply_parser.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "protocol/reply_cases.h"

namespace fullstop {
namespace {

const std::vector<ReplyFormat>& Formats() {
  static const auto& formats =
      *new std::vector<ReplyFormat>(ReadReplyFormats());
  return formats;
}

std::string Show(const ParsedReply& reply) {
  std::string text =
      "thought <" + reply.reasoning + "> content <" + reply.content + ">";
  for (const ParsedCall& call : reply.calls) {
    text += "\n  call " + call.id + " " + call.name + " " + call.arguments;
  }
  for (const ReplyFlag flag : reply.flags) {
    text += "\n  " + std::string(ReplyFlagName(flag));
  }
  return text;
}

ParsedReply Collect(const std::vector<ReplyEvent>& events) {
  ParsedReply reply;
  for (const ReplyEvent& event : events) reply.Add(event);
  return reply;
}

std::string Raw(const std::vector<ReplyEvent>& events) {
  std::string raw;
  for (const ReplyEvent& event : events) raw += event.raw;
  return raw;
}

// The events of the first LENGTH bytes; bytes cut into tokens behind each of
// those for which CUTS says so.
template <typename Cuts>
std::vector<ReplyEvent> Parse(const ReplyCase& reply, Cuts cuts,
                              size_t length = std::string::npos) {
  ReplyParser parser(reply.grammar, reply.thought_open);
  std::vector<ReplyEvent> events;
  size_t at = 0;
  for (const ReplyCase::Part& part : reply.parts) {
    if (at >= length) break;
    if (part.id) {
      JoinEvents(parser.Put(*part.id, part.bytes, true), &events);
      at += part.bytes.size();
      continue;
    }
    std::string token;
    for (const char byte : part.bytes) {
      if (at >= length) break;
      token += byte;
      if (cuts(at++)) {
        JoinEvents(parser.PutText(std::exchange(token, {})), &events);
      }
    }
    JoinEvents(parser.PutText(token), &events);
  }
  JoinEvents(parser.Finish(), &events);
  return events;
}

std::vector<ReplyEvent> ParseWhole(const ReplyCase& reply) {
  return Parse(reply, [](size_t) { return false; });
}

TEST(ReplyParserTest, EveryFormatHasThirtyRepliesOrMore) {
  for (const ReplyFormat& format : Formats()) {
    EXPECT_GE(format.cases.size(), 30u) << format.name;
    EXPECT_NE(format.protocol->facts().tool_calls.format.kind, CallKind::kNone)
        << format.name;
  }
}

TEST(ReplyParserTest, RepliesSayWhatWasWritten) {
  for (const ReplyFormat& format : Formats()) {
    for (const ReplyCase& reply : format.cases) {
      const std::vector<ReplyEvent> events = ParseWhole(reply);
      ParsedReply parsed = Collect(events);
      for (ParsedCall& call : parsed.calls) call.flags.clear();
      EXPECT_EQ(Show(parsed), Show(reply.expected))
          << reply.name << ": " << reply.text << "\n"
          << Describe(format.protocol->facts().tool_calls.format);
      EXPECT_EQ(Raw(events), reply.text) << reply.name;
    }
  }
}

TEST(ReplyParserTest, CutAtEveryByteTheySayTheSame) {
  for (const ReplyFormat& format : Formats()) {
    for (const ReplyCase& reply : format.cases) {
      const std::vector<ReplyEvent> whole = ParseWhole(reply);
      for (size_t cut = 0; cut < reply.text.size(); ++cut) {
        ASSERT_EQ(Parse(reply, [cut](size_t at) { return at == cut; }), whole)
            << reply.name << " at " << cut;
      }
      ASSERT_EQ(Parse(reply, [](size_t) { return true; }), whole) << reply.name;
    }
  }
}

TEST(ReplyParserTest, AThousandRandomSplitsSayTheSame) {
  std::mt19937_64 random(20260718);
  for (const ReplyFormat& format : Formats()) {
    for (const ReplyCase& reply : format.cases) {
      const std::vector<ReplyEvent> whole = ParseWhole(reply);
      for (int i = 0; i < 1000; ++i) {
        const uint64_t density = random() % 64;
        const auto cuts = [&](size_t) { return random() % 64 <= density; };
        ASSERT_EQ(Parse(reply, cuts), whole) << reply.name << " split " << i;
      }
    }
  }
}

// Whatever is missing at a reply's end, every byte that is there is told, and
// a call that is cut is flagged.
TEST(ReplyParserTest, RepliesEndedAtEveryByteLoseNothing) {
  for (const ReplyFormat& format : Formats()) {
    for (const ReplyCase& reply : format.cases) {
      for (size_t length = 0; length <= reply.text.size(); ++length) {
        const std::vector<ReplyEvent> events =
            Parse(reply, [](size_t) { return false; }, length);
        const std::string raw = Raw(events);
        ASSERT_GE(raw.size(), length) << reply.name;
        ASSERT_TRUE(reply.text.starts_with(raw)) << reply.name << ": " << raw;
        const ParsedReply parsed = Collect(events);
        for (const ParsedCall& call : parsed.calls) {
          const bool is_json =
              nlohmann::json::parse(call.arguments, nullptr, false).is_object();
          ASSERT_EQ(is_json, !call.flags.contains(ReplyFlag::kArgumentsNotJson))
              << reply.name << " at " << length << ": " << call.arguments;
          if (call.flags.empty()) {
            ASSERT_FALSE(call.name.empty());
          }
        }
      }
    }
  }
}

// A copy goes on as if nothing had been put into the other one since.
TEST(ReplyParserTest, CopiesTakeTokensBack) {
  std::mt19937_64 random(7);
  for (const ReplyFormat& format : Formats()) {
    for (const ReplyCase& reply : format.cases) {
      const std::vector<ReplyEvent> whole = ParseWhole(reply);
      ReplyParser parser(reply.grammar, reply.thought_open);
      std::vector<ReplyEvent> events;
      for (const ReplyCase::Part& part : reply.parts) {
        ReplyParser other = parser;
        other.PutText("<tool_call>{\"name\": \"x\", [gone](");
        other.Put(random() % 2 == 0 ? 256 : 258, "<x>", true);
        JoinEvents(part.id ? parser.Put(*part.id, part.bytes, true)
                           : parser.PutText(part.bytes),
                   &events);
      }
      JoinEvents(parser.Finish(), &events);
      ASSERT_EQ(events, whole) << reply.name;
    }
  }
}

}  // namespace
}  // namespace fullstop
