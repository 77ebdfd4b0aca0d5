#include "doctor/ends.h"

#include <algorithm>
#include <utility>

#include "doctor/llama_cpp_ends.h"

namespace fullstop {

const Source* DerivedFrom(const Stop& stop) {
  const auto found =
      std::ranges::find(stop.from, Provenance::kDerived, &Source::provenance);
  return found == stop.from.end() ? nullptr : &*found;
}

Provenance GenerationSource(const Target& target) {
  return target.vocabulary().folder()->generation_config().is_null()
             ? Provenance::kConfig
             : Provenance::kGenerationConfig;
}

bool EndsAReply(const Stop& stop) {
  return stop.role == StopRole::kTurnEnd || stop.role == StopRole::kToolCall;
}

std::string ShownIds(std::span<const int64_t> ids) {
  constexpr size_t kMost = 20;
  std::string shown;
  for (const int64_t id : ids.first(std::min(ids.size(), kMost))) {
    shown += (shown.empty() ? "" : ", ") + std::to_string(id);
  }
  return ids.size() > kMost ? shown + ", …" : shown;
}

std::vector<Exhibit> DeclaredEnds(const Target& target) {
  // Declarations of one place stand together.
  std::vector<std::pair<std::string, std::vector<int64_t>>> places;
  for (const DeclaredStop& stop : target.sources().stops) {
    if (places.empty() || places.back().first != stop.from.where) {
      places.emplace_back(stop.from.where, std::vector<int64_t>());
    }
    places.back().second.push_back(stop.id);
  }
  std::vector<Exhibit> evidence;
  for (const auto& [where, ids] : places) {
    evidence.push_back({where, ShownIds(ids)});
  }
  if (evidence.empty()) evidence.push_back({"no file declares an end", ""});
  return evidence;
}

std::string DeclareEnd(const Target& target, const Stop& stop) {
  const std::string id = std::to_string(stop.id);
  if (target.DeclaresInJson()) {
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
