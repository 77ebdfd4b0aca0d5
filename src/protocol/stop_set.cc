#include "protocol/stop_set.h"

#include <algorithm>

namespace fullstop {

const Stop* StopSet::Find(TokenId id) const {
  const auto found = std::lower_bound(
      stops.begin(), stops.end(), id,
      [](const Stop& stop, TokenId wanted) { return stop.id < wanted; });
  return found != stops.end() && found->id == id ? &*found : nullptr;
}

bool IsDeclaration(const Source& source) {
  return source.provenance != Provenance::kDerived &&
         source.provenance != Provenance::kGuessed;
}

bool IsDeclared(const Stop& stop) {
  return std::ranges::any_of(stop.from, IsDeclaration);
}

std::string_view StopRoleName(StopRole role) {
  switch (role) {
    case StopRole::kTurnEnd:
      return "turn_end";
    case StopRole::kSequenceEnd:
      return "sequence_end";
    case StopRole::kToolCall:
      return "tool_call";
    case StopRole::kSection:
      return "section";
    case StopRole::kTurnOpen:
      return "turn_open";
  }
  return "";
}

std::string_view ProvenanceName(Provenance provenance) {
  switch (provenance) {
    case Provenance::kGenerationConfig:
      return "generation_config";
    case Provenance::kConfig:
      return "config";
    case Provenance::kTokenizerConfig:
      return "tokenizer_config";
    case Provenance::kGguf:
      return "gguf";
    case Provenance::kFullstop:
      return "fullstop";
    case Provenance::kDerived:
      return "derived";
    case Provenance::kGuessed:
      return "guessed";
    case Provenance::kUser:
      return "user";
  }
  return "";
}

}  // namespace fullstop
