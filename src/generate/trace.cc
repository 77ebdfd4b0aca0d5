#include "generate/trace.h"

#include <utility>

#include "generate/end_json.h"
#include "generate/json_fields.h"
#include "generate/stop_config_json.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

void PutNumber(const char* key, const std::optional<double>& number,
               Json* json) {
  if (number) (*json)[key] = *number;
}

void PutEvents(const StopEvents& events, Json* json) {
  if (events.loop) {
    (*json)["loop"] = {{"period", events.loop->period},
                       {"count", events.loop->count},
                       {"step_back", events.loop->step_back}};
  }
  if (events.context_full) (*json)["context_full"] = true;
  if (events.cancelled) (*json)["cancelled"] = true;
  if (events.error) PutBytes("error", *events.error, json);
}

Json CandidatesToJson(const std::vector<TraceCandidate>& candidates) {
  Json json = Json::array();
  for (const TraceCandidate& candidate : candidates) {
    Json element = {{"id", candidate.id}};
    PutBytes("text", candidate.bytes, &element);
    PutNumber("logprob", candidate.logprob, &element);
    json.push_back(std::move(element));
  }
  return json;
}

Json StagesToJson(const std::vector<TraceStage>& stages) {
  Json json = Json::array();
  for (const TraceStage& stage : stages) {
    json.push_back({{"stage", stage.stage},
                    {"changed", stage.changed},
                    {"kept", stage.kept}});
  }
  return json;
}

Json StopLossesToJson(const std::vector<TraceStopLoss>& losses) {
  Json json = Json::array();
  for (const TraceStopLoss& loss : losses) {
    json.push_back(
        {{"id", loss.id}, {"stage", loss.stage}, {"removed", loss.removed}});
  }
  return json;
}

}  // namespace

void TraceWriter::Begin(const TraceHeader& header) {
  tokens_ = 0;
  hold_tokens_ = header.config.hold_tokens;
  Write({{"fullstop_trace", 1},
         {"program", header.program},
         {"model", header.model},
         {"protocol", header.protocol},
         {"prompt_tokens", header.prompt_tokens},
         {"config", StopConfigToJson(header.config)},
         {"params", header.params}});
}

void TraceWriter::Token(const TraceToken& token) {
  Json line = {{"n", tokens_++}, {"id", token.id}};
  PutBytes("text", token.bytes, &line);
  if (token.control) line["control"] = true;
  PutNumber("logprob", token.logprob, &line);
  PutNumber("p_stop", token.p_stop, &line);
  PutNumber("drawn_with", token.drawn_with, &line);
  if (!token.top.empty()) line["top"] = CandidatesToJson(token.top);
  if (!token.stages.empty()) line["stages"] = StagesToJson(token.stages);
  if (!token.stop_losses.empty()) {
    line["stop_losses"] = StopLossesToJson(token.stop_losses);
  }
  PutEvents(token.events, &line);
  if (token.events.hold && *token.events.hold != hold_tokens_) {
    line["hold"] = *token.events.hold;
  }
  if (token.stepped_back > 0) line["stepped_back"] = token.stepped_back;
  if (!token.shown.empty()) line["shown"] = PiecesToJson(token.shown);
  if (!token.held.empty()) PutBytes("held", token.held, &line);
  Write(line);
}

void TraceWriter::End(const TraceEnd& end) {
  Json line = {{"end", EndToJson(end.end)}, {"usage", UsageToJson(end.usage)}};
  if (!end.shown.empty()) line["shown"] = PiecesToJson(end.shown);
  Write(line);
}

// Names from files may hold any bytes; numbers that JSON lacks become null.
void TraceWriter::Write(const Json& line) {
  sink_(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace fullstop
