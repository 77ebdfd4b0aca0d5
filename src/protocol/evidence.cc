#include "protocol/evidence.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace fullstop {
namespace {

using nlohmann::ordered_json;

struct CallProbe {
  CallForm form;
  size_t count;
  bool thought;
};

std::vector<CallProbe> AllCallProbes() {
  std::vector<CallProbe> probes;
  for (const auto& [count, thought] :
       {std::pair<size_t, bool>{1, false}, {2, false}, {1, true}, {2, true}}) {
    for (const CallArguments arguments :
         {CallArguments::kObject, CallArguments::kText}) {
      for (const CallContent content :
           {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent,
            CallContent::kText}) {
        probes.push_back({{arguments, content}, count, thought});
      }
    }
  }
  return probes;
}

// For setups in which a call is not likely to be written at all.
std::vector<CallProbe> UsualCallProbes() {
  return {{{CallArguments::kObject, CallContent::kNull}, 1, false},
          {{CallArguments::kObject, CallContent::kEmpty}, 1, false},
          {{CallArguments::kText, CallContent::kNull}, 1, false}};
}

class Collector {
 public:
  explicit Collector(Prober* prober) : prober_(*prober) {}

  Evidence Collect() {
    const std::vector<ProbeSetup> setups = ProbeSetups(prober_.compiled());
    for (size_t i = 0; i < setups.size(); ++i) {
      // Nothing set, then everything: all forms; then those that worked.
      const bool all = i < kThorough;
      CollectSetup(setups[i], all                ? AllCallProbes()
                              : working_.empty() ? UsualCallProbes()
                                                 : working_);
    }
    return std::move(evidence_);
  }

 private:
  static constexpr size_t kThorough = 4;
  // Where there are no variables of the template's own, the setups beyond the
  // second do not exist.
  static constexpr size_t kWorking = 2;

  ordered_json Conversation(std::initializer_list<ordered_json> turns) const {
    ordered_json messages = ordered_json::array();
    if (system_first_) messages.push_back(ProbeSystem(as_parts_));
    messages.push_back(ProbeUser(as_parts_));
    for (const ordered_json& turn : turns) messages.push_back(turn);
    return messages;
  }
  size_t Turn(size_t index) const { return index + (system_first_ ? 1 : 0); }

  void CollectSetup(const ProbeSetup& setup,
                    const std::vector<CallProbe>& calls) {
    if (!FindForm(setup)) return;
    prompt_ = prober_.Try(Conversation({}), setup, true);
    const std::optional<Probe> unprompted =
        prober_.Try(Conversation({}), setup, false);
    prompt_tells_ = prompt_ && unprompted && prompt_->text != unprompted->text;

    SetupEvidence seen;
    seen.description = setup.description;
    seen.prompt_tells = prompt_tells_;
    CollectAnswers(setup, &seen);
    for (const CallProbe& call : calls) CollectCall(setup, call, &seen);
    CollectSystem(setup, &seen);
    evidence_.setups.push_back(std::move(seen));
  }

  // Whether the template writes an answer in some form of conversation: one
  // that stands last, or else (some refuse that) one with a turn behind it.
  bool FindForm(const ProbeSetup& setup) {
    for (const bool is_last : {true, false}) {
      for (const bool as_parts : {false, true}) {
        for (const bool system_first : {false, true}) {
          as_parts_ = as_parts;
          system_first_ = system_first;
          const std::optional<Probe> probe = prober_.Try(
              is_last
                  ? Conversation({ProbeAnswer(as_parts)})
                  : Conversation({ProbeAnswer(as_parts), ProbeUser(as_parts)}),
              setup);
          if (!probe || !probe->Find(Turn(1), "content")) continue;
          if (evidence_.setups.empty()) {
            evidence_.form.content_as_parts = as_parts;
          }
          return true;
        }
      }
    }
    return false;
  }

  void CollectAnswers(const ProbeSetup& setup, SetupEvidence* seen) {
    const size_t answer = Turn(1);
    const std::optional<Probe> last =
        prober_.Try(Conversation({ProbeAnswer(as_parts_)}), setup);
    const std::optional<Probe> then_user = prober_.Try(
        Conversation({ProbeAnswer(as_parts_), ProbeUser(as_parts_)}), setup);
    if (last || then_user) NoteAnswer(last ? *last : *then_user, seen);
    if (last) {
      if (const auto at = last->Find(answer, "content")) {
        const std::optional<size_t> end =
            then_user ? UnaskedPrompt(*last, *then_user) : std::nullopt;
        seen->prompts_unasked = end.has_value();
        seen->answer_last = end ? last->IdsBetween(last->parts[*at].end, *end)
                                : last->RunBehind(*at);
      }
    }
    if (then_user) {
      if (const auto at = then_user->Find(answer, "content")) {
        const size_t next = then_user->ContentBehind(*at);
        if (next < then_user->parts.size()) {
          seen->answer_then_user = then_user->RunBehind(*at);
          const size_t begin = then_user->parts[*at].end;
          seen->text_to_user = then_user->text.substr(
              begin, then_user->parts[next].begin - begin);
        }
      }
    }
    const std::optional<Probe> thoughtful =
        prober_.Try(Conversation({ProbeThoughtfulAnswer(as_parts_)}), setup);
    if (thoughtful) {
      if (const auto at = thoughtful->Find(answer, "content")) {
        NoteInside(*thoughtful, answer, *at);
      }
    }
  }

  // Where LAST begins to differ from THEN_USER behind the answer, if from there
  // on it ends as a conversation ends that waits for its answer.
  std::optional<size_t> UnaskedPrompt(const Probe& last,
                                      const Probe& then_user) const {
    if (prompt_tells_ || !prompt_) return std::nullopt;
    const auto asked = prompt_->Find(Turn(0), "content");
    const auto user = last.Find(Turn(0), "content");
    const auto answer = last.Find(Turn(1), "content");
    const auto inner = then_user.Find(Turn(1), "content");
    if (!asked || !user || !answer || !inner) return std::nullopt;
    const auto behind = [](const Probe& probe, size_t at) {
      return std::string_view(probe.text).substr(probe.parts[at].end);
    };
    const std::string_view prompt = behind(*prompt_, *asked);
    const std::string_view end = behind(last, *answer);
    const size_t shared = SharedPrefix(end, behind(then_user, *inner));
    const std::string_view opened = end.substr(shared);
    const bool opens = !IsWhiteSpace(opened) && prompt.ends_with(opened) &&
                       behind(last, *user).starts_with(prompt);
    if (!opens) return std::nullopt;
    return last.parts[*answer].end + shared;
  }

  void NoteAnswer(const Probe& probe, SetupEvidence* seen) {
    NoteLeading(probe);
    const auto user = probe.Find(Turn(0), "content");
    const auto at = probe.Find(Turn(1), "content");
    if (!at) return;
    NoteInside(probe, Turn(1), *at);
    if (user && probe.ContentBehind(*user) == *at) {
      seen->user_turn = probe.RunBehind(*user);
    }
  }

  void CollectCall(const ProbeSetup& setup, const CallProbe& call,
                   SetupEvidence* seen) {
    const ordered_json calls =
        ProbeCalls(call.count, call.form, call.thought, as_parts_);
    std::optional<Probe> probe =
        call.count == 1
            ? prober_.Try(Conversation({calls, ProbeResult(0, as_parts_)}),
                          setup)
            : prober_.Try(Conversation({calls, ProbeResult(0, as_parts_),
                                        ProbeResult(1, as_parts_)}),
                          setup);
    if (!probe) probe = prober_.Try(Conversation({calls}), setup);
    if (!probe) return;
    const std::optional<size_t> at = probe->FindCall(Turn(1), call.count - 1);
    if (!at) return;
    seen->calls.push_back(probe->RunBehind(*at));
    if (!evidence_.form.calls) evidence_.form.calls = call.form;
    NoteInside(*probe, Turn(1), *at);
    if (working_.size() < kWorking) working_.push_back(call);
  }

  void CollectSystem(const ProbeSetup& setup, SetupEvidence* seen) {
    const std::optional<Probe> later = prober_.Try(
        Conversation({ProbeAnswer(as_parts_), ProbeSystem(as_parts_)}), setup);
    if (later) {
      const auto answer = later->Find(Turn(1), "content");
      const auto system = later->Find(Turn(2), "content");
      if (answer && system && later->ContentBehind(*answer) == *system) {
        seen->answer_then_system = later->RunBehind(*answer);
        return;
      }
    }
    const std::optional<Probe> user =
        prober_.Try(ordered_json::array({ProbeUser(as_parts_)}), setup);
    const std::optional<Probe> system = prober_.Try(
        ordered_json::array({ProbeSystem(as_parts_), ProbeUser(as_parts_)}),
        setup);
    if (!user || !system || !evidence_.before_system.empty()) return;
    const Run without = LeadingIds(*user);
    const Run with = LeadingIds(*system);
    const auto differs =
        std::mismatch(with.begin(), with.end(), without.begin(), without.end());
    evidence_.before_system.assign(differs.first, with.end());
  }

  // The ids at the very start, with nothing before or between them.
  static Run LeadingIds(const Probe& probe) {
    Run ids;
    size_t end = 0;
    for (const ProbePart& part : probe.parts) {
      if (!part.id ||
          !IsWhiteSpace(
              std::string_view(probe.text).substr(end, part.begin - end))) {
        break;
      }
      ids.push_back(*part.id);
      end = part.end;
    }
    return ids;
  }

  void NoteLeading(const Probe& probe) {
    const Run ids = LeadingIds(probe);
    for (size_t i = 0; i < ids.size(); ++i) {
      // What stands before an id's second time closes a turn that says nothing.
      const bool closes = i + 1 < ids.size() && ids[i + 1] != ids[i] &&
                          std::find(ids.begin(), ids.begin() + i, ids[i + 1]) !=
                              ids.begin() + i;
      if (!closes) evidence_.leading.insert(ids[i]);
    }
  }

  // AT is the last content of the assistant's turn MESSAGE.
  void NoteInside(const Probe& probe, size_t message, size_t at) {
    size_t first = at;
    for (size_t i = 0; i < at; ++i) {
      if (!probe.parts[i].id && probe.parts[i].message == message) {
        first = i;
        break;
      }
    }
    const size_t end = probe.parts[at].begin;
    for (const TokenId id : probe.IdsBetween(probe.parts[first].end, end)) {
      evidence_.inside.insert(id);
    }
    if (prompt_tells_) {
      const size_t prompted =
          BackToToken(probe, SharedPrefix(probe.text, prompt_->text));
      const size_t begin = probe.parts[first].begin;
      if (PastUserTurn(probe, prompted)) {
        for (const TokenId id : probe.IdsBetween(prompted, begin)) {
          evidence_.inside.insert(id);
        }
      }
    }
    NoteSeparators(probe, message);
  }

  // BYTE, or the start of the token that it cuts.
  static size_t BackToToken(const Probe& probe, size_t byte) {
    for (const ProbePart& part : probe.parts) {
      if (part.id && part.begin < byte && byte < part.end) return part.begin;
    }
    return byte;
  }

  bool PastUserTurn(const Probe& probe, size_t byte) const {
    const auto user = probe.Find(Turn(0), "content");
    return user && probe.parts[*user].end < byte;
  }

  void NoteSeparators(const Probe& probe, size_t message) {
    const auto thought = probe.FindThought(message);
    if (!thought) return;
    const size_t next = probe.ContentBehind(*thought);
    if (next == probe.parts.size() || probe.parts[next].message != message) {
      return;
    }
    for (const TokenId id : probe.RunBehind(*thought)) {
      evidence_.separators.insert(id);
    }
  }

  Prober& prober_;
  Evidence evidence_;
  std::vector<CallProbe> working_;
  // Of the setup at hand.
  bool system_first_ = false;
  bool as_parts_ = false;
  std::optional<Probe> prompt_;
  bool prompt_tells_ = false;
};

}  // namespace

Evidence CollectEvidence(Prober* prober) { return Collector(prober).Collect(); }

}  // namespace fullstop
