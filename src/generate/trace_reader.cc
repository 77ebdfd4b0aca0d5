#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "generate/end_json.h"
#include "generate/json_fields.h"
#include "generate/stop_config_json.h"
#include "generate/trace.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxLine = size_t{4} << 20;
constexpr size_t kExcerpt = 80;

StopEvents ReadEvents(const JsonFields& fields) {
  StopEvents events;
  if (fields.Find("hold") != nullptr) events.hold = fields.Count("hold");
  if (const Json* loop = fields.Find("loop")) {
    const JsonFields parts(*loop, "a loop");
    events.loop = LoopEvent{parts.Count("period"), parts.Count("count"),
                            parts.Count("step_back")};
  }
  events.context_full = fields.Flag("context_full");
  events.cancelled = fields.Flag("cancelled");
  if (fields.Find("error") != nullptr || fields.Find("error_hex") != nullptr) {
    events.error = fields.Bytes("error");
  }
  return events;
}

std::vector<Piece> ReadShown(const JsonFields& fields) {
  const Json* shown = fields.FindArray("shown");
  return shown == nullptr ? std::vector<Piece>() : PiecesFromJson(*shown);
}

// The elements of the array under KEY, each made by READ; WHAT names one.
template <typename Read>
auto ReadArray(const JsonFields& fields, std::string_view key,
               std::string_view what, const Read& read) {
  std::vector<decltype(read(fields))> values;
  if (const Json* array = fields.FindArray(key)) {
    for (const Json& element : *array) {
      values.push_back(read(JsonFields(element, what)));
    }
  }
  return values;
}

TraceHeader ReadHeader(const JsonFields& fields) {
  const uint64_t version = fields.Count("fullstop_trace");
  if (version != 1) {
    throw Error::Unsupported("the trace has version " +
                             std::to_string(version) +
                             ", this program reads version 1");
  }
  const Json* config = fields.Find("config");
  if (config == nullptr) fields.Fail("config", "is missing");
  TraceHeader header;
  header.program = fields.Text("program");
  header.model = fields.Text("model");
  header.protocol = fields.Text("protocol");
  header.prompt_tokens = fields.Count("prompt_tokens");
  header.config = StopConfigFromJson(*config);
  if (const Json* params = fields.Find("params")) header.params = *params;
  return header;
}

TraceToken ReadToken(const JsonFields& fields) {
  TraceToken token;
  token.id = fields.Id("id");
  token.bytes = fields.Bytes("text");
  token.control = fields.Flag("control");
  token.events = ReadEvents(fields);
  token.logprob = fields.Number("logprob");
  token.p_stop = fields.Number("p_stop");
  token.drawn_with = fields.Number("drawn_with");
  token.top =
      ReadArray(fields, "top", "a candidate", [](const JsonFields& candidate) {
        return TraceCandidate{candidate.Id("id"), candidate.Bytes("text"),
                              candidate.Number("logprob")};
      });
  token.stages =
      ReadArray(fields, "stages", "a stage", [](const JsonFields& stage) {
        return TraceStage{stage.Text("stage"), stage.Count("changed"),
                          stage.Count("kept")};
      });
  token.stop_losses = ReadArray(
      fields, "stop_losses", "a stop loss", [](const JsonFields& loss) {
        return TraceStopLoss{loss.Id("id"), loss.Text("stage"),
                             loss.Flag("removed")};
      });
  token.shown = ReadShown(fields);
  token.held = fields.Bytes("held");
  token.stepped_back = fields.Count("stepped_back");
  return token;
}

TraceEnd ReadEnd(const JsonFields& fields) {
  TraceEnd end;
  end.end = EndFromJson(*fields.Find("end"));
  if (const Json* usage = fields.Find("usage")) {
    end.usage = UsageFromJson(*usage);
  }
  end.shown = ReadShown(fields);
  return end;
}

Json ParseLine(std::string_view line) {
  if (line.size() > kMaxLine) {
    throw Error::Limit("the line has " + std::to_string(line.size()) +
                       " bytes, more than " + std::to_string(kMaxLine));
  }
  try {
    return Json::parse(line);
  } catch (const Json::parse_error& error) {
    throw Error::Format("the line is not JSON from its byte " +
                        std::to_string(error.byte) + " on")
        .Advice(
            "if it is the last line, the writer was interrupted: leave it "
            "out");
  } catch (const Json::exception&) {
    throw Error::Format("the line holds a number out of range");
  }
}

void ReadLine(std::string_view line, std::vector<Trace>* traces) {
  const Json json = ParseLine(line);
  const JsonFields fields(json, "the line");
  if (fields.Find("fullstop_trace") != nullptr) {
    traces->push_back({ReadHeader(fields), {}, {}});
    return;
  }
  if (traces->empty() || traces->back().end) {
    throw Error::Format("the line stands before a generation's first line")
        .Advice("a trace begins with a line that has \"fullstop_trace\"");
  }
  Trace& trace = traces->back();
  if (fields.Find("end") != nullptr) {
    trace.end = ReadEnd(fields);
    return;
  }
  const uint64_t number = fields.Count("n");
  if (number != trace.tokens.size()) {
    throw Error::Format("the line is token " + std::to_string(number) +
                        ", but token " + std::to_string(trace.tokens.size()) +
                        " is next");
  }
  trace.tokens.push_back(ReadToken(fields));
}

}  // namespace

std::vector<Trace> ReadTraces(std::string_view text, const std::string& file) {
  std::vector<Trace> traces;
  for (uint64_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) continue;
    try {
      ReadLine(line, &traces);
    } catch (Error& error) {
      throw error.In(file).AtLine(number, 1,
                                  ReplaceInvalidUtf8(line.substr(0, kExcerpt)));
    }
  }
  if (traces.empty()) {
    throw Error::Format("the trace is empty").In(file);
  }
  return traces;
}

}  // namespace fullstop
