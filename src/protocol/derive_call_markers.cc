#include "protocol/derive_call_markers.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/derive_calls.h"

namespace fullstop {
namespace {

using nlohmann::ordered_json;

class CallDeriver {
 public:
  CallDeriver(const ReplyProbes& probes, const std::set<TokenId>& ends,
              DerivedMarkers* markers)
      : probes_(probes), ends_(ends), markers_(*markers) {}

  void Derive() {
    FindMarkers();
    FindFormat();
  }

 private:
  void FindMarkers() {
    for (const ProbeSetup& setup : probes_.setups()) {
      for (const CallArguments arguments :
           {CallArguments::kObject, CallArguments::kText}) {
        for (const CallContent content :
             {CallContent::kNull, CallContent::kEmpty, CallContent::kAbsent}) {
          const std::optional<Probe> probe = probes_.prober().Try(
              probes_.Conversation({ProbeCalls(1, {arguments, content}, false,
                                               probes_.as_parts()),
                                    ProbeResult(0, probes_.as_parts())}),
              setup);
          if (probe && ReadCall(*probe, probes_.PlainIn(setup))) return;
        }
      }
    }
  }

  bool ReadCall(const Probe& probe, const ReplyProbes::Plain& plain) {
    const auto first = probe.Find(probes_.Reply(), "tool_calls");
    const auto last = probe.FindCall(probes_.Reply(), 0);
    if (!first || !last) return false;
    std::vector<std::string> skip = {markers_.thought_opening,
                                     markers_.thought_closing};
    for (const ReplyProbes::Plain* other :
         {&plain, static_cast<const ReplyProbes::Plain*>(&probes_.base())}) {
      if (other->answer) AddTokensBeforeAnswer(*other->answer, &skip);
    }
    const size_t begin = probe.parts[*first].begin;
    const size_t header = std::min(probes_.HeaderEnd(probe, plain), begin);
    markers_.call_opening = FirstMarker(probe, header, begin, skip);
    if (!markers_.call_opening.empty()) {
      markers_.call_closing = CallClosing(probe, *last);
    }
    return true;
  }

  // What a plain answer has too is no marker of calls.
  void AddTokensBeforeAnswer(const Probe& answer,
                             std::vector<std::string>* texts) const {
    const size_t begin = answer.text.size() - probes_.Tail(answer).size();
    for (const ProbePart& part : answer.parts) {
      if (part.begin < begin) continue;
      if (!part.id && part.message == probes_.Reply()) break;
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
  void FindFormat() {
    for (const ProbeSetup& setup : probes_.setups()) {
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
    const ReplyProbes::Plain plain = probes_.PlainIn(setup);
    std::vector<ordered_json> turns = {
        FormatProbeCalls(count, form, probes_.as_parts())};
    for (size_t results = 0; results <= count; results += count) {
      ordered_json messages = probes_.Conversation({});
      for (const ordered_json& turn : turns) messages.push_back(turn);
      for (size_t i = 0; i < results; ++i) {
        messages.push_back(ProbeResult(i, probes_.as_parts()));
      }
      const std::optional<Probe> probe = probes_.prober().Try(messages, setup);
      if (!probe || !probe->FindCall(probes_.Reply(), count - 1)) continue;
      std::optional<CallFormat> format = ReadCallFormat(Calls(*probe, plain));
      if (!format) continue;
      FinishFormat(&*format);
      markers_.call_format = std::move(*format);
      return true;
    }
    return false;
  }

  CallSample Calls(const Probe& probe, const ReplyProbes::Plain& plain) const {
    size_t begin = probes_.HeaderEnd(probe, plain);
    size_t first = probe.text.size();
    size_t last = 0;
    size_t end = probe.text.size();
    for (const ProbePart& part : probe.parts) {
      const bool own = !part.id && part.message == probes_.Reply();
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
    begin +=
        EmptyAnswer(std::string_view(probe.text).substr(begin, first - begin));
    const std::string_view behind = probes_.BehindAnswer();
    const auto calls = std::string_view(probe.text).substr(0, end);
    if (!behind.empty() && calls.ends_with(behind)) end -= behind.size();
    if (const std::string_view tag = AnswerClosings().back();
        !tag.empty() && calls.ends_with(tag)) {
      end -= tag.size();
    }
    return {probe, probes_.Reply(), begin, end,
            plain.prompt ? plain.prompt->text : std::string_view()};
  }

  // The tags that close an answer, one behind the other; at least one, which
  // may be empty.
  std::vector<std::string_view> AnswerClosings() const {
    const std::string_view all = markers_.answer_closing;
    const std::string_view token = all.substr(0, all.find('>') + 1);
    std::vector<std::string_view> tags;
    size_t begin = 0;
    do {
      const size_t next = all.find(token, begin + 1);
      tags.push_back(all.substr(begin, next - begin));
      begin = next;
    } while (begin < all.size());
    return tags;
  }

  // How many bytes of TEXT open and close an answer that says nothing.
  size_t EmptyAnswer(std::string_view text) const {
    const std::string& opening = markers_.answer_opening;
    if (opening.empty() || markers_.answer_closing.empty() ||
        !text.starts_with(opening)) {
      return 0;
    }
    const std::string_view closing = AnswerClosings().front();
    return text.substr(opening.size()).starts_with(closing)
               ? opening.size() + closing.size()
               : 0;
  }

  // Whether thoughts, answers and calls have headers that name a recipient
  // ("to="). Calls with marks of their own behind the header are written in
  // another way beside it.
  bool ReadChannel(CallFormat* format) {
    const std::string& thought = markers_.thought_opening;
    const size_t tag = thought.rfind('<');
    const std::string& answer = markers_.answer_opening;
    const bool channels = tag != std::string::npos && tag > 0 &&
                          answer.size() > thought.size() - tag &&
                          answer.ends_with(thought.substr(tag));
    if (format->kind != CallKind::kNamed || !channels) return false;
    const bool of_section =
        format->section_open.find("to=") != std::string::npos;
    std::string& opening =
        of_section ? format->section_open : format->head[0].text;
    const size_t to = opening.rfind("to=");
    if (to == std::string::npos) return false;
    CallFormat channel;
    channel.kind = CallKind::kChannel;
    const size_t message = opening.find(thought.substr(tag), to);
    markers_.other_calls.clear();
    if (message == std::string::npos) {
      channel.name_prefix = opening.substr(to + 3);
    } else {
      opening.erase(0, message + thought.size() - tag);
      opening = std::string(Strip(opening));
      markers_.other_calls.push_back(*format);
    }
    *format = channel;
    return true;
  }

  // What an answer without a thought and what thoughts show of the calls'.
  void FinishFormat(CallFormat* format) {
    if (ReadChannel(format)) return;
    const std::string_view opening =
        format->head.empty() ? std::string_view()
                             : std::string_view(format->head[0].text);
    if (format->kind != CallKind::kNamed) return;
    const std::string before = probes_.BeforeAnswer(probes_.base());
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

  const ReplyProbes& probes_;
  const std::set<TokenId>& ends_;
  DerivedMarkers& markers_;
};

}  // namespace

void DeriveCallMarkers(const ReplyProbes& probes, const std::set<TokenId>& ends,
                       DerivedMarkers* markers) {
  CallDeriver(probes, ends, markers).Derive();
}

}  // namespace fullstop
