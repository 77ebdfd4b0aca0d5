#include "protocol/reply_events.h"

#include <utility>

namespace fullstop {

void JoinEvents(std::vector<ReplyEvent> from, std::vector<ReplyEvent>* to) {
  const auto is_point = [](ReplyEventKind kind) {
    return kind == ReplyEventKind::kCallBegin ||
           kind == ReplyEventKind::kCallEnd || kind == ReplyEventKind::kFlag;
  };
  for (ReplyEvent& event : from) {
    if (!to->empty() && !is_point(event.kind) &&
        to->back().kind == event.kind && to->back().call == event.call) {
      to->back().text += event.text;
      to->back().raw += event.raw;
    } else {
      to->push_back(std::move(event));
    }
  }
}

void ParsedReply::Add(const ReplyEvent& event) {
  const auto call = [&]() -> ParsedCall& {
    if (calls.size() <= event.call) calls.resize(event.call + 1);
    return calls[event.call];
  };
  switch (event.kind) {
    case ReplyEventKind::kThought:
      reasoning += event.text;
      break;
    case ReplyEventKind::kContent:
      content += event.text;
      break;
    case ReplyEventKind::kMarkup:
    case ReplyEventKind::kCallEnd:
      break;
    case ReplyEventKind::kCallBegin:
      call();
      break;
    case ReplyEventKind::kCallId:
      call().id += event.text;
      break;
    case ReplyEventKind::kCallName:
      call().name += event.text;
      break;
    case ReplyEventKind::kCallArguments:
      call().arguments += event.text;
      break;
    case ReplyEventKind::kFlag:
      flags.insert(event.flag);
      if (event.call < calls.size() &&
          (event.flag == ReplyFlag::kCallUnclosed ||
           event.flag == ReplyFlag::kArgumentsNotJson ||
           event.flag == ReplyFlag::kCallNameless)) {
        call().flags.insert(event.flag);
      }
      break;
  }
}

std::string_view ReplyFlagName(ReplyFlag flag) {
  switch (flag) {
    case ReplyFlag::kNone:
      return "none";
    case ReplyFlag::kThoughtUnclosed:
      return "thought_unclosed";
    case ReplyFlag::kCallUnclosed:
      return "call_unclosed";
    case ReplyFlag::kArgumentsNotJson:
      return "arguments_not_json";
    case ReplyFlag::kCallNameless:
      return "call_nameless";
    case ReplyFlag::kCallBroken:
      return "call_broken";
    case ReplyFlag::kHeaderBroken:
      return "header_broken";
    case ReplyFlag::kMarkerStray:
      return "marker_stray";
  }
  return "none";
}

}  // namespace fullstop
