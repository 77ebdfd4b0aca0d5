#include "protocol/derive.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "protocol/evidence.h"

namespace fullstop {
namespace {

bool Contains(const Run& run, TokenId id) {
  return std::find(run.begin(), run.end(), id) != run.end();
}

// The ids of RUN for which KEEP holds; RUN itself where there are none.
template <class Keep>
Run Prefer(const Run& run, Keep keep) {
  Run kept;
  std::copy_if(run.begin(), run.end(), std::back_inserter(kept), keep);
  return kept.empty() ? run : kept;
}

struct Choice {
  TokenId id = 0;
  bool section = false;
};

class EndDeriver {
 public:
  EndDeriver(Evidence evidence, const std::set<TokenId>& declared,
             std::optional<TokenId> bos)
      : evidence_(std::move(evidence)), declared_(declared), bos_(bos) {}

  DerivedEnds Derive() {
    for (const SetupEvidence& setup : evidence_.setups) DeriveSetup(setup);
    if (const auto opener = FirstOpener(evidence_.before_system, {}, {})) {
      AddOpener(*opener, "the ids before a system turn", "");
    }
    ends_.inside = evidence_.inside;
    ends_.form = evidence_.form;
    return std::move(ends_);
  }

 private:
  void DeriveSetup(const SetupEvidence& setup) {
    if (!setup.answer_last && !setup.answer_then_user) return;
    ends_.nothing_rendered = false;
    ends_.prompts_unasked |= setup.prompts_unasked;
    const Run last = setup.answer_last.value_or(Run());
    const Run then_user = setup.answer_then_user.value_or(Run());

    Run candidates = last.empty() ? then_user : last;
    if (!last.empty()) {
      candidates =
          Prefer(last, [&](TokenId id) { return Contains(then_user, id); });
    }
    std::optional<Choice> end = Pick(candidates, setup.calls);
    if (end && !last.empty()) end = CloserOfTurns(*end, candidates, setup);
    if (end) {
      Add(*end, StopRole::kTurnEnd,
          last.empty() ? "the run behind an answer with a user turn behind it"
                       : "the run behind the last answer",
          setup);
    }
    std::optional<TokenId> history_end;
    if (end && !then_user.empty() && !Contains(then_user, end->id)) {
      const std::optional<Choice> other = Pick(then_user, {});
      if (other && other->section) {
        history_end = other->id;
        Add(*other, StopRole::kTurnEnd,
            "the run behind an answer with a user turn behind it", setup);
      }
    } else if (end) {
      history_end = end->id;
    }
    // Where answers have no closing id of their own, the next opener ends them,
    // and no further opener is behind it.
    const bool ended_by_opener =
        last.empty() && (!end || evidence_.leading.contains(end->id));
    DeriveCalls(setup, end, last, ended_by_opener);
    if (!ended_by_opener) {
      AddFirstOpener(then_user, history_end, last, "an answer", setup);
    }
    if (setup.answer_then_system) {
      AddFirstOpener(*setup.answer_then_system, history_end, last, "an answer",
                     setup);
    }
    NoteString(setup.text_to_user);
  }

  void DeriveCalls(const SetupEvidence& setup,
                   const std::optional<Choice>& answer_end, const Run& last,
                   bool ended_by_opener) {
    const Run* run = nullptr;
    std::optional<Choice> end;
    for (const Run& call : setup.calls) {
      if (answer_end && Contains(call, answer_end->id)) {
        run = &call;
        end = answer_end;
        break;
      }
    }
    if (run == nullptr) {
      for (const Run& call : setup.calls) {
        end = Pick(call, {});
        run = &call;
        if (end) break;
      }
      if (!end) return;
      // Calls that stand one behind the other may each end so; only what closes
      // a thought too is no end of a call.
      end->section = evidence_.separators.contains(end->id);
      Add(*end, StopRole::kToolCall,
          "the run behind a call with its result behind it", setup);
    }
    if (!ended_by_opener) {
      AddFirstOpener(*run, end->id, last, "a call", setup);
    }
  }

  // END, or what of the RUN behind a last answer closes users' turns too, where
  // END closes only a section of answers. Nothing may open a turn there
  // unasked.
  Choice CloserOfTurns(const Choice& end, const Run& run,
                       const SetupEvidence& setup) const {
    const Run user = setup.user_turn.value_or(Run());
    const bool closes_turns =
        declared_.contains(end.id) || Contains(user, end.id) ||
        std::any_of(setup.calls.begin(), setup.calls.end(),
                    [&](const Run& call) { return Contains(call, end.id); });
    if (closes_turns || !setup.prompt_tells) return end;
    for (const TokenId id : run) {
      if (Contains(user, id) && !evidence_.inside.contains(id)) {
        return {id, false};
      }
    }
    return end;
  }

  // OTHERS: the runs of the other kind of turn, whose ends are preferred.
  std::optional<Choice> Pick(const Run& run,
                             const std::vector<Run>& others) const {
    if (run.empty()) return std::nullopt;
    for (const TokenId id : run) {
      if (declared_.contains(id)) {
        return Choice{id, evidence_.separators.contains(id)};
      }
    }
    Run candidates = Prefer(
        run, [&](TokenId id) { return !evidence_.leading.contains(id); });
    candidates = Prefer(candidates, [&](TokenId id) {
      return std::any_of(others.begin(), others.end(),
                         [&](const Run& other) { return Contains(other, id); });
    });
    for (const TokenId id : candidates) {
      if (!evidence_.inside.contains(id)) return Choice{id, false};
    }
    return Choice{candidates.front(), true};
  }

  void Add(const Choice& choice, StopRole role, std::string_view rule,
           const SetupEvidence& setup) {
    Insert(choice.id, choice.section ? StopRole::kSection : role, rule,
           setup.description);
  }

  void Insert(TokenId id, StopRole role, std::string_view rule,
              const std::string& setup) {
    for (const DerivedStop& stop : ends_.stops) {
      if (stop.id == id && stop.role == role) return;
    }
    std::string where(rule);
    if (!setup.empty()) where += " (" + setup + ")";
    ends_.stops.push_back({id, role, std::move(where)});
  }

  // The id of RUN that opens the turn behind it: the first behind END (or at
  // all, where END does not stand there) that does not close turns itself.
  std::optional<TokenId> FirstOpener(const Run& run, std::optional<TokenId> end,
                                     const Run& closing) const {
    auto from = run.begin();
    if (end && Contains(run, *end)) {
      from = std::find(run.begin(), run.end(), *end) + 1;
    }
    for (auto it = from; it != run.end(); ++it) {
      const bool closes =
          Contains(closing, *it) && !evidence_.leading.contains(*it);
      const bool is_bos = bos_ == *it && it + 1 != run.end();
      if (!closes && !is_bos) return *it;
    }
    return std::nullopt;
  }

  void AddFirstOpener(const Run& run, std::optional<TokenId> end,
                      const Run& closing, std::string_view behind,
                      const SetupEvidence& setup) {
    const std::optional<TokenId> opener = FirstOpener(run, end, closing);
    if (!opener) return;
    AddOpener(*opener, "opens a turn behind " + std::string(behind),
              setup.description);
  }

  void AddOpener(TokenId id, std::string_view rule, const std::string& setup) {
    if (evidence_.inside.contains(id)) return;
    Insert(id, StopRole::kTurnOpen, rule, setup);
  }

  void NoteString(const std::string& text) {
    const std::string string(StripRight(text));
    if (Strip(string).empty()) return;
    std::vector<std::string>& strings = ends_.strings;
    if (std::find(strings.begin(), strings.end(), string) == strings.end()) {
      strings.push_back(string);
    }
  }

  const Evidence evidence_;
  const std::set<TokenId>& declared_;
  const std::optional<TokenId> bos_;
  DerivedEnds ends_;
};

}  // namespace

DerivedEnds DeriveEnds(Prober* prober, const std::set<TokenId>& declared,
                       std::optional<TokenId> bos) {
  return EndDeriver(CollectEvidence(prober), declared, bos).Derive();
}

}  // namespace fullstop
