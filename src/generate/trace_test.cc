#include "generate/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"

namespace fullstop {
namespace {

using testing::HasSubstr;

TraceHeader ExampleHeader() {
  TraceHeader header;
  header.program = "fullstop 0.1.0";
  header.model = "tiny.gguf";
  header.protocol = "c0ffee";
  header.prompt_tokens = 31;
  header.config.stops.stops = {
      {2,
       "<|im_end|>",
       StopRole::kTurnEnd,
       {{Provenance::kGguf, "tokenizer.ggml.eos_token_id"}}}};
  header.config.stop_strings = {"END"};
  header.config.markers = {
      {Section::kAnswer, Section::kThought, {7}, ""},
      {Section::kThought, Section::kAnswer, {}, "</think>"}};
  header.config.max_tokens = 256;
  header.params = {{"temp", 0.5}};
  return header;
}

// The generation of docs/trace.md.
std::string ExampleTrace() {
  std::string text;
  TraceWriter writer([&text](std::string_view line) { text += line; });
  const TraceHeader header = ExampleHeader();
  writer.Begin(header);
  TraceToken first;
  first.id = 40;
  first.bytes = "Go E";
  first.logprob = -0.25;
  first.p_stop = 0.015625;
  first.drawn_with = 0.5;
  first.top = {{40, "Go E", -0.25}, {2, "<|im_end|>", -4.25}};
  first.stages = {{"top_k", 0, 1}};
  first.stop_losses = {{2, "top_k", true}};
  TraceToken second;
  second.id = 41;
  second.bytes = "\xc3";
  second.logprob = -1.5;
  TraceToken third;
  third.id = 2;
  third.bytes = "<|im_end|>";
  third.control = true;
  third.logprob = -0.125;

  StopMachine machine(header.config);
  for (TraceToken* token : {&first, &second, &third}) {
    token->shown =
        machine.Put({token->id, token->bytes, token->control}).pieces;
    token->held = machine.held();
    writer.Token(*token);
  }
  writer.End({*machine.end(), machine.usage(), {}});
  return text;
}

std::string ErrorOf(const std::string& text) {
  try {
    ReadTraces(text, "t.jsonl");
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "t.jsonl");
    return error.what();
  }
  return "";
}

// The first line of a trace that allows anything.
const char kFirst[] =
    "{\"fullstop_trace\":1,\"config\":{\"start\":\"answer\"}}\n";

TEST(TraceTest, TheExampleInTheDocsIsWhatIsWritten) {
  std::ifstream file(FULLSTOP_SOURCE_DIR "/docs/trace.md");
  const std::string page((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  const size_t begin = page.find("```json\n") + 8;
  EXPECT_EQ(page.substr(begin, page.find("```", begin) - begin),
            ExampleTrace());
}

TEST(TraceTest, WhatIsReadIsWrittenAgainByteForByte) {
  const std::string text = ExampleTrace();
  std::string again;
  TraceWriter writer([&again](std::string_view line) { again += line; });
  for (const Trace& trace : ReadTraces(text + text, "t.jsonl")) {
    writer.Begin(trace.header);
    for (const TraceToken& token : trace.tokens) writer.Token(token);
    writer.End(*trace.end);
  }
  EXPECT_EQ(again, text + text);
}

TEST(TraceTest, EveryFieldComesBack) {
  TraceHeader header = ExampleHeader();
  header.config.stops.strings = {"\n\nUser:", "\xff"};
  header.config.stops.stops.push_back(
      {9, "<x>", StopRole::kSection, {{Provenance::kDerived, "a: b"}}});
  header.config.strings_in_thought = true;
  header.config.strings_in_call = true;
  header.config.start = Section::kHeader;
  header.config.min_tokens = 3;
  header.config.hold_tokens = 64;
  TraceToken token;
  token.id = 0;
  token.bytes = std::string("a\0\xe6", 3);
  token.events.loop = LoopEvent{4, 13, 5};
  token.events.hold = 7;
  token.events.context_full = true;
  token.events.cancelled = true;
  token.events.error = "it \xff broke";
  token.stop_losses = {{9, "logit_bias", false}};
  token.stepped_back = 5;
  token.shown = {{Section::kCall, true, "\xc3"}, {Section::kCall, false, "{"}};
  token.held = "\x80";
  End end;
  end.cause = EndCause::kLoop;
  end.period = 4;
  end.count = 13;
  std::string text;
  TraceWriter writer([&text](std::string_view line) { text += line; });
  writer.Begin(header);
  writer.Token(token);
  writer.End({end, {7, 2, 5}, {{Section::kThought, false, "z"}}});

  const Trace trace = ReadTraces(text, "t.jsonl").at(0);
  const StopConfig& config = trace.header.config;
  EXPECT_EQ(config.stops.strings, header.config.stops.strings);
  EXPECT_EQ(config.stops.stops.at(1).role, StopRole::kSection);
  EXPECT_EQ(config.stops.stops.at(1).from.at(0).where, "a: b");
  EXPECT_TRUE(config.strings_in_thought && config.strings_in_call);
  EXPECT_EQ(config.start, Section::kHeader);
  EXPECT_EQ(config.min_tokens, 3u);
  EXPECT_EQ(config.hold_tokens, 64u);
  EXPECT_EQ(config.markers.at(0).ids, std::vector<TokenId>{7});
  EXPECT_EQ(config.markers.at(1).text, "</think>");
  const TraceToken& read = trace.tokens.at(0);
  EXPECT_EQ(read.bytes, token.bytes);
  EXPECT_EQ(read.events.loop->step_back, 5u);
  EXPECT_EQ(read.events.hold, 7u);
  EXPECT_TRUE(read.events.context_full && read.events.cancelled);
  EXPECT_EQ(read.events.error, token.events.error);
  EXPECT_FALSE(read.stop_losses.at(0).removed);
  EXPECT_EQ(read.stepped_back, 5u);
  EXPECT_EQ(read.shown, token.shown);
  EXPECT_EQ(read.held, token.held);
  EXPECT_EQ(trace.end->end.period, 4u);
  EXPECT_EQ(trace.end->usage, (ReplyUsage{7, 2, 5}));
  EXPECT_EQ(trace.end->shown.at(0).bytes, "z");
}

TEST(TraceTest, ProbabilitiesThatAreNoNumbersAreLeftUnknown) {
  std::string text = kFirst;
  TraceWriter writer([&text](std::string_view line) { text += line; });
  TraceToken token;
  token.logprob = -std::numeric_limits<double>::infinity();
  token.p_stop = std::numeric_limits<double>::quiet_NaN();
  writer.Token(token);
  const Trace trace = ReadTraces(text, "t.jsonl").at(0);
  EXPECT_FALSE(trace.tokens.at(0).logprob || trace.tokens.at(0).p_stop);
}

TEST(TraceTest, EachLineIsOneCallOfTheSink) {
  std::vector<std::string> lines;
  TraceWriter writer([&](std::string_view line) { lines.emplace_back(line); });
  writer.Begin({});
  writer.Token({});
  writer.End({});
  ASSERT_EQ(lines.size(), 3u);
  for (const std::string& line : lines) {
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

TEST(TraceReaderTest, AnInterruptedTraceHasNoEnd) {
  const auto traces =
      ReadTraces(kFirst + std::string("{\"n\":0,\"id\":3}"), "t.jsonl");
  EXPECT_FALSE(traces.at(0).end.has_value());
  EXPECT_EQ(traces.at(0).tokens.size(), 1u);
}

TEST(TraceReaderTest, UnknownKeysAndEmptyLinesAreIgnored) {
  const auto traces = ReadTraces(
      "\n" + std::string(kFirst) + "\n{\"n\":0,\"id\":3,\"later\":[]}\n\n",
      "t.jsonl");
  EXPECT_EQ(traces.at(0).tokens.at(0).id, 3);
}

TEST(TraceReaderTest, EachDamageIsNamedWithItsLine) {
  const std::string first = kFirst;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the trace is empty"},
      {"\n\n", "the trace is empty"},
      {"hello", "not JSON from its byte 1"},
      {first + "{\"n\":0,\"id\":", "not JSON"},
      {first + "[1]", "the line is no JSON object"},
      {"{\"n\":0,\"id\":1}", "before a generation's first line"},
      {"{\"fullstop_trace\":2}", "version 2"},
      {"{\"fullstop_trace\":1}", "\"config\" of the line is missing"},
      {"{\"fullstop_trace\":1,\"config\":3}", "the configuration is no JSON"},
      {"{\"fullstop_trace\":1,\"config\":{}}", "\"\" is no section"},
      {first + "{\"n\":1,\"id\":1}", "token 1, but token 0 is next"},
      {first + "{\"n\":0}", "\"id\" of the line is missing"},
      {first + "{\"n\":0,\"id\":-1}", "\"id\" of the line is no token id"},
      {first + "{\"n\":0,\"id\":2147483648}", "is no token id"},
      {first + "{\"n\":0,\"id\":1.5}", "is no token id"},
      {first + "{\"n\":0,\"id\":1e999}", "number out of range"},
      {first + "{\"n\":0,\"id\":1,\"text\":5}", "\"text\" of the line is no"},
      {first + "{\"n\":0,\"id\":1,\"text_hex\":\"c\"}", "hex digits"},
      {first + "{\"n\":0,\"id\":1,\"text_hex\":\"zz\"}", "hex digits"},
      {first + "{\"n\":0,\"id\":1,\"control\":1}", "neither true nor false"},
      {first + "{\"n\":0,\"id\":1,\"logprob\":\"a\"}", "is no number"},
      {first + "{\"n\":0,\"id\":1,\"top\":{}}", "\"top\" of the line is no"},
      {first + "{\"n\":0,\"id\":1,\"top\":[1]}", "a candidate is no JSON"},
      {first + "{\"n\":0,\"id\":1,\"loop\":{\"period\":-4}}",
       "\"period\" of a loop is no whole number"},
      {first + "{\"n\":0,\"id\":1,\"shown\":[{\"section\":\"x\"}]}",
       "\"x\" is no section"},
      {first + "{\"end\":{\"cause\":\"bored\"}}", "\"cause\" of an end"},
      {first + "{\"end\":5}", "an end is no JSON object"},
      {first + "{\"end\":{\"cause\":\"loop\",\"from\":[\"moon: x\"]}}",
       "\"moon\" is no provenance"},
      {first + "{\"end\":{\"cause\":\"cancelled\"}}\n{\"n\":0,\"id\":1}",
       "before a generation's first line"},
      {"{\"fullstop_trace\":1,\"config\":{\"start\":\"answer\",\"stops\":"
       "[{\"id\":2,\"role\":\"turn_end\"},{\"id\":2,\"role\":\"turn_end\"}]}}",
       "not in ascending order"},
      {"{\"fullstop_trace\":1,\"config\":{\"start\":\"answer\",\"stops\":"
       "[{\"id\":2,\"role\":\"king\"}]}}",
       "\"king\" is no stop role"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_THAT(ErrorOf(text), HasSubstr(expected)) << text;
  }
  EXPECT_THAT(ErrorOf(first + "\n{\"n\":0,\"id\":true}"), HasSubstr("line 3"));
}

TEST(TraceReaderTest, AnEndlessLineIsRefused) {
  EXPECT_THAT(ErrorOf(std::string((4 << 20) + 1, '[')),
              HasSubstr("more than 4194304"));
}

TEST(TraceReaderTest, DeepNestingDoesNoHarm) {
  const std::string depth(1 << 20, '[');
  EXPECT_THAT(ErrorOf(depth), HasSubstr("not JSON"));
  const std::string closed = depth + std::string(1 << 20, ']');
  EXPECT_THAT(ErrorOf(closed), HasSubstr("no JSON object"));
}

}  // namespace
}  // namespace fullstop
