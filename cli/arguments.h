// Groups of arguments that several commands share, and what they amount to.
#ifndef FULLSTOP_CLI_ARGUMENTS_H_
#define FULLSTOP_CLI_ARGUMENTS_H_

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "cli/command.h"
#include "engine/loaded_model.h"
#include "model/load.h"
#include "protocol/render.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer.h"

namespace fullstop::cli {

// What replaces a part of the model's own protocol.
struct ProtocolArguments {
  std::string template_file;
  std::string stops;

  void Add(CLI::App& command);
  // Reads the template's file.
  ResolveOptions Resolve() const;
};

// What goes into a rendering beside the messages.
struct RenderArguments {
  std::string tools_file;
  std::string documents_file;
  std::string system;
  std::string prefill;
  std::vector<std::string> variables;

  void Add(CLI::App& command);
  // Reads the files. MESSAGES is an array of messages, or an object that holds
  // `messages` and perhaps `tools` and `documents`; SYSTEM goes in front.
  // Throws Error (kUsage, kFormat).
  RenderRequest Request(const Json& messages) const;
};

// How a plain text, not a conversation, becomes ids.
struct PlainTextArguments {
  bool parse_special = false;
  bool bare = false;

  void Add(CLI::App& command);
  // TEXT, behind what the model puts before a plain text (BOS as a rule).
  std::vector<TokenId> Encode(const Tokenizer& tokenizer,
                              std::string_view text) const;
};

// How the model computes.
struct ComputeArguments {
  int32_t context = 0;
  int32_t threads = 0;
  int32_t batch = 512;
  std::string cpu_path;

  void Add(CLI::App& command);
  // The environment variable FULLSTOP_CPU_PATH stands in for --cpu-path.
  ModelOptions Options() const;
  // Loads MODEL's weights, with a word on what the context costs where it was
  // asked for, or is not what the model was trained for.
  void Load(LoadedModel& model) const;
};

// A check for options: an integer of at least LEAST.
CLI::Validator AtLeast(int64_t least);

}  // namespace fullstop::cli

#endif  // FULLSTOP_CLI_ARGUMENTS_H_
