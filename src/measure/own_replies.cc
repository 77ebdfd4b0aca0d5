#include "measure/own_replies.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "engine/cached_sequence.h"
#include "engine/reply.h"
#include "engine/stop_config.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

using Json = nlohmann::ordered_json;

// A marker this short may stand in any text.
constexpr size_t kShortMarker = 4;
// Letters by which a script is told.
constexpr size_t kLeastLetters = 20;

struct Block {
  char32_t first;
  char32_t last;
  std::string_view script;
};

// Of Unicode's blocks those with the letters of living languages.
constexpr std::array kBlocks = {
    Block{U'A', U'Z', "latin"},          Block{U'a', U'z', "latin"},
    Block{0x00C0, 0x024F, "latin"},      Block{0x0370, 0x03FF, "greek"},
    Block{0x0400, 0x052F, "cyrillic"},   Block{0x0530, 0x058F, "armenian"},
    Block{0x0590, 0x05FF, "hebrew"},     Block{0x0600, 0x077F, "arabic"},
    Block{0x0900, 0x097F, "devanagari"}, Block{0x0980, 0x09FF, "bengali"},
    Block{0x0B80, 0x0BFF, "tamil"},      Block{0x0C00, 0x0C7F, "telugu"},
    Block{0x0E00, 0x0E7F, "thai"},       Block{0x10A0, 0x10FF, "georgian"},
    Block{0x1E00, 0x1EFF, "latin"},      Block{0x3040, 0x30FF, "kana"},
    Block{0x3400, 0x4DBF, "han"},        Block{0x4E00, 0x9FFF, "han"},
    Block{0xAC00, 0xD7AF, "hangul"},     Block{0x20000, 0x2FA1F, "han"},
};

std::string_view ScriptOf(char32_t c) {
  for (const Block& block : kBlocks) {
    if (c >= block.first && c <= block.last) return block.script;
  }
  return "";
}

// What begins the line of a speaker in texts that no template wrote.
bool BeginsATurn(std::string_view line) {
  constexpr std::array<std::string_view, 6> kSpeakers = {
      "User:",    "Human:",    "Assistant:",
      "### User", "### Human", "### Instruction"};
  constexpr std::array<std::string_view, 2> kRoles = {"user", "assistant"};
  return std::ranges::find(kRoles, line) != kRoles.end() ||
         std::ranges::any_of(kSpeakers, [line](std::string_view speaker) {
           return line.starts_with(speaker);
         });
}

bool HasAnotherTurn(std::string_view text) {
  size_t begin = text.find('\n');
  while (begin != std::string_view::npos) {
    const size_t end = text.find('\n', begin + 1);
    if (BeginsATurn(text.substr(begin + 1, end - begin - 1))) return true;
    begin = end;
  }
  return false;
}

bool SpellsMarker(const TurnProtocol& protocol, std::string_view text) {
  return std::ranges::any_of(
      protocol.facts().specials, [text](const SpecialToken& token) {
        return token.control && token.text.size() >= kShortMarker &&
               text.find(token.text) != std::string_view::npos;
      });
}

std::string LastText(const Json& messages) {
  const Json& content = messages.back().value("content", Json(""));
  return content.is_string() ? content.get<std::string>() : content.dump();
}

bool ChangesScript(const OwnReply& reply) {
  const std::string_view text = reply.text;
  const std::string_view before = text.substr(0, text.size() / 2);
  const size_t half = before.size() - IncompleteUtf8Suffix(before);
  const std::string_view first =
      MostlyScript(text.substr(0, half), kLeastLetters);
  const std::string_view then = MostlyScript(text.substr(half), kLeastLetters);
  return !first.empty() && !then.empty() && first != then &&
         then != MostlyScript(LastText(reply.messages), 1);
}

// Hears nothing, and gives up when it is told to.
class Patience : public ReplyObserver {
 public:
  explicit Patience(const OwnReplyOptions& options) : options_(&options) {}

  bool Cancelled() override {
    return options_->cancelled && options_->cancelled(tokens_);
  }
  void OnStep(const GenerationStep& step, const StopMachine& machine) override {
    (void)step;
    (void)machine;
    ++tokens_;
  }

 private:
  const OwnReplyOptions* options_;
  size_t tokens_ = 0;
};

}  // namespace

std::string_view ReplyFaultName(ReplyFault fault) {
  switch (fault) {
    case ReplyFault::kLoop:
      return "loop";
    case ReplyFault::kOverlong:
      return "overlong";
    case ReplyFault::kAnotherTurn:
      return "another_turn";
    case ReplyFault::kSpelledMarker:
      return "spelled_marker";
    case ReplyFault::kOpenThought:
      return "open_thought";
    case ReplyFault::kOtherScript:
      return "other_script";
    case ReplyFault::kEmpty:
      return "empty";
  }
  return "";
}

std::string_view MostlyScript(std::string_view text, size_t least) {
  std::map<std::string_view, size_t> letters;
  size_t all = 0;
  while (!text.empty()) {
    const CodePoint c = DecodeCodePoint(text);
    text.remove_prefix(c.length);
    const std::string_view script = c.valid ? ScriptOf(c.value) : "";
    if (script.empty()) continue;
    ++letters[script];
    ++all;
  }
  // Japanese is written in both.
  if (letters.contains("kana")) {
    letters["kana"] += letters["han"];
    letters.erase("han");
  }
  for (const auto& [script, count] : letters) {
    if (all >= least && 2 * count > all) return script;
  }
  return "";
}

std::set<ReplyFault> FaultsOf(const TurnProtocol& protocol,
                              const OwnReply& reply) {
  std::set<ReplyFault> faults;
  const auto add = [&faults](bool holds, ReplyFault fault) {
    if (holds) faults.insert(fault);
  };
  const EndCause cause = reply.end.cause;
  add(cause == EndCause::kLoop, ReplyFault::kLoop);
  add(cause == EndCause::kMaxTokens || cause == EndCause::kContextFull,
      ReplyFault::kOverlong);
  // In some families the marker of the next turn is declared as the end.
  add((cause == EndCause::kTurnOpen &&
       std::ranges::none_of(reply.end.from, IsDeclaration)) ||
          HasAnotherTurn(reply.text),
      ReplyFault::kAnotherTurn);
  add(SpellsMarker(protocol, reply.text), ReplyFault::kSpelledMarker);
  add(ChangesScript(reply), ReplyFault::kOtherScript);
  add(reply.text.find_first_not_of(" \n\t\r") == std::string::npos,
      ReplyFault::kEmpty);
  return faults;
}

OwnReply MakeOwnReply(const TurnProtocol& protocol, ForwardModel& model,
                      const Json& messages, const OwnReplyOptions& options) {
  const RenderedPrompt prompt =
      Render(protocol, RequestFor(protocol, messages, options.thinking));
  GenerationOptions generation;
  generation.sampling = options.sampling;
  generation.suppress = options.suppress;
  generation.exempt_stops = options.exempt_stops;
  generation.stops = StopConfigFor(protocol.facts(), prompt.thought_open);
  generation.stops.max_tokens = options.max_tokens;
  CachedSequence sequence(model, 0);
  Patience patience(options);
  const Reply reply = GenerateReply(protocol, sequence, prompt.TokenIds(),
                                    generation, patience);
  OwnReply own{.messages = messages,
               .greedy = options.sampling.temp == 0,
               .seed = reply.seed,
               .tokens = reply.ids.size(),
               .end = reply.end,
               .text = reply.text};
  own.faults = FaultsOf(protocol, own);
  if (reply.said.flags.contains(ReplyFlag::kThoughtUnclosed)) {
    own.faults.insert(ReplyFault::kOpenThought);
    // There is no answer yet.
    own.faults.erase(ReplyFault::kEmpty);
    own.faults.erase(ReplyFault::kOverlong);
  }
  return own;
}

size_t CountEnded(const std::vector<OwnReply>& replies) {
  return static_cast<size_t>(
      std::ranges::count_if(replies, [](const OwnReply& reply) {
        const EndCause cause = reply.end.cause;
        return cause == EndCause::kTurnEnd || cause == EndCause::kSequenceEnd ||
               cause == EndCause::kToolCall || cause == EndCause::kStopString ||
               (cause == EndCause::kTurnOpen &&
                std::ranges::any_of(reply.end.from, IsDeclaration));
      }));
}

Estimate ShareEnded(const std::vector<OwnReply>& replies) {
  return Share(CountEnded(replies), replies.size());
}

std::map<EndCause, size_t> CountCauses(const std::vector<OwnReply>& replies) {
  std::map<EndCause, size_t> causes;
  for (const OwnReply& reply : replies) ++causes[reply.end.cause];
  return causes;
}

}  // namespace fullstop
