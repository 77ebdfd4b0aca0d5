#include "protocol/derive_markers.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/derive_calls.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMaxMarker = 64;

// BYTE, or the start of the control token or the bracketed word that it cuts.
size_t BackToBorder(const Probe& probe, size_t byte) {
  for (const ProbePart& part : probe.parts) {
    if (part.id && part.begin < byte && byte < part.end) return part.begin;
  }
  const std::string_view before = std::string_view(probe.text).substr(0, byte);
  const size_t open = before.find_last_of("<[");
  if (open == std::string_view::npos || byte - open > kMaxMarker) return byte;
  const std::string_view word = before.substr(open);
  const bool is_cut =
      word.find_first_of(">] \t\n\"{") == std::string_view::npos;
  return is_cut ? open : byte;
}

// The first word in TEXT that is bracketed as markup: <…> or […], with no white
// space within. Empty where there is none.
std::string_view FirstTag(std::string_view text) {
  for (size_t at = text.find_first_of("<["); at != std::string_view::npos;
       at = text.find_first_of("<[", at + 1)) {
    const size_t end = text.find_first_of("<>[] \t\n\"{}", at + 1);
    if (end == std::string_view::npos) break;
    const bool closes = text[end] == (text[at] == '<' ? '>' : ']');
    const bool has_letter =
        std::any_of(text.begin() + at, text.begin() + end,
                    [](unsigned char c) { return std::isalpha(c) != 0; });
    if (closes && has_letter) return text.substr(at, end + 1 - at);
  }
  return {};
}

// A marker found in bytes [BEGIN, END) of a probe: the first control token that
// SKIP does not name, else the first bracketed word. Empty where there is none.
std::string FirstMarker(const Probe& probe, size_t begin, size_t end,
                        const std::vector<std::string>& skip) {
  const auto skipped = [&](std::string_view text) {
    return std::find(skip.begin(), skip.end(), text) != skip.end();
  };
  const std::string_view text = probe.text;
  for (const ProbePart& part : probe.parts) {
    if (!part.id || part.begin < begin || part.end > end) continue;
    const std::string_view token =
        text.substr(part.begin, part.end - part.begin);
    if (!skipped(token)) return std::string(token);
  }
  std::string_view rest = text.substr(begin, end - begin);
  while (true) {
    const std::string_view tag = FirstTag(rest);
    if (tag.empty() || !skipped(tag)) return std::string(tag);
    rest.remove_prefix(
        static_cast<size_t>(tag.data() + tag.size() - rest.data()));
  }
}

bool IsMarkerLike(std::string_view text) {
  const auto bracket = [](unsigned char c) { return std::ispunct(c) != 0; };
  return text.size() >= 3 && text.size() <= kMaxMarker &&
         bracket(text.front()) && bracket(text.back()) &&
         std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalpha(c) != 0; });
}

// "<x>" for "</x>", "[x]" for "[/x]"; empty for anything else.
std::string OpeningOf(std::string_view closing) {
  if (closing.size() < 3 || closing[1] != '/') return "";
  return std::string(1, closing[0]) + std::string(closing.substr(2));
}

class MarkerDeriver {
 public:
  MarkerDeriver(Prober* prober, const std::set<TokenId>& ends)
      : prober_(*prober), ends_(ends) {}

  DerivedMarkers Derive() {
    const std::vector<ProbeSetup> setups = ProbeSetups(prober_.compiled());
    for (const ProbeSetup& setup : setups) {
      if (FindBase(setup)) break;
    }
    if (!base_.answer) return {};
    for (const ProbeSetup& setup : setups) {
      if (FromField(setup, setups)) break;
    }
    if (markers_.thought_closing.empty()) FromCut();
    if (markers_.thought_closing.empty()) FromEmptyThought(setups);
    if (!markers_.thought_closing.empty()) {
      OpeningFromPrompts(setups);
      FindAnswerOpening();
      FindSwitch(setups);
    }
    FindCalls(setups);
    FindFormat(setups);
    return markers_;
  }

 private:
  ordered_json Conversation(std::initializer_list<ordered_json> turns) const {
    ordered_json messages = ordered_json::array();
    if (system_first_) messages.push_back(ProbeSystem(as_parts_));
    messages.push_back(ProbeUser(as_parts_));
    for (const ordered_json& turn : turns) messages.push_back(turn);
    return messages;
  }
  size_t Reply() const { return system_first_ ? 2 : 1; }

  // What a plain answer and a prompt look like in one setup.
  struct Plain {
    ProbeSetup setup;
    std::optional<Probe> answer;
    std::optional<Probe> prompt;
  };

  // The first setup in which the template writes an answer.
  bool FindBase(const ProbeSetup& setup) {
    for (const bool as_parts : {false, true}) {
      for (const bool system_first : {false, true}) {
        as_parts_ = as_parts;
        system_first_ = system_first;
        base_ = PlainIn(setup);
        if (base_.answer && base_.answer->Find(Reply(), "content")) return true;
      }
    }
    base_.answer.reset();
    return false;
  }

  Plain PlainIn(const ProbeSetup& setup) {
    return {setup, prober_.Try(Conversation({ProbeAnswer(as_parts_)}), setup),
            prober_.Try(Conversation({}), setup, true)};
  }

  // What stands behind the user's turn.
  std::string_view Tail(const Probe& probe) const {
    const auto user = probe.Find(Reply() - 1, "content");
    return std::string_view(probe.text)
        .substr(user ? probe.parts[*user].end : probe.text.size());
  }

  // Where the reply begins in PROBE: behind all that it shares, from the end of
  // the user's turn on, with plain answers and prompts. Those that differ at
  // once differ in the user's turn, and tell nothing.
  size_t HeaderEnd(const Probe& probe, const Plain& plain) const {
    const std::string_view tail = Tail(probe);
    const size_t begin = probe.text.size() - tail.size();
    size_t least = 1;  // what one must share, to tell anything
    for (const ProbePart& part : probe.parts) {
      if (!part.id || part.begin < begin) continue;
      const std::string_view before = tail.substr(0, part.begin - begin);
      if (IsWhiteSpace(before)) least = part.end - begin;
      break;
    }
    size_t shared = 0;
    for (const std::optional<Probe>* other :
         {&plain.answer, &plain.prompt, &base_.answer, &base_.prompt}) {
      if (!*other) continue;
      const size_t same = SharedPrefix(tail, Tail(**other));
      if (same >= least) shared = shared == 0 ? same : std::min(shared, same);
    }
    return BackToBorder(probe, begin + shared);
  }

  bool FromField(const ProbeSetup& setup,
                 const std::vector<ProbeSetup>& setups) {
    std::vector<ordered_json> turns = {ProbeThoughtfulAnswer(as_parts_)};
    for (const CallContent content :
         {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
      turns.push_back(
          ProbeCalls(1, {CallArguments::kObject, content}, true, as_parts_));
    }
    turns.push_back(ProbeThoughtPart());
    for (const ordered_json& turn : turns) {
      const std::optional<Probe> probe =
          prober_.Try(Conversation({turn}), setup);
      if (!probe) continue;
      const auto at = probe->FindThought(Reply());
      if (at && ReadThought(*probe, probe->parts[*at], setup, setups)) {
        return true;
      }
    }
    return false;
  }

  // The end of what stands behind THOUGHT: the next content of another field;
  // where its turn has none, the end of the turn.
  size_t EndBehind(const Probe& probe, const ProbePart& thought) const {
    size_t turn_end = probe.text.size();
    for (const ProbePart& part : probe.parts) {
      if (part.begin < thought.end) continue;
      if (part.id) {
        const bool closes =
            ends_.contains(*part.id) &&
            !IsWhiteSpace(std::string_view(probe.text)
                              .substr(thought.end, part.begin - thought.end));
        if (closes) turn_end = std::min(turn_end, part.begin);
      } else if (part.message == thought.message) {
        if (part.field != thought.field) return part.begin;
      } else {
        return std::min(turn_end, part.begin);
      }
    }
    return turn_end;
  }

  bool ReadThought(const Probe& probe, const ProbePart& thought,
                   const ProbeSetup& setup,
                   const std::vector<ProbeSetup>& setups) {
    const std::string_view text = probe.text;
    const size_t end = EndBehind(probe, thought);
    const std::string_view between =
        Strip(text.substr(thought.end, end - thought.end));
    if (between.empty()) return false;
    std::string closing = FirstMarker(probe, thought.end, end, {});
    const std::string_view line = between.substr(0, between.find('\n'));
    if (closing.empty() || !between.starts_with(closing)) {
      closing = Strip(line);
    }
    markers_.thought_closing = closing;
    // A part of the content is no field of its own.
    if (!thought.field.starts_with("content")) {
      markers_.thought_field = thought.field;
    }
    markers_.header_opening = HeaderBehind(between, closing);
    markers_.thought_opening = OpeningBefore(probe, thought, PlainIn(setup));
    // Where prompts open thoughts, one that does not shows where replies begin.
    for (const ProbeSetup& other : setups) {
      if (!markers_.thought_opening.empty()) break;
      markers_.thought_opening = OpeningBefore(probe, thought, PlainIn(other));
    }
    return true;
  }

  // What opens a header of the reply behind its thought: a tag that prompts
  // have too, with a word behind it.
  std::string HeaderBehind(std::string_view between,
                           std::string_view closing) const {
    if (!base_.prompt || !between.starts_with(closing)) return "";
    const std::string_view rest = Strip(between.substr(closing.size()));
    const size_t end = rest.find('>');
    const bool is_tag = rest.starts_with('<') && end + 1 < rest.size() &&
                        std::isalpha(static_cast<unsigned char>(
                            rest[std::min(end, rest.size() - 2) + 1])) != 0;
    if (!is_tag) return "";
    const std::string_view tag = rest.substr(0, end + 1);
    const bool in_prompt =
        Tail(*base_.prompt).find(tag) != std::string_view::npos;
    return in_prompt ? std::string(tag) : "";
  }

  // What stands before THOUGHT in its reply and behind other content; of a
  // longer text the token that touches it.
  std::string OpeningBefore(const Probe& probe, const ProbePart& thought,
                            const Plain& plain) const {
    size_t begin = std::min(HeaderEnd(probe, plain), thought.begin);
    std::string_view token;
    for (const ProbePart& part : probe.parts) {
      if (part.begin >= thought.begin) break;
      if (!part.id) begin = std::max(begin, part.end);
      token = std::string_view(probe.text)
                  .substr(part.begin, part.id ? part.end - part.begin : 0);
    }
    const std::string_view opening = Strip(
        std::string_view(probe.text).substr(begin, thought.begin - begin));
    if (opening.size() <= kMaxMarker) return std::string(opening);
    return std::string(opening.ends_with(token) ? token : "");
  }

  // A constant of the template at which it cuts past answers in two; the
  // shortest, since a longer one may hold it.
  void FromCut() {
    std::set<std::string> tried;
    for (const std::string& literal : prober_.compiled().Literals()) {
      const std::string cut(Strip(literal));
      std::string& best = markers_.thought_closing;
      if (!IsMarkerLike(cut) || !tried.insert(cut).second ||
          (!best.empty() && best.size() <= cut.size())) {
        continue;
      }
      if (Cuts(cut)) best = cut;
    }
  }

  bool Cuts(const std::string& cut) {
    ordered_json turn = ProbeAnswer(false);
    const std::string answer = turn["content"];
    turn["content"] = "let me see" + cut + answer;
    const std::optional<Probe> probe =
        prober_.Try(Conversation({turn, ProbeUser(as_parts_)}), base_.setup);
    if (!probe) return false;
    const auto at = probe->Find(Reply(), "content");
    if (!at) return false;
    const ProbePart& part = probe->parts[*at];
    return probe->text.substr(part.begin, part.end - part.begin) == answer;
  }

  // What a prompt holds behind the header of the reply, without white space.
  std::string Prefilled(const ProbeSetup& setup) {
    const Plain plain = PlainIn(setup);
    if (!plain.prompt) return "";
    const size_t header = HeaderEnd(*plain.prompt, plain);
    return std::string(
        Strip(std::string_view(plain.prompt->text).substr(header)));
  }

  // What stands between the header of the reply and a plain answer.
  std::string BeforeAnswer() const {
    const size_t begin =
        base_.answer->parts[*base_.answer->Find(Reply(), "content")].begin;
    const size_t header = std::min(HeaderEnd(*base_.answer, base_), begin);
    return std::string(Strip(
        std::string_view(base_.answer->text).substr(header, begin - header)));
  }

  // <x> and </x> with nothing between, before an answer or in any prompt.
  void FromEmptyThought(const std::vector<ProbeSetup>& setups) {
    for (size_t i = 0; i <= setups.size(); ++i) {
      const std::string prefilled =
          i == 0 ? BeforeAnswer() : Prefilled(setups[i - 1]);
      const std::string_view opening = FirstTag(prefilled);
      if (opening.empty() || !prefilled.starts_with(opening)) continue;
      const std::string_view rest =
          Strip(std::string_view(prefilled).substr(opening.size()));
      if (FirstTag(rest) != rest || OpeningOf(rest) != opening) continue;
      markers_.thought_opening = opening;
      markers_.thought_closing = rest;
      return;
    }
  }

  void OpeningFromPrompts(const std::vector<ProbeSetup>& setups) {
    const std::string& closing = markers_.thought_closing;
    const std::string usual = Prefilled(base_.setup);
    if (markers_.thought_opening.empty()) {
      for (size_t i = 0; i <= setups.size(); ++i) {
        const std::string prefilled = i == 0 ? usual : Prefilled(setups[i - 1]);
        const std::string_view before = Strip(
            std::string_view(prefilled).substr(0, prefilled.find(closing)));
        if (before.empty() || before.size() > kMaxMarker) continue;
        markers_.thought_opening = before;
        break;
      }
    }
    if (markers_.thought_opening.empty()) {
      markers_.thought_opening = OpeningOf(closing);
    }
    markers_.thought_prefilled =
        !markers_.thought_opening.empty() && base_.prompt &&
        StripRight(base_.prompt->text).ends_with(markers_.thought_opening);
  }

  // What an answer without a thought opens with, if that is no empty thought.
  void FindAnswerOpening() {
    const std::string opening = BeforeAnswer();
    if (opening.find(markers_.thought_closing) == std::string_view::npos &&
        opening != markers_.thought_opening && opening.size() <= kMaxMarker) {
      markers_.answer_opening = opening;
    }
  }

  // A variable whose two values make prompts that differ in their thought: one
  // opens it, or leaves it to the model, the other closes it.
  void FindSwitch(const std::vector<ProbeSetup>& setups) {
    enum State { kClosed, kLeft, kOpen };
    std::map<std::string, std::map<bool, State>> shown;
    for (const ProbeSetup& setup : setups) {
      if (!setup.tools.is_null() || setup.variables.size() != 1 ||
          !setup.variables.front().is_boolean()) {
        continue;
      }
      const std::string prefilled = Prefilled(setup);
      State state = kLeft;
      if (prefilled.find(markers_.thought_closing) != std::string::npos) {
        state = kClosed;
      } else if (!markers_.thought_opening.empty() &&
                 prefilled.ends_with(markers_.thought_opening)) {
        state = kOpen;
      }
      shown[setup.variables.begin().key()][setup.variables.front()] = state;
    }
    for (const auto& [name, states] : shown) {
      if (states.size() < 2 || states.at(true) == states.at(false)) continue;
      markers_.switch_name = name;
      markers_.switch_on = states.at(true) > states.at(false);
      return;
    }
  }

  void FindCalls(const std::vector<ProbeSetup>& setups) {
    for (const ProbeSetup& setup : setups) {
      for (const CallArguments arguments :
           {CallArguments::kObject, CallArguments::kText}) {
        for (const CallContent content :
             {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
          const std::optional<Probe> probe = prober_.Try(
              Conversation(
                  {ProbeCalls(1, {arguments, content}, false, as_parts_),
                   ProbeResult(0, as_parts_)}),
              setup);
          if (probe && ReadCall(*probe, PlainIn(setup))) return;
        }
      }
    }
  }

  bool ReadCall(const Probe& probe, const Plain& plain) {
    const auto first = probe.Find(Reply(), "tool_calls");
    const auto last = probe.FindCall(Reply(), 0);
    if (!first || !last) return false;
    std::vector<std::string> skip = {markers_.thought_opening,
                                     markers_.thought_closing};
    for (const Plain* other : {&plain, static_cast<const Plain*>(&base_)}) {
      if (other->answer) AddTokensBeforeAnswer(*other->answer, &skip);
    }
    const size_t begin = probe.parts[*first].begin;
    const size_t header = std::min(HeaderEnd(probe, plain), begin);
    markers_.call_opening = FirstMarker(probe, header, begin, skip);
    if (!markers_.call_opening.empty()) {
      markers_.call_closing = CallClosing(probe, *last);
    }
    return true;
  }

  // What a plain answer has too is no marker of calls.
  void AddTokensBeforeAnswer(const Probe& answer,
                             std::vector<std::string>* texts) const {
    const size_t begin = answer.text.size() - Tail(answer).size();
    for (const ProbePart& part : answer.parts) {
      if (part.begin < begin) continue;
      if (!part.id && part.message == Reply()) break;
      if (!part.id) continue;
      texts->push_back(answer.text.substr(part.begin, part.end - part.begin));
    }
  }

  // Of what stands between the call AT and the end of its turn: the opening's
  // counterpart, else the last control token, else the first bracketed word.
  std::string CallClosing(const Probe& probe, size_t at) const {
    const size_t next = probe.ContentBehind(at);
    const size_t begin = probe.parts[at].end;
    size_t end =
        next < probe.parts.size() ? probe.parts[next].begin : probe.text.size();
    std::string last;
    for (size_t i = at + 1; i < next; ++i) {
      const ProbePart& part = probe.parts[i];
      if (part.id && ends_.contains(*part.id)) {
        end = part.begin;
        break;
      }
      if (part.id) last = probe.text.substr(part.begin, part.end - part.begin);
    }
    const std::string_view tail =
        std::string_view(probe.text).substr(begin, end - begin);
    std::string counterpart = markers_.call_opening;
    counterpart.insert(1, "/");
    if (tail.find(counterpart) != std::string_view::npos) return counterpart;
    return last.empty() ? std::string(FirstTag(tail)) : last;
  }

  // The first setup and form in which one call is written, and two if they are.
  void FindFormat(const std::vector<ProbeSetup>& setups) {
    for (const ProbeSetup& setup : setups) {
      for (const CallArguments arguments :
           {CallArguments::kObject, CallArguments::kText}) {
        for (const CallContent content :
             {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent,
              CallContent::kText}) {
          const CallForm form = {arguments, content};
          if (!ReadFormat(1, form, setup)) continue;
          ReadFormat(2, form, setup);
          return;
        }
      }
    }
  }

  // Calls that stand last show best what closes them; some templates want
  // results behind them.
  bool ReadFormat(size_t count, const CallForm& form, const ProbeSetup& setup) {
    const Plain plain = PlainIn(setup);
    std::vector<ordered_json> turns = {
        FormatProbeCalls(count, form, as_parts_)};
    for (size_t results = 0; results <= count; results += count) {
      ordered_json messages = Conversation({});
      for (const ordered_json& turn : turns) messages.push_back(turn);
      for (size_t i = 0; i < results; ++i) {
        messages.push_back(ProbeResult(i, as_parts_));
      }
      const std::optional<Probe> probe = prober_.Try(messages, setup);
      if (!probe || !probe->FindCall(Reply(), count - 1)) continue;
      std::optional<CallFormat> format = ReadCallFormat(Calls(*probe, plain));
      if (!format) continue;
      FinishFormat(&*format);
      markers_.call_format = std::move(*format);
      return true;
    }
    return false;
  }

  CallSample Calls(const Probe& probe, const Plain& plain) const {
    size_t begin = HeaderEnd(probe, plain);
    size_t first = probe.text.size();
    size_t last = 0;
    size_t end = probe.text.size();
    for (const ProbePart& part : probe.parts) {
      const bool own = !part.id && part.message == Reply();
      if (own && part.field.starts_with("tool_calls")) {
        first = std::min(first, part.begin);
        last = part.end;
        end = probe.text.size();
      } else if (last == 0) {
        if (own) begin = std::max(begin, part.end);
      } else if (!part.id || ends_.contains(*part.id)) {
        end = std::min(end, part.begin);
      }
    }
    begin = std::min(begin, first);
    const std::string& closing = markers_.thought_closing;
    const size_t thought =
        closing.empty()
            ? std::string::npos
            : probe.text.substr(begin, first - begin).rfind(closing);
    if (thought != std::string::npos) begin += thought + closing.size();
    const std::string_view behind = BehindAnswer();
    const auto calls = std::string_view(probe.text).substr(0, end);
    if (!behind.empty() && calls.ends_with(behind)) end -= behind.size();
    return {probe, Reply(), begin, end,
            plain.prompt ? plain.prompt->text : std::string_view()};
  }

  // What stands behind an answer that stands last.
  std::string_view BehindAnswer() const {
    const auto at = base_.answer->Find(Reply(), "content");
    return std::string_view(base_.answer->text)
        .substr(base_.answer->parts[*at].end);
  }

  // What an answer without a thought and what thoughts show of the calls'.
  void FinishFormat(CallFormat* format) const {
    std::string_view opening = format->head.empty()
                                   ? std::string_view()
                                   : std::string_view(format->head[0].text);
    const std::string& thought = markers_.thought_opening;
    const std::string& answer = markers_.answer_opening;
    const size_t tag = thought.rfind('<');
    const size_t to = opening.rfind("to=");
    if (format->kind == CallKind::kNamed && to != std::string_view::npos &&
        tag != std::string::npos && tag > 0 &&
        answer.size() > thought.size() - tag &&
        answer.ends_with(thought.substr(tag))) {
      const std::string prefix(opening.substr(to + 3));
      *format = CallFormat();
      format->kind = CallKind::kChannel;
      format->name_prefix = prefix;
      return;
    }
    if (format->kind != CallKind::kNamed) return;
    const std::string before = BeforeAnswer();
    std::string_view name = before;
    if (name.starts_with(opening)) name.remove_prefix(opening.size());
    const std::string& name_end = format->head.back().text;
    if (name.ends_with(name_end)) name.remove_suffix(name_end.size());
    name = Strip(name);
    const bool is_word = std::all_of(
        name.begin(), name.end(),
        [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    if (is_word) format->answer_name = name;
  }

  Prober& prober_;
  const std::set<TokenId>& ends_;
  bool system_first_ = false;
  bool as_parts_ = false;
  Plain base_;
  DerivedMarkers markers_;
};

}  // namespace

DerivedMarkers DeriveMarkers(Prober* prober, const std::set<TokenId>& ends) {
  return MarkerDeriver(prober, ends).Derive();
}

}  // namespace fullstop
