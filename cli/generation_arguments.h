// The arguments of generate and chat that decide how a reply is drawn and where
// it ends.
#ifndef FULLSTOP_CLI_GENERATION_ARGUMENTS_H_
#define FULLSTOP_CLI_GENERATION_ARGUMENTS_H_

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/generation.h"
#include "engine/loaded_model.h"

namespace fullstop::cli {

class GenerationArguments {
 public:
  void Add(CLI::App& command);

  // What the model's authors declare, changed by what was given. Remarks on
  // what can't be used go to standard error. Throws Error (kUsage).
  GenerationOptions Options(const LoadedModel& model) const;

 private:
  using Setter = std::function<void(SamplingParams&)>;

  void AddSampling(CLI::App& command);

  std::vector<Setter> setters_;
  std::optional<uint64_t> seed_;
  std::optional<int64_t> max_tokens_;
  uint64_t min_tokens_ = 0;
  std::vector<std::string> stop_strings_;
  bool stop_in_thought_ = false;
  std::string on_loop_ = "stop";
};

// Sets one sampling field by its flag's name without dashes ("temp",
// "top-p", …) from text, as `/set` in a chat does. Throws Error (kUsage) for an
// unknown name or a value that is no number.
void SetSamplingField(const std::string& name, const std::string& value,
                      SamplingParams* params);
// "temp 0.7, top-p 0.9, …": the fields that act.
std::string DescribeSampling(const SamplingParams& params);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_GENERATION_ARGUMENTS_H_
