#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "convert/protocol_keys.h"
#include "doctor/ends.h"
#include "doctor/llama_cpp_ends.h"
#include "doctor/repair.h"

namespace fullstop {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEosKey = "tokenizer.ggml.eos_token_id";
constexpr std::string_view kTypesKey = "tokenizer.ggml.token_type";
constexpr int32_t kControlType = 3;

bool Asks(std::span<const RepairStep> steps, ChangeKind kind, int64_t id) {
  return std::ranges::any_of(steps, [&](const RepairStep& step) {
    return step.change.kind == kind && step.change.id == id;
  });
}

bool Asks(std::span<const RepairStep> steps, ChangeKind kind) {
  return std::ranges::any_of(steps, [kind](const RepairStep& step) {
    return step.change.kind == kind;
  });
}

bool Drops(std::span<const RepairStep> steps, std::string_view key) {
  return std::ranges::any_of(steps, [key](const RepairStep& step) {
    return step.change.kind == ChangeKind::kDropSetting &&
           step.change.setting == key;
  });
}

// What the files would say if they had been repaired.
void ApplyToSources(std::span<const RepairStep> steps,
                    ProtocolSources* sources) {
  const auto withdrawn = [steps](const auto& declared) {
    return Asks(steps, ChangeKind::kWithdrawEnd, declared.id);
  };
  std::erase_if(sources->stops, withdrawn);
  std::erase_if(sources->named, [&](const DeclaredName& named) {
    return named.name == "eos" && withdrawn(named);
  });
  std::erase_if(sources->suppressed, [steps](int64_t id) {
    return Asks(steps, ChangeKind::kPermit, id);
  });
  std::erase_if(sources->sampling, [steps](const SamplingDefault& setting) {
    return Drops(steps, setting.from.where);
  });
  for (const RepairStep& step : steps) {
    if (step.change.kind != ChangeKind::kDeclareEnd) continue;
    sources->stops.push_back(
        {step.change.id,
         std::nullopt,
         {Provenance::kFullstop, "fullstop.stop_token_ids"}});
  }
}

// The types of tokens, those that STEPS name as control tokens.
GgufValue MarkedTypes(const GgufFile& file, std::span<const RepairStep> steps) {
  const std::vector<int64_t> before = file.GetIntegers(kTypesKey).value();
  std::vector<int32_t> types;
  for (const int64_t type : before) {
    const auto id = static_cast<int64_t>(types.size());
    types.push_back(Asks(steps, ChangeKind::kMarkControl, id)
                        ? kControlType
                        : static_cast<int32_t>(type));
  }
  return {GgufArray(std::move(types))};
}

void CopyKeys(const GgufFile& file, std::span<const RepairStep> steps,
              const ProtocolSources& sources, const TurnProtocol& protocol,
              GgufWriter* writer) {
  const bool marks = Asks(steps, ChangeKind::kMarkControl);
  const auto eos = file.GetInteger(kEosKey);
  const bool withdrawn = eos && Asks(steps, ChangeKind::kWithdrawEnd, *eos);
  for (const GgufEntry& entry : file.entries()) {
    if (IsEndKey(entry.key) || entry.key.starts_with("split.") ||
        Drops(steps, entry.key) || (withdrawn && entry.key == kEosKey)) {
      continue;
    }
    const bool marked = marks && entry.key == kTypesKey;
    writer->Add(entry.key, marked ? MarkedTypes(file, steps) : entry.value);
  }
  AddEndKeys(sources, protocol, writer);
  if (!withdrawn) return;
  // Without the key readers take one of their own.
  for (const Stop& stop : protocol.stops().stops) {
    if (stop.role != StopRole::kTurnEnd) continue;
    return writer->Add(kEosKey, {static_cast<uint32_t>(stop.id)});
  }
}

// The ends that a repaired file still has no key for that llama.cpp reads.
void TellWhatKeysCannotHold(const std::string& path, ConvertResult* result) {
  const Target written = Target::Open(path);
  for (const Stop& stop : written.facts().stops.stops) {
    if (!EndsAReply(stop) ||
        LlamaCppEndOf(written, stop.id) != LlamaCppEnd::kNone) {
      continue;
    }
    result->remarks.push_back(
        TokenName(written, stop.id) +
        " stands in fullstop.stop_token_ids alone: the keys that llama.cpp "
        "reads hold one end of each kind");
  }
}

}  // namespace

ConvertResult RepairGguf(const Target& target,
                         std::span<const RepairStep> steps,
                         const std::string& path,
                         const ConvertProgress& progress) {
  const GgufFile& file = *target.vocabulary().gguf();
  std::error_code ignored;
  for (const std::string& part : file.paths()) {
    if (fs::equivalent(part, path, ignored)) {
      throw Error::Usage("nothing is repaired in place")
          .In(path)
          .Advice("name another file to write");
    }
  }
  ConvertResult result;
  if (Asks(steps, ChangeKind::kTakeModel)) {
    result = GgufWithProtocol(
        file, *target.against()->vocabulary().folder(),
        [steps](ProtocolSources* sources) { ApplyToSources(steps, sources); },
        path, progress);
  } else {
    ProtocolSources sources = target.sources();
    ApplyToSources(steps, &sources);
    const auto protocol = TurnProtocol::Resolve(sources);
    result = GgufWithKeys(
        file,
        [&](GgufWriter* writer) {
          CopyKeys(file, steps, sources, *protocol, writer);
        },
        path, progress);
  }
  if (!result.stopped) TellWhatKeysCannotHold(path, &result);
  return result;
}

}  // namespace fullstop
