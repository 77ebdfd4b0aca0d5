// Makes a model loop and checks what is told about it and what is done.
//   loops_driver MODEL PROMPTS [COUNT [TOKENS [TEMPERATURE]]]
// PROMPTS is a JSON array of objects: "prompt" goes to the model as it is,
// "message" as a user's turn; "kind" is printed. For each of the first COUNT
// (0, and left out: all), greedily or at TEMPERATURE, with at most TOKENS (600)
// tokens: the loop's period and the token at which it was found against brute
// force over the ids, then the reply with step-back. Prints a table; exit code
// 1 if fewer than four of five loops end by stepping back, if greedy replies
// hold fewer than ten loops, or if anything told was wrong.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "engine/loaded_model.h"
#include "engine/reply.h"
#include "engine/stop_config.h"
#include "protocol/render.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;

constexpr int kLeastFound = 10;

// The rule by its words, at the end of IDS: the smallest period whose
// repetition spans 3 periods and 48 tokens, or 128 where it is shorter than 8.
// 0 where there is none.
size_t PlainPeriod(const Ids& ids, size_t size) {
  for (size_t period = 1; 3 * period <= size; ++period) {
    size_t span = period;
    while (span < size &&
           ids[size - 1 - span] == ids[size - 1 - span + period]) {
      ++span;
    }
    const size_t least = period < 8 ? size_t{128} : size_t{48};
    if (span >= std::max(least, 3 * period)) return period;
  }
  return 0;
}

// The tokens of IDS up to which the rule first holds; 0 where it never does.
size_t FirstLoop(const Ids& ids) {
  for (size_t size = 1; size <= ids.size(); ++size) {
    if (PlainPeriod(ids, size) != 0) return size;
  }
  return 0;
}

// Gathers what a reply showed, piece by piece.
class Shown : public ReplyObserver {
 public:
  void OnStep(const GenerationStep& step, const StopMachine&) override {
    for (const Piece& piece : step.pieces) text.Add(piece);
    stepped_back += step.stepped_back;
    drawn += !step.closed;
  }

  ReplyText text;
  size_t stepped_back = 0;
  size_t drawn = 0;
};

struct Settings {
  uint64_t tokens = 600;
  float temperature = 0;
};

Ids PromptIds(const LoadedModel& model, const nlohmann::ordered_json& entry) {
  if (entry.contains("prompt")) {
    return model.tokenizer().Encode(entry["prompt"].get<std::string>());
  }
  RenderRequest request;
  request.messages.push_back({{"role", "user"}, {"content", entry["message"]}});
  return Render(model.protocol(), request).TokenIds();
}

Reply Generate(LoadedModel& model, const Ids& prompt, const Settings& settings,
               OnLoop on_loop, ReplyObserver& observer) {
  const TurnProtocol& protocol = model.protocol();
  GenerationOptions options;
  options.sampling.temp = settings.temperature;
  options.sampling.seed = 1;
  options.on_loop = on_loop;
  options.stops = StopConfigFor(protocol.facts(), false);
  options.stops.max_tokens = settings.tokens;
  CachedSequence sequence(model.forward(), 0);
  return GenerateReply(protocol, sequence, prompt, options, observer);
}

struct Tally {
  int found = 0;
  int ended = 0;
  int faults = 0;

  void Check(bool holds, const char* what) {
    if (holds) return;
    std::printf("  fault: %s\n", what);
    ++faults;
  }
};

void Try(LoadedModel& model, const nlohmann::ordered_json& entry,
         const Settings& settings, Tally* tally) {
  const Ids prompt = PromptIds(model, entry);
  ReplyObserver silent;
  const Reply stopped =
      Generate(model, prompt, settings, OnLoop::kStop, silent);
  const bool looped = stopped.end.cause == EndCause::kLoop;
  const size_t first = FirstLoop(stopped.ids);
  const size_t late = looped ? stopped.ids.size() - first : 0;
  tally->found += looped;
  if (looped) {
    tally->Check(
        PlainPeriod(stopped.ids, stopped.ids.size()) == stopped.end.period,
        "the period is not that of the ids");
  }

  Shown shown;
  const Reply stepped =
      Generate(model, prompt, settings, OnLoop::kStepBack, shown);
  const bool ended = stepped.end.cause != EndCause::kLoop &&
                     PlainPeriod(stepped.ids, stepped.ids.size()) == 0;
  tally->ended += looped && ended;
  tally->Check(shown.text.text() == stepped.text,
               "what was shown is not the reply's text");
  tally->Check(model.tokenizer().Decode(stepped.ids, false) == stepped.text,
               "the text is not that of the ids");
  tally->Check(stepped.usage.completion_tokens == shown.drawn &&
                   stepped.usage.stepped_back_tokens == shown.stepped_back &&
                   shown.drawn == stepped.ids.size() + shown.stepped_back,
               "the usage does not count the tokens that were drawn");
  tally->Check(stepped.usage.completion_tokens <= settings.tokens,
               "more tokens were drawn than allowed");

  std::string label =
      entry.value(entry.contains("prompt") ? "prompt" : "message", "");
  label = ReplaceInvalidUtf8(label.substr(0, 32));
  std::replace(label.begin(), label.end(), '\n', ' ');
  std::printf(
      "%-8s  %-32s  %-10s %6llu %5llu %6zu %5zu  %-12s %5zu %5zu %6zu\n",
      entry.value("kind", "").c_str(), label.c_str(),
      std::string(EndCauseName(stopped.end.cause)).c_str(),
      static_cast<unsigned long long>(stopped.end.period),
      static_cast<unsigned long long>(stopped.end.count), stopped.ids.size(),
      late, std::string(EndCauseName(stepped.end.cause)).c_str(),
      stepped.loops.size(), shown.stepped_back, stepped.ids.size());
  std::fflush(stdout);
}

int Run(const std::vector<std::string>& words) {
  LoadedModel model(words.at(0), {}, {.context_length = 1024});
  const auto prompts =
      nlohmann::ordered_json::parse(std::ifstream(words.at(1)));
  size_t count = words.size() > 2 ? std::stoull(words[2]) : 0;
  if (count == 0) count = prompts.size();
  Settings settings;
  if (words.size() > 3) settings.tokens = std::stoull(words[3]);
  if (words.size() > 4) settings.temperature = std::stof(words[4]);
  std::printf("%-8s  %-32s  %-10s %6s %5s %6s %5s  %-12s %5s %5s %6s\n", "",
              "prompt", "stop", "period", "count", "tokens", "late",
              "step-back", "loops", "back", "tokens");
  Tally tally;
  for (size_t i = 0; i < std::min(count, prompts.size()); ++i) {
    Try(model, prompts[i], settings, &tally);
  }
  std::printf("%d loops found, %d of them ended by stepping back, %d faults\n",
              tally.found, tally.ended, tally.faults);
  const bool enough = settings.temperature > 0 || tally.found >= kLeastFound;
  const bool good =
      enough && 5 * tally.ended >= 4 * tally.found && tally.faults == 0;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace fullstop

int main(int count, char** words) {
  try {
    return fullstop::Run({words + 1, words + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "loops_driver: %s\n", error.what());
    return 2;
  }
}
