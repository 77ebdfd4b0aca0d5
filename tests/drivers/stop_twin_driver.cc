// Random scripts through the stop machine and its plain twin:
//   stop_twin_driver COUNT SEED [FIRST]
// Runs scripts FIRST (default 0) to FIRST + COUNT - 1 of SEED; each depends on
// SEED and its number alone. After every step the end, all that was shown up to
// then, what is held, the section, usage and limits must be equal. On the first
// difference prints that script in full and exits with 1.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "generate/end.h"
#include "generate/stop_machine.h"
#include "stop_twin.h"
#include "stop_twin_script.h"

namespace {

using fullstop::Random;
using fullstop::Script;
using fullstop::Show;

// Whoever declared it, without the words.
bool SameEnd(const std::optional<fullstop::End>& a,
             const std::optional<fullstop::End>& b) {
  if (!a || !b) return !a && !b;
  if (a->from.size() != b->from.size()) return false;
  for (size_t i = 0; i < a->from.size(); ++i) {
    if (a->from[i].provenance != b->from[i].provenance) return false;
  }
  return a->cause == b->cause && a->id == b->id && a->text == b->text &&
         a->period == b->period && a->count == b->count;
}

// One script on both. Throws std::runtime_error where they differ.
class Match {
 public:
  // LOG, if not null, gets the script and every step.
  Match(uint64_t seed, std::ostream* log)
      : random_(seed),
        script_(RandomScript(&random_)),
        machine_(script_.config),
        twin_(script_.config),
        log_(log) {}

  void Run() {
    if (log_ != nullptr) Print(script_, log_);
    Compare();
    size_t steps_behind_end = 0;
    for (size_t i = 0; i < script_.steps && steps_behind_end < 2; ++i) {
      if (twin_.end()) ++steps_behind_end;
      RandomStep();
      Compare();
    }
    if (!twin_.end()) {
      Close(Cancelled());
      Compare();
    }
  }

  const std::optional<fullstop::End>& end() const { return twin_.end(); }

 private:
  void RandomStep() {
    if (random_.OneIn(16)) {
      Rollback(random_.Between(0, twin_.held_tokens()));
    } else if (random_.OneIn(48)) {
      DisturbACopy();
    } else if (script_.event_odds > 0 && random_.OneIn(48)) {
      Close(RandomEvents(script_, twin_.held_tokens(), &random_));
    } else {
      const size_t id = RandomId();
      const fullstop::StopEvents events =
          RandomEvents(script_, twin_.held_tokens(), &random_);
      if (log_ != nullptr) *log_ << "put " << id << Show(events) << "\n";
      const fullstop::StopToken token = Token(id);
      const fullstop::StopStep step = machine_.Put(token, events);
      const bool ended = twin_.end().has_value();
      const size_t back = twin_.Put(token, events);
      Check(step.stepped_back == back, "stepped_back");
      Take(step, ended);
    }
  }

  void Rollback(size_t n) {
    if (log_ != nullptr) *log_ << "rollback " << n << "\n";
    machine_.Rollback(n);
    twin_.Rollback(n);
  }

  void Close(const fullstop::StopEvents& events) {
    if (log_ != nullptr) *log_ << "close" << Show(events) << "\n";
    const fullstop::StopStep step = machine_.Close(events);
    const bool ended = twin_.end().has_value();
    twin_.Close(events);
    Take(step, ended);
  }

  static fullstop::StopEvents Cancelled() {
    fullstop::StopEvents events;
    events.cancelled = true;
    return events;
  }

  // What a copy reads must not reach the original.
  void DisturbACopy() {
    if (log_ != nullptr) *log_ << "copy\n";
    fullstop::StopMachine copy = machine_;
    for (int i = 0; i < 3; ++i) copy.Put(Token(RandomId()));
    copy.Close(Cancelled());
  }

  fullstop::StopToken Token(size_t id) const {
    return {.id = static_cast<fullstop::TokenId>(id),
            .bytes = script_.words[id].bytes,
            .control = script_.words[id].control};
  }

  // A stop id more rarely than others.
  size_t RandomId() {
    const size_t id = random_.Below(script_.words.size());
    return script_.config.stops.Find(static_cast<fullstop::TokenId>(id)) !=
                       nullptr &&
                   !random_.OneIn(4)
               ? random_.Below(script_.words.size())
               : id;
  }

  void Take(const fullstop::StopStep& step, bool ended_before) {
    if (log_ != nullptr) {
      *log_ << "  shows " << Show(step.pieces) << "\n  end " << Show(step.end)
            << "\n";
    }
    const fullstop::Piece* last = nullptr;
    for (const fullstop::Piece& piece : step.pieces) {
      Check(!piece.bytes.empty(), "an empty piece");
      Check(last == nullptr || last->section != piece.section ||
                last->marker != piece.marker,
            "neighbours in one step");
      last = &piece;
      if (!shown_.empty() && shown_.back().section == piece.section &&
          shown_.back().marker == piece.marker) {
        shown_.back().bytes += piece.bytes;
      } else {
        shown_.push_back(piece);
      }
    }
    Check(SameEnd(step.end, ended_before ? std::nullopt : twin_.end()),
          "the step's end");
  }

  void Compare() {
    Check(SameEnd(machine_.end(), twin_.end()), "end");
    const fullstop::StopTwin::View view = twin_.Look();
    Check(shown_ == view.shown, "shown");
    Check(machine_.held() == view.held, "held");
    Check(machine_.section() == view.section, "section");
    Check(machine_.tokens() == twin_.tokens(), "tokens");
    Check(machine_.usage() == view.usage, "usage");
    Check(machine_.rollback_limit() == twin_.held_tokens(), "rollback_limit");
    Check(machine_.may_stop() == twin_.may_stop(), "may_stop");
    const fullstop::TokenId id =
        static_cast<fullstop::TokenId>(random_.Below(script_.words.size()));
    const fullstop::Stop* stop = machine_.FindStop(id);
    const fullstop::Stop* expected = twin_.FindStop(id, view.section);
    Check((stop == nullptr) == (expected == nullptr) &&
              (stop == nullptr || stop->text == expected->text),
          "FindStop");
  }

  void Check(bool same, std::string_view what) const {
    if (same) return;
    throw std::runtime_error(
        std::string(what) + " differs\n  shown   " + Show(shown_) +
        "\n  twin    " + Show(twin_.Look().shown) + "\n  held    " +
        Show(machine_.held()) + "\n  twin    " + Show(twin_.Look().held) +
        "\n  end     " + Show(machine_.end()) + "\n  twin    " +
        Show(twin_.end()));
  }

  Random random_;
  Script script_;
  fullstop::StopMachine machine_;
  fullstop::StopTwin twin_;
  std::vector<fullstop::Piece> shown_;
  std::ostream* log_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: stop_twin_driver COUNT SEED [FIRST]\n";
    return 2;
  }
  const uint64_t count = std::strtoull(argv[1], nullptr, 10);
  const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  const uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  std::array<uint64_t, 10> causes{};
  for (uint64_t i = first; i < first + count; ++i) {
    const uint64_t start = Random(Random(seed).Next() + i).Next();
    try {
      Match match(start, nullptr);
      match.Run();
      ++causes[static_cast<size_t>(match.end()->cause)];
    } catch (const std::exception& difference) {
      std::cout << "script " << i << " of seed " << seed << "\n";
      try {
        Match(start, &std::cout).Run();
      } catch (const std::exception&) {
        std::cout << difference.what() << std::endl;
      }
      return 1;
    }
    if ((i + 1 - first) % 1000000 == 0) {
      std::cout << i + 1 - first << " scripts" << std::endl;
    }
  }
  std::cout << count << " scripts, 0 differences; ends:";
  for (size_t i = 0; i < causes.size(); ++i) {
    std::cout << " " << EndCauseName(static_cast<fullstop::EndCause>(i)) << " "
              << causes[i];
  }
  std::cout << std::endl;
  return 0;
}
