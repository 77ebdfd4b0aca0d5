// The ids that end a reply, each with what it ends and who says so.
#ifndef FULLSTOP_PROTOCOL_STOP_SET_H_
#define FULLSTOP_PROTOCOL_STOP_SET_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"

namespace fullstop {

// In the order in which they decide where one id has several: never merged.
enum class StopRole {
  kTurnEnd,      // closes an assistant's turn
  kSequenceEnd,  // ends the whole sequence (EOS)
  kToolCall,     // ends a call, the turn goes on behind the tool's result
  kSection,      // ends a section; ends the reply only behind an answer
  kTurnOpen,     // opens another party's turn: the model skipped its terminator
};
inline constexpr std::array kStopRoles = {
    StopRole::kTurnEnd, StopRole::kSequenceEnd, StopRole::kToolCall,
    StopRole::kSection, StopRole::kTurnOpen};

// Where a fact was declared.
enum class Provenance {
  kGenerationConfig,
  kConfig,
  kTokenizerConfig,
  kGguf,      // a standard key
  kFullstop,  // a fullstop.* key of a GGUF
  kDerived,   // from renderings of the template
  kGuessed,   // from the token's name, the last resort
  kUser,      // --stops
};
inline constexpr std::array kProvenances = {
    Provenance::kGenerationConfig, Provenance::kConfig,
    Provenance::kTokenizerConfig,  Provenance::kGguf,
    Provenance::kFullstop,         Provenance::kDerived,
    Provenance::kGuessed,          Provenance::kUser};

struct Source {
  Provenance provenance;
  // The key, file or rule: "tokenizer.ggml.eos_token_id", "the run behind the
  // last answer".
  std::string where;
  // Of kDerived, and where only a template beside the default one shows it:
  // the name of that.
  std::string template_name = {};
};

struct Stop {
  TokenId id;
  std::string text;
  StopRole role;
  // All who say so, most authoritative first; never empty.
  std::vector<Source> from;
};

// Ascending by id, one entry an id. A value; copying costs its few strings.
struct StopSet {
  std::vector<Stop> stops;
  // Derived stop strings, only where no id but openers was declared or derived.
  std::vector<std::string> strings;

  // nullptr where ID is no stop.
  const Stop* Find(TokenId id) const;
};

// Whether it was said by a file or by hand, neither derived nor guessed.
bool IsDeclaration(const Source& source);
// Whether anybody declared it.
bool IsDeclared(const Stop& stop);

// "turn_end", "sequence_end", "tool_call", "section", "turn_open".
std::string_view StopRoleName(StopRole role);
// "generation_config", "config", "tokenizer_config", "gguf", "fullstop",
// "derived", "guessed", "user".
std::string_view ProvenanceName(Provenance provenance);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_STOP_SET_H_
