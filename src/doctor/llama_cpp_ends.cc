#include "doctor/llama_cpp_ends.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace fullstop {
namespace {

constexpr std::array<std::string_view, 20> kNames = {"<|eot_id|>",
                                                     "<|im_end|>",
                                                     "<|end|>",
                                                     "<|return|>",
                                                     "<|call|>",
                                                     "<|flush|>",
                                                     "<|calls|>",
                                                     "<end_of_turn>",
                                                     "<|endoftext|>",
                                                     "</s>",
                                                     "<|eom_id|>",
                                                     "<EOT>",
                                                     "_<EOT>",
                                                     "[EOT]",
                                                     "[EOS]",
                                                     "<|end_of_text|>",
                                                     "<end_of_utterance>",
                                                     "<eos>",
                                                     "<turn|>",
                                                     "<|tool_response>"};

}  // namespace

LlamaCppEnd LlamaCppEndOf(const Target& target, TokenId id) {
  for (const DeclaredStop& stop : target.sources().stops) {
    if (stop.id == id && stop.from.provenance == Provenance::kGguf) {
      return LlamaCppEnd::kKey;
    }
  }
  const Tokenizer& tokenizer = *target.vocabulary();
  const std::string_view name = tokenizer.info(id).text;
  if (std::ranges::find(kNames, name) == kNames.end())
    return LlamaCppEnd::kNone;
  // Of a vocabulary of channels it takes <|end|> for what parts them.
  const bool parts_channels = name == "<|end|>" &&
                              tokenizer.FindToken("<|return|>") &&
                              tokenizer.FindToken("<|call|>");
  return parts_channels ? LlamaCppEnd::kNone : LlamaCppEnd::kGuess;
}

}  // namespace fullstop
