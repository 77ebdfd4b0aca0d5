#include "protocol/reply_probes.h"

#include <algorithm>
#include <cctype>

namespace fullstop {
namespace {

using nlohmann::ordered_json;

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

size_t WordLength(std::string_view text) {
  const auto end = std::find_if(text.begin(), text.end(), [](unsigned char c) {
    return std::isalpha(c) == 0;
  });
  return static_cast<size_t>(end - text.begin());
}

}  // namespace

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

ReplyProbes::ReplyProbes(Prober* prober)
    : prober_(*prober), setups_(ProbeSetups(prober->compiled())) {
  for (const ProbeSetup& setup : setups_) {
    if (FindBase(setup)) return;
  }
}

ordered_json ReplyProbes::Conversation(
    std::initializer_list<ordered_json> turns) const {
  ordered_json messages = ordered_json::array();
  if (system_first_) messages.push_back(ProbeSystem(as_parts_));
  messages.push_back(ProbeUser(as_parts_));
  for (const ordered_json& turn : turns) messages.push_back(turn);
  return messages;
}
bool ReplyProbes::FindBase(const ProbeSetup& setup) {
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

ReplyProbes::Plain ReplyProbes::PlainIn(const ProbeSetup& setup) const {
  return {setup, prober_.Try(Conversation({ProbeAnswer(as_parts_)}), setup),
          prober_.Try(Conversation({}), setup, true)};
}

std::string_view ReplyProbes::Tail(const Probe& probe) const {
  const auto user = probe.Find(Reply() - 1, "content");
  return std::string_view(probe.text)
      .substr(user ? probe.parts[*user].end : probe.text.size());
}

size_t ReplyProbes::SharedWithPrompt(const Probe& probe,
                                     std::string_view prompt) const {
  const std::string_view tail = Tail(probe);
  const size_t begin = probe.text.size() - tail.size();
  const size_t same = SharedPrefix(tail, prompt);
  for (const ProbePart& part : probe.parts) {
    if (part.begin < begin) continue;
    const size_t at = part.end - begin;
    if (!part.id || !prompt.starts_with(tail.substr(0, at))) break;
    const size_t word = WordLength(tail.substr(at));
    if (word == 0) continue;
    const size_t other = WordLength(prompt.substr(at));
    if (at + word <= same || other == 0) break;
    return at + word +
           SharedPrefix(tail.substr(at + word), prompt.substr(at + other));
  }
  return same;
}

size_t ReplyProbes::HeaderEnd(const Probe& probe, const Plain& plain) const {
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
  const auto note = [&](size_t same) {
    if (same >= least) shared = shared == 0 ? same : std::min(shared, same);
  };
  for (const Plain* other : {&plain, &base_}) {
    if (other->answer) note(SharedPrefix(tail, Tail(*other->answer)));
    if (other->prompt) note(SharedWithPrompt(probe, Tail(*other->prompt)));
  }
  return BackToBorder(probe, begin + shared);
}

std::string ReplyProbes::Prefilled(const ProbeSetup& setup) const {
  const Plain plain = PlainIn(setup);
  if (!plain.prompt) return "";
  const size_t header = HeaderEnd(*plain.prompt, plain);
  return std::string(
      Strip(std::string_view(plain.prompt->text).substr(header)));
}

std::string ReplyProbes::BeforeAnswer(const Plain& plain) const {
  if (!plain.answer) return "";
  const Probe& answer = *plain.answer;
  const auto at = answer.Find(Reply(), "content");
  if (!at) return "";
  const size_t begin = answer.parts[*at].begin;
  const size_t header = std::min(HeaderEnd(answer, plain), begin);
  return std::string(
      Strip(std::string_view(answer.text).substr(header, begin - header)));
}

std::string_view ReplyProbes::BehindAnswer() const {
  const auto at = base_.answer->Find(Reply(), "content");
  return std::string_view(base_.answer->text)
      .substr(base_.answer->parts[*at].end);
}

}  // namespace fullstop
