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
#include "protocol/render.h"

namespace fullstop::cli {

class GenerationArguments {
 public:
  void Add(CLI::App& command);

  // What the model's authors declare, changed by what was given. Remarks on
  // what can't be used go to standard error. Throws Error (kUsage).
  GenerationOptions Options(const LoadedModel& model) const;
  // Says on standard error, in one line, what is wrong with how the model's
  // files declare ends, and what is done about it in this run; under --strict
  // that is an Error (kUsage).
  void TellEnds(const LoadedModel& model) const;
  // Sets the template's own variable for --reasoning on or off, where it has
  // one and --var did not set it.
  void ApplyReasoning(const ProtocolFacts& facts, RenderRequest* request) const;

 private:
  using Setter = std::function<void(SamplingParams&)>;

  void AddSampling(CLI::App& command);
  // Into the same GROUP: the order, biases, and what is no number.
  void AddChain(CLI::App& command, const std::string& group);

  std::vector<Setter> setters_;
  std::optional<int64_t> seed_;
  std::optional<int64_t> max_tokens_;
  uint64_t min_tokens_ = 0;
  std::vector<std::string> stop_strings_;
  bool stop_in_thought_ = false;
  bool strict_ = false;
  std::string on_loop_ = "stop";
  std::string reasoning_ = "auto";
  std::optional<uint64_t> reasoning_budget_;
};

// Sets one option by its flag's name without dashes ("temp", "top-p",
// "predict", "seed", "on-loop", …) from text, as `/set` in a chat does. Throws
// Error (kUsage) for an unknown name or a value that it can't have.
void SetOption(const std::string& name, const std::string& value,
               GenerationOptions* options);
// "temp 0.7, top-p 0.9, …": the fields that act.
std::string DescribeSampling(const SamplingParams& params);
// The same with the seed of the next reply, its limit and what a loop leads to.
std::string DescribeOptions(const GenerationOptions& options);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_GENERATION_ARGUMENTS_H_
