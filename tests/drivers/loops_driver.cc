// Makes a model loop and checks what is told about it and what is done.
//   loops_driver MODEL
// For each prompt, greedily and without a template: the loop's period and the
// token at which it was found against brute force over the ids, then the reply
// with step-back. Prints a table; exit code 1 if fewer than kLeastFound loops
// are found or fewer than kLeastEnded of them end by stepping back, or if
// anything told was wrong.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/loaded_model.h"
#include "engine/reply.h"
#include "engine/stop_config.h"

namespace fullstop {
namespace {

using Ids = std::vector<TokenId>;

constexpr uint64_t kMostTokens = 600;
constexpr int kLeastFound = 10;
constexpr int kLeastEnded = 8;

// Behind these SmolLM2-135M-Instruct repeats itself.
const std::vector<std::string> kPrompts = {
    "Row, row, row your boat, gently down the stream.\nRow, row, row your "
    "boat,",
    "Names of countries:\n- France\n- Spain\n-",
    "He said that she said that he said that",
    "Today I woke up and then I went back to sleep and then I woke up and",
    "Q: What is water?\nA: Water is wet.\nQ: What is fire?\nA:",
    "Chorus:\nLa la la, the sun is up today,\nLa la la,",
    "The road goes on and on,",
    "The first step is to buy milk. The next step is to",
    "The list of fruits: apple, banana, cherry,",
    "import os\nimport sys\nimport",
    "Once upon a time there was a king. The king had a son. The son had a"};

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

Reply Generate(LoadedModel& model, const std::string& prompt, OnLoop on_loop,
               ReplyObserver& observer) {
  const TurnProtocol& protocol = model.protocol();
  GenerationOptions options;
  options.sampling.temp = 0;
  options.on_loop = on_loop;
  options.stops = StopConfigFor(protocol.facts(), false);
  options.stops.max_tokens = kMostTokens;
  CachedSequence sequence(model.forward(), 0);
  return GenerateReply(protocol, sequence, model.tokenizer().Encode(prompt),
                       options, observer);
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

void Try(LoadedModel& model, const std::string& prompt, Tally* tally) {
  ReplyObserver silent;
  const Reply stopped = Generate(model, prompt, OnLoop::kStop, silent);
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
  const Reply stepped = Generate(model, prompt, OnLoop::kStepBack, shown);
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
  tally->Check(stepped.usage.completion_tokens <= kMostTokens,
               "more tokens were drawn than allowed");

  std::string label = prompt.substr(0, 32);
  std::replace(label.begin(), label.end(), '\n', ' ');
  std::printf(
      "%-32s  %-10s %6llu %5llu %6zu %5zu  %-10s %5zu %5zu %6zu\n",
      label.c_str(), std::string(EndCauseName(stopped.end.cause)).c_str(),
      static_cast<unsigned long long>(stopped.end.period),
      static_cast<unsigned long long>(stopped.end.count), stopped.ids.size(),
      late, std::string(EndCauseName(stepped.end.cause)).c_str(),
      stepped.loops.size(), shown.stepped_back, stepped.ids.size());
  std::fflush(stdout);
}

int Run(const std::vector<std::string>& words) {
  LoadedModel model(words.at(0), {}, {.context_length = 1024});
  std::printf("%-32s  %-10s %6s %5s %6s %5s  %-10s %5s %5s %6s\n", "prompt",
              "stop", "period", "count", "tokens", "late", "step-back", "loops",
              "back", "tokens");
  Tally tally;
  for (const std::string& prompt : kPrompts) Try(model, prompt, &tally);
  std::printf("%d loops found, %d of them ended by stepping back, %d faults\n",
              tally.found, tally.ended, tally.faults);
  const bool good = tally.found >= kLeastFound && tally.ended >= kLeastEnded &&
                    tally.faults == 0;
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
