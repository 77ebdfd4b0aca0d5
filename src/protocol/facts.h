// What a turn protocol knows, as plain data: what `show` prints, what is hashed
// and compared.
#ifndef FULLSTOP_PROTOCOL_FACTS_H_
#define FULLSTOP_PROTOCOL_FACTS_H_

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/token_id.h"
#include "protocol/call_format.h"
#include "protocol/stop_set.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// A token that is not ordinary text: of kind kControl, kUserDefined or
// kUnknown.
struct SpecialToken {
  TokenId id = 0;
  std::string text;
  TokenKind kind = TokenKind::kControl;
  bool lstrip = false;
  bool rstrip = false;
  // Recognised in template bytes only: of kind kControl, or written by the
  // template itself.
  bool control = true;
  std::vector<Source> from;
};

// A role that the files give to a token: NAME is "bos", "eos", "unk", "sep",
// "pad", "cls" or "mask", or one of the model's own; the template sees it as
// NAME + "_token".
struct NamedToken {
  std::string name;
  TokenId id = 0;
  std::string text;
  Source from;
};

// How a rendering begins. Nothing is ever added to what the template writes.
struct BosPolicy {
  std::optional<TokenId> id;
  std::string text;
  // How often the template writes it at the start: 0, 1, or 2 by mistake.
  int written = 0;
  // What the files tell a runtime to add; absent where they say nothing.
  std::optional<bool> declared_add;
};

// A text that opens or closes a part of a reply. IDS is its encoding with
// control tokens recognised; where it is one id, that id is the marker.
struct Marker {
  std::string text;
  std::vector<TokenId> ids;
};

// The message fields in which templates look for a thought, the usual first.
inline constexpr std::array<const char*, 5> kThoughtFields = {
    "reasoning_content", "reasoning", "thinking", "thought", "tool_plan"};

struct ReasoningMarkers {
  std::optional<Marker> opening;
  std::optional<Marker> closing;
  // What begins the answer where it has an opening of its own (a channel).
  std::optional<Marker> answer;
  // What closes an answer before its turn ends, where that is a run of tokens
  // with words between them. Not hashed, as `header`.
  std::optional<Marker> answer_closing;
  // What begins a header within a turn: the name of a role or a channel, which
  // is for no reader. Not hashed: it follows from the template.
  std::optional<Marker> header;
  // Whether a prompt with no variables set ends inside an opened thought.
  bool prefilled = false;
  // The message field that the template reads thoughts from; empty where it
  // only knows them inside the content.
  std::string field;
  // The template's variable that turns thoughts on and off in prompts, and its
  // value for on; empty where it has none. Not hashed, as `header`.
  std::string switch_name;
  bool switch_on = true;
};

struct ToolCallMarkers {
  std::optional<Marker> opening;
  std::optional<Marker> closing;
  // Not hashed: they follow from the template and the special tokens. `others`
  // are further ways of writing calls, each with an opening of its own.
  CallFormat format;
  std::vector<CallFormat> others;
};

// In which form the template takes messages: templates disagree, and refuse or
// drop what comes in another.
enum class CallArguments { kObject, kText };
enum class CallContent { kNull, kEmpty, kAbsent, kText };
struct CallForm {
  CallArguments arguments = CallArguments::kObject;
  // The content of a message that has calls and says nothing.
  CallContent content = CallContent::kNull;
};
struct MessageForm {
  // Absent where the template writes no calls.
  std::optional<CallForm> calls;
  // Content must be a list of parts: [{"type": "text", "text": …}].
  bool content_as_parts = false;
};

// A sampling setting that the model's authors declare.
struct SamplingDefault {
  // In llama.cpp's spelling: "temp", "top_k", "top_p", "min_p",
  // "penalty_repeat", …
  std::string name;
  nlohmann::ordered_json value;
  Source from;
};

struct TemplateFact {
  std::string name;  // "default" or the declared name
  std::string source;
  Source from;
};

enum class FindingKind {
  kDeclaredNotWritten,  // a declared end that the template never writes
  kWrittenNotDeclared,  // a derived end that nobody declared
  kTwoBos,              // the template writes two, or a runtime would add one
  kNoBos,               // add_bos is declared, the template writes none
  kGuess,               // an end taken from its name
  kTextStop,            // the turn ends in text only
  kNoEnd,               // no end was declared, derived or guessed
  kSection,             // a declared end only separates sections of a reply
  kSuppressed,          // the files forbid the sampler an end
  kOutOfRange,          // a declared id that the vocabulary does not have
  kNoTemplate,          // no template in the files
  kTemplateError,       // a template that does not compile or render
  kDisagreement,        // two files say different things
  kPromptsUnasked,      // the template opens the next answer behind the last
  kRemark,              // the tokenizer's
};

struct Finding {
  FindingKind kind = FindingKind::kRemark;
  // One sentence: what is so and what it leads to.
  std::string message;
  // The key, ids or shortest rendering that shows it.
  std::string evidence;
};

struct ProtocolFacts {
  // 64 hex digits over everything below but provenance, sampling and findings.
  std::string hash;
  BosPolicy bos;
  StopSet stops;
  // Ascending by id.
  std::vector<SpecialToken> specials;
  std::vector<NamedToken> named;
  ReasoningMarkers reasoning;
  ToolCallMarkers tool_calls;
  MessageForm form;
  std::vector<SamplingDefault> sampling;
  // The default first; empty without a template.
  std::vector<TemplateFact> templates;
  std::vector<Finding> findings;

  const NamedToken* FindNamed(std::string_view name) const;
};

// "declared_not_written", "written_not_declared", "two_bos", …
std::string_view FindingKindName(FindingKind kind);
// "normal", "unknown", "control", "user_defined", "unused", "byte".
std::string_view TokenKindName(TokenKind kind);

// SHA-256 in hex over the canonical JSON (keys sorted, UTF-8, no white space)
// of templates (name, source), specials (id, text, kind, flags), stops (id,
// role) and stop strings, BOS policy and markers. Equal for a folder and the
// GGUF made from it.
std::string HashProtocol(const ProtocolFacts& facts);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_FACTS_H_
