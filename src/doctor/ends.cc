#include "doctor/ends.h"

#include <algorithm>

#include "doctor/llama_cpp_ends.h"

namespace fullstop {

bool IsDeclared(const Stop& stop) {
  return std::ranges::any_of(stop.from, [](const Source& source) {
    return source.provenance != Provenance::kDerived &&
           source.provenance != Provenance::kGuessed;
  });
}

const Source* DerivedFrom(const Stop& stop) {
  const auto found =
      std::ranges::find(stop.from, Provenance::kDerived, &Source::provenance);
  return found == stop.from.end() ? nullptr : &*found;
}

bool EndsAReply(const Stop& stop) {
  return stop.role == StopRole::kTurnEnd || stop.role == StopRole::kToolCall;
}

std::vector<Exhibit> DeclaredEnds(const Target& target) {
  std::vector<Exhibit> evidence;
  for (const DeclaredStop& stop : target.sources().stops) {
    const auto same =
        std::ranges::find(evidence, stop.from.where, &Exhibit::where);
    const std::string id = std::to_string(stop.id);
    if (same == evidence.end()) {
      evidence.push_back({stop.from.where, id});
    } else {
      same->shown += ", " + id;
    }
  }
  if (evidence.empty()) evidence.push_back({"no file declares an end", ""});
  return evidence;
}

std::string DeclareEnd(const Target& target, const Stop& stop) {
  const std::string id = std::to_string(stop.id);
  if (target.kind() == TargetKind::kFolder) {
    return "add " + id + " to eos_token_id of generation_config.json";
  }
  const bool ends_call = stop.role == StopRole::kToolCall;
  return "set tokenizer.ggml." + std::string(ends_call ? "eom" : "eot") +
         "_token_id = " + id +
         ", or convert again from the model's folder with fullstop convert";
}

std::string WhatLlamaCppDoes(const Target& target, TokenId id) {
  if (target.kind() != TargetKind::kGguf) return "";
  switch (LlamaCppEndOf(target, id)) {
    case LlamaCppEnd::kKey:
      return "; llama.cpp stops there by the file's keys";
    case LlamaCppEnd::kGuess:
      return "; llama.cpp stops there all the same, by a guess from the "
             "token's name";
    case LlamaCppEnd::kNone:
      return "; llama.cpp does not stop there";
  }
  return "";
}

}  // namespace fullstop
